// @ts-check
// What is known of each pixel of a photo once somebody has clicked on a thing in it, as `styfie.segmentation.clickmaps`.

import { PixelGrid, stablePatch } from "./geodesic.js";
import { distance } from "./masks.js";
import { fitSize, planes, resize, sizeOf } from "./planes.js";

/**
 * @import { Planes, Size } from "./planes.js"
 * @import { Prediction } from "./segmenter.js"
 *
 * @typedef {[x: number, y: number][]} Places as shares of width and height
 */

const SEARCH = 96; // longest side at which a thing is looked for
const FAR = 9; // the largest geodesic distance
const FEATURE_EDGE = 0.15; // weight of features beside colours in what is an edge
const BINS = 8; // of a colour histogram, for each of red, green and blue
const NO_CLICK = 1.5; // how far away a click is that there is none, in longest sides
const XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]; // of linear sRGB

/** The size at which things are looked for in a photo. @param {Size} size @returns {Size} */
export const searchSize = (size) => fitSize(size, Math.min(SEARCH, Math.max(...size)));

/** CIELAB, seen in daylight (D65), in hundreds, as `styfie.colour.lab_of`. @param {Planes} image @returns {Planes} */
export function labOf(image) {
  const count = image.height * image.width;
  const whites = XYZ.map((row) => row.reduce((sum, one) => sum + one));
  const found = planes(3, sizeOf(image));
  for (let at = 0; at < count; at++) {
    const linear = [0, 1, 2].map((c) => {
      const one = image.data[c * count + at];
      return one > 0.04045 ? ((one + 0.055) / 1.055) ** 2.4 : one / 12.92;
    });
    const [x, y, z] = XYZ.map((row, n) => {
      const share = (row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2]) / whites[n];
      return share > (6 / 29) ** 3 ? Math.cbrt(share) : share * (29 / 6) ** 2 / 3 + 4 / 29;
    });
    [1.16 * y - 0.16, 5 * (x - y), 2 * (y - z)].forEach((one, c) => (found.data[c * count + at] = one));
  }
  return found;
}

/** Each plane of mean 0 and spread 1. @param {Planes} tap */
function normal(tap) {
  const count = tap.height * tap.width;
  const found = planes(tap.channels, sizeOf(tap), tap.data.slice());
  for (let c = 0; c < tap.channels; c++) {
    const plane = found.data.subarray(c * count, (c + 1) * count);
    const mean = plane.reduce((sum, one) => sum + one, 0) / count;
    const spread = Math.max(1e-4, Math.sqrt(plane.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1)));
    plane.forEach((one, at) => (plane[at] = (one - mean) / spread));
  }
  return found;
}

/** What lies in each pixel, by its length. @param {Planes} tap */
function directed({ channels, height, width, data }) {
  const count = height * width;
  const length = new Float64Array(count);
  data.forEach((one, i) => (length[i % count] += one * one));
  return planes(channels, [height, width], data.map((one, i) => one / Math.max(1e-4, Math.sqrt(length[i % count]))));
}

/** What a photo shows before anybody clicks, small; `at` says what clicks make of it. */
export class ClickMaps {
  /**
   * @param {Planes} photo @param {Planes[]} maps the encoder's, from the second on, of the photo at twice `searchSize`
   * @param {Pick<Prediction, "matte" | "parts">} prediction what the network for people sees
   */
  constructor(photo, maps, { matte, parts }) {
    this.size = searchSize(sizeOf(photo));
    const [height, width] = this.size;
    this.count = height * width;
    const rgb = resize(photo, this.size);
    this.lab = labOf(rgb);
    this.taps = maps.map((map) => resize(normal(map), this.size));
    this.units = this.taps.map(directed);
    this.matte = clamped(resize(matte, this.size)).data;
    this.parts = clamped(resize(parts, this.size));
    this.#share();
    this.colours = new PixelGrid(rgb);
    this.features = new PixelGrid(this.#seen());
    const aside = Int32Array.from({ length: this.count }, (_, at) => {
      const x = at % width, y = (at - x) / width;
      return Math.min(x, y, height - 1 - y, width - 1 - x);
    });
    this.inside = Float32Array.from(aside, (one) => one / Math.max(height, width));
    this.fromEdge = this.#distance(this.colours, [...aside.keys()].filter((at) => aside[at] === 0));
    this.bins = Int32Array.from({ length: this.count }, (_, at) =>
      [0, 1, 2].reduce((bin, c) => bin * BINS + Math.trunc(rgb.data[c * this.count + at] * (BINS - 1e-3)), 0));
  }

  /** The parts' sum is 1. */
  #share() {
    const { data, channels } = this.parts;
    for (let at = 0; at < this.count; at++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += data[c * this.count + at];
      for (let c = 0; c < channels; c++) data[c * this.count + at] /= Math.max(1e-4, sum);
    }
  }

