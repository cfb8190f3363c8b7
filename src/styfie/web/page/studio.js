// One photo being worked on: the job on the server, its regions, looks and layers, and the picture they blend to.
// The parts of the page call it, and listen to its events:
// "job", "scene", "looks", "picture", "selected", "status", "error", "gone".

import * as api from "./api.js";
import { blend, readSoft } from "./blend.js";
import { settled } from "./dom.js";
import { merged } from "./looks.js";

const NEW = { styles: [], strength: 1, color: "style", stroke: 1, content: 0.5, likeness: 0.5, blur: 0, bokeh: "gaussian" };
const RUNNING = new Set(["queued", "painting"]);
const session = Date.now().toString(36); // in addresses, so that a cache never shows what an older page was given

export class Studio extends EventTarget {
  job = null;
  scene = null; // {photo, soft, out}: RGBA pixels, `readSoft`, and what is blended
  looks = {}; // by region's name, as the page has them now
  #theirs = {}; // as the server had them last, or was told them last
  #seen = 0; // the version of the job that those are of
  #putting = 0; // of looks, under way: what events say of them meanwhile may be older
  #tried = ""; // what was sketched last without being asked to
  selected = null;
  layers = new Map(); // by region's name: {key, data}
  busy = new Set(); // of "reading", "scene", "looks", "preview", "layers", "regions"
  blendTime = 0;
  #cache = new Map();
  #counts = { regions: 0, painting: 0 };
  #unfollow = null;
  #previews = 0; // asked for while one is under way
  #changing = Promise.resolve(); // changes of regions reach the server one after the other, and before a painting
  #changes = 0; // of regions, under way
  #restyles = 0; // choices of styles under way
  #fetches = 0; // of layers, under way
  saveLooks = settled(() => this.#putLooks(), 350);

  defaults = NEW;

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  get running() {
    return RUNNING.has(this.job?.state);
  }

  get names() {
    return this.job?.regions?.map((region) => region.name) ?? [];
  }

  /** The region that is brushed: where nobody was found, the person that is to be. */
  get brushed() {
    return this.names.includes("subject") ? this.selected : "subject";
  }

  look(name) {
    return { ...this.defaults, ...this.looks[name] };
  }

  // Coming and going

  /** A photo's file becomes a job; with `like`, one with the looks of that job. */
  async open(file, like = null) {
    this.leave();
    const mine = (this.opening = Symbol("opening"));
    this.#work("reading", true);
    try {
      const job = await (like ? api.again(like, file) : api.upload(file));
      if (this.opening === mine) await this.use(job);
    } finally {
      if (this.opening === mine && (!this.job || this.job.state !== "reading")) this.#work("reading", false);
    }
  }

  /** Go on with a job, as the server describes it. */
  async use(job) {
    if (this.job?.id !== job.id) this.leave();
    await this.#take(job);
    this.#unfollow ??= api.follow(job.id, (news) => this.#take(news), () => this.tell("gone"));
  }

  leave() {
    this.#unfollow?.();
    this.#unfollow = this.job = this.scene = this.opening = null;
    this.looks = {};
    this.#theirs = {};
    this.#tried = "";
    this.selected = null;
    this.layers.clear();
    this.#cache.clear();
    this.busy.clear();
  }

  async #take(job) {
    const before = this.job;
    if (before && before.id !== job.id) return;
    if (before && job.version < before.version) return; // an answer that was overtaken by news
    this.job = job;
    const restyled = this.#takeLooks(job);
    this.#work("reading", job.state === "reading");
    this.tell("job", before);
    if (restyled) this.tell("looks");
    if (job.state === "reading" || (job.state === "failed" && !job.regions?.length)) return;
    const ended = before && RUNNING.has(before.state) && !RUNNING.has(job.state);
    if (ended) this.#counts.painting++;
    const same = before?.regions && `${before.regions.map((one) => one.name)}` === `${job.regions.map((one) => one.name)}`;
    if (!this.scene || ended || !same) await this.#loadScene();
    else if (this.running) await this.#grow(before);
    else if (restyled || job.previews !== before.previews) await this.refresh();
    this.#sketchWhatIsNot(); // which takes its time, and says itself what goes wrong
  }

