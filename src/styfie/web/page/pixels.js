// @ts-check
// The pixels of pictures exactly as they are in their files, decoded in a worker: a large one's take a tenth of a second.

import { contextOf } from "./dom.js";

/**
 * @import { Pixels } from "./types.d.ts"
 *
 * @typedef {{ data: Pixels, width: number, height: number }} Decoded
 */

/** @type {Worker | null} */
let worker = null;
let broken = false; // it cannot be had here
let asked = 0;
/** @type {Map<number, (found: Decoded | null) => void>} */
const waiting = new Map();

/** Here and now. @param {Blob} blob @returns {Promise<Decoded>} */
export async function decode(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = contextOf(new OffscreenCanvas(width, height), { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height };
}

/** In the worker, if there is one that can. @param {Blob} blob */
export async function pixelsOf(blob) {
  return (await elsewhere(blob)) ?? decode(blob);
}

/** @param {Blob} blob @returns {Promise<Decoded | null>} */
function elsewhere(blob) {
  if (broken || typeof Worker === "undefined") return Promise.resolve(null);
  if (!worker) {
    worker = new Worker(new URL("./pixels-worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data: { number, found } }) => {
      waiting.get(number)?.(found);
      waiting.delete(number);
    });
    worker.addEventListener("error", () => {
      broken = true;
      for (const give of waiting.values()) give(null);
      waiting.clear();
    });
  }
  const number = ++asked;
  worker.postMessage({ number, blob });
  return new Promise((give) => waiting.set(number, give));
}
