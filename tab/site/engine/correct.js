// @ts-check
// Regions corrected by clicks: what lies around a point and looks like it, as `styfie.geodesic` and `regions.correct`.

import { put } from "./partition.js";
import { fitSize, planes, resize, sizeOf } from "./planes.js";

/**
 * @import { Planes } from "./planes.js"
 * @import { Region } from "./partition.js"
 *
 * @typedef {[x: number, y: number][]} Places as shares of width and height
 */

const STEP = 0.02; // cost of one pixel without any change of colour; the change itself is added
const WORK = 256; // longest side at which patches are looked for
const LARGEST = 0.3; // share of the picture that a patch has at most

/** Numbers in the order of their costs. */
class Queue {
  /** @type {number[]} */
  #items = [];
  /** @type {number[]} */
  #costs = [];

  get empty() {
    return !this.#items.length;
  }

  /** @param {number} item @param {number} cost */
  push(item, cost) {
    let at = this.#items.length;
    this.#items.push(item);
    this.#costs.push(cost);
    for (let up; at > 0 && this.#costs[(up = (at - 1) >> 1)] > cost; at = up) this.#swap(at, up);
  }

  /** @returns {[item: number, cost: number]} */
  pop() {
    const found = /** @type {[number, number]} */ ([this.#items[0], this.#costs[0]]);
    const [item, cost] = [/** @type {number} */ (this.#items.pop()), /** @type {number} */ (this.#costs.pop())];
    if (this.#items.length) {
      [this.#items[0], this.#costs[0]] = [item, cost];
      for (let at = 0; ;) {
        let down = 2 * at + 1;
        if (down + 1 < this.#items.length && this.#costs[down + 1] < this.#costs[down]) down++;
        if (down >= this.#items.length || this.#costs[down] >= this.#costs[at]) break;
        this.#swap(at, down);
        at = down;
      }
    }
    return found;
  }

  /** @param {number} a @param {number} b */
  #swap(a, b) {
    [this.#items[a], this.#items[b]] = [this.#items[b], this.#items[a]];
    [this.#costs[a], this.#costs[b]] = [this.#costs[b], this.#costs[a]];
  }
}

/**
 * The cheapest way from each pixel to a seed (Criminisi, Sharp and Blake 2008), by Dijkstra's algorithm; ways lead
 * through `allowed` pixels only.
 *
 * @param {Planes} photo @param {Iterable<number>} seeds @param {Uint8Array} [allowed]
 */
export function geodesic({ data, height, width }, seeds, allowed) {
  const count = height * width;
  const found = new Float64Array(count).fill(Infinity);
  const queue = new Queue();
  for (const seed of seeds) {
    if (allowed && !allowed[seed]) continue;
    found[seed] = 0;
    queue.push(seed, 0);
  }
  while (!queue.empty) {
    const [at, cost] = queue.pop();
    if (cost > found[at]) continue;
    const x = at % width;
    const y = (at - x) / width;
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        const to = v * width + u;
        if (to === at || (allowed && !allowed[to])) continue;
        let change = 0;
        for (let c = 0; c < 3; c++) change += (data[c * count + at] - data[c * count + to]) ** 2;
        const way = cost + STEP * (u !== x && v !== y ? Math.SQRT2 : 1) + Math.sqrt(change);
        if (way >= found[to]) continue;
        found[to] = way;
        queue.push(to, way);
      }
    }
  }
  return found;
}

/** The pixels that belong together around a seed, soft: of all thresholds that at which the patch grows least. @param {Float64Array} distance */
export function stablePatch(distance) {
  const finite = distance.filter(Number.isFinite).sort();
  if (finite.length < 10) return Float32Array.from(distance, (one) => (Number.isFinite(one) ? 1 : 0));
  const least = Math.max(9, Math.round(0.0015 * distance.length));
  const most = Math.min(Math.max(10, Math.round(LARGEST * distance.length)), finite.length);
  let [level, best] = [STEP, -Infinity];
  for (let n = 0; n < 60; n++) {
    const area = Math.round(least * (most / least) ** (n / 59)) - 1;
    const here = Math.max(finite[area], STEP);
    const further = finite[Math.min(Math.trunc(area * 6 / 5) + 4, finite.length - 1)];
    const calm = (further - here) / (here + 5 * STEP);
    if (calm > best) [level, best] = [(here + further) / 2, calm];
  }
  return Float32Array.from(distance, (one) => Math.min(1, Math.max(0, (level - one) / (2 * STEP) + 1)));
}

/** @param {Planes} small @param {Places} places */
function patchesOf(small, places) {
  const { height, width } = small;
  const nearest = new Float64Array(height * width).fill(Infinity);
  const patch = new Float32Array(height * width);
  for (const [x, y] of places) {
    const seed = Math.min(height - 1, Math.trunc(y * height)) * width + Math.min(width - 1, Math.trunc(x * width));
    const distance = geodesic(small, [seed]);
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
