// @ts-check
// Regions corrected by clicks: what lies around a point and looks like it, as `styfie.regions.correct`.

import { PixelGrid, stablePatch } from "./geodesic.js";
import { put } from "./partition.js";
import { fitSize, planes, resize, sizeOf } from "./planes.js";

/**
 * @import { Planes } from "./planes.js"
 * @import { Region } from "./partition.js"
 *
 * @typedef {[x: number, y: number][]} Places as shares of width and height
 */

const WORK = 256; // longest side at which patches are looked for

/** @param {Planes} small @param {Places} places */
function patchesOf(small, places) {
  const { height, width } = small;
  const grid = new PixelGrid(small);
  const nearest = new Float64Array(height * width).fill(Infinity);
  const patch = new Float32Array(height * width);
  for (const [x, y] of places) {
    const seed = Math.min(height - 1, Math.trunc(y * height)) * width + Math.min(width - 1, Math.trunc(x * width));
    const distance = grid.distance([seed]);
    const mine = stablePatch(distance);
    for (let at = 0; at < patch.length; at++) {
      patch[at] = Math.max(patch[at], mine[at]);
      nearest[at] = Math.min(nearest[at], distance[at]);
    }
  }
  return { nearest, patch };
}

/**
 * A region with what lies around points added or taken away; where patches meet, the nearer point decides.
 *
 * @param {Region[]} regions @param {Planes} photo @param {string} name @param {Places} add @param {Places} remove
 */
export function corrected(regions, photo, name, add, remove) {
  const size = sizeOf(photo);
  const small = resize(photo, fitSize(size, Math.min(WORK, Math.max(...size))));
  const [more, less] = [patchesOf(small, add), patchesOf(small, remove)];
  /** @param {typeof more} mine @param {typeof more} other */
  const patch = (mine, other) => resize(planes(1, sizeOf(small), mine.patch.map((one, at) => (mine.nearest[at] <= other.nearest[at] ? one : 0))), size).data;
  const [added, removed] = [patch(more, less), patch(less, more)];
  const held = regions.find((one) => one.name === name)?.alpha.data ?? new Float32Array(added.length);
  const alpha = planes(1, size, held.map((one, at) => (one + (1 - one) * added[at]) * (1 - removed[at])));
  return put(regions, name, alpha);
}
