// @ts-check
// One photo being worked on in the tab: what the server keeps in a job's folder, in memory.

import { corrected } from "./correct.js";
import { faceMap } from "./faces.js";
import { layer as filtered } from "./filters/paint.js";
import { softOf } from "./foreground.js";
import { part, partsIn } from "./parts.js";
import { headsIn, peopleIn, person, personPart } from "./people.js";
import { areaOf, merge, nobody, ofSubject, PERSON, PERSON_PART, put, resized, SUBJECT, take } from "./partition.js";
import { cut, fitSize, packed, planes, resize, sizeOf, toPixels, unpacked } from "./planes.js";
import { outOfFocus, recoloured } from "./recolour.js";
import { SCORE } from "./segmenter.js";

/**
 * @import { Soft } from "../blend.js"
 * @import { JobResponse, LookSchema, Looks, SettingsSchema } from "../types.d.ts"
 * @import { Clicks } from "./clicks.js"
 * @import { Painter } from "./painter.js"
 * @import { Region } from "./partition.js"
 * @import { Planes, Size } from "./planes.js"
 * @import { Prediction, Segmenter } from "./segmenter.js"
 *
 * @typedef {object} Tools what all jobs share
 * @property {Segmenter} segmenter
 * @property {Painter} painter
 * @property {Clicks} clicks
 * @property {(name: string) => Promise<Planes>} gallery a built-in style's picture
 * @property {(name: string) => Promise<string>} technique the filter that suits a built-in style, if one is known to
 * @property {LookSchema} look the default one
 * @property {SettingsSchema} settings likewise
 *
 * @typedef {{ key: string, layer: Planes, final: boolean }} Layer what it was painted for, and whether at full size
 * @typedef {{ number: number, photo: Planes, regions: Region[], looks: Looks, engine: string, layers: Map<string, Layer> }} Version
 */

export const SKETCH = 320; // longest side at which is painted at once, when a style is chosen
const STEPS = 20; // changes of the regions that can be taken back
const [VERSIONS, KEPT] = [8, 2.5e7]; // paintings that can be put back, and numbers in their layers, at most
const [AROUND, NARROW, LOW] = [3.4, 0.4, 0.06]; // of a head's square: times the face's height, share of the shorter side, above the middle
const DOUBTFUL = 0.85; // score of a region that its user should look at
export const NOBODY = "No person was found in the photo: paint all of it, or brush a mask of what is to be the subject.";

/** What cannot be done, as a sentence for people. */
export class Refused extends Error {
  /** @param {string} message @param {number} status as the server's */
  constructor(message, status = 422) {
    super(message);
    this.status = status;
  }
}

export class Job {
  state = /** @type {JobResponse["state"]} */ ("ready");
  version = 1;
  previews = 0;
  created = Date.now();
  /** @type {Looks} */
  looks = {};
  /** @type {Map<string, Planes>} */
  own = new Map(); // pictures of one's own, by name
  /** @type {Map<string, Layer>} */
  layers = new Map(); // by region's name
  /** @type {Region[][]} */
  #past = [];
  /** @type {Region[][]} */
  #future = [];
  /** @type {Soft | null} */
  #soft = null;
  /** @type {JobResponse["progress"]} */
  progress = null;
  error = "";

  name = "styfie"; // of what is exported
  /** @type {Version[]} */
  versions = [];
  #painted = 0; // versions that there were
  #asleep = false;

  /**
   * @param {string} id @param {Tools} tools
   * @param {(longest: number) => Promise<Planes>} read the photo at a longest side, or its own if that is 0
   * @param {Planes} photo @param {Prediction} prediction @param {Region[]} regions
   */
  constructor(id, tools, read, photo, prediction, regions) {
    this.id = id;
    this.tools = tools;
    this.read = read;
    this.photo = photo;
    this.prediction = prediction;
    this.regions = regions;
    this.settings = { ...tools.settings };
    this.parts = regions.length > 1 ? [...partsIn(prediction), ...peopleIn(prediction)] : [];
    this.heads = regions.length > 1 ? headsIn(prediction, photo) : {};
  }

  /** Read a photo and look for the person. @param {string} id @param {Tools} tools @param {(longest: number) => Promise<Planes>} read */
  static async open(id, tools, read) {
    const photo = await read(tools.settings.size);
    if (Math.min(...sizeOf(photo)) < 32) throw new Refused("The photo is too narrow: of its shorter side next to nothing would be left.");
    const prediction = await tools.segmenter.predict(photo);
    const matte = tools.segmenter.matte(photo, prediction);
    return new Job(id, tools, read, photo, prediction, matte ? ofSubject(matte, prediction.score) : nobody(sizeOf(photo)));
  }

