// @ts-check
// From a coarse mask to a matte at the photo's own resolution, hair included, as `styfie.segmentation.matting`.

import { distance, eroded } from "./masks.js";
import { fitSize, planes, resize, round, sizeOf } from "./planes.js";

/** @import { Planes, Size } from "./planes.js" */

const MOST_UNKNOWN = 60_000; // pixels solved for
const DOUBT = 0.1; // a coarse value further than this from 0 and 1 is in doubt
const BAND = 3 / 512; // how far the doubt is widened, of the longest side
const PRIOR = 0.01; // weight of the coarse value where it is nearly sure, against the matting Laplacian
const FLAT = 1e-6; // colour variance below which a 3x3 window tells nothing
const GUIDE = 1e-4; // the same for the coefficients that are brought to the full size
const [STEPS, CLOSE] = [200, 1e-3]; // of conjugate gradients, at most, and the residual at which they end

/**
 * The matte at the photo's size: closed-form matting (Levin, Lischinski and Weiss 2008) at a longest side of at most
 * `most` pixels, brought up by its own coefficients (He and Sun 2015).
 *
 * @param {Planes} coarse @param {Planes} photo @param {number} most @returns {Planes}
 */
export function refine(coarse, photo, most) {
  const { work, values, unknown, any } = trimap(coarse, sizeOf(photo), most);
  const guide = resize(photo, work);
  const solved = planes(1, work, any && Math.min(...work) >= 3 ? solve(guide, values, unknown) : Float32Array.from(values));
  if (guide === photo) return solved;
  const { a, b } = guidedFilter(guide, solved, 1, GUIDE);
  const near = planes(1, work, grown(unknown, work));
  const size = sizeOf(photo);
  const [wideA, wideB, held, share] = [a, b, solved, near].map((one) => resize(one, size));
  const count = size[0] * size[1];
  return planes(1, size, held.data.map((known, at) => {
    let fine = wideB.data[at];
    for (let c = 0; c < 3; c++) fine += wideA.data[c * count + at] * photo.data[c * count + at];
    const found = known + share.data[at] * (Math.min(1, Math.max(0, fine)) - known);
    return Math.min(1, Math.max(0, found));
  }));
}

/** @param {Uint8Array} mask @param {Size} size */
function grown(mask, [height, width]) {
  const found = new Float32Array(mask.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!mask[at]) continue;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) found[v * width + u] = 1;
      }
    }
  }
  return found;
}

/** @param {Planes} coarse @param {Size} size @param {number} most */
function trimap(coarse, size, most) {
  let work = Math.max(...size) <= most ? size : fitSize(size, most);
  for (;;) {
    const values = Float64Array.from(resize(coarse, work).data, (one) => Math.min(1, Math.max(0, one)));
    const inside = Uint8Array.from(values, (one) => (one > 0.5 ? 1 : 0));
    const deep = eroded(inside, work);
    const sure = Uint8Array.from(values, (one, at) => (Math.abs(one - 0.5) < 0.5 - DOUBT || (inside[at] && !deep[at]) ? 0 : 1));
    const any = sure.includes(0);
    const reach = Math.max(1, round(BAND * Math.max(...work)));
    const away = any ? distance(sure, work) : null;
    const unknown = sure.map((_, at) => (away && away[at] <= reach ? 1 : 0));
    const count = unknown.reduce((sum, one) => sum + one, 0);
    if (count <= MOST_UNKNOWN) {
      return { work, values: values.map((one, at) => (unknown[at] ? one : inside[at])), unknown, any };
    }
    work = fitSize(work, Math.max(1, Math.trunc(0.98 * Math.max(...work) * (MOST_UNKNOWN / count) ** 0.5)));
  }
}

/** The 3x3 windows that hold an unknown pixel, by the number of their upper left pixel. @param {Uint8Array} unknown @param {Size} size */
function windowsOf(unknown, [height, width]) {
  const near = grown(unknown, [height, width]);
  const found = [];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) if (near[y * width + x]) found.push((y - 1) * width + x - 1);
  }
  return Int32Array.from(found);
}

/**
 * The inverse of a symmetric matrix (3, 3), its upper triangle by rows.
 *
 * @param {number} a @param {number} b @param {number} c @param {number} d @param {number} e @param {number} f
 */
function inverse3(a, b, c, d, e, f) {
  const A = d * f - e * e, B = c * e - b * f, C = b * e - c * d;
  const scale = 1 / (a * A + b * B + c * C);
  return [A * scale, B * scale, C * scale, (a * f - c * c) * scale, (b * c - a * e) * scale, (a * d - b * b) * scale];
}

