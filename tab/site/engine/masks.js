// @ts-check
// Operations on masks and mattes of one plane, as those of `scipy.ndimage` that the library uses.

/** @import { Planes, Size } from "./planes.js" */

/**
 * The pieces of a mask that hang together by sides, or by corners, too: a number for each pixel, 0 outside, and how
 * many there are.
 *
 * @param {Uint8Array} mask @param {Size} size
 */
export function label(mask, [height, width], corners = false) {
  const pieces = new Int32Array(mask.length);
  const stack = new Int32Array(mask.length);
  let count = 0;
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || pieces[start]) continue;
    let top = 0;
    stack[top++] = start;
    pieces[start] = ++count;
    while (top) {
      const at = stack[--top];
      const x = at % width;
      const y = (at - x) / width;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const to = v * width + u;
          if (mask[to] && !pieces[to] && (corners || u === x || v === y)) pieces[(stack[top++] = to)] = count;
        }
      }
    }
  }
  return { pieces, count };
}

/**
 * Distance of each pixel of a mask to the nearest outside it (Felzenszwalb and Huttenlocher 2012); infinite where
 * there is none.
 *
 * @param {Uint8Array} mask @param {Size} size
 */
export function distance(mask, [height, width]) {
  const squares = Float64Array.from(mask, (inside) => (inside ? Infinity : 0));
  const most = Math.max(height, width);
  const [line, found, at, bounds] = [new Float64Array(most), new Float64Array(most), new Int32Array(most), new Float64Array(most + 1)];
  /** @param {number} start @param {number} step @param {number} count */
  const pass = (start, step, count) => {
    for (let i = 0; i < count; i++) line[i] = squares[start + i * step];
    lowest(line, found, at, bounds, count);
    for (let i = 0; i < count; i++) squares[start + i * step] = found[i];
  };
  for (let x = 0; x < width; x++) pass(x, width, height);
  for (let y = 0; y < height; y++) pass(y * width, 1, width);
  return squares.map(Math.sqrt);
}

/**
 * The lower envelope of parabolas.
 *
 * @param {Float64Array} line @param {Float64Array} found @param {Int32Array} at @param {Float64Array} bounds
 * @param {number} count
 */
function lowest(line, found, at, bounds, count) {
  let last = -1;
  for (let i = 0; i < count; i++) {
    if (line[i] === Infinity) continue;
    let from = -Infinity;
    while (last >= 0) {
      const k = at[last];
      from = (line[i] + i * i - line[k] - k * k) / (2 * (i - k));
      if (from > bounds[last]) break;
      last--;
    }
    at[++last] = i;
    bounds[last] = last ? from : -Infinity;
  }
  if (last < 0) return void found.fill(Infinity, 0, count);
  bounds[last + 1] = Infinity;
  for (let i = 0, n = 0; i < count; i++) {
    while (bounds[n + 1] < i) n++;
    found[i] = (i - at[n]) ** 2 + line[at[n]];
  }
}

/** A mask and all within so many steps up, down, left and right of it. @param {Uint8Array} mask @param {Size} size @param {number} times */
export function dilated(mask, [height, width], times = 1) {
  let found = mask;
  for (let n = 0; n < times; n++) {
    const before = found;
    found = before.slice();
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (before[at]) continue;
        if ((x > 0 && before[at - 1]) || (x < width - 1 && before[at + 1]) || (y > 0 && before[at - width]) || (y < height - 1 && before[at + width])) found[at] = 1;
      }
    }
  }
  return found;
}

/** A mask without its rim; what is beyond the border counts as inside. @param {Uint8Array} mask @param {Size} size */
export function eroded(mask, size) {
  return dilated(mask.map((one) => (one ? 0 : 1)), size).map((one) => (one ? 0 : 1));
}

