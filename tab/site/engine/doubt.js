// @ts-check
// What the network is in two minds about, as a whole thing: as `doubt` of the library, with its numbers.

import { dilated, distance, gaussian, label } from "./masks.js";

/** @import { Planes, Size } from "./planes.js" */

const [LOW, HIGH] = [0.1, 0.9]; // between these probabilities there is doubt
const WIDE = 6; // pixels of 256 to the nearest that is sure
const TAKEN = 0.6; // mean from which a place of doubt is the person's

/** A matte with one answer for each wide place of doubt. @param {Planes} matte @returns {Planes} */
export function withoutWideDoubt(matte) {
  /** @type {Size} */
  const size = [matte.height, matte.width];
  const unsure = Uint8Array.from(matte.data, (one) => (one > LOW && one < HIGH ? 1 : 0));
  const { pieces, count } = label(unsure, size);
  const wide = new Uint8Array(count + 1);
  distance(unsure, size).forEach((far, at) => {
    if (far > (WIDE * matte.height) / 256) wide[pieces[at]] = 1;
  });
  if (!wide.includes(1)) return matte;
  const [sums, areas] = [new Float64Array(count + 1), new Float64Array(count + 1)];
  pieces.forEach((piece, at) => {
    sums[piece] += matte.data[at];
    areas[piece]++;
  });
  const answered = matte.data.map((one, at) => (wide[pieces[at]] ? Number(sums[pieces[at]] >= TAKEN * areas[pieces[at]]) : one));
  const near = dilated(Uint8Array.from(pieces, (piece) => wide[piece]), size, 2);
  const soft = gaussian(answered, size, 1);
  return { ...matte, data: matte.data.map((one, at) => (near[at] ? soft[at] : one)) };
}
