// @ts-check
// The kinds of filter: what each makes of a picture, as `styfie.engines.filters.recipes`. Lengths are in units of 1/512
// of the longest side.

import { lumaOf } from "../layers.js";
import { mean } from "../masks.js";
import { fitSize, mapped, planes, resize, round, sizeOf } from "../planes.js";
import { bilateral } from "./bilateral.js";
import { along, directions, smooth, smoothStructure } from "./flow.js";
import { anisotropicKuwahara } from "./kuwahara.js";
import { dots, grain } from "./screens.js";
import { linesSize, sharpened, xdog } from "./xdog.js";

/**
 * @import { Planes } from "../planes.js"
 * @import { Flow } from "./flow.js"
 *
 * @typedef {[red: number, green: number, blue: number]} Colour
 * @typedef {{ dark: Colour, light: Colour }} Tones ink and paper
 */

const FLAT = 512; // longest side at which colours are flattened
const COARSE = 128; // longest side at which the light of a picture is looked at
const [CYAN, MAGENTA, YELLOW, BLACK] = [15, 75, 0, 45]; // degrees of printers' screens

/** @param {number} x */
const unit = (x) => (x < 0 ? 0 : x > 1 ? 1 : x);

/** @param {Planes} image @returns {Planes} */
const light = (image) => planes(1, sizeOf(image), lumaOf(image));