  /** @returns {JobResponse} */
  answer() {
    const { id, state, error, photo, looks, settings, version, previews, progress } = this;
    const there = (/** @type {boolean} */ final) => this.regions.map(({ name }) => name).filter((name) => {
      const layer = this.layers.get(name);
      return layer && layer.final === final && layer.key === this.#key(name);
    });
    const more = { name: this.name, batch: "", versions: this.versions.map(({ number }) => number) };
    const pictures = [...(this.layers.size ? ["both", "subject", "background"] : []), ...(this.regions.length > 1 ? ["cutout", "mask"] : []), "photo"];
    return {
      ...more, id, state, error, error_code: "", looks, settings, version, previews, progress, queue: 0, pictures,
      note: this.regions.some(({ name }) => name === SUBJECT) ? "" : NOBODY,
      created: (Date.now() - this.created) / 1000, width: photo.width, height: photo.height,
      regions: this.regions.map((one) => ({
        name: one.name, side: one.side, score: one.score, doubtful: one.score < DOUBTFUL, area: areaOf(one),
      })),
      styles: [...this.own.keys()], painted: there(true), sketched: there(false), parts: this.parts, heads: this.heads,
      undo: this.#past.length, redo: this.#future.length,
    };
  }

  /** @param {string} name @returns {LookSchema} */
  look(name) {
    return { ...this.tools.look, ...this.looks[name] };
  }

  /** What a region's layer is painted for; strength, colours and blur come after it. @param {string} name */
  #key(name) {
    const { styles, stroke, content, likeness } = this.look(name);
    if (!styles.length) return "";
    return JSON.stringify(this.#filters ? ["filters", styles, stroke, content, likeness] : [styles, stroke, likeness, this.settings.seed]);
  }

