// @ts-check
// The picture of what is asked of a photo: each region's layer fetched as its look wants it, and all of them blended.

import * as api from "./api.js";
import { Blender } from "./blender.js";
import { isRunning, layerPath, lookOf, markOf, visibleOf, surplusOf, unpaintedOf, unsketchedOf } from "./freshness.js";
import { LOOK } from "./looks.js";

/**
 * @import { Mixed } from "./blend-core.js"
 * @import { JobResponse, LookSchema, Looks, News, Pixels, Scene } from "./types.d.ts"
 *
 * @typedef {"reading" | "scene" | "looks" | "preview" | "layers" | "regions" | "starting"} Work
 */

const BYTES = 160e6; // of layers that are kept, so that a look that was had before is there at once
const LEAST = 6; // of them, however large
export const session = Date.now().toString(36); // in addresses, so that a cache never shows what an older page was given

export class Picture extends EventTarget {
  /** @type {JobResponse | null} */
  job = null;
  /** @type {Scene | null} */
  scene = null;
  /** @type {Looks} */
  looks = {}; // as the page has them now
  /** @type {string | null} */
  selected = null;
  /** @type {Map<string, { key: string }>} */
  layers = new Map(); // by region's name: the key of the one that is blended
  /** @type {Set<Work>} */
  busy = new Set();
  /** @type {ImageBitmap | null} */
  first = null; // a first small sketch of all of it, which is seen until there are layers, or none come any more
  #blendStart = 0;
  blendTime = 0; // milliseconds that the last picture took, from where it was asked for
  /** @type {Map<string, Promise<boolean>>} */
  #cache = new Map(); // of layers that the blender has, by their keys: whether they are of the scene's size
  #blender = new Blender((out) => this.#show(out), (outlines) => this.tell("outlines", outlines));
  /** How often there were other regions, and another painting. @protected */
  _counts = { regions: 0, painting: 0 };
  #fetches = 0; // of layers, under way
  #painted = false; // whether anything but the photo is to be seen

  defaults = LOOK;

