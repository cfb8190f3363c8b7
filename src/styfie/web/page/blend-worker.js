// @ts-check
// The worker that blends: sliders answer at once, however large the picture is, as nothing else waits for it.

import { BlendCore } from "./blend-core.js";

/**
 * @import { Mixed } from "./blend-core.js"
 * @import { Soft } from "./blend.js"
 * @import { Pixels } from "./types.d.ts"
 *
 * @typedef {{ scene: number } & (
 *   { photo: Pixels, soft: Soft } | { key: string, layer: Pixels | null } | { mixed: Mixed[], spare: Pixels | null, before: number }
 * )} Message of which scene; a layer that is null is dropped; `before` is the number of the spare picture
 */

const post = /** @type {(message: unknown, transfer?: Transferable[]) => void} */ (/** @type {unknown} */ (self.postMessage.bind(self)));
/** @type {BlendCore | null} */
let core = null;
let scene = -1;
let made = 0; // pictures

self.addEventListener("message", ({ data }) => {
  const message = /** @type {Message} */ (data);
  if ("photo" in message) {
    core = new BlendCore(message.photo, message.soft);
    scene = message.scene;
    post({ scene, outlines: core.outlines() });
  } else if (!core || message.scene !== scene) {
    if ("mixed" in message) post({ scene: message.scene, out: null });
  } else if ("key" in message) {
    if (message.layer) core.add(message.key, message.layer);
    else core.drop(message.key);
  } else {
    const out = core.blend(message.mixed, ++made, message.spare, message.before);
    post({ scene, out, number: made }, [out.buffer]);
  }
});