  get #filters() {
    return this.settings.engine === "filters";
  }

  changed() {
    this.version++;
  }

  /** @param {Looks} looks @param {number} version that they were changed from */
  setLooks(looks, version) {
    if (version < this.version && JSON.stringify(looks) !== JSON.stringify(this.looks) && this.state === "painting") {
      throw new Refused("The picture is being painted: stop it first.", 409);
    }
    this.looks = looks;
    this.changed();
  }

  /** @param {string} name @param {Planes} picture */
  addStyle(name, picture) {
    let [free, n] = [name, 1];
    while (this.own.has(free)) free = `${name} ${++n}`;
    this.own.set(free, picture);
    this.changed();
    return free;
  }

  // Regions

  /** @param {Region[]} regions */
  #change(regions) {
    this.#past.push(this.regions);
    if (this.#past.length > STEPS) this.#past.shift();
    this.#future = [];
    this.#take(regions);
  }

  /** @param {Region[]} regions */
  #take(regions) {
    const before = new Map(this.regions.map(({ name, alpha }) => [name, alpha]));
    for (const { name, alpha } of regions) if (before.get(name) !== alpha) this.layers.delete(name);
    this.regions = resized(regions, sizeOf(this.photo));
    this.#soft = null;
    this.changed();
  }

  /** @param {string} name */
  split(name) {
    if (!this.parts.includes(name)) throw new Refused(`There is no ${name} in this photo.`);
    const found = (PERSON_PART.test(name) ? personPart : PERSON.test(name) ? person : part)(this.prediction, name, this.photo);
    if (!found) throw new Refused(`There is no ${name} in this photo.`);
    this.#change(take(this.regions, name, found.share, found.score));
  }

  /** @param {string} name */
  merge(name) {
    this.#change(merge(this.regions, name));
  }

  /** @param {string} name @param {Planes} mask */
  brush(name, mask) {
    this.#change(put(this.regions, name, resize(mask, sizeOf(this.photo))));
  }

  /** @param {string} name @param {{ add: [number, number][], remove: [number, number][] }} points as shares of width and height */
  async correct(name, { add, remove }) {
    const { regions, photo } = this;
    if (regions.some((one) => one.name === name)) return this.#change(corrected(regions, photo, name, add, remove));
    if (!add.length) throw new Refused("There is no point on the thing: click on it.");
    const matte = await this.tools.clicks.matte(photo, add, remove);
    this.#change(name === SUBJECT ? ofSubject(matte, 1) : put(regions, name, matte));
  }

  /** @param {boolean} back */
  step(back) {
    const [from, to] = back ? [this.#past, this.#future] : [this.#future, this.#past];
    const regions = from.pop();
    if (!regions) return;
    to.push(this.regions);
    this.#take(regions);
  }

  get soft() {
    return (this.#soft ??= softOf(this.photo, this.regions.map(({ alpha }) => alpha)));
  }

  // Painting

  /** @param {string} name */
  async #style(name) {
    return this.own.get(name) ?? this.tools.gallery(name);
  }

  /** What a style is to filters: one's own is a picture, whatever it is called. @param {string} name */
  async #technique(name) {
    return this.own.has(name) ? { name: "", technique: "" } : { name, technique: await this.tools.technique(name) };
  }

  /** Regions with a style whose layer is not there, those that look alike together. @param {boolean} final */
  #missing(final) {
    /** @type {Map<string, string[]>} */
    const groups = new Map();
    for (const { name } of this.regions) {
      const key = this.#key(name);
      const layer = this.layers.get(name);
      if (!key || (layer?.key === key && (layer.final || !final))) continue;
      groups.set(key, [...(groups.get(key) ?? []), name]);
    }
    return groups;
  }

  /**
   * Paint what is not painted yet: at once and small, or at the size of the settings.
   *
   * @param {boolean} final @param {(step: number, steps: number) => boolean} onStep false: stop
   */
  async paint(final, onStep = () => true) {
    if (final) await this.#resize();
    const groups = this.#missing(final);
    let step = 0;
    for (const [key, names] of groups) {
      if (!onStep(step++, groups.size)) return false;
      const layer = await this.#paint(names, final);
      for (const name of names) if (this.#key(name) === key) this.layers.set(name, { key, layer, final });
    }
    this.previews++;
    this.changed();
    if (final && groups.size) this.#keep();
    return true;
  }

  /** What is painted now can be put back later. */
  #keep() {
    const { photo, regions, looks } = this;
    this.versions.push({ number: ++this.#painted, photo, regions, looks: structuredClone(looks), engine: this.settings.engine, layers: new Map(this.layers) });
    while (this.versions.length > VERSIONS || (this.versions.length > 1 && this.#kept() > KEPT)) this.versions.shift();
  }

  /** Numbers in the layers of all versions, which may share them. */
  #kept() {
    const layers = new Set(this.versions.flatMap((one) => [...one.layers.values()].map(({ layer }) => layer)));
    return [...layers].reduce((sum, { data }) => sum + data.length, 0);
  }

  /** Whatever is large and not in use, in a quarter of the memory, as long as another picture is worked on. */
  sleep() {
    if (this.#asleep) return;
    this.#asleep = true;
    this.#soft = null;
    this.#each(packed);
  }

  wake() {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#each(unpacked);
  }

  /** Photos, layers and styles as others; what was one object stays one. @param {(one: any) => any} call */
  #each(call) {
    const known = new Map();
    /** @param {Planes} one @returns {Planes} */
    const other = (one) => {
      if (!known.has(one)) known.set(one, call(one));
      return known.get(one);
    };
    /** @param {Map<string, Layer>} layers */
    const others = (layers) => new Map([...layers].map(([name, one]) => [name, { ...one, layer: other(one.layer) }]));
    this.photo = other(this.photo);
    this.layers = others(this.layers);
    this.versions = this.versions.map((one) => ({ ...one, photo: other(one.photo), layers: others(one.layers) }));
    this.own = new Map([...this.own].map(([name, one]) => [name, other(one)]));
  }

  /** An earlier painting becomes the picture again. @param {number} number */
  putBack(number) {
    const found = this.versions.find((one) => one.number === number);
    if (!found) throw new Refused(`There is no version ${number} any more.`, 404);
    Object.assign(this, { photo: found.photo, regions: found.regions, looks: structuredClone(found.looks), layers: new Map(found.layers) });
    Object.assign(this.settings, { size: Math.max(...sizeOf(this.photo)), engine: found.engine });
    this.#past = [];
    this.#future = [];
    this.#soft = null;
    this.#face = undefined;
    this.changed();
  }

  /** The square around the head, else around the middle. @returns {import("./planes.js").Box} */
  #head() {
    const [height, width] = sizeOf(this.photo);
    const face = this.#faceAt([height, width]);
    let [top, bottom, left, right] = [height, 0, width, 0];
    face?.data.forEach((one, at) => {
      if (one <= 0.5) return;
      const [y, x] = [Math.trunc(at / width), at % width];
      [top, bottom, left, right] = [Math.min(top, y), Math.max(bottom, y + 1), Math.min(left, x), Math.max(right, x + 1)];
    });
    const least = Math.min(height, width);
    const side = bottom ? Math.round(Math.min(least, Math.max(AROUND * (bottom - top), NARROW * least))) : least;
    const [y, x] = bottom ? [(top + bottom) / 2 + LOW * side, (left + right) / 2] : [height / 2, width / 2];
    const [first, start] = [[y, height], [x, width]].map(([middle, length]) => Math.max(0, Math.min(length - side, Math.round(middle - side / 2))));
    return { top: first, left: start, bottom: first + side, right: start + side };
  }

  /** The head with person and background in two built-in styles. @param {[string, string]} pair @param {number} size @returns {Promise<Planes>} */
  async face([subject, background], size) {
    const box = this.#head();
    const photo = resize(cut(this.photo, box), [size, size]);
    let image = photo;
    for (const [side, name] of [["subject", subject], ["background", background]]) {
      const alphas = this.regions.filter((one) => one.side === side).map(({ alpha }) => resize(cut(alpha, box), [size, size]));
      if (!alphas.length) continue;
      const alpha = planes(1, [size, size], alphas[0].data.map((_, at) => Math.min(1, alphas.reduce((sum, one) => sum + one.data[at], 0))));
      const look = { ...this.tools.look, seed: 0, key: JSON.stringify([[[name, 1]], 1]), styles: [{ picture: await this.tools.gallery(name), weight: 1 }] };
      const layer = await this.tools.painter.layer(photo, alpha, look, null);
      const count = alpha.data.length;
      image = { ...image, data: image.data.map((one, i) => one + alpha.data[i % count] * (layer.data[i] - photo.data[i])) };
    }
    return image;
  }

  /** @param {string[]} names @param {boolean} final */
  async #paint(names, final) {
    const { photo } = this;
    const look = this.look(names[0]);
    const styles = await Promise.all(look.styles.map(async ({ name, weight }) => ({ picture: await this.#style(name), weight })));
    const key = JSON.stringify([look.styles.map(({ name, weight }) => [this.own.has(name) ? `${this.id}/${name}` : name, weight]), look.stroke]);
    const wanted = this.regions.filter(({ name }) => names.includes(name)).map(({ alpha }) => alpha.data);
    const alpha = planes(1, sizeOf(photo), wanted.reduce((sum, one) => sum.map((a, at) => Math.min(1, a + one[at]))));
    if (this.#filters) {
      const known = await Promise.all(styles.map(async (one, n) => ({ ...one, ...(await this.#technique(look.styles[n].name)) })));
      return filtered(photo, alpha, { ...look, styles: known }, this.#faceAt(sizeOf(photo))); // at once, whatever the size
    }
    const size = final ? sizeOf(photo) : fitSize(sizeOf(photo), Math.min(SKETCH, Math.max(...sizeOf(photo))));
    const layer = await this.tools.painter.layer(resize(photo, size), resize(alpha, size), { ...look, styles, key, seed: this.settings.seed }, this.#faceAt(size));
    return resize(layer, sizeOf(photo));
  }

  /** @type {Planes | null | undefined} */
  #face;

  /** Where faces are; null where none is. @param {Size} size */
  #faceAt(size) {
    if (this.#face === undefined) {
      const { matte, parts, score } = this.prediction;
      this.#face = score < SCORE ? null : faceMap(matte, parts, sizeOf(this.photo));
    }
    return this.#face && resize(this.#face, size);
  }

  /** The photo and its regions at the size that the settings ask for. */
  async #resize() {
    const longest = this.settings.size;
    if (Math.max(...sizeOf(this.photo)) === longest) return;
    this.photo = await this.read(longest);
    const size = sizeOf(this.photo);
    const untouched = !this.#past.length && this.regions.length === 2;
    const matte = untouched ? this.tools.segmenter.matte(this.photo, this.prediction) : null;
    this.regions = matte ? ofSubject(matte, this.prediction.score) : resized(this.regions, size);
    this.layers.clear();
    this.#soft = null;
    this.#face = undefined;
  }

  /** A region's layer as its look wants it, before strength; RGBA. @param {string} name @param {string} color @param {number} blur */
  picture(name, color, blur) {
    const at = this.regions.findIndex((one) => one.name === name);
    if (at < 0) throw new Refused(`There is no region ${name}.`, 404);
    const { alpha } = this.regions[at];
    const own = this.#own(at);
    const layer = this.layers.get(name)?.layer;
    const styled = this.look(name).styles.length > 0;
    if (styled && !layer) throw new Refused(`${name} is not painted yet.`, 404);
    const found = styled && layer ? recoloured(layer, own, alpha, color) : own;
    return toPixels(outOfFocus(found, alpha, blur));
  }

  /** A region's own colours: the photo, without the others' share in soft pixels. @param {number} at */
  #own(at) {
    const { places, own } = this.soft;
    const found = { ...this.photo, data: this.photo.data.slice() };
    const count = found.data.length / 3;
    places.forEach((place, n) => {
      for (let c = 0; c < 3; c++) found.data[c * count + place] = Math.min(1, Math.max(0, own[at][c * places.length + n]));
    });
    return found;
  }
}