  constructor() {
    super();
    this.#blender.onLost = () => {
      this._forgetLayers();
      this.refresh();
    };
  }

  /** @template {keyof News} Name @param {Name} name @param {News[Name]} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @template {keyof News} Name @param {Name} name @param {(detail: News[Name]) => void} call */
  on(name, call) {
    this.addEventListener(name, (event) => call(/** @type {CustomEvent<News[Name]>} */ (event).detail));
  }

  get running() {
    return isRunning(this.job);
  }

  /** What changes when the regions do, and is the same for the same regions. */
  get regionsMark() {
    return markOf(this.job?.regions ?? []);
  }

  get names() {
    return this.job?.regions.map((region) => region.name) ?? [];
  }

  /** @param {string} name @returns {LookSchema} */
  look(name) {
    return lookOf(this.looks, name, this.defaults);
  }

  /** Whether a region with a style shows a sketch only. */
  get unpainted() {
    return unpaintedOf(this.job, this.looks).length > 0;
  }

  /** Regions with a style of which there is neither a painting nor a sketch. */
  get unsketched() {
    return unsketchedOf(this.job, this.looks);
  }

  /** The regions that show something else than the photo. */
  get shown() {
    return visibleOf(this.job, this.looks);
  }

  /** Another photo, or other regions: all layers of before are gone. @param {Scene} scene @protected */
  _startScene(scene) {
    this.scene = scene;
    this._forgetLayers();
    this.#blender.start(scene.photo, scene.soft);
  }

  /** @protected */
  _forgetLayers() {
    this.layers.clear();
    this.#cache.clear();
  }

  /** The address of a region's layer as the look wants it. @param {JobResponse} job @param {string} name */
  #layer(job, name) {
    const { path, values } = layerPath(job, name, this.look(name), { session, ...this._counts });
    return api.url(job.id, path, values);
  }

  /** Have the blender get a layer; whether it fits the scene. @param {string} key @param {Scene} scene */
  #fetch(key, scene) {
    const known = this.#cache.get(key);
    const fetched = known ?? api.pixels(key).then(({ data, width, height }) => {
      const fits = this.scene === scene && width === scene.width && height === scene.height;
      if (fits) this.#blender.add(key, data);
      return fits;
    }).catch((error) => {
      this.#cache.delete(key);
      throw error;
    });
    this.#cache.delete(key);
    this.#cache.set(key, fetched); // the last that is let go of
    const most = Math.max(LEAST, Math.floor(BYTES / (4 * scene.width * scene.height)));
    const used = new Set([key, ...[...this.layers.values()].map((one) => one.key)]);
    for (const old of surplusOf([...this.#cache.keys()], used, most)) {
      this.#cache.delete(old);
      this.#blender.drop(old);
    }
    return fetched;
  }

  /** Whether the server has a layer of a region as it is asked. @param {string} name */
  #isThere(name) {
    return this.look(name).blur > 0 || !this.unsketched.includes(name);
  }

  /** Whether the layer that is blended is the one that the look asks for. @param {JobResponse} job @param {string} name */
  #isOfLook(job, name) {
    return this.#isThere(name) && this.layers.get(name)?.key === this.#layer(job, name);
  }

  /** Whether the picture is of what is asked: no layer of it is of an earlier look, and none is still to come. */
  get current() {
    const { job } = this;
    return Boolean(job && this.scene) && this.shown.every((name) => job && this.#isOfLook(job, name));
  }

  /** Fetch the layers that are wanted and not there, showing what is there meanwhile, or what was. @param {boolean} keep */
  async refresh(keep = false) {
    const { job, scene } = this;
    if (!job || !scene) return;
    if (!keep || !this.shown.some((name) => this.#isThere(name))) this.redraw();
    const wanted = this.shown.filter((name) => this.#isThere(name) && (!this.running || this.layers.has(name)));
    const missing = wanted.map((name) => ({ name, key: this.#layer(job, name) }))
      .filter(({ name, key }) => this.layers.get(name)?.key !== key);
    if (!missing.length) return;
    this._work("layers", ++this.#fetches > 0);
    try {
      await Promise.all(missing.map(async ({ name, key }) => {
        const fits = await this.#fetch(key, scene);
        if (!this.job || this.scene !== scene || !this.names.includes(name)) return;
        if (this.#layer(this.job, name) !== key) return;
        if (fits) this.layers.set(name, { key });
      }));
    } catch (error) {
      if (!(error instanceof api.ApiError && [404, 409].includes(error.status))) this.tell("error", error);
    } finally {
      this._work("layers", --this.#fetches > 0); // another may have begun meanwhile
      this.redraw();
    }
  }

  /** Blend what is there: a layer of an earlier look only as long as the one that is asked for may come. */
  redraw() {
    const { job, scene } = this;
    if (!job || !scene || this.running) return;
    /** @type {Mixed[]} */
    const painted = [];
    for (const name of this.shown) {
      const layer = this.layers.get(name);
      if (layer && (this.busy.size || this.#isOfLook(job, name))) {
        const { strength, styles } = this.look(name);
        painted.push({ index: this.names.indexOf(name), strength, key: layer.key, styled: styles.length > 0 });
      }
    }
    if (this.first && !painted.length && this.busy.size) return; // what is seen is nearer to what comes than the photo
    this.#painted = painted.length > 0;
    this.#blendStart = performance.now();
    this.#blender.blend(painted);
  }

  /** @param {Pixels} out */
  #show(out) {
    if (!this.scene || this.running || out.length !== this.scene.photo.length) return;
    if (this.scene.out.data.buffer.byteLength && this.scene.out.data !== out) this.#blender.recycle(this.scene.out.data);
    this.scene.out = new ImageData(out, this.scene.width);
    this._dropFirst();
    this.blendTime = performance.now() - this.#blendStart;
    this.tell("picture", this.#painted);
  }

  /** @protected */
  _dropFirst() {
    this.first?.close();
    this.first = null;
  }

  /** When what is shown is as it is asked. */
  drawn() {
    return this.#blender.done();
  }

  /** @param {Work} kind @param {boolean} yes @protected */
  _work(kind, yes) {
    if (yes === this.busy.has(kind)) return;
    if (yes) this.busy.add(kind);
    else this.busy.delete(kind);
    if (!this.busy.size && (this.first || !this.current)) this.redraw(); // what did not come is not shown as if it had
    this.tell("status");
  }
}