  /** Colours and features in one picture. */
  #seen() {
    const held = [this.lab, ...this.taps.slice(0, 3).map((tap) => ({ ...tap, data: tap.data.map((one) => FEATURE_EDGE * one / Math.sqrt(tap.channels)) }))];
    const found = planes(held.reduce((sum, one) => sum + one.channels, 0), this.size);
    let at = 0;
    for (const { data } of held) {
      found.data.set(data, at);
      at += data.length;
    }
    return found;
  }

  /** The pixels under some places. @param {Places} places */
  pixels(places) {
    const [height, width] = this.size;
    return places.map(([x, y]) => Math.min(height - 1, Math.trunc(y * height)) * width + Math.min(width - 1, Math.trunc(x * width)));
  }

  /** All maps, one after the other, for clicks on the thing, one at least, and beside it. @param {Places} add @param {Places} remove @returns {Planes} */
  at(add, remove) {
    const [on, off] = [this.pixels(add), this.pixels(remove)];
    /** @param {(at: number) => number} call */
    const each = (call) => Float32Array.from({ length: this.count }, (_, at) => call(at));
    /** @param {number} value */
    const even = (value) => new Float32Array(this.count).fill(value);
    const maps = [];
    /** @type {Float32Array[]} */
  const near = [];
    for (const grid of [this.colours, this.features]) {
      const [a, b] = [this.#distance(grid, on), this.#distance(grid, off)];
      maps.push(a.map((one) => Math.min(3, one)), a.map((one) => Math.log(one + 0.02)), ranks(a), b.map((one) => Math.min(3, one)));
      maps.push(each((at) => (b[at] - a[at]) / (a[at] + b[at] + 0.02)));
      near.push(a);
    }
    const [a, b] = [this.#straight(on), this.#straight(off)];
    maps.push(a, b.map((one) => Math.min(NO_CLICK, one)), a.map((one) => Math.log(one + 0.01)), each((at) => (b[at] - a[at]) / (b[at] + a[at] + 0.02)));
    for (const unit of this.units) maps.push(this.#likeness(unit, on), this.#likeness(unit, off));
    maps.push(...this.#sidesOf(near[1]), this.#difference(on), this.#difference(off));
    maps.push(...[0.1, 0.4].map((reach) => this.#likelihood(near[0].map((one) => Math.exp(-one / reach)))));
    maps.push(...this.#person(on, each, even));
    for (const held of [this.fromEdge, this.inside]) maps.push(held, even(meanAt(held, on)));
    maps.push(even(Math.min(4, on.length)), even(Math.min(4, off.length)));
    const alone = on.map((pixel) => stablePatch(Float64Array.from(this.#distance(this.colours, [pixel]))));
    maps.push(each((at) => Math.max(...alone.map((patch) => patch[at]))));
    const found = planes(maps.length, this.size);
    maps.forEach((map, n) => found.data.set(map, n * this.count));
    return found;
  }

  /** @param {PixelGrid} grid @param {number[]} pixels */
  #distance(grid, pixels) {
    return Float32Array.from(grid.distance(pixels), (one) => Math.min(FAR, one));
  }

  /** Distance to the nearest click, in longest sides. @param {number[]} pixels */
  #straight(pixels) {
    if (!pixels.length) return new Float32Array(this.count).fill(NO_CLICK);
    return Float32Array.from(this.away(pixels), (one) => one / Math.max(...this.size));
  }

  /** Distance to the nearest of some pixels. @param {number[]} pixels */
  away(pixels) {
    const mask = new Uint8Array(this.count).fill(1);
    for (const pixel of pixels) mask[pixel] = 0;
    return distance(mask, this.size);
  }

  /** Cosine of the angle between features and those clicked on, of the likest of these. @param {Planes} unit @param {number[]} pixels */
  #likeness({ channels, data }, pixels) {
    const found = new Float32Array(this.count).fill(-1);
    for (const pixel of pixels) {
      const sums = new Float64Array(this.count);
      for (let c = 0; c < channels; c++) {
        const first = c * this.count;
        for (let at = 0; at < this.count; at++) sums[at] += data[first + at] * data[first + pixel];
      }
      sums.forEach((one, at) => (found[at] = Math.max(found[at], one)));
    }
    return found;
  }

  /** Difference of colour from the likest click. @param {number[]} pixels */
  #difference(pixels) {
    const { lab: { data }, count } = this;
    return Float32Array.from({ length: count }, (_, at) => (pixels.length ? Math.min(...pixels.map((pixel) =>
      Math.hypot(...[0, count, 2 * count].map((first) => data[first + at] - data[first + pixel])))) : 1));
  }

  /** For each tap, on which side of the middle a pixel lies between what is near and what is at the edge. @param {Float32Array} near */
  #sidesOf(near) {
    const inner = Float64Array.from(near, (one) => Math.exp(-one / 0.25));
    const outer = inner.map((one, at) => Math.exp(-this.fromEdge[at] / 0.1) * (1 - one));
    for (const weights of [inner, outer]) {
      const sum = Math.max(1e-6, weights.reduce((total, one) => total + one, 0));
      weights.forEach((one, at) => (weights[at] = one / sum));
    }
    return this.taps.map(({ channels, data }) => {
      const along = new Float64Array(this.count);
      let apart = 0;
      for (let c = 0; c < channels; c++) {
        const plane = data.subarray(c * this.count, (c + 1) * this.count);
        let [a, b] = [0, 0];
        plane.forEach((one, at) => {
          a += one * inner[at];
          b += one * outer[at];
        });
        apart += (a - b) ** 2;
        plane.forEach((one, at) => (along[at] += (one - (a + b) / 2) * (a - b)));
      }
      return Float32Array.from(along, (one) => Math.min(2, Math.max(-2, one / Math.max(1e-3, apart))));
    });
  }

  /** Logarithm of how much likelier each pixel's colour is near the clicks than elsewhere. @param {Float32Array} near */
  #likelihood(near) {
    const [inner, outer] = [this.#histogram(near), this.#histogram(near.map((one) => 1 - one))];
    return Float32Array.from(this.bins, (bin) => Math.log((inner[bin] + 1e-4) / (outer[bin] + 1e-4)));
  }

  /** @param {Float32Array} weights */
  #histogram(weights) {
    const counts = new Float64Array(BINS ** 3);
    this.bins.forEach((bin, at) => (counts[bin] += weights[at]));
    const soft = [BINS ** 2, BINS, 1].reduce(smoothed, counts);
    const sum = Math.max(1e-6, soft.reduce((total, one) => total + one, 0));
    return soft.map((one) => one / sum);
  }

  /** Whether it is a person that was clicked on, and which part. @param {number[]} on @param {(call: (at: number) => number) => Float32Array} each @param {(value: number) => Float32Array} even */
  #person(on, each, even) {
    const { matte, parts: { channels, data }, count } = this;
    const here = meanAt(matte, on);
    /** @param {number} at @param {number} pixel */
    const shared = (at, pixel) => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += Math.min(data[c * count + at], data[c * count + pixel]);
      return sum;
    };
    return [matte, even(here), each((at) => Math.abs(matte[at] - here)), each((at) => Math.max(...on.map((pixel) => shared(at, pixel))))];
  }
}

/** A colour histogram through a Gaussian along one of its axes, the border repeated. @param {Float64Array} counts @param {number} step */
function smoothed(counts, step) {
  const weights = [-3, -2, -1, 0, 1, 2, 3].map((i) => Math.exp(-0.5 * (i / 0.7) ** 2));
  const sum = weights.reduce((total, one) => total + one);
  return counts.map((_, at) => {
    const place = Math.trunc(at / step) % BINS;
    return weights.reduce((total, weight, n) => total + weight / sum * counts[at + (Math.min(BINS - 1, Math.max(0, place + n - 3)) - place) * step], 0);
  });
}

/** @param {Planes} image @returns {Planes} */
const clamped = (image) => ({ ...image, data: image.data.map((one) => Math.min(1, Math.max(0, one))) });

/** @param {Float32Array} values @param {number[]} pixels */
const meanAt = (values, pixels) => pixels.reduce((sum, pixel) => sum + values[pixel], 0) / pixels.length;

/** Each value's place in the order of all, in [0, 1). @param {Float32Array} values */
function ranks(values) {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const found = new Float32Array(values.length);
  order.forEach((at, n) => (found[at] = n / values.length));
  return found;
}
