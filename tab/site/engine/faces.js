// @ts-check
// Where faces are, as `styfie.segmentation.faces` and `people.find_faces`: discs of skin with hair over them, grown to
// the skin of the head.

import { distance, filled, gaussian, label } from "./masks.js";
import { fitSize, planes, resize } from "./planes.js";

/**
 * @import { Planes, Size } from "./planes.js"
 *
 * @typedef {[y: number, x: number, radius: number]} Disc
 */

const WORK = 256; // longest side at which faces are looked for
const [LEAST_FACE, BARE_FACE, APART] = [0.4, 0.75, 2.2]; // of the largest face's radius; the same without hair; radii between
const [HAIRY, RING] = [0.15, 2.1]; // share of hair above a face, up to so many radii
// In radii: half the head's width, how far up a brow can go, from hairline to chin, and from where it narrows to the chin.
const [WIDE, BROW, LONG, JAW, NARROW, TALL] = [1.2, 2.0, 2.7, 0.65, 0.88, 0.8];
const [CLOSE, RIM] = [0.3, 0.25]; // in radii: gaps to close, and the width over which the map falls

/** How much of some pixels is in a mask; none where there are no pixels. */
class Share {
  count = 0;
  held = 0;
  /** @param {number} one 0 or 1 */
  add(one) {
    this.count++;
    this.held += one;
  }
  get value() {
    return this.count ? this.held / this.count : 0;
  }
}

/** @param {Size} size @param {Disc} disc @param {number} reach @param {(away: number, dy: number, dx: number, at: number) => void} call */
function around([height, width], [y, x], reach, call) {
  const [top, bottom] = [Math.max(0, Math.floor(y - reach)), Math.min(height - 1, Math.ceil(y + reach))];
  const [left, right] = [Math.max(0, Math.floor(x - reach)), Math.min(width - 1, Math.ceil(x + reach))];
  for (let v = top; v <= bottom; v++) {
    for (let u = left; u <= right; u++) call(Math.hypot(v - y, u - x), v - y, u - x, v * width + u);
  }
}

/**
 * Discs that are faces, largest first.
 *
 * @param {Planes} parts probabilities of background, skin, hair, clothes, accessories @param {Uint8Array} body
 * @returns {Disc[]}
 */
export function findFaces({ data, height, width }, body) {
  const count = height * width;
  /** @type {Size} */
  const size = [height, width];
  const [skin, hair, clothes, worn] = [1, 2, 3, 4].map((c) => data.subarray(c * count, (c + 1) * count));
  const discs = peaks(Uint8Array.from(body, (one, at) => (one && skin[at] + worn[at] > 0.5 ? 1 : 0)), size);
  const faces = new Set(discs.filter((disc) => isFace(disc, size, { skin, hair, worn }, body)));
  const least = BARE_FACE * Math.max(0, ...[...faces].map(([, , radius]) => radius));
  const bald = new Set(discs.filter((disc) => disc[2] >= least && isBald(disc, size, skin, clothes, body)));
  const found = discs.filter((disc) => faces.has(disc) || bald.has(disc));
  const heads = found.filter((one) => !found.some((other) => isBelow(one, other))).sort((a, b) => b[2] - a[2]);
  /** @type {Disc[]} */
  const middles = [];
  for (const [y, x, radius] of heads) {
    const small = middles.length && radius < LEAST_FACE * middles[0][2];
    if (!small && middles.every(([v, u, r]) => Math.hypot(y - v, x - u) > APART * r)) middles.push([y, x, radius]);
  }
  return middles;
}

/** The middles of a mask's thick places. @param {Uint8Array} face @param {Size} size @returns {Disc[]} */
function peaks(face, [height, width]) {
  const padded = new Uint8Array((height + 2) * (width + 2));
  for (let y = 0; y < height; y++) padded.set(face.subarray(y * width, (y + 1) * width), (y + 1) * (width + 2) + 1);
  const deep = distance(padded, [height + 2, width + 2]);
  /** @param {number} y @param {number} x */
  const at = (y, x) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : deep[(y + 1) * (width + 2) + x + 1]);
  /** @type {Disc[]} */
  const found = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = at(y, x);
      if (here < 2) continue;
      let highest = true;
      for (let v = y - 2; v <= y + 2 && highest; v++) {
        for (let u = x - 2; u <= x + 2; u++) if (at(v, u) > here) highest = false;
      }
      if (highest) found.push([y, x, here]);
    }
  }
  return found;
}

