// @ts-check
// Bilateral filter along rows and then along columns, as `styfie.engines.filters.bilateral`.

import { planes } from "../planes.js";

/** @import { Planes } from "../planes.js" */

const REACH = 2; // standard deviations

/** Flat parts flatter: `sigma` in pixels, `tonal` the distance in colour that still counts. @param {Planes} image @param {number} sigma @param {number} tonal @param {number} rounds */
export function bilateral(image, sigma, tonal, rounds = 1) {
  let found = image;
  for (let n = 0; n < rounds; n++) found = oneWay(oneWay(found, sigma, tonal, true), sigma, tonal, false);
  return found;
}

/** @param {Planes} image @param {number} sigma @param {number} tonal @param {boolean} across */
function oneWay({ data, height, width }, sigma, tonal, across) {
  const reach = Math.max(1, Math.ceil(REACH * sigma));
  const count = height * width;
  const [length, step] = across ? [width, 1] : [height, width];
  const found = planes(3, [height, width]);
  for (let at = 0; at < count; at++) {
    const here = across ? at % width : Math.trunc(at / width);
    const [r, g, b] = [data[at], data[count + at], data[2 * count + at]];
    let red = r, green = g, blue = b, total = 1;
    for (let i = -reach; i <= reach; i++) {
      if (!i) continue;
      const there = at + (Math.min(length - 1, Math.max(0, here + i)) - here) * step;
      const p = data[there], q = data[count + there], s = data[2 * count + there];
      const far = ((p - r) ** 2 + (q - g) ** 2 + (s - b) ** 2) * -0.5 / tonal ** 2 - 0.5 * (i / sigma) ** 2;
      const weight = Math.exp(far);
      red += weight * p;
      green += weight * q;
      blue += weight * s;
      total += weight;
    }
    found.data[at] = red / total;
    found.data[count + at] = green / total;
    found.data[2 * count + at] = blue / total;
  }
  return found;
}
