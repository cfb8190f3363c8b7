// @ts-check
// Distance along a picture, short within one colour and long across an edge, as `styfie.geodesic`.

import { round } from "./planes.js";

/** @import { Planes } from "./planes.js" */

const STEP = 0.02; // cost of one pixel without any change of colour; the change itself is added
const LARGEST = 0.3; // share of the picture that a patch has at most
const WAYS = [[0, 1], [1, 0], [1, 1], [1, -1]]; // down and across: each way of a grid of eight neighbours, once
const AROUND = WAYS.flatMap(([down, across], n) => [[down, across, n], [-down, -across, n]]);

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

/** Pixels of a picture as a graph: neighbours are as far apart as their values, and a little more. */
export class PixelGrid {
  /** @param {Planes} image of any number of planes @param {Uint8Array} [allowed] through which ways lead */
  constructor({ channels, height, width, data }, allowed) {
    this.height = height;
    this.width = width;
    this.allowed = allowed;
    const count = height * width;
    this.costs = WAYS.map(([down, across]) => {
      const squares = new Float64Array(count);
      const step = down * width + across;
      for (let c = 0; c < channels; c++) {
        for (let at = 0, from = c * count; at < count - step; at++, from++) squares[at] += (data[from] - data[from + step]) ** 2;
      }
      return squares.map((one) => STEP * Math.hypot(down, across) + Math.sqrt(one)); // beyond a border they are not asked for
    });
  }

  /**
   * Length of the cheapest way from each pixel to a seed (Criminisi, Sharp and Blake 2008), by Dijkstra's algorithm.
   *
   * @param {Iterable<number>} seeds
   */
  distance(seeds) {
    const { height, width, allowed, costs } = this;
    const found = new Float64Array(height * width).fill(Infinity);
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
      for (const [down, across, n] of AROUND) {
        const v = y + down, u = x + across;
        const to = v * width + u;
        if (v < 0 || v >= height || u < 0 || u >= width || (allowed && !allowed[to])) continue;
        const way = cost + costs[n][Math.min(at, to)];
        if (way >= found[to]) continue;
        found[to] = way;
        queue.push(to, way);
      }
    }
    return found;
  }
}

/** The same, once. @param {Planes} photo @param {Iterable<number>} seeds @param {Uint8Array} [allowed] */
export const geodesic = (photo, seeds, allowed) => new PixelGrid(photo, allowed).distance(seeds);

/** The pixels that belong together around a seed, soft: of all thresholds that at which the patch grows least. @param {Float64Array} distance */
export function stablePatch(distance) {
  const finite = distance.filter(Number.isFinite).sort();
  if (finite.length < 10) return Float32Array.from(distance, (one) => (Number.isFinite(one) ? 1 : 0));
  const least = Math.max(9, round(0.0015 * distance.length));
  const most = Math.min(Math.max(10, round(LARGEST * distance.length)), finite.length);
  let [level, best] = [STEP, -Infinity];
  for (let n = 0; n < 60; n++) {
    const area = round(least * (most / least) ** (n / 59)) - 1;
    const here = Math.max(finite[area], STEP);
    const further = finite[Math.min(Math.trunc(area * 6 / 5) + 4, finite.length - 1)];
    const calm = (further - here) / (here + 5 * STEP);
    if (calm > best) [level, best] = [(here + further) / 2, calm];
  }
  return Float32Array.from(distance, (one) => Math.min(1, Math.max(0, (level - one) / (2 * STEP) + 1)));
}
