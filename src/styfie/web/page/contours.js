// @ts-check
// Outlines of mattes: marching squares at one half, along which the matte is interpolated.

// For each cell, by which of its corners (top left 8, top right 4, bottom right 2, bottom left 1) are inside: from which
// side to which the contour runs (0 top, 1 right, 2 bottom, 3 left), the inside on its left hand.
/** @type {[from: number, to: number][][]} */
const CASES = [
  [], [[2, 3]], [[1, 2]], [[1, 3]], [[0, 1]], [[0, 1], [2, 3]], [[0, 2]], [[0, 3]],
  [[3, 0]], [[2, 0]], [[3, 0], [1, 2]], [[1, 0]], [[3, 1]], [[2, 1]], [[3, 2]], [],
];
const SHORTEST = 40; // points: what is smaller is a speck and not worth a line

/** @import { Place } from "./types.d.ts" */

/**
 * Closed lines [[x, y, x, y, …], …] around where the matte (8 bit) is above one half, in pixels: the middle of the
 * first is at 0.5.
 *
 * @param {Uint8Array | Uint8ClampedArray} matte @param {number} width @param {number} height
 */
export function contours(matte, width, height) {
  /** @param {number} x @param {number} y */
  const value = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : matte[y * width + x]);
  const wide = width + 1;
  /**
   * The number of a cell's side, the same from either cell that has it.
   *
   * @type {(x: number, y: number, which: number) => number}
   */
  const side = (x, y, which) =>
    which === 0 ? 2 * (y * wide + x) : which === 3 ? 2 * (y * wide + x) + 1
      : which === 2 ? 2 * ((y + 1) * wide + x) : 2 * (y * wide + x + 1) + 1;
  /** @type {Map<number, number>} */
  const next = new Map();
  /** @type {Map<number, Place>} */
  const points = new Map();
  for (let y = 0; y <= height; y++) {
    const [above, below] = [(y - 1) * width, y * width];
    for (let x = 0; x <= width; x++) {
      if (x && y && x < width && y < height) { // most cells have nothing of the border
        const first = matte[below + x] > 127;
        if (first === matte[below + x - 1] > 127 && first === matte[above + x] > 127 && first === matte[above + x - 1] > 127) continue;
      }
      /** @type {Corners} */
      const corners = [value(x - 1, y - 1), value(x, y - 1), value(x, y), value(x - 1, y)];
      const kind = corners.reduce((/** @type {number} */ bits, corner) => 2 * bits + (corner > 127 ? 1 : 0), 0);
      for (const [from, to] of CASES[kind]) {
        const start = side(x, y, from);
        next.set(start, side(x, y, to));
        points.set(start, crossing(x, y, from, corners));
      }
    }
  }
  return lines(next, points);
}

/**
 * Where the matte is one half on a cell's side.
 *
 * @typedef {[a: number, b: number, c: number, d: number]} Corners top left, top right, bottom right, bottom left
 * @param {number} x @param {number} y @param {number} which @param {Corners} corners
 * @returns {Place}
 */
function crossing(x, y, which, [a, b, c, d]) {
  /** @param {number} one @param {number} other */
  const part = (one, other) => (127.5 - one) / (other - one);
  const [left, top] = [x - 0.5, y - 0.5];
  if (which === 0) return [left + part(a, b), top];
  if (which === 1) return [left + 1, top + part(b, c)];
  if (which === 2) return [left + part(d, c), top + 1];
  return [left, top + part(a, d)];
}

/** @param {Map<number, number>} next @param {Map<number, Place>} points */
function lines(next, points) {
  const found = [];
  for (const first of next.keys()) { // what a line has used up comes no more
    /** @type {number[]} */
    const line = [];
    for (let at = first, to; (to = next.get(at)) !== undefined; at = to) {
      line.push(...(points.get(at) ?? []));
      next.delete(at);
    }
    if (line.length >= 2 * SHORTEST) found.push(line);
  }
  return found;
}

/** The lines as one path. @param {number[][]} found */
export function path(found) {
  const drawn = new Path2D();
  for (const line of found) {
    drawn.moveTo(line[0], line[1]);
    for (let n = 2; n < line.length; n += 2) drawn.lineTo(line[n], line[n + 1]);
    drawn.closePath();
  }
  return drawn;
}
