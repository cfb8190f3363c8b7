// @ts-check
// What is asked where nothing else is said, and what can be chosen.

export { LOOK } from "../looks.js"; // the page's own

/** @import { SettingsSchema } from "../types.d.ts" */

/** @type {SettingsSchema} */
export const SETTINGS = {
  size: 512, quality: "standard", steps: 0, seed: 0, device: "auto", engine: "fast", loss: "gram", segmenter: "auto",
  start: "photo", max_memory: 1.5, radius: 10, lens: "gaussian", mark: false,
};
export const SIZES = [384, 512, 768, 1024];
export const BLURS = [0, 2, 4, 6, 10, 15, 20];
