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

const REMEMBERED = 4; // pictures of which it is known what they show: two take turns

export class BlendCore {
  /** @type {Map<string, Pixels>} */
  #layers = new Map();
  /** @type {Map<number, Mixed[]>} */
  #shown = new Map(); // by the numbers of pictures

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

  /**
   * The picture, called by a `number` that no other has; regions whose layers are not there stay photo. A `spare` picture
   * is used anew: where it is one of this photo, by its number, only the regions that are painted otherwise are blended.
   *
   * @param {Mixed[]} mixed @param {number} number @param {Pixels | null} spare @param {number} before the spare one's number
   */
  blend(mixed, number = 0, spare = null, before = 0) {
    const fits = spare?.length === this.photo.length;
    const out = fits ? spare : new Uint8ClampedArray(this.photo.length);
    const there = mixed.filter(({ key }) => this.#layers.has(key));
    const painted = there.map(({ key, ...one }) => ({ ...one, layer: this.#layers.get(key) ?? this.photo }));
    const shown = fits ? this.#shown.get(before) : undefined;
    blend(out, this.photo, this.soft, painted, shown ? changedBetween(shown, there) : null);
    this.#shown.delete(before);
    if (number) this.#shown.set(number, structuredClone(there));
    for (const old of this.#shown.keys()) if (this.#shown.size > REMEMBERED) this.#shown.delete(old);
    return out;
  }

  /** The lines around each region, see `contours`. */
  outlines() {
    const { width, height, alpha } = this.soft;
    return alpha.map((_, index) => contours(matteOf(this.soft, index), width, height));
  }
}

/**
 * The regions that are painted otherwise in one picture than in another.
 *
 * @param {Mixed[]} before @param {Mixed[]} after
 */
export function changedBetween(before, after) {
  /** @param {Mixed[]} all @param {number} index */
  const of = (all, index) => JSON.stringify(all.find((one) => one.index === index) ?? null);
  const indices = new Set([...before, ...after].map(({ index }) => index));
  return [...indices].filter((index) => of(before, index) !== of(after, index));
}
