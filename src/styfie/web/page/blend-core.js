// @ts-check
// What blends: one photo's pixels, its regions, and the layers that have come, by their keys. It runs in a worker where
// there are such, and else where it is called.

import { blend, matteOf } from "./blend.js";
import { contours } from "./contours.js";

/**
 * @import { Soft } from "./blend.js"
 * @import { Pixels } from "./types.d.ts"
 *
 * @typedef {{ index: number, strength: number, styled: boolean, key: string }} Mixed a region and the key of its layer
 */

export class BlendCore {
  /** @type {Map<string, Pixels>} */
  #layers = new Map();

  /** @param {Pixels} photo @param {Soft} soft */
  constructor(photo, soft) {
    this.photo = photo;
    this.soft = soft;
  }

  /** @param {string} key @param {Pixels} layer of the photo's size */
  add(key, layer) {
    this.#layers.set(key, layer);
  }

  /** @param {string} key */
  drop(key) {
    this.#layers.delete(key);
  }

  /** The picture; regions whose layers are not there stay photo. @param {Mixed[]} mixed @param {Pixels | null} spare to be used anew */
  blend(mixed, spare = null) {
    const out = spare?.length === this.photo.length ? spare : new Uint8ClampedArray(this.photo.length);
    const there = mixed.flatMap(({ key, ...one }) => {
      const layer = this.#layers.get(key);
      return layer ? [{ ...one, layer }] : [];
    });
    blend(out, this.photo, this.soft, there);
    return out;
  }

  /** The lines around each region, see `contours`. */
  outlines() {
    const { width, height, alpha } = this.soft;
    return alpha.map((_, index) => contours(matteOf(this.soft, index), width, height));
  }
}