  /** Looks as they were changed elsewhere, with what was changed here since; whether any is another now. */
  #takeLooks(job) {
    if (this.#putting) return false;
    const mine = JSON.stringify(this.looks);
    this.looks = merged(this.#theirs, this.looks, job.looks, this.defaults);
    this.#theirs = structuredClone(job.looks);
    this.#seen = job.version;
    return JSON.stringify(this.looks) !== mine;
  }

  /** Styles that came from elsewhere, another tab or another picture's look, are sketched once. */
  async #sketchWhatIsNot() {
    if (!this.scene || this.running || this.busy.has("looks") || this.busy.has("preview") || this.busy.has("regions")) return;
    const key = JSON.stringify([this.job.id, this.unsketched.map((name) => [name, this.look(name)])]);
    if (!this.unsketched.length || key === this.#tried) return;
    this.#tried = key;
    try {
      await this.sketch();
    } catch (error) {
      this.tell("error", error);
    }
  }

  async #loadScene() {
    const id = this.job.id;
    const mark = ++this.#counts.regions;
    const v = `${session}.${mark}`;
    this.#work("scene", true);
    try {
      const [photo, soft] = await Promise.all([
        api.pixels(api.url(id, "pictures/photo.png", { of: "regions", v })),
        api.bytes(api.url(id, "soft.bin", { v })).then(readSoft),
      ]);
      if (this.job?.id !== id || mark !== this.#counts.regions) return;
      this.scene = { photo: photo.data, soft, out: new ImageData(soft.width, soft.height), width: soft.width, height: soft.height };
      this.layers.clear();
      if (!this.names.includes(this.selected)) this.select(this.names.includes("subject") ? "subject" : this.names[0]);
      this.tell("scene");
      await this.refresh();
    } catch (error) {
      if (this.job?.id === id) this.tell("error", error);
    } finally {
      if (mark === this.#counts.regions) this.#work("scene", false);
    }
  }

  /** The painting so far, when there is a new one. */
  async #grow(before) {
    const number = this.job.progress?.preview;
    if (!number || number === before?.progress?.preview) return;
    try {
      this.tell("growing", await api.bitmap(api.url(this.job.id, "growing.jpg", { v: `${session}.${number}` })));
    } catch {
      // the next one will do
    }
  }

  // Asking

  select(name) {
    this.selected = name;
    this.tell("selected");
  }

  /** Change a look; what needs no run shows at once. Styles are sketched by the fast engine. */
  set(name, change) {
    this.looks = { ...this.looks, [name]: { ...this.look(name), ...change } };
    this.tell("looks", name);
    if ("styles" in change || "stroke" in change || "likeness" in change) return this.#restyled();
    this.saveLooks();
    return this.refresh();
  }

  async #restyled() {
    this.#work("looks", ++this.#restyles > 0);
    try {
      await this.saveLooks.now(); // looks that came before
      await this.#putLooks();
      await this.sketch();
    } catch (error) {
      this.tell("error", error);
    } finally {
      this.#work("looks", --this.#restyles > 0);
    }
  }

  /** Tell the server the looks; if they were changed elsewhere meanwhile, both changes are joined and told. */
  async #putLooks() {
    for (let tries = 0; this.job && tries < 5; tries++) {
      const { id } = this.job;
      const known = Object.fromEntries(Object.entries(this.looks).filter(([name]) => this.names.includes(name)));
      const before = this.#theirs;
      this.#theirs = structuredClone(known); // what is changed from here on is newer
      this.#putting++;
      let news;
      try {
        news = await api.looks(id, known, this.#seen);
      } catch (error) {
        if (this.job?.id === id) this.#theirs = before;
        if (error.status !== 409) throw error;
      } finally {
        this.#putting--;
      }
      const done = Boolean(news);
      news ??= await api.job(id);
      if (this.job?.id !== id) return;
      await this.#take(news.version < this.job.version ? this.job : news);
      if (done) return;
    }
  }

  /** Whether a region with a style shows a sketch only. */
  get unpainted() {
    return this.names.some((name) => !this.job.painted.includes(name) && this.look(name).styles.length);
  }

  /** Regions with a style of which there is neither a painting nor a sketch. */
  get unsketched() {
    const there = [...this.job.painted, ...this.job.sketched];
    return this.names.filter((name) => !there.includes(name) && this.look(name).styles.length);
  }

  /** A fast preview of what is not painted yet. One at a time; what was asked for meanwhile comes after it. */
  async sketch() {
    if (++this.#previews > 1) return;
    const id = this.job.id;
    try {
      while (this.#previews && this.job?.id === id) {
        this.#previews = 1;
        if (this.unpainted) {
          this.#work("preview", true);
          await this.#answered(await api.preview(id));
        }
        await this.refresh();
        this.#previews--;
      }
    } finally {
      this.#previews = 0;
      this.#work("preview", false);
    }
  }

  async #answered(job) {
    if (job?.id === this.job?.id) await this.#take(job);
  }

  async paint(settings) {
    await this.#changing;
    await this.saveLooks.now();
    await this.#answered(await api.paint(this.job.id, settings));
  }

