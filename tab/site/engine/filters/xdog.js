// @ts-check
// Extended difference of Gaussians: lines and solid blacks, as `styfie.engines.filters.xdog`.

import { along, area, smooth } from "./flow.js";
import { mapped, planes, sizeOf } from "../planes.js";

/**
 * @import { Planes, Size } from "../planes.js"
 * @import { Flow } from "./flow.js"
 */

const RATIO = 1.6; // of the two Gaussians
const FINEST = 0.75; // half the breadth in pixels, at least, of a line where a picture is reduced before lines are followed
const SHARP = -0.75; // of the cubic

/** Tone and lines together: (1 + gain) G(sigma) - gain G(1.6 sigma). @param {Planes} image @param {number} sigma @param {number} gain @returns {Planes} */
export function sharpened(image, sigma, gain) {
  const inner = smooth(image, sigma);
  const outer = smooth(inner, sigma * Math.sqrt(RATIO ** 2 - 1));
  return { ...inner, data: inner.data.map((one, at) => one - gain * (outer.data[at] - one)) };
}

/** The size at which lines of half breadth `sigma` are followed. @param {Size} size @param {number} sigma @returns {Size} */
export function linesSize([height, width], sigma) {
  const factor = Math.max(1, Math.trunc(sigma / FINEST));
  return [Math.ceil(height / factor), Math.ceil(width / factor)];
}

/**
 * Ink on paper, 0 and 1, from luma, lines along a flow of `linesSize`.
 *
 * @param {Planes} luma @param {number} sigma @param {number} gain @param {number} level @param {number} slope
 * @param {Flow} flow
 */
export function xdog(luma, sigma, gain, level, slope, flow) {
  const values = followed(sharpened(luma, sigma, gain), flow, sigma);
  return mapped(values, (one) => 1 + Math.tanh(Math.min(0, slope * (one - level))));
}

/** @param {Planes} values @param {Flow} flow @param {number} sigma */
function followed(values, flow, sigma) {
  const size = sizeOf(values);
  if (values.height === flow.height && values.width === flow.width) return along(values, flow, 2.5 * sigma, Math.max(1, sigma));
  const less = sigma * Math.max(flow.height, flow.width) / Math.max(...size);
  return bicubic(along(area(values, [flow.height, flow.width]), flow, 2.5 * less, Math.max(1, less)), size);
}

/** The four pixels that each new one is made of, and their weights. @param {number} from @param {number} to */
function cubicTaps(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const place = (i + 0.5) * from / to - 0.5;
    const first = Math.floor(place);
    const t = place - first;
    /** @param {number} x at most one away */
    const near = (x) => ((SHARP + 2) * x - (SHARP + 3)) * x * x + 1;
    /** @param {number} x further away */
    const far = (x) => ((SHARP * x - 5 * SHARP) * x + 8 * SHARP) * x - 4 * SHARP;
    const weights = [far(t + 1), near(t), near(1 - t), far(2 - t)];
    return { weights, places: [-1, 0, 1, 2].map((n) => Math.min(from - 1, Math.max(0, first + n))) };
  });
}

/** One plane enlarged by cubics (Keys 1981), its border repeated. @param {Planes} image @param {Size} size */
function bicubic(image, [height, width]) {
  const [across, down] = [cubicTaps(image.width, width), cubicTaps(image.height, height)];
  const wide = new Float32Array(image.height * width);
  for (let y = 0, at = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width, (y + 1) * image.width);
    for (const { weights: w, places: p } of across) wide[at++] = w[0] * row[p[0]] + w[1] * row[p[1]] + w[2] * row[p[2]] + w[3] * row[p[3]];
  }
  const found = planes(1, [height, width]);
  for (let y = 0, at = 0; y < height; y++) {
    const { weights: w, places } = down[y];
    const [a, b, c, d] = places.map((n) => n * width);
    for (let x = 0; x < width; x++, at++) found.data[at] = w[0] * wide[a + x] + w[1] * wide[b + x] + w[2] * wide[c + x] + w[3] * wide[d + x];
  }
  return found;
}
