// @ts-check
// The worker that decodes pictures: nothing of the page waits for it.

import { decode } from "./pixels.js";

const post = /** @type {(message: unknown, transfer?: Transferable[]) => void} */ (/** @type {unknown} */ (self.postMessage.bind(self)));

self.addEventListener("message", async ({ data: { number, blob } }) => {
  const found = await decode(blob).catch(() => null); // which the page then tries itself, and says what is wrong
  post({ number, found }, found ? [found.data.buffer] : []);
});