  /** Settings of the next painting. */
  async setUp(settings) {
    await this.#answered(await api.setUp(this.job.id, settings));
  }

  async stop() {
    await this.#answered(await api.stop(this.job.id));
  }

  async split(name) {
    await this.#changeRegions((id) => api.split(id, name));
    if (this.names.includes(name)) this.select(name);
  }

  merge(name) {
    return this.#changeRegions((id) => api.merge(id, name));
  }

  undo() {
    return this.#changeRegions(api.undo);
  }

  redo() {
    return this.#changeRegions(api.redo);
  }

  /** A region's mask as it was brushed: a promise of its PNG. */
  brush(name, mask) {
    return this.#changeRegions(async (id) => api.brushed(id, name, await mask));
  }

  #changeRegions(change) {
    const { id } = this.job;
    this.#work("regions", ++this.#changes > 0);
    const changed = this.#changing.then(() => this.#changeNow(id, change));
    this.#changing = changed.catch(() => {}).finally(() => this.#work("regions", --this.#changes > 0));
    return changed;
  }

  async #changeNow(id, change) {
    if (this.job?.id !== id) return;
    await this.saveLooks.now();
    const job = await change(id);
    if (job.id !== this.job?.id) return;
    this.job = job;
    if (this.#takeLooks(job)) this.tell("looks");
    this.tell("job", null);
    await this.#loadScene();
    if (this.unpainted) await this.sketch();
  }

  /** Send a picture as a style; its name in looks. */
  async addStyle(file) {
    return (await api.ownStyle(this.job.id, file)).name;
  }

  // Showing

  #layer(name) {
    const look = this.look(name);
    const of = this.job.painted.includes(name) ? "painting" : "preview";
    const v = `${session}.${this.#counts.regions}.${of === "preview" ? this.job.previews : this.#counts.painting}`;
    const key = api.url(this.job.id, `layers/${encodeURIComponent(name)}.png`, {
      v: `${v}.${of}.${look.styles.length}`, color: look.color, ...(look.blur > 0 && { blur: look.blur, bokeh: look.bokeh }),
    });
    if (!this.#cache.has(key)) {
      if (this.#cache.size > 40) this.#cache.delete(this.#cache.keys().next().value);
      this.#cache.set(key, api.pixels(key).catch((error) => {
        this.#cache.delete(key);
        throw error;
      }));
    }
    return { key, data: this.#cache.get(key) };
  }

  /** The regions that show something else than the photo. */
  get shown() {
    return this.names.filter((name) => this.look(name).styles.length || this.look(name).blur > 0);
  }

  /** Whether the server has a layer of a region as it is asked. */
  #isThere(name) {
    return this.look(name).blur > 0 || !this.unsketched.includes(name);
  }

  /** Fetch the layers that are wanted and not there, showing what is there meanwhile. */
  async refresh() {
    if (!this.scene) return;
    this.redraw();
    const scene = this.scene;
    const wanted = this.shown.filter((name) => this.#isThere(name) && (!this.running || this.layers.has(name)));
    const missing = wanted.map((name) => [name, this.#layer(name)]).filter(([name, { key }]) => this.layers.get(name)?.key !== key);
    if (!missing.length) return;
    this.#work("layers", ++this.#fetches > 0);
    try {
      await Promise.all(missing.map(async ([name, { key, data }]) => {
        const layer = await data;
        if (this.scene !== scene || !this.names.includes(name) || this.#layer(name).key !== key) return;
        if (layer.width === scene.width && layer.height === scene.height) this.layers.set(name, { key, data: layer.data });
      }));
    } catch (error) {
      if (error.status !== 404 && error.status !== 409) this.tell("error", error);
    } finally {
      this.#work("layers", --this.#fetches > 0); // another may have begun meanwhile
      this.redraw();
    }
  }

  /** Blend what is there. */
  redraw() {
    const { scene } = this;
    if (!scene || this.running) return;
    const painted = [];
    for (const name of this.shown) {
      const layer = this.layers.get(name);
      if (layer) {
        const { strength, styles } = this.look(name);
        painted.push({ index: this.names.indexOf(name), strength, layer: layer.data, styled: styles.length > 0 });
      }
    }
    const start = performance.now();
    blend(scene.out.data, scene.photo, scene.soft, painted);
    this.blendTime = performance.now() - start;
    this.tell("picture", painted.length > 0);
  }

  #work(kind, yes) {
    if (yes === this.busy.has(kind)) return;
    if (yes) this.busy.add(kind);
    else this.busy.delete(kind);
    this.tell("status");
  }
}
