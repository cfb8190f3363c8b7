// @ts-check
// A painted layer in other colours, or out of focus, as `styfie.colour` and `styfie.blur`.

import { offsetOf, power, product } from "./linear.js";
import { lumaOf } from "./layers.js";
import { gaussian } from "./masks.js";
import { cut, planes, resize, sizeOf } from "./planes.js";

/** @import { Planes } from "./planes.js" */

const LEAST = 1e-5; // variance along a colour axis
const THIN = 512; // longest side, about, at which colours are counted
const COARSE = 6; // standard deviation from which on a picture is reduced before it is blurred
const TRUSTED = 0.02; // weight of an average that is to be trusted

/** Mean and covariance of colours within an alpha. @param {Planes} picture @param {Planes} alpha */
function statistics({ data, height, width }, alpha) {
  const count = height * width;
  const step = Math.max(1, Math.trunc(Math.max(height, width) / THIN));
  const [mean, covariance] = [new Float64Array(3), new Float64Array(9)];
  let total = 1e-6;
  /** @param {(at: number) => void} call */
  const each = (call) => {
    for (let y = 0; y < height; y += step) for (let x = 0; x < width; x += step) call(y * width + x);
  };
  each((at) => {
    total += alpha.data[at];
    for (let c = 0; c < 3; c++) mean[c] += alpha.data[at] * data[c * count + at];
  });
  mean.forEach((_, c) => (mean[c] /= total));
  each((at) => {
    for (let c = 0; c < 3; c++) {
      const share = alpha.data[at] / total * (data[c * count + at] - mean[c]);
      for (let d = 0; d < 3; d++) covariance[3 * c + d] += share * (data[d * count + at] - mean[d]);
    }
  });
  return { mean, covariance };
}

/**
 * A picture with mean and covariance of a palette's colours, each within its alpha; axes along which the picture's
 * variance is under `least` are moved as if it were that.
 *
 * @param {Planes} picture @param {Planes} palette @param {Planes} alpha @param {Planes} paletteAlpha @param {number} least
 * @returns {Planes}
 */
export function matchColours(picture, palette, alpha, paletteAlpha = alpha, least = LEAST) {
  const [mine, goal] = [statistics(picture, alpha), statistics(palette, paletteAlpha)];
  const [root, back] = [0.5, -0.5].map((exponent) => power(mine.covariance, 3, exponent, least));
  const inner = power(product(root, product(goal.covariance, root, 3), 3), 3, 0.5, 0);
  const matrix = product(back, product(inner, back, 3), 3);
  const offset = offsetOf(matrix, mine.mean, goal.mean);
  const count = picture.height * picture.width;
  const found = planes(3, sizeOf(picture));
  for (let at = 0; at < count; at++) {
    for (let c = 0; c < 3; c++) {
      const moved = offset[c] + matrix[3 * c] * picture.data[at] + matrix[3 * c + 1] * picture.data[count + at] + matrix[3 * c + 2] * picture.data[2 * count + at];
      found.data[c * count + at] = Math.min(1, Math.max(0, moved));
    }
  }
  return found;
}

/** @param {Planes} layer @param {Planes} own the region's own colours @param {Planes} alpha @param {string} color */
export function recoloured(layer, own, alpha, color) {
  if (color === "keep") return matchColours(layer, own, alpha);
  if (color !== "luma") return layer;
  const before = lumaOf(own);
  const change = lumaOf(layer).map((one, at) => one - before[at]);
  return { ...own, data: own.data.map((one, i) => Math.min(1, Math.max(0, one + change[i % change.length]))) };
}

/** Every plane through a Gaussian; a wide one of the picture reduced by area. @param {Planes} image @param {number} sigma @returns {Planes} */
function blurred(image, sigma) {
  const factor = Math.max(1, Math.trunc(sigma / COARSE));
  const small = factor === 1 ? image : resize(image, [Math.max(1, Math.ceil(image.height / factor)), Math.max(1, Math.ceil(image.width / factor))]);
  const less = factor === 1 ? sigma : Math.sqrt((sigma / factor) ** 2 - 1 / 4);
  const size = sizeOf(small);
  const count = size[0] * size[1];
  const found = planes(image.channels, size);
  for (let c = 0; c < image.channels; c++) {
    found.data.set(gaussian(small.data.slice(c * count, (c + 1) * count), size, less, 3), c * count);
  }
  return resize(found, sizeOf(image));
}

/**
 * A region of a picture out of focus, as if nothing stood before it: only what lies in it is averaged (normalised
 * convolution, Knutsson and Westin 1993). `radius` is a standard deviation in pixels per 512 of the longest side.
 *
 * @param {Planes} picture @param {Planes} alpha @param {number} radius
 */
export function outOfFocus(picture, alpha, radius) {
  const size = sizeOf(picture);
  const sigma = radius * Math.max(...size) / 512;
  if (sigma <= 0) return picture;
  const count = size[0] * size[1];
  const weighted = planes(4, size);
  for (let at = 0; at < count; at++) {
    const weight = Math.max(0, 2 * alpha.data[at] - 1);
    for (let c = 0; c < 3; c++) weighted.data[c * count + at] = weight * picture.data[c * count + at];
    weighted.data[3 * count + at] = weight;
  }
  const near = blurred(weighted, sigma);
  const far = blurred(near, 4 * sigma);
  const found = cut(picture, { top: 0, left: 0, bottom: size[0], right: size[1] });
  for (let at = 0; at < count; at++) {
    const [here, there] = [near.data[3 * count + at], far.data[3 * count + at]];
    const share = Math.min(1, here / TRUSTED);
    for (let c = 0; c < 3; c++) {
      const i = c * count + at;
      const wide = far.data[i] / Math.max(1e-6, there);
      found.data[i] = Math.min(1, Math.max(0, wide + share * (near.data[i] / Math.max(1e-6, here) - wide)));
    }
  }
  return found;
}
