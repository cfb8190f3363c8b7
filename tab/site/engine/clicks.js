// @ts-check
// Anything in a photo, from clicks on it and beside it, as `styfie.segmentation.clicks`.

import { ClickMaps, searchSize } from "./clickmaps.js";
import { dilated, label } from "./masks.js";
import { refine } from "./matting.js";
import { planes, resize, sizeOf } from "./planes.js";

/**
 * @import { Places } from "./clickmaps.js"
 * @import { Painter, Session } from "./painter.js"
 * @import { Planes } from "./planes.js"
 * @import { Segmenter } from "./segmenter.js"
 */

const LOOK = 192; // side at which the network for people looks at the photo
const WORK = 640; // longest side at which the matte is solved for
const CERTAIN = 2; // of the probabilities around one half: outer parts are haze, as with people
const REACH = 1.5; // pixels of the small picture around a click that are as it says

export class Clicks {
  /** @type {WeakMap<Planes, ClickMaps>} */
  #known = new WeakMap(); // what photos show before anybody clicks
  /** @type {Promise<Session> | null} */
  #network = null;

  /**
   * @param {{ Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => any }} ort
   * @param {() => Promise<Session>} open gives the network, which is asked for at the first click
   * @param {Segmenter} segmenter @param {Painter} painter whose encoder sees the photo
   */
  constructor(ort, open, segmenter, painter) {
    this.ort = ort;
    this.open = open;
    this.segmenter = segmenter;
    this.painter = painter;
  }

  /** The matte of what is at some places of a photo and not at others. @param {Planes} photo @param {Places} add one at least @param {Places} remove */
  async matte(photo, add, remove) {
    return refine(await this.coarse(photo, add, remove), photo, WORK);
  }

  /** Where it is, small. @param {Planes} photo @param {Places} add @param {Places} remove @returns {Promise<Planes>} */
  async coarse(photo, add, remove) {
    const network = await this.#opened();
    const known = this.#known.get(photo) ?? (await this.#look(photo));
    this.#known.set(photo, known);
    const { thing } = await network.run({ maps: this.#tensor(known.at(add, remove)) });
    const found = Float32Array.from(/** @type {Float32Array} */ (thing.data), (one) => Math.min(1, Math.max(0, CERTAIN * (one - 0.5) + 0.5)));
    return planes(1, known.size, joined(found, known, known.pixels(add), known.pixels(remove)));
  }

  /** The network; where it could not be loaded, the next click asks for it again. */
  #opened() {
    this.#network ??= this.open().catch((error) => {
      this.#network = null;
      throw error;
    });
    return this.#network;
  }

  /** @param {Planes} photo */
  async #look(photo) {
    const [height, width] = searchSize(sizeOf(photo));
    const maps = await this.painter.see(resize(photo, [2 * height, 2 * width]));
    const { matte, own } = await this.segmenter.predict(photo, false, LOOK);
    return new ClickMaps(photo, maps.slice(1), { matte, parts: own });
  }

  /** @param {Planes} image */
  #tensor({ data, channels, height, width }) {
    return new this.ort.Tensor("float32", data, [1, channels, height, width]);
  }
}

/** Without the pieces that no click is on; clicks themselves are taken at their word. @param {Float32Array} found @param {ClickMaps} maps @param {number[]} add @param {number[]} remove */
function joined(found, maps, add, remove) {
  const [on, off] = [add, remove].map((pixels) => Uint8Array.from(maps.away(pixels), (one) => (one < REACH ? 1 : 0)));
  const values = found.map((one, at) => (on[at] ? 1 : off[at] ? 0 : one));
  const inside = Uint8Array.from(values, (one) => (one > 0.5 ? 1 : 0));
  const { pieces } = label(inside, maps.size, true);
  const mine = new Set(pieces.filter((_, at) => on[at]));
  const near = dilated(inside.map((one, at) => (one && mine.has(pieces[at]) ? 1 : 0)), maps.size, 2);
  return values.map((one, at) => (near[at] ? one : 0));
}
