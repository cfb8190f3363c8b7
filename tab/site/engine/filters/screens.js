// @ts-check
// Screens of dots as printers have them, and grains of paper and graphite, as `styfie.engines.filters.screens`.

import { between } from "./flow.js";
import { drawEven } from "../noise.js";
import { planes } from "../planes.js";

/** @import { Planes, Size } from "../planes.js" */

const SHADES = 256; // at which the area that a spot function covers is known
const KEPT = 6; // grains

/** @type {Float32Array | null} */
let even = null;

/** The share of a dot's cell where its spot function is higher than each of `SHADES` values. */
function shares() {
  if (even) return even;
  const t = Array.from({ length: 512 }, (_, i) => Math.cos(i / 512 * 2 * Math.PI));
  const spot = Float32Array.from({ length: 512 * 512 }, (_, i) => (t[i >> 9] + t[i & 511]) / 4 + 0.5).sort();
  return (even = Float32Array.from({ length: SHADES }, (_, n) => 1 - rank(spot, n / (SHADES - 1), true) / spot.length));
}

/** How many of some sorted values are smaller, or not greater. @param {Float32Array} sorted @param {number} value */
function rank(sorted, value, same = false) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value || (same && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ink that covers the share `amount`, in dots `pitch` pixels apart, turned by degrees. @param {Planes} amount @param {number} pitch @param {number} angle */
export function dots({ data, height, width }, pitch, angle) {
  const [table, found] = [shares(), planes(1, [height, width])];
  const turn = angle * Math.PI / 180;
  const [cos, sin] = [Math.cos(turn) * 2 * Math.PI / pitch, Math.sin(turn) * 2 * Math.PI / pitch];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const u = (x + 0.5) * cos + (y + 0.5) * sin, v = (y + 0.5) * cos - (x + 0.5) * sin;
      const spot = (Math.cos(u) + Math.cos(v)) / 4 + 0.5;
      const threshold = table[Math.round(spot * (SHADES - 1))];
      found.data[at] = Math.min(1, Math.max(0, (data[at] - threshold) * (pitch / 2.2) + 0.5));
    }
  }
  return found;
}

/** @type {Map<string, Float32Array<ArrayBuffer>>} */
const grains = new Map();

/**
 * Noise, even in [0, 1], of cells so many pixels wide; `long` times as long along an angle, if there is one.
 *
 * @param {Size} size @param {number} cell @param {number} seed @param {number | null} angle @param {number} long
 * @returns {Float32Array<ArrayBuffer>}
 */
export function grain(size, cell, seed, angle = null, long = 12) {
  const key = JSON.stringify([size, cell, seed, angle, long]);
  const found = grains.get(key) ?? ranked(drawn(size, cell, seed, angle, long));
  grains.delete(key);
  grains.set(key, found); // as the last one used
  const [oldest] = grains.keys();
  if (grains.size > KEPT) grains.delete(oldest);
  return found;
}

/** @param {Size} size @param {number} cell @param {number} seed @param {number | null} angle @param {number} long */
function drawn([height, width], cell, seed, angle, long) {
  const down = Math.ceil(Math.hypot(height, width) / Math.max(cell, 0.5)) + 4;
  const across = angle === null ? down : Math.ceil(down / long) + 4;
  const noise = drawEven(across * down, seed);
  const turn = (angle ?? 0) * Math.PI / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const breadth = cell * (angle === null ? 1 : long);
  const found = new Float32Array(height * width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [p, q] = [x + 0.5 - width / 2, y + 0.5 - height / 2];
      const u = (p * cos + q * sin) / breadth, v = (q * cos - p * sin) / cell;
      found[at] = between(noise, 0, down, across, v + (down - 1) / 2, u + (across - 1) / 2);
    }
  }
  return found;
}

/** Values made even in [0, 1]: each its rank. @param {Float32Array<ArrayBuffer>} noise */
function ranked(noise) {
  const step = Math.max(1, Math.trunc(noise.length / 65_536));
  const some = noise.filter((_, at) => at % step === 0).sort();
  return noise.map((one) => rank(some, one) / some.length);
}
