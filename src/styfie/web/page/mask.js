// @ts-check
// A region's mask while it is being brushed, with a brush whose edge is as soft as one likes.

import { matteOf } from "./blend.js";
import { contextOf } from "./dom.js";

/**
 * @import { Soft } from "./blend.js"
 * @import { Place } from "./types.d.ts"
 */

const SPACING = 0.2; // of the radius between two dabs of a stroke

/**
 * How much a dab covers at a distance from its middle, 0 to 1: all within the hard part, then falling off smoothly.
 *
 * @param {number} distance @param {number} radius @param {number} softness 0 to 1
 */
export function coverage(distance, radius, softness) {
  const hard = radius * (1 - softness);
  const t = Math.max(0, Math.min(1, (radius - distance) / Math.max(1, radius - hard)));
  return t * t * (3 - 2 * t);
}

/** A mask in two canvases: `told`, white on black, for the server; `shown`, of one colour, opaque inside, for the eye. */
export class Mask {
  /** @param {Soft} soft @param {number} index of the region; below 0: it is not there yet @param {string} color */
  constructor(soft, index, color) {
    const { width, height } = soft;
    this.matte = matteOf(soft, index);
    this.width = width;
    this.height = height;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    this.color = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0; // little endian, as all browsers' are
    this.shown = new OffscreenCanvas(width, height);
    this.context = contextOf(this.shown);
    this.#show(0, 0, width, height);
  }

  /**
   * @param {Place} from @param {Place} to @param {number} radius @param {boolean} adds @param {number} softness 0 to 1
   */
  stroke(from, to, radius, adds, softness = 0) {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const dabs = Math.max(1, Math.ceil(Math.hypot(dx, dy) / Math.max(1, SPACING * radius)));
    for (let n = from === to ? dabs : 1; n <= dabs; n++) {
      this.#dab(from[0] + dx * n / dabs, from[1] + dy * n / dabs, radius, adds, softness);
    }
    const left = Math.max(0, Math.floor(Math.min(from[0], to[0]) - radius) - 1);
    const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - radius) - 1);
    const right = Math.min(this.width, Math.ceil(Math.max(from[0], to[0]) + radius) + 1);
    const bottom = Math.min(this.height, Math.ceil(Math.max(from[1], to[1]) + radius) + 1);
    this.#show(left, top, right - left, bottom - top);
  }

  /** What is covered twice is no more than once. @param {number} x @param {number} y @param {number} radius @param {boolean} adds @param {number} softness */
  #dab(x, y, radius, adds, softness) {
    const { matte, width, height } = this;
    const [top, bottom] = [Math.max(0, Math.floor(y - radius)), Math.min(height - 1, Math.ceil(y + radius))];
    const [left, right] = [Math.max(0, Math.floor(x - radius)), Math.min(width - 1, Math.ceil(x + radius))];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const much = 255 * coverage(Math.hypot(column + 0.5 - x, row + 0.5 - y), radius, softness);
        const at = row * width + column;
        matte[at] = adds ? Math.max(matte[at], much) : Math.min(matte[at], 255 - much);
      }
    }
  }

  /** @param {number} left @param {number} top @param {number} width @param {number} height */
  #show(left, top, width, height) {
    if (width <= 0 || height <= 0) return;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < height; row++) {
      const start = (top + row) * this.width + left;
      for (let column = 0; column < width; column++) {
        pixels[row * width + column] = ((this.matte[start + column] << 24) | (this.color & 0xffffff)) >>> 0;
      }
    }
    this.context.putImageData(image, left, top);
  }

  /** White inside, as PNG. @returns {Promise<Blob>} */
  png() {
    const canvas = new OffscreenCanvas(this.width, this.height);
    const image = new ImageData(this.width, this.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < pixels.length; at++) pixels[at] = (0xff000000 | (this.matte[at] * 0x010101)) >>> 0;
    contextOf(canvas).putImageData(image, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }
}
