// @ts-check
// Small pictures of the people of a photo and of their parts, cut from the photo itself.

import { contextOf, el } from "./dom.js";
import { personOf } from "./names.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { Scene } from "./types.d.ts"
 *
 * @typedef {[left: number, top: number, side: number]} Square in pixels
 */

const SIZE = 84; // pixels of a small picture: twice those of the page, for fine screens
const SAMPLES = 128; // of the longest side that are looked at: a large photo takes no longer than a small one
const LEAST = 100; // pixels of a region that has a picture
/** @type {WeakMap<Scene, Map<string, HTMLCanvasElement>>} */
const drawn = new WeakMap(); // by what they are of

/**
 * The square at the upper end of a region, where the head of a person is; null if there is too little of it.
 *
 * @param {Uint8Array} owner of each pixel @param {number} index of the region @param {number} width
 * @returns {Square | null}
 */
export function headOf(owner, index, width) {
  const height = owner.length / width;
  const step = Math.ceil(Math.max(width, height) / SAMPLES);
  let [top, bottom, left, right, count] = [height, 0, width, 0, 0];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      if (owner[y * width + x] !== index) continue;
      if (y < top) top = y;
      bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
      count++;
    }
  }
  if (count * step * step < LEAST) return null;
  const side = Math.round(Math.min(width, height, Math.max(24, Math.min(right - left, bottom - top) * 0.75)));
  let [sum, number] = [0, 0]; // the middle of what is there at that height
  for (let y = top; y < Math.min(height, top + 0.6 * side); y += step) {
    for (let x = left; x <= right; x += step) if (owner[y * width + x] === index) [sum, number] = [sum + x, number + 1];
  }
  const middle = number ? sum / number : (left + right) / 2;
  return [Math.round(Math.max(0, Math.min(width - side, middle - side / 2))), Math.round(Math.max(0, Math.min(height - side, top - 0.08 * side))), side];
}

/**
 * A square that the server gives as shares of height and width, in whole pixels of the picture.
 *
 * @param {number[]} head top, left, bottom and right @param {number} width @param {number} height
 * @returns {Square}
 */
export function squareIn([top, left, bottom], width, height) {
  const side = Math.max(1, Math.min(width, height, Math.round((bottom - top) * height)));
  return [Math.min(width - side, Math.round(left * width)), Math.min(height - side, Math.round(top * height)), side];
}

/** @param {Scene} scene @param {string} key of what it is of @param {() => Square | null} find */
function picture(scene, key, find) {
  const known = drawn.get(scene) ?? new Map();
  drawn.set(scene, known);
  const there = known.get(key);
  if (there) return there;
  const square = find();
  if (!square) return null;
  const [left, top, side] = square;
  const canvas = el("canvas", { className: "face", width: SIZE, height: SIZE, ariaHidden: "true" });
  const cut = new OffscreenCanvas(side, side);
  contextOf(cut).putImageData(new ImageData(scene.photo, scene.width), -left, -top, left, top, side, side);
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(cut, 0, 0, SIZE, SIZE);
  known.set(key, canvas);
  return canvas;
}

/** A region as it is in the photo: of a person the head. @param {Studio} studio @param {string} name */
export function regionPicture({ scene, job, names }, name) {
  const index = names.indexOf(name);
  const head = job?.heads[name];
  return scene && picture(scene, `region ${name} ${index}`, () => (head ? squareIn(head, scene.width, scene.height) : headOf(scene.soft.owner, index, scene.width)));
}

/** The head of whom a part would be taken that is not yet a region; null where nobody is told apart. @param {Studio} studio @param {string} part */
export function partPicture({ scene, job }, part) {
  const head = job?.heads[personOf(part)];
  return scene && head ? picture(scene, `part ${part}`, () => squareIn(head, scene.width, scene.height)) : null;
}