/** A mask with its holes. @param {Uint8Array} mask @param {Size} size */
export function filled(mask, [height, width]) {
  const { pieces } = label(mask.map((one) => (one ? 0 : 1)), [height, width]);
  const outside = new Set();
  for (let x = 0; x < width; x++) outside.add(pieces[x]).add(pieces[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) outside.add(pieces[y * width]).add(pieces[y * width + width - 1]);
  outside.delete(0);
  return mask.map((one, at) => (one || !outside.has(pieces[at]) ? 1 : 0));
}

/**
 * A plane filtered along rows, then along columns; `line` turns one line, with `margin` more on either side, into another.
 *
 * @param {Float32Array<ArrayBuffer>} plane @param {Size} size @param {number} margin
 * @param {(line: Float64Array, found: Float64Array, count: number) => void} line
 * @param {(line: Float64Array, count: number) => void} beyond fills the margins in
 */
function separable(plane, [height, width], margin, line, beyond) {
  const most = Math.max(height, width);
  const [held, made] = [new Float64Array(most + 2 * margin), new Float64Array(most)];
  const found = plane.slice();
  /** @param {number} start @param {number} step @param {number} count */
  const pass = (start, step, count) => {
    for (let i = 0; i < count; i++) held[margin + i] = found[start + i * step];
    beyond(held, count);
    line(held, made, count);
    for (let i = 0; i < count; i++) found[start + i * step] = made[i];
  };
  for (let y = 0; y < height; y++) pass(y * width, 1, width);
  for (let x = 0; x < width; x++) pass(x, width, height);
  return found;
}

/** @param {number} margin @returns {(line: Float64Array, count: number) => void} */
const repeated = (margin) => (line, count) => {
  line.fill(line[margin], 0, margin);
  line.fill(line[margin + count - 1], margin + count, 2 * margin + count);
};

/** Gaussian filter, the border repeated. @param {Float32Array<ArrayBuffer>} plane @param {Size} size @param {number} sigma @param {number} truncate */
export function gaussian(plane, size, sigma, truncate = 4) {
  const radius = Math.trunc(truncate * sigma + 0.5);
  if (radius < 1) return plane;
  const kernel = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const sum = kernel.reduce((total, one) => total + 2 * one, -1);
  kernel.forEach((one, i) => (kernel[i] = one / sum));
  return separable(plane, size, radius, (line, found, count) => {
    for (let i = 0; i < count; i++) {
      let total = kernel[0] * line[i + radius];
      for (let k = 1; k <= radius; k++) total += kernel[k] * (line[i + radius - k] + line[i + radius + k]);
      found[i] = total;
    }
  }, repeated(radius));
}

/** The largest in a square of so many pixels around; beyond the border is 0. @param {Float32Array<ArrayBuffer>} plane @param {Size} size @param {number} radius */
export function largest(plane, size, radius) {
  const queue = new Int32Array(Math.max(...size) + 2 * radius);
  return separable(plane, size, radius, (line, found, count) => {
    let [first, last] = [0, 0];
    for (let i = 0; i < count + 2 * radius; i++) {
      while (last > first && line[queue[last - 1]] <= line[i]) last--;
      queue[last++] = i;
      if (queue[first] < i - 2 * radius) first++;
      if (i >= 2 * radius) found[i - 2 * radius] = line[queue[first]];
    }
  }, (line, count) => {
    line.fill(0, 0, radius);
    line.fill(0, radius + count, 2 * radius + count);
  });
}

/** The mean of a square of so many pixels around, the border repeated. @param {Float32Array<ArrayBuffer>} plane @param {Size} size @param {number} radius */
export function mean(plane, size, radius) {
  return separable(plane, size, radius, (line, found, count) => {
    let sum = 0;
    for (let i = 0; i < 2 * radius; i++) sum += line[i];
    for (let i = 0; i < count; i++) {
      sum += line[i + 2 * radius];
      found[i] = sum / (2 * radius + 1);
      sum -= line[i];
    }
  }, repeated(radius));
}

/** Where a region must be painted for its blend to be whole, as `regions.widen`. @param {Planes} alpha @param {number} radius @returns {Planes} */
export function widen(alpha, radius) {
  const inside = alpha.data.map((one) => Math.min(1, Math.max(0, 10 * one)));
  if (radius < 1) return { ...alpha, data: inside };
  /** @type {Size} */
  const size = [alpha.height, alpha.width];
  const grown = mean(largest(inside, size, 2 * radius), size, radius);
  return { ...alpha, data: grown.map((one, at) => Math.max(inside[at], Math.min(1, one))) };
}

export const LEAST_PIECE = 0.06; // of the largest piece: smaller ones are nobody
const HAZE = 3; // pixels around a piece that is removed

/** A matte without the pieces that are too small to be anybody, as `people.without_specks`. @param {Planes} matte @returns {Planes} */
export function withoutSpecks(matte) {
  /** @type {Size} */
  const size = [matte.height, matte.width];
  const body = Uint8Array.from(matte.data, (one) => (one > 0.5 ? 1 : 0));
  const { pieces, count } = label(body, size);
  if (count < 2) return matte;
  const areas = new Float64Array(count + 1);
  for (const piece of pieces) if (piece) areas[piece]++;
  const least = LEAST_PIECE * Math.max(...areas);
  const kept = pieces.map((piece) => (piece && areas[piece] >= least ? 1 : 0));
  const specks = Uint8Array.from(pieces, (piece) => (piece && areas[piece] < least ? 1 : 0));
  const haze = dilated(specks, size, HAZE);
  return { ...matte, data: matte.data.map((one, at) => (haze[at] && !kept[at] ? 0 : one)) };
}