/** The value under which a share of all lies, between two where it must. @param {Float32Array} values @param {number} share */
function quantile(values, share) {
  const sorted = values.slice().sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

/** What is drawn, and how. */
export class Subject {
  /** @type {Planes | null} */
  #luma = null;
  /** @type {Planes | null} */
  #structure = null;
  /** @type {Flow | null} */
  #flow = null;

  /**
   * @param {Planes} picture in the colours wanted @param {Float32Array} care how much faces are to stay themselves
   * @param {number} unit 1/512 of the longest side times the stroke, in pixels @param {Tones | null} tones of a style, if one is given
   */
  constructor(picture, care, unit, tones) {
    this.picture = picture;
    this.care = care;
    this.unit = unit;
    this.tones = tones;
    this.size = sizeOf(picture);
  }

  get structure() {
    return (this.#structure ??= smoothStructure(this.picture, 2.5 * this.unit));
  }

  /** Where its edges run. */
  get flow() {
    return (this.#flow ??= directions(this.structure, this.size));
  }

  /** Light and dark, from black to white and evenly lit as a draughtsman would see it. */
  get luma() {
    return (this.#luma ??= this.#lit());
  }

  #lit() {
    const luma = light(this.picture);
    const small = resize(luma, fitSize(this.size, Math.min(COARSE, Math.max(...this.size))));
    const [low, high] = [quantile(small.data, 0.02), quantile(small.data, 0.98)];
    const span = Math.max(0.25, high - low);
    const near = smooth(mapped(small, (one) => (one - low) / span), 12);
    const lift = resize(mapped(near, (one) => 0.35 * (0.55 - one)), this.size);
    return { ...luma, data: luma.data.map((one, at) => unit((one - low) / span + lift.data[at])) };
  }

  /** Lines half `line` broad, and blacks, on paper. @param {number} line @param {number} gain @param {number} level @param {number} slope */
  inked(line, gain, level, slope) {
    const sigma = line * this.unit;
    const size = linesSize(this.size, sigma);
    const flow = size[0] === this.size[0] && size[1] === this.size[1] ? this.flow : directions(this.structure, size);
    return xdog(this.luma, sigma, gain, level, slope, flow).data;
  }

  /** @param {number} cell @param {number} seed @param {number | null} [angle] @param {number} [long] */
  grain(cell, seed, angle, long) {
    return grain(this.size, cell, seed, angle, long);
  }

  /** Ink at each pixel, 1 = all of it, in the style's dark on its light, or in these. @param {(at: number) => number} ink @param {Colour} dark @param {Colour} light */
  printed(ink, dark, light) {
    const [low, high] = [this.tones?.dark ?? dark, this.tones?.light ?? light];
    return this.drawn((at, put) => {
      const share = ink(at);
      for (let c = 0; c < 3; c++) put(c, high[c] + share * (low[c] - high[c]));
    });
  }

  /** A picture, pixel by pixel. @param {(at: number, put: (c: number, value: number) => void) => void} call */
  drawn(call) {
    const found = planes(3, this.size);
    const count = this.size[0] * this.size[1];
    for (let at = 0; at < count; at++) call(at, (c, value) => (found.data[c * count + at] = unit(value)));
    return found;
  }
}

/** @param {Subject} subject */
function ink(subject) {
  const { luma, unit: one } = subject;
  const paper = subject.inked(0.9, 18, 0.32 + 0.25, 6);
  const shade = smooth(luma, 2 * one).data;
  return subject.printed((at) => 1 - paper[at] * (1 - unit((0.55 - shade[at]) * 8) * 0.25), [0.07, 0.07, 0.09], [0.97, 0.955, 0.92]);
}

/** @param {Subject} subject */
function pencil(subject) {
  const { luma, unit: one } = subject;
  const paper = subject.inked(0.6, 30, 0.5, 3);
  const tone = smooth(luma, 1.2 * one).data;
  const cell = Math.max(0.9, 1.2 * one);
  const [first, second] = [subject.grain(cell, 11, -58, 24), subject.grain(cell, 12, -32, 24)];
  const tooth = subject.grain(Math.max(0.8, 0.9 * one), 13);
  return subject.printed((at) => {
    const dark = (1 - tone[at]) * 0.9;
    const hatch = unit((dark - 0.15) * 1.5 - 0.6 * first[at]) + unit((dark - 0.45) * 1.5 - 0.5 * second[at]);
    const graphite = 0.3 * Math.max(0, dark - 0.1) + 0.42 * Math.min(1.2, hatch) * (0.6 + 0.7 * tooth[at]);
    return Math.min(0.9, Math.max(0, graphite, 0.85 * (1 - paper[at]) * (0.65 + 0.35 * tooth[at])));
  }, [0.13, 0.13, 0.15], [0.975, 0.97, 0.955]);
}

/** @param {Subject} subject */
function charcoal(subject) {
  const { luma, unit: one } = subject;
  const soft = along(smooth(luma, 1.6 * one), subject.flow, 3 * one, one).data;
  const paper = subject.inked(1.6, 12, 0.45, 4);
  const [coarse, streaks] = [subject.grain(Math.max(0.9, 1.2 * one), 21), subject.grain(Math.max(0.9, 1.4 * one), 22, -58, 9)];
  return subject.printed((at) => {
    const dark = unit(1 - soft[at]);
    const tooth = 0.55 * coarse[at] + 0.45 * streaks[at];
    const stick = unit((Math.max(dark * 1.15 - 0.2, 0.8 * (1 - paper[at])) - 0.5 * tooth) * 1.8);
    return Math.min(0.96, Math.max(0, 1 - (1 - 0.62 * dark ** 1.3) * (1 - 0.78 * stick)));
  }, [0.09, 0.085, 0.08], [0.945, 0.93, 0.89]);
}

/** Colours without texture. @param {Planes} picture @param {number} one */
function flattened(picture, one) {
  const longest = Math.max(...sizeOf(picture));
  const small = resize(picture, fitSize(sizeOf(picture), Math.min(FLAT, longest)));
  const flat = bilateral(small, Math.max(1, 3 * one * Math.max(...sizeOf(small)) / longest), 0.08, 3);
  return resize(flat, sizeOf(picture));
}

/** Tones in steps with soft edges. @param {number} luma @param {number} tones @param {number} slope */
function stepped(luma, tones, slope) {
  const whole = Math.floor(luma * tones);
  return (whole + 0.5 + 0.5 * Math.tanh(slope * (luma * tones - whole - 0.5))) / tones;
}

/** @param {Subject} subject */
function comic(subject) {
  const flat = flattened(subject.picture, subject.unit);
  const luma = lumaOf(flat);
  const lines = subject.inked(1, 22, 0.28, 8);
  return subject.drawn((at, put) => {
    const tone = stepped(luma[at], 7, 7) + 0.03;
    for (let c = 0; c < 3; c++) put(c, unit(tone + 1.35 * (flat.data[c * luma.length + at] - luma[at])) * lines[at]);
  });
}

/** @param {Subject} subject */
function oil(subject) {
  const { unit: one, flow, size: [height, width], care } = subject;
  let painted = anisotropicKuwahara(subject.picture, flow, Math.max(2, 6.5 * one));
  if (care.some(Boolean)) {
    const fine = anisotropicKuwahara(subject.picture, flow, Math.max(2, 0.45 * 6.5 * one)).data;
    painted = { ...painted, data: painted.data.map((value, i) => value + Math.min(1, 1.6 * care[i % care.length]) * (fine[i] - value)) };
  }
  const bristles = along(planes(1, subject.size, subject.grain(Math.max(1, 1.3 * one), 31)), flow, 7 * one, one).data;
  const shift = Math.max(1, round(0.8 * one));
  const [luma, soft] = [lumaOf(painted), smooth(painted, 3 * one).data];
  return subject.drawn((at, put) => {
    const x = at % width, y = (at - x) / width;
    const before = bristles[(y - shift + height) % height * width + (x - shift + width) % width];
    const lit = 0.45 * (bristles[at] - before) * (1 - 0.7 * care[at]) * (0.3 + luma[at]);
    for (let c = 0; c < 3; c++) {
      const value = painted.data[c * luma.length + at];
      put(c, luma[at] + 1.2 * (value - luma[at]) + 0.25 * (value - soft[c * luma.length + at]) + lit);
    }
  });
}

/** The guided filter of a picture by itself. @param {Planes} image @param {number} radius @param {number} epsilon @returns {Planes} */
function guidedFilter(image, radius, epsilon) {
  const [size, count] = [sizeOf(image), image.height * image.width];
  const found = planes(image.channels, size);
  for (let c = 0; c < image.channels; c++) {
    const plane = image.data.slice(c * count, (c + 1) * count);
    const middle = mean(plane, size, radius);
    const variance = mean(plane.map((one) => one * one), size, radius).map((one, at) => one - middle[at] ** 2);
    const slope = variance.map((one) => one / (one + epsilon));
    const offset = mean(slope.map((one, at) => (1 - one) * middle[at]), size, radius);
    mean(slope, size, radius).forEach((one, at) => (found.data[c * count + at] = one * plane[at] + offset[at]));
  }
  return found;
}

/** @param {Subject} subject */
function watercolour(subject) {
  const { unit: one, picture, care } = subject;
  const broad = anisotropicKuwahara(guidedFilter(picture, Math.max(1, round(6 * one)), 0.01), subject.flow, Math.max(2, 6 * one));
  const fine = guidedFilter(picture, Math.max(1, round(2 * one)), 0.002).data;
  const count = care.length;
  const wash = { ...broad, data: broad.data.map((value, i) => value + Math.min(1, 1.6 * care[i % count]) * (fine[i] - value)) };
  const luma = light(wash);
  const [wide, near] = [smooth(luma, 3 * one).data, smooth(luma, 0.8 * one).data];
  const [pools, spots] = [subject.grain(30 * one, 41), subject.grain(10 * one, 42)];
  const tooth = subject.grain(Math.max(0.9, 1.1 * one), 43);
  const paper = [0.99, 0.985, 0.965];
  return subject.drawn((at, put) => {
    const tone = luma.data[at];
    const pooled = tone + 0.5 * (1 - care[at]) * (stepped(tone, 5, 4) - tone);
    const rim = Math.max(0, wide[at] - near[at]) * 5;
    const density = 1 + 1.1 * rim + 0.5 * (pools[at] + 0.6 * spots[at] - 0.8) + 0.3 * (tooth[at] - 0.5);
    const lights = unit((tone - 0.72) * 4) * (1 - care[at]);
    for (let c = 0; c < 3; c++) {
      const thin = 1 - unit(1 - (pooled + 1.45 * (wash.data[c * count + at] - tone))) * 0.8;
      const clear = unit(thin + 0.6 * lights * (1 - thin));
      put(c, paper[c] * (clear - (clear - clear * clear) * (density - 1)));
    }
  });
}

/** @param {Subject} subject */
function halftone(subject) {
  const { unit: one, size } = subject;
  const picture = sharpened(subject.picture, 0.4 * one, 0.6).data;
  const count = size[0] * size[1];
  const [colours, black] = [planes(3, size), planes(1, size)];
  for (let at = 0; at < count; at++) {
    const amounts = [0, 1, 2].map((c) => Math.max(0, (1 - unit(picture[c * count + at]) - 0.06) / 0.94)); // lights are left to the paper
    const dark = Math.min(1, 1.15 * Math.min(...amounts) ** 1.6);
    black.data[at] = dark;
    amounts.forEach((amount, c) => (colours.data[c * count + at] = unit((amount - dark) / Math.max(1e-3, 1 - dark)) ** 1.15));
  }
  const pitch = Math.max(3, 4 * one);
  const inks = [[0.05, 0.72, 0.93], [0.93, 0.15, 0.55], [1, 0.93, 0.12], [0.1, 0.1, 0.12]];
  const covered = [CYAN, MAGENTA, YELLOW, BLACK].map((angle, n) =>
    dots(n === 3 ? black : planes(1, size, colours.data.slice(n * count, (n + 1) * count)), pitch, angle).data);
  const paper = [0.99, 0.98, 0.95];
  return subject.drawn((at, put) => {
    for (let c = 0; c < 3; c++) put(c, inks.reduce((value, tint, n) => value * (1 - covered[n][at] * (1 - tint[c])), paper[c]));
  });
}

/** @param {Subject} subject */
function newsprint(subject) {
  const { unit: one } = subject;
  const amount = mapped(sharpened(subject.luma, 0.5 * one, 1.6), (value) => unit((1 - value) * 1.15 - 0.08));
  const covered = dots(amount, Math.max(3, 3.8 * one), BLACK).data;
  const fibre = subject.grain(Math.max(1, 2 * one), 51);
  return subject.printed((at) => covered[at] * (0.85 + 0.15 * fibre[at]), [0.1, 0.1, 0.11], [0.9, 0.885, 0.84]);
}

/** The kinds of filter by the name they are asked for with. @type {Record<string, (subject: Subject) => Planes>} */
export const RECIPES = { ink, pencil, charcoal, comic, oil, watercolour, halftone, newsprint };