/** The matting Laplacian, window by window: it is never written down as a matrix. */
class Laplacian {
  /** @param {Planes} guide @param {Uint8Array} unknown */
  constructor({ data, height, width }, unknown) {
    this.windows = windowsOf(unknown, [height, width]);
    this.offsets = [0, 1, 2].flatMap((dy) => [0, 1, 2].map((dx) => dy * width + dx));
    const count = height * width;
    this.centred = new Float32Array(27 * this.windows.length); // colours in each window less their mean
    this.inverses = new Float64Array(6 * this.windows.length);
    for (let n = 0; n < this.windows.length; n++) this.#prepare(data, count, n);
  }

  /** @param {Float32Array} data @param {number} count of pixels @param {number} n of the window */
  #prepare(data, count, n) {
    const { windows, offsets, centred, inverses } = this;
    const [start, first] = [windows[n], 27 * n];
    for (let c = 0; c < 3; c++) {
      let sum = 0;
      for (let i = 0; i < 9; i++) sum += data[c * count + start + offsets[i]];
      for (let i = 0; i < 9; i++) centred[first + 3 * i + c] = data[c * count + start + offsets[i]] - sum / 9;
    }
    let a = FLAT, b = 0, c = 0, d = FLAT, e = 0, f = FLAT;
    for (let at = first; at < first + 27; at += 3) {
      const x = centred[at], y = centred[at + 1], z = centred[at + 2];
      a += x * x;
      b += x * y;
      c += x * z;
      d += y * y;
      e += y * z;
      f += z * z;
    }
    inverses.set(inverse3(a / 9, b / 9, c / 9, d / 9, e / 9, f / 9), 6 * n);
  }

  /** L x, and added to `found`. @param {Float64Array} x @param {Float64Array} found */
  times(x, found) {
    const { windows, offsets, centred, inverses } = this;
    found.fill(0);
    for (let n = 0; n < windows.length; n++) {
      const start = windows[n];
      let [sum, r, g, b] = [0, 0, 0, 0];
      for (let i = 0, at = 27 * n; i < 9; i++, at += 3) {
        const value = x[start + offsets[i]];
        sum += value;
        r += centred[at] * value;
        g += centred[at + 1] * value;
        b += centred[at + 2] * value;
      }
      const k = 6 * n;
      const u = inverses[k] * r + inverses[k + 1] * g + inverses[k + 2] * b;
      const v = inverses[k + 1] * r + inverses[k + 3] * g + inverses[k + 4] * b;
      const w = inverses[k + 2] * r + inverses[k + 4] * g + inverses[k + 5] * b;
      for (let i = 0, at = 27 * n; i < 9; i++, at += 3) {
        const to = start + offsets[i];
        found[to] += x[to] - (sum + centred[at] * u + centred[at + 1] * v + centred[at + 2] * w) / 9;
      }
    }
  }

  /** @param {number} count of pixels */
  diagonal(count) {
    const found = new Float64Array(count);
    const { windows, offsets, centred, inverses } = this;
    for (let n = 0; n < windows.length; n++) {
      const k = 6 * n;
      const a = inverses[k], b = inverses[k + 1], c = inverses[k + 2], d = inverses[k + 3], e = inverses[k + 4], f = inverses[k + 5];
      for (let i = 0, at = 27 * n; i < 9; i++, at += 3) {
        const x = centred[at], y = centred[at + 1], z = centred[at + 2];
        const share = a * x * x + d * y * y + f * z * z + 2 * (b * x * y + c * x * z + e * y * z);
        found[windows[n] + offsets[i]] += 1 - (1 + share) / 9;
      }
    }
    return found;
  }
}

/** The matte in the unknown pixels by preconditioned conjugate gradients, the rest held. @param {Planes} guide @param {Float64Array} values @param {Uint8Array} unknown */
function solve(guide, values, unknown) {
  const laplacian = new Laplacian(guide, unknown);
  const places = Int32Array.from(unknown.keys()).filter((at) => unknown[at]);
  const [wide, product] = [values.map((one, at) => (unknown[at] ? 0 : one)), new Float64Array(values.length)];
  const prior = Float64Array.from(places, (at) => PRIOR * ((2 * values[at] - 1) ** 2 + 0.01));
  laplacian.times(wide, product);
  const wanted = Float64Array.from(places, (at, n) => prior[n] * values[at] - product[at]);
  const diagonal = laplacian.diagonal(values.length);
  const scale = Float64Array.from(places, (at, n) => 1 / (diagonal[at] + prior[n]));
  wide.fill(0);
  /** @param {Float64Array} x @param {Float64Array} found */
  const times = (x, found) => {
    for (let n = 0; n < places.length; n++) wide[places[n]] = x[n];
    laplacian.times(wide, product);
    for (let n = 0; n < places.length; n++) found[n] = product[places[n]] + prior[n] * x[n];
  };
  const x = gradients(times, wanted, Float64Array.from(places, (at) => values[at]), scale);
  const found = Float32Array.from(values);
  places.forEach((at, n) => (found[at] = Math.min(1, Math.max(0, x[n]))));
  return found;
}