/** @param {Disc} disc @param {Size} size @param {{ skin: Float32Array, hair: Float32Array, worn: Float32Array }} parts @param {Uint8Array} body */
function isFace(disc, size, { skin, hair, worn }, body) {
  const [inside, ring, capped, beyond] = [new Share(), new Share(), new Share(), new Share()];
  const radius = disc[2];
  around(size, disc, 5 * radius, (away, dy, dx, at) => {
    if (away <= radius) inside.add(skin[at] > 0.5 ? 1 : 0);
    if (-dy <= 0.7 * Math.abs(dx)) return;
    const hairy = hair[at] > 0.35 ? 1 : 0;
    if (away > radius && away < RING * radius) {
      ring.add(hairy);
      capped.add(hairy || worn[at] > 0.35 ? 1 : 0);
    }
    if (away > 3.5 * radius && away < 5 * radius) beyond.add(body[at]);
  });
  if (!ring.count || inside.value < 0.5) return false;
  return ring.value >= HAIRY || (beyond.value < 0.3 && capped.value >= HAIRY);
}

/** @param {Disc} disc @param {Size} size @param {Float32Array} skin @param {Float32Array} clothes @param {Uint8Array} body */
function isBald(disc, size, skin, clothes, body) {
  const [inside, under, near, far] = [new Share(), new Share(), new Share(), new Share()];
  const radius = disc[2];
  around(size, disc, 5 * radius, (away, dy, dx, at) => {
    const aside = 0.7 * Math.abs(dx);
    if (away <= radius) inside.add(skin[at] > 0.5 ? 1 : 0);
    if (away > 1.5 * radius && away < 3.5 * radius && dy > aside) under.add(clothes[at] > 0.5 ? 1 : 0);
    if (away <= 1.5 * radius || dy >= -2 * aside) return;
    if (away < 3 * radius) near.add(body[at]);
    if (away < 5 * radius) far.add(body[at]);
  });
  return inside.value > 0.9 && under.count > 0 && under.value > 0.3 && near.value < 0.3 && far.value < 0.3;
}

/** Whether a disc of skin is the neck, chest or hand under another. @param {Disc} one @param {Disc} other */
function isBelow(one, other) {
  const largest = Math.max(one[2], other[2]);
  const down = one[0] - other[0];
  return down > 0 && down < 6 * largest && Math.abs(one[1] - other[1]) < 1.5 * largest && other[2] >= 0.5 * one[2];
}

/**
 * Where faces are at a size, 1 on them and falling smoothly to 0 across the rim; null if there is none.
 *
 * @param {Planes} matte @param {Planes} parts both of the photo stretched to squares @param {Size} size of the photo
 */
export function faceMap(matte, parts, size) {
  const work = fitSize(size, WORK);
  const body = Uint8Array.from(resize(matte, work).data, (one) => (one > 0.5 ? 1 : 0));
  const likely = resize(parts, work);
  const soft = planes(1, work);
  const discs = findFaces(likely, body);
  for (const disc of discs) {
    softened(grown(disc, likely, body), work, disc[2]).forEach((one, at) => (soft.data[at] = Math.max(soft.data[at], one)));
  }
  return soft.data.some((one) => one > 0) ? resize(soft, size) : null;
}

/** The face around a disc. @param {Disc} disc @param {Planes} parts @param {Uint8Array} body */
function grown(disc, { data, height, width }, body) {
  const count = height * width;
  /** @type {Size} */
  const size = [height, width];
  const [, x, radius] = disc;
  const skin = Uint8Array.from(body, (one, at) => (one && data[count + at] > 0.5 ? 1 : 0));
  const hat = hatOver(disc, Uint8Array.from(body, (one, at) => (one && data[4 * count + at] > 0.5 ? 1 : 0)), size);
  const seen = Uint8Array.from(body, (one, at) => (one && data[count + at] + data[4 * count + at] > 0.5 && !hat[at] ? 1 : 0));
  const top = hairline(disc, skin, seen, width);
  const bottom = chin(disc, top, seen, size);
  const inside = new Uint8Array(count);
  for (let v = 0, at = 0; v < height; v++) {
    for (let u = 0; u < width; u++, at++) {
      if (Math.hypot((2 * v - top - bottom) / (bottom - top), (u - x) / (WIDE * radius)) <= 1) inside[at] = 1;
    }
  }
  const shut = closed(seen.map((one, at) => one & inside[at]), size, CLOSE * radius);
  const { pieces } = label(shut.map((one, at) => one & inside[at]), size);
  const held = new Set();
  around(size, disc, radius / 2, (away, _dy, _dx, at) => {
    if (away <= radius / 2 && pieces[at]) held.add(pieces[at]);
  });
  return filled(Uint8Array.from(pieces, (piece) => (held.has(piece) ? 1 : 0)), size);
}

