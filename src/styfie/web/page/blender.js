// @ts-check
// Blending off the page's own thread: what is asked while a picture is blended replaces what was asked before it.

import { BlendCore } from "./blend-core.js";

/**
 * @import { Mixed } from "./blend-core.js"
 * @import { Soft } from "./blend.js"
 * @import { Pixels } from "./types.d.ts"
 */

export class Blender {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {BlendCore | null} */
  #core = null; // where there is no worker
  #scene = 0;
  #asking = false;
  /** @type {Mixed[] | null} */
  #next = null;
  /** @type {Pixels | null} */
  #spare = null;
  /** @type {WeakMap<Pixels, number>} */
  #numbers = new WeakMap(); // of the worker's pictures
  /** @type {(() => void)[]} */
  #waiting = [];
  /** @type {[Pixels, Soft] | null} */
  #given = null; // the scene, should the worker end
  /** @type {[unknown, Transferable[]][] | null} */
  #held = null; // what is told the worker until the scene has been sent
  onLost = () => {}; // the layers are gone: they are wanted once more

  /** @param {(out: Pixels) => void} show a picture @param {(outlines: number[][][]) => void} outline the regions of a scene */
  constructor(show, outline) {
    this.show = show;
    this.outline = outline;
  }

  /** A new photo, and its regions; all layers of before are gone. @param {Pixels} photo @param {Soft} soft */
  start(photo, soft) {
    this.#scene++;
    this.#next = this.#spare = null;
    this.#given = [photo, soft];
    if (this.#core || typeof Worker === "undefined") {
      this.#core = new BlendCore(photo, soft);
      return this.outline(this.#core.outlines());
    }
    if (!this.#worker) {
      this.#worker = new Worker(new URL("./blend-worker.js", import.meta.url), { type: "module" });
      this.#worker.addEventListener("message", ({ data }) => this.#take(data));
      this.#worker.addEventListener("error", () => this.#fallBack());
    }
    this.#held ??= [];
    setTimeout(() => this.#send()); // a large scene takes its time, in which others who hear of it need not wait
  }

  #send() {
    if (!this.#held || !this.#given || !this.#worker) return;
    const [photo, soft] = this.#given;
    this.#worker.postMessage({ scene: this.#scene, photo, soft });
    for (const [message, transfer] of this.#held) this.#worker.postMessage(message, transfer);
    this.#held = null;
  }

  /** @param {unknown} message @param {Transferable[]} transfer */
  #tell(message, transfer = []) {
    if (this.#held) this.#held.push([message, transfer]);
    else this.#worker?.postMessage(message, transfer);
  }

  /** A layer of the photo's size, which is the blender's from now on. @param {string} key @param {Pixels} layer */
  add(key, layer) {
    if (this.#core) return this.#core.add(key, layer);
    this.#tell({ scene: this.#scene, key, layer }, [layer.buffer]);
  }

  /** @param {string} key */
  drop(key) {
    if (this.#core) return this.#core.drop(key);
    this.#tell({ scene: this.#scene, key, layer: null });
  }

  /** Blend what is there; `show` is called with it. @param {Mixed[]} mixed */
  blend(mixed) {
    if (this.#core) return this.show(this.#core.blend(mixed));
    this.#next = mixed;
    if (!this.#asking) this.#ask();
  }

  /** A picture that is no longer shown: its memory is used for the next. @param {Pixels} out */
  recycle(out) {
    this.#spare = out;
  }

  /** When all that was asked for is shown. @returns {Promise<void>} */
  done() {
    return this.#asking ? new Promise((done) => this.#waiting.push(done)) : Promise.resolve();
  }

  #ask() {
    const mixed = this.#next;
    if (!mixed) {
      for (const done of this.#waiting.splice(0)) done();
      return;
    }
    const spare = this.#spare;
    this.#next = this.#spare = null;
    this.#asking = true;
    const before = spare ? this.#numbers.get(spare) ?? 0 : 0;
    this.#tell({ scene: this.#scene, mixed, spare, before }, spare ? [spare.buffer] : []);
  }

  /** @param {{ scene: number, out?: Pixels | null, number?: number, outlines?: number[][][] }} data */
  #take({ scene, out, number = 0, outlines }) {
    const now = scene === this.#scene;
    if (outlines) return void (now && this.outline(outlines));
    this.#asking = false;
    if (out) this.#numbers.set(out, number);
    if (out && now) this.show(out);
    this.#ask();
  }

  /** The worker could not be started, or has ended: it is blended here. */
  #fallBack() {
    if (!this.#given) return;
    this.#worker = this.#next = this.#held = null;
    this.#asking = false;
    this.#core = new BlendCore(...this.#given);
    this.outline(this.#core.outlines());
    for (const done of this.#waiting.splice(0)) done();
    this.onLost();
  }
}
