// @ts-check
// Anisotropic Kuwahara filter, as `styfie.engines.filters.kuwahara`.

import { area, between, smooth } from "./flow.js";
import { planes, sizeOf } from "../planes.js";

/**
 * @import { Planes } from "../planes.js"
 * @import { Flow } from "./flow.js"
 */

const SECTORS = 8;
const [MIDDLE, BREADTH] = [0.62, 0.3]; // of the radius: where a sector's Gaussian stands, and its standard deviation
const FINEST = 1.5; // standard deviation in pixels, at least, where the picture is reduced before it is smoothed

/** Paint in dabs of about `radius` pixels along a flow. @param {Planes} image @param {Flow} flow @param {number} radius */
export function anisotropicKuwahara(image, flow, radius, sharpness = 8) {
  const { height, width } = image;
  const { data, height: rows, width: columns } = sectorMaps(image, BREADTH * radius, sharpness);
  const [small, count] = [rows * columns, height * width];
  const turns = Array.from({ length: SECTORS }, (_, n) => [Math.cos(2 * Math.PI * n / SECTORS), Math.sin(2 * Math.PI * n / SECTORS)]);
  const found = planes(3, [height, width]);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const stretch = 1 + flow.anisotropy[at];
      const [long, short] = [MIDDLE * radius * stretch, MIDDLE * radius / stretch];
      let red = 0, green = 0, blue = 0, weight = 0;
      for (let n = 0; n < SECTORS; n++) {
        const a = long * turns[n][0], b = short * turns[n][1];
        const u = (x + 0.5 + a * flow.right[at] - b * flow.down[at]) * columns / width - 0.5;
        const v = (y + 0.5 + a * flow.down[at] + b * flow.right[at]) * rows / height - 0.5;
        red += between(data, 0, rows, columns, v, u);
        green += between(data, small, rows, columns, v, u);
        blue += between(data, 2 * small, rows, columns, v, u);
        weight += between(data, 3 * small, rows, columns, v, u);
      }
      found.data[at] = red / weight;
      found.data[count + at] = green / weight;
      found.data[2 * count + at] = blue / weight;
    }
  }
  return found;
}

/** Of the sector around each place its mean times its weight, and its weight. @param {Planes} image @param {number} sigma @param {number} sharpness */
function sectorMaps(image, sigma, sharpness) {
  const factor = Math.max(1, Math.trunc(sigma / FINEST));
  const count = image.height * image.width;
  const both = planes(4, sizeOf(image));
  both.data.set(image.data);
  for (let at = 0; at < 3 * count; at++) both.data[3 * count + at % count] += image.data[at] ** 2;
  const less = factor > 1 ? area(both, [Math.ceil(image.height / factor), Math.ceil(image.width / factor)]) : both;
  const maps = smooth(less, sigma / factor);
  const { data } = maps;
  const small = maps.height * maps.width;
  const found = planes(4, sizeOf(maps));
  for (let at = 0; at < small; at++) {
    const [red, green, blue] = [data[at], data[small + at], data[2 * small + at]];
    const spread = Math.max(0, data[3 * small + at] - red * red - green * green - blue * blue);
    const weight = 1 / (1 + (255 ** 2 * spread) ** (sharpness / 2));
    [red * weight, green * weight, blue * weight, weight].forEach((one, c) => (found.data[c * small + at] = one + 1e-30));
  }
  return found;
}
