// @ts-check
// What a layer is painted from and through, as `styfie.engines.layers` and `onepass`.

import { gaussian, widen } from "./masks.js";
import { planes, resize, round, sizeOf } from "./planes.js";

/** @import { Box, Planes } from "./planes.js" */

const BAND = 8 / 256; // half the painted band around a region, as a share of the longest side
const HARDLY = 0.5; // alpha under which a pixel shows too much of others
const MARGIN = 16; // pixels painted around a region's box
const [REACH, CELL] = [96, 16]; // pixels around its own that a pixel depends on, and those of the coarsest map's cell
const FINE = 1 / 48; // standard deviation, of the longest side, under which a face's detail is the photo's
const DETAIL = 0.9; // share of the photo's finer detail given to a larger scale
const LUMA = [0.299, 0.587, 0.114];

/** @param {Planes} alpha */
export const bandOf = (alpha) => widen(alpha, round(BAND * Math.max(alpha.height, alpha.width)));

/**
 * The photo in a region, and its colours carried on smoothly beyond: push and pull (Gortler et al. 1996).
 *
 * @param {Planes} photo @param {Planes} alpha
 */
export function extrapolate(photo, alpha) {
  const held = alpha.data.map((one) => Math.min(1, Math.max(0, (one - HARDLY) / (1 - HARDLY))));
  const first = planes(4, sizeOf(photo));
  for (let at = 0; at < held.length; at++) {
    for (let c = 0; c < 3; c++) first.data[c * held.length + at] = photo.data[c * held.length + at] * held[at];
    first.data[3 * held.length + at] = held[at];
  }
  const levels = [first];
  while (Math.max(levels[0].height, levels[0].width) > 1) levels.unshift(halved(levels[0]));
  const { data } = levels[0];
  let found = planes(3, [1, 1], data.slice(0, 3).map((one) => one / Math.max(1e-6, data[3])));
  for (const level of levels.slice(1)) {
    const wide = resize(found, sizeOf(level));
    const count = level.height * level.width;
    found = planes(3, sizeOf(level), wide.data.map((one, at) => level.data[at] + (1 - level.data[3 * count + at % count]) * one));
  }
  return found;
}

/** Means of 2x2 pixels, a last odd row or column alone. @param {Planes} image */
function halved(image) {
  const found = planes(image.channels, [Math.ceil(image.height / 2), Math.ceil(image.width / 2)]);
  for (let c = 0, at = 0; c < image.channels; c++) {
    for (let y = 0; y < image.height; y += 2) {
      const row = (c * image.height + y) * image.width;
      const below = y + 1 < image.height ? image.width : 0;
      for (let x = 0; x < image.width; x += 2, at++) {
        const beside = x + 1 < image.width ? 1 : 0;
        found.data[at] = (image.data[row + x] + image.data[row + x + beside] + image.data[row + x + below] + image.data[row + x + below + beside]) / 4;
      }
    }
  }
  return found;
}

/** The box that is painted of a band, in whole cells of the coarsest map. @param {Planes} band @returns {Box} */
export function boxOf({ data, height, width }) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (data[at] <= 0.01) continue;
      if (top > y) top = y;
      bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  }
  if (bottom < 0) [top, bottom, left, right] = [0, 0, 0, 0];
  /** @param {number} start @param {number} length */
  const first = (start, length) => Math.max(0, Math.trunc(Math.max(0, start - MARGIN) / CELL) * CELL - REACH) * (length > 0 ? 1 : 0);
  /** @param {number} last @param {number} length */
  const stop = (last, length) => Math.min(length, Math.ceil(Math.min(length, last + 1 + MARGIN) / CELL) * CELL + REACH);
  return { top: first(top, height), left: first(left, width), bottom: stop(bottom, height), right: stop(right, width) };
}

/** A painting at the photo's size, with a share of the detail that the smaller one could not hold. @param {Planes} painted @param {Planes} photo */
export function enlarged(painted, photo) {
  const size = sizeOf(photo);
  const lost = resize(resize(photo, sizeOf(painted)), size);
  const wide = resize(painted, size);
  return { ...wide, data: wide.data.map((one, at) => Math.min(1, Math.max(0, one + DETAIL * (photo.data[at] - lost.data[at])))) };
}

/** @param {Planes} image @returns {Float32Array<ArrayBuffer>} */
export function lumaOf({ data, height, width }) {
  const count = height * width;
  const found = new Float32Array(count);
  for (let at = 0; at < count; at++) found[at] = LUMA[0] * data[at] + LUMA[1] * data[count + at] + LUMA[2] * data[2 * count + at];
  return found;
}

/**
 * The painting with a share of its fine light and dark taken from the photo, as `onepass.with_features`.
 *
 * @param {Planes} painted @param {Planes} photo @param {Planes} face where faces are @param {number} likeness
 */
export function withFeatures(painted, photo, face, likeness) {
  const size = sizeOf(painted);
  const before = lumaOf(painted);
  const change = lumaOf(photo).map((one, at) => one - before[at]);
  const smooth = gaussian(change, size, Math.max(1, round(FINE * Math.max(...size))), 3);
  const count = change.length;
  return { ...painted, data: painted.data.map((one, i) => {
    const at = i % count;
    return Math.min(1, Math.max(0, one + likeness * face.data[at] * (change[at] - smooth[at])));
  }) };
}