/** Morphological closing by a disc. @param {Uint8Array} mask @param {Size} size @param {number} radius */
function closed(mask, [height, width], radius) {
  const margin = Math.trunc(radius) + 2;
  /** @type {Size} */
  const wide = [height + 2 * margin, width + 2 * margin];
  const padded = new Uint8Array(wide[0] * wide[1]).fill(1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) padded[(y + margin) * wide[1] + x + margin] = mask[y * width + x] ? 0 : 1;
  }
  const thick = Uint8Array.from(distance(padded, wide), (one) => (one <= radius ? 1 : 0));
  const deep = distance(thick, wide);
  return mask.map((_, at) => (deep[(Math.trunc(at / width) + margin) * wide[1] + at % width + margin] > radius ? 1 : 0));
}

/** What is worn that is higher than glasses are, and mostly above the middle of a disc. @param {Disc} disc @param {Uint8Array} worn @param {Size} size */
function hatOver([y, , radius], worn, size) {
  const { pieces, count } = label(worn, size);
  const spans = Array.from({ length: count + 1 }, () => [Infinity, -1]);
  pieces.forEach((piece, at) => {
    const row = Math.trunc(at / size[1]);
    spans[piece][0] = Math.min(spans[piece][0], row);
    spans[piece][1] = Math.max(spans[piece][1], row + 1);
  });
  const hats = spans.map(([start, stop], piece) => piece > 0 && stop - start > TALL * radius && start + stop < 2 * y);
  return pieces.map((piece) => (hats[piece] ? 1 : 0));
}

/** The row where skin ends over a disc. @param {Disc} disc @param {Uint8Array} skin @param {Uint8Array} seen @param {number} width */
function hairline([y, x, radius], skin, seen, width) {
  const [left, right] = [Math.max(0, Math.trunc(x - radius / 2)), Math.min(width, Math.trunc(x + radius / 2) + 1)];
  /** @param {Uint8Array} mask @param {number} row */
  const share = (mask, row) => mask.subarray(row * width + left, row * width + right).reduce((sum, one) => sum + one, 0) / (right - left);
  let top = y - 1.1 * radius;
  for (let row = y; row >= Math.max(0, Math.trunc(y - BROW * radius)); row--) {
    if (share(seen, row) <= 0.5) break;
    if (share(skin, row) > 0.5) top = Math.min(top, row);
  }
  return top;
}

/** The row of the chin. @param {Disc} disc @param {number} top @param {Uint8Array} seen @param {Size} size */
function chin([y, x, radius], top, seen, [height, width]) {
  const lowest = top + LONG * radius;
  const [left, right] = [Math.max(0, Math.trunc(x - WIDE * radius)), Math.min(width, Math.trunc(x + WIDE * radius) + 1)];
  for (let row = y; row < Math.min(height, Math.trunc(lowest)); row++) {
    const wide = seen.subarray(row * width + left, row * width + right).reduce((sum, one) => sum + one, 0);
    if (wide < NARROW * 2 * radius) return Math.max(y + 1.1 * radius, Math.min(lowest, row + JAW * radius));
  }
  return lowest;
}

/** 1 inside and 0 outside with a smooth step across the rim. @param {Uint8Array} face @param {Size} size @param {number} radius */
function softened(face, [height, width], radius) {
  /** @type {Size} */
  const wide = [height + 2, width + 2]; // a face goes on beyond the picture
  const padded = new Uint8Array(wide[0] * wide[1]);
  for (let y = 0, at = 0; y < wide[0]; y++) {
    const row = Math.min(height - 1, Math.max(0, y - 1)) * width;
    for (let x = 0; x < wide[1]; x++, at++) padded[at] = face[row + Math.min(width - 1, Math.max(0, x - 1))];
  }
  const [within, beyond] = [distance(padded, wide), distance(padded.map((one) => 1 - one), wide)];
  const step = Float32Array.from(within, (one, at) => {
    const share = Math.min(1, Math.max(0, 0.5 + (one - beyond[at]) / Math.max(2, RIM * radius)));
    return share * share * (3 - 2 * share);
  });
  const smooth = gaussian(step, wide, 1);
  return Float32Array.from(face, (_, at) => smooth[(Math.trunc(at / width) + 1) * wide[1] + at % width + 1]);
}