/** @param {Float64Array} a @param {Float64Array} b */
function dot(a, b) {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum;
}

/**
 * @param {(x: Float64Array, found: Float64Array) => void} times @param {Float64Array} wanted
 * @param {Float64Array} x where it begins @param {Float64Array} scale
 */
function gradients(times, wanted, x, scale) {
  const q = new Float64Array(x.length);
  times(x, q);
  const rest = wanted.map((one, n) => one - q[n]);
  const least = CLOSE * Math.sqrt(dot(wanted, wanted));
  const way = new Float64Array(x.length);
  let before = 0;
  for (let step = 0; step < STEPS && Math.sqrt(dot(rest, rest)) > least; step++) {
    const z = rest.map((one, n) => scale[n] * one);
    const now = dot(rest, z);
    for (let n = 0; n < way.length; n++) way[n] = z[n] + (step ? now / before : 0) * way[n];
    times(way, q);
    const much = now / dot(way, q);
    for (let n = 0; n < x.length; n++) {
      x[n] += much * way[n];
      rest[n] -= much * q[n];
    }
    before = now;
  }
  return x;
}

/** Mean over a square window, only over pixels that exist. @param {Float32Array} plane @param {Size} size @param {number} radius */
function box(plane, [height, width], radius) {
  const rows = new Float64Array(plane.length);
  const found = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) sum += plane[y * width + u];
      rows[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - radius), Math.min(height - 1, y + radius)];
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let v = top; v <= bottom; v++) sum += rows[v * width + x];
      found[y * width + x] = sum / ((bottom - top + 1) * (Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1));
    }
  }
  return found;
}

/**
 * Coefficients of the guided filter (He, Sun and Tang 2010) with a colour guide: the matte is `a . colour + b`.
 *
 * @param {Planes} guide @param {Planes} target @param {number} radius @param {number} epsilon
 */
export function guidedFilter(guide, target, radius, epsilon) {
  const size = sizeOf(guide);
  const count = size[0] * size[1];
  const colours = [0, 1, 2].map((c) => guide.data.subarray(c * count, (c + 1) * count));
  /** @param {Float32Array} plane */
  const boxed = (plane) => box(plane, size, radius);
  const means = colours.map(boxed);
  const meanTarget = boxed(target.data);
  const shared = colours.map((plane) => boxed(plane.map((one, at) => one * target.data[at])));
  const pairs = [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]];
  const spreads = pairs.map(([i, j]) => {
    const both = boxed(colours[i].map((one, at) => one * colours[j][at]));
    return both.map((one, at) => one - means[i][at] * means[j][at] + (i === j ? epsilon : 0));
  });
  const [p, q, r, s, t, u] = spreads;
  const [a0, a1, a2, b] = [0, 1, 2, 3].map(() => new Float32Array(count));
  for (let at = 0; at < count; at++) {
    const [A, B, C, D, E, F] = inverse3(p[at], q[at], r[at], s[at], t[at], u[at]);
    const middle = meanTarget[at];
    const x = shared[0][at] - means[0][at] * middle, y = shared[1][at] - means[1][at] * middle, z = shared[2][at] - means[2][at] * middle;
    a0[at] = A * x + B * y + C * z;
    a1[at] = B * x + D * y + E * z;
    a2[at] = C * x + E * y + F * z;
    b[at] = middle - a0[at] * means[0][at] - a1[at] * means[1][at] - a2[at] * means[2][at];
  }
  const a = planes(3, size);
  [a0, a1, a2].forEach((one, c) => a.data.set(boxed(one), c * count));
  return { a, b: planes(1, size, boxed(b)) };
}

const [QUICK, EVEN] = [256, 1e-4]; // longest side, and colour variance that is smoothed over, of the matte without solving

/** A matte at the photo's edges by the fast guided filter alone, as `matting.guided_upsample`. @param {Planes} coarse @param {Planes} photo @returns {Planes} */
export function guidedUpsample(coarse, photo) {
  const size = sizeOf(photo);
  const work = fitSize(size, Math.min(QUICK, Math.max(...size)));
  const { a, b } = guidedFilter(resize(photo, work), resize(coarse, work), 4, EVEN);
  const [wideA, wideB] = [resize(a, size), resize(b, size)];
  const count = size[0] * size[1];
  return planes(1, size, wideB.data.map((start, at) => {
    let sum = start;
    for (let c = 0; c < 3; c++) sum += wideA.data[c * count + at] * photo.data[c * count + at];
    return Math.min(1, Math.max(0, sum));
  }));
}
