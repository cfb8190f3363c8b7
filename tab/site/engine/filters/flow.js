// @ts-check
// Directions of a picture, and smoothing along them, as `styfie.engines.filters.flow`.

import { gaussian } from "../masks.js";
import { fitSize, planes, resize, sizeOf } from "../planes.js";

/**
 * @import { Planes, Size } from "../planes.js"
 *
 * @typedef {object} Flow where edges run
 * @property {number} height
 * @property {number} width
 * @property {Float32Array} right with `down` of length 1
 * @property {Float32Array} down
 * @property {Float32Array} anisotropy in [0, 1]
 */

const TRUNCATE = 2.5; // standard deviations that a Gaussian reaches
const LARGEST = 512; // longest side at which directions are looked for

/** Gaussian filter of all planes, the border repeated. @param {Planes} image @param {number} sigma @returns {Planes} */
export function smooth(image, sigma) {
  if (sigma < 0.2) return image;
  const reach = Math.max(1, Math.ceil(TRUNCATE * sigma));
  const [size, count] = [sizeOf(image), image.height * image.width];
  const found = planes(image.channels, size);
  for (let c = 0; c < image.channels; c++) {
    found.data.set(gaussian(image.data.slice(c * count, (c + 1) * count), size, sigma, reach / sigma), c * count);
  }
  return found;
}

/** Means of the pixels under each of fewer ones, as PyTorch's adaptive pooling. @param {Planes} image @param {Size} size */
export function area(image, [height, width]) {
  const found = planes(image.channels, [height, width]);
  /** @param {number} i @param {number} from @param {number} to */
  const span = (i, from, to) => [Math.floor(i * from / to), Math.ceil((i + 1) * from / to)];
  for (let c = 0, at = 0; c < image.channels; c++) {
    for (let y = 0; y < height; y++) {
      const [top, bottom] = span(y, image.height, height);
      for (let x = 0; x < width; x++, at++) {
        const [left, right] = span(x, image.width, width);
        let sum = 0;
        for (let v = top; v < bottom; v++) {
          for (let u = left, from = (c * image.height + v) * image.width; u < right; u++) sum += image.data[from + u];
        }
        found.data[at] = sum / ((bottom - top) * (right - left));
      }
    }
  }
  return found;
}

/** The structure tensor xx, xy, yy, not smoothed: products of Sobel's differences, over channels. @param {Planes} image */
function structure({ channels, height, width, data }) {
  const found = planes(3, [height, width]);
  const count = height * width;
  for (let c = 0; c < channels; c++) {
    for (let y = 0, at = 0; y < height; y++) {
      const [above, here, below] = [Math.max(0, y - 1), y, Math.min(height - 1, y + 1)].map((row) => c * count + row * width);
      for (let x = 0; x < width; x++, at++) {
        const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
        const corner = data[below + right] - data[above + left];
        const other = data[above + right] - data[below + left];
        const dx = (corner + other + 2 * (data[here + right] - data[here + left])) / 8;
        const dy = (corner - other + 2 * (data[below + x] - data[above + x])) / 8;
        found.data[at] += dx * dx;
        found.data[count + at] += dx * dy;
        found.data[2 * count + at] += dy * dy;
      }
    }
  }
  return found;
}

/** The structure tensor, smoothed, small. @param {Planes} image @param {number} sigma @returns {Planes} */
export function smoothStructure(image, sigma) {
  const longest = Math.max(...sizeOf(image));
  const small = resize(image, fitSize(sizeOf(image), Math.min(LARGEST, longest)));
  return smooth(structure(small), Math.max(0.5, sigma * Math.max(...sizeOf(small)) / longest));
}

/** The ways of least change of a smoothed structure tensor, at a size. @param {Planes} tensor @param {Size} size @returns {Flow} */
export function directions(tensor, size) {
  const { data, height, width } = resize(tensor, size);
  const count = height * width;
  const [right, down, anisotropy] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  for (let at = 0; at < count; at++) {
    const across = data[at], both = data[count + at], low = data[2 * count + at];
    const gap = Math.sqrt((across - low) ** 2 + 4 * both * both);
    const u = (gap + low - across) / 2; // the eigenvector of the lesser eigenvalue
    const length = Math.sqrt(u * u + both * both);
    right[at] = length < 1e-12 ? 0 : u / length;
    down[at] = length < 1e-12 ? 1 : -both / length;
    anisotropy[at] = gap / Math.max(1e-6, across + low);
  }
  return { height, width, right, down, anisotropy };
}

/**
 * A plane between its pixels, its border repeated.
 *
 * @param {Float32Array} data @param {number} first of the plane @param {number} height @param {number} width
 * @param {number} y @param {number} x
 */
export function between(data, first, height, width, y, x) {
  const v = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const u = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  const top = Math.trunc(v), left = Math.trunc(u);
  const p = u - left, q = v - top;
  const at = first + top * width + left;
  const beside = left < width - 1 ? 1 : 0, below = top < height - 1 ? width : 0;
  const upper = data[at] + p * (data[at + beside] - data[at]);
  const lower = data[at + below] + p * (data[at + below + beside] - data[at + below]);
  return upper + q * (lower - upper);
}

/**
 * A Gaussian mean of one plane along the streamline through each pixel; `sigma` and `step` in pixels.
 *
 * @param {Planes} image @param {Flow} flow @param {number} sigma @param {number} step @param {number} rounds
 * @returns {Planes}
 */
export function along(image, flow, sigma, step = 1, rounds = 2) {
  const { height, width } = image;
  const less = sigma / Math.sqrt(rounds);
  const weights = Array.from({ length: Math.ceil(2 * less / step) }, (_, i) => Math.exp(-0.5 * ((i + 1) * step / less) ** 2));
  const total = weights.reduce((sum, one) => sum + 2 * one, 1);
  let { data } = image;
  for (let n = 0; n < rounds; n++) {
    const found = new Float32Array(data.length);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        let sum = data[at];
        for (let i = 0; i < weights.length; i++) {
          const right = (i + 1) * step * flow.right[at], down = (i + 1) * step * flow.down[at];
          sum += weights[i] * (between(data, 0, height, width, y + down, x + right) + between(data, 0, height, width, y - down, x - right));
        }
        found[at] = sum / total;
      }
    }
    data = found;
  }
  return planes(1, [height, width], data);
}
