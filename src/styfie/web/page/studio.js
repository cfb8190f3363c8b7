// @ts-check
// One photo being worked on: the job on the server, its regions, looks and layers, and the picture they blend to.
// The parts of the page call it, and listen to its events:
// "job", "scene", "looks", "picture", "selected", "status", "error", "deleted".

import * as api from "./api.js";
import { readSoft } from "./blend.js";
import { Blender } from "./blender.js";
import { settled } from "./dom.js";
import { LOOK, merged, withoutStyles } from "./looks.js";
import { UndoStack } from "./undo.js";

/**
 * @import { Mixed } from "./blend-core.js"
 * @import { Change } from "./undo.js"
 * @import { JobResponse, LookSchema, Looks, News, Pixels, Points, Scene, SettingsSchema } from "./types.d.ts"
 *
 * @typedef {"reading" | "scene" | "looks" | "preview" | "layers" | "regions"} Work
 */

/** @param {JobResponse | null} job */
const isRunning = (job) => job?.state === "queued" || job?.state === "painting";
const BYTES = 160e6; // of layers that are kept, so that a look that was had before is there at once
const LEAST = 6; // of them, however large
const session = Date.now().toString(36); // in addresses, so that a cache never shows what an older page was given

export class Studio extends EventTarget {
  /** @type {JobResponse | null} */
  job = null;
  /** @type {Scene | null} */
  scene = null;
  /** @type {Looks} */
  looks = {}; // as the page has them now
  /** @type {Looks} */
  #theirs = {}; // as the server had them last, or was told them last
  #seen = 0; // the version of the job that those are of
  #putting = 0; // of looks, under way: what events say of them meanwhile may be older
  #tried = ""; // what was sketched last without being asked to, and is not there yet
  /** @type {string | null} */
  selected = null;
  /** @type {Map<string, { key: string }>} */
  layers = new Map(); // by region's name: the key of the one that is blended
  /** @type {Set<Work>} */
  busy = new Set();
  #blendStart = 0;
  blendTime = 0; // milliseconds that the last picture took, from where it was asked for
  /** @type {Map<string, Promise<boolean>>} */
  #cache = new Map(); // of layers that the blender has, by their keys: whether they are of the scene's size
  #blender = new Blender((out) => this.#show(out), (outlines) => this.tell("outlines", outlines));
  #counts = { regions: 0, painting: 0 };
  /** @type {(() => void) | null} */
  #unfollow = null;
  /** @type {symbol | null} */
  #opening = null; // the last photo that was opened
  #previews = 0; // asked for while one is under way
  /** @type {Promise<unknown>} */
  #changing = Promise.resolve(); // changes of regions reach the server one after the other, and before a painting
  #changes = 0; // of regions, under way
  #restyles = 0; // choices of styles under way
  #fetches = 0; // of layers, under way
  #suggests = false; // a pair of styles, as soon as its photo has been read
  saveLooks = settled(() => this.#putLooks(), 350);
  changes = new UndoStack();
  /** @type {Set<string>} */
  #gone = new Set(); // styles in the trash: no look of before brings them back

  defaults = LOOK;
  /** @type {[subject: string, background: string]} */
  suggested = ["autumn", "night"]; // what a new photo is shown in

  constructor() {
    super();
    this.#blender.onLost = () => {
      this.#cache.clear();
      this.layers.clear();
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
    const text = this.job?.regions.map(({ name, area }) => `${name}${area.toFixed(3)}`).join() ?? "";
    return [...text].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 0xfffffff, 7).toString(36);
  }

  get names() {
    return this.job?.regions.map((region) => region.name) ?? [];
  }

  /** @type {string | null} */
  adding = null; // the name of a region that is to be: the next click, stroke or box makes it

  /** A name that no region has yet. */
  newName() {
    let number = 1;
    while (this.names.includes(`part-${number}`)) number++;
    return `part-${number}`;
  }

  /** What is clicked, brushed or boxed next is a new region; null: it is not. @param {string | null} name */
  add(name) {
    this.adding = name;
    this.tell("status");
  }

  /** The region that is brushed: where nobody was found, the person that is to be. */
  get brushed() {
    return this.adding && this.names.includes("subject") ? this.adding : this.names.includes("subject") ? this.selected : "subject";
  }

  /** @param {string} name @returns {LookSchema} */
  look(name) {
    return { ...this.defaults, ...this.looks[name] };
  }

  // Coming and going

  /**
   * A photo's file becomes a job; with `like`, one with the looks of that job.
   *
   * @param {File} file @param {string | null} like
   */
  async open(file, like = null) {
    this.leave();
    const mine = (this.#opening = Symbol("opening"));
    this.#work("reading", true);
    try {
      const job = await (like ? api.again(like, file) : api.upload(file));
      if (this.#opening !== mine) return;
      this.#suggests = !like;
      await this.use(job);
    } finally {
      if (this.#opening === mine && (!this.job || this.job.state !== "reading")) this.#work("reading", false);
    }
  }

  /** Go on with a job, as the server describes it. @param {JobResponse} job */
  async use(job) {
    if (this.job && this.job.id !== job.id) this.leave();
    await this.#take(job);
    if (this.job?.id !== job.id) return; // it was left meanwhile, and perhaps another was opened
    this.#unfollow ??= api.follow(job.id, (news) => this.#take(news), () => this.tell("deleted"));
  }

  leave() {
    this.#unfollow?.();
    this.#unfollow = this.job = this.scene = this.#opening = null;
    this.looks = {};
    this.#theirs = {};
    this.#tried = "";
    this.#suggests = false;
    this.changes.clear();
    this.#gone.clear();
    this.selected = this.adding = null;
    this.layers.clear();
    this.#cache.clear();
    this.busy.clear();
  }

  /** @param {JobResponse} job */
  async #take(job) {
    const before = this.job;
    if (before && before.id !== job.id) return;
    if (before && job.version < before.version) return; // an answer that was overtaken by news
    this.job = job;
    const restyled = this.#takeLooks(job);
    this.#work("reading", job.state === "reading");
    this.tell("job", before);
    if (restyled) this.tell("looks");
    if (job.state === "reading" || (job.state === "failed" && !job.regions.length)) return;
    const ended = isRunning(before) && !isRunning(job);
    if (ended) this.#counts.painting++;
    if (this.#suggests) this.#suggestFirst();
    const same = before && `${before.regions.map((one) => one.name)}` === `${job.regions.map((one) => one.name)}`;
    if (!this.scene || ended || !same) await this.#loadScene();
    else if (this.running) await this.#grow(job, before);
    else if (restyled || job.previews !== before.previews) await this.refresh();
    this.#sketchWhatIsNot(); // which takes its time, and says itself what goes wrong
  }

  /**
   * Looks as they were changed elsewhere, with what was changed here since; whether any is another now.
   *
   * @param {JobResponse} job
   */
  #takeLooks(job) {
    if (this.#putting) return false;
    const mine = JSON.stringify(this.looks);
    this.looks = merged(this.#theirs, this.looks, job.looks, this.defaults);
    this.#theirs = structuredClone(job.looks);
    this.#seen = job.version;
    return JSON.stringify(this.looks) !== mine;
  }

  /** A new photo of somebody is shown painted at once; one that came with looks, or of nobody, as it is. */
  #suggestFirst() {
    this.#suggests = false;
    if (!Object.keys(this.looks).length && this.names.includes("subject")) this.suggest(this.suggested);
  }

  /** Styles that came from elsewhere, another tab or another picture's look, are sketched once. */
  async #sketchWhatIsNot() {
    if (!this.job || !this.scene || this.running) return;
    if (!this.unsketched.length) return void (this.#tried = "");
    if (this.busy.has("looks") || this.busy.has("preview") || this.busy.has("regions")) return;
    const key = JSON.stringify([this.job.id, this.unsketched.map((name) => [name, this.look(name)])]);
    if (key === this.#tried) return;
    this.#tried = key;
    try {
      await this.sketch();
    } catch (error) {
      this.tell("error", error);
    }
  }

  async #loadScene() {
    if (!this.job) return;
    const { id } = this.job;
    const mark = ++this.#counts.regions;
    const v = `${session}.${mark}`;
    this.#work("scene", true);
    try {
      const [photo, soft] = await Promise.all([
        api.pixels(api.url(id, "pictures/photo.png", { of: "regions", v })),
        api.bytes(api.url(id, "soft.bin", { v })).then(readSoft),
      ]);
      if (this.job?.id !== id || mark !== this.#counts.regions) return;
      const before = this.scene;
      const same = before?.width === soft.width && before.height === soft.height; // it is shown until the layers are there
      this.scene = { photo: photo.data, soft, out: same && before ? before.out : new ImageData(soft.width, soft.height), width: soft.width, height: soft.height };
      this.layers.clear();
      this.#cache.clear();
      this.#blender.start(photo.data, soft);
      if (!this.selected || !this.names.includes(this.selected)) {
        this.select(this.names.includes("subject") ? "subject" : this.names[0] ?? null);
      }
      this.tell("scene");
      await this.refresh(same);
    } catch (error) {
      if (this.job?.id === id) this.tell("error", error);
    } finally {
      if (mark === this.#counts.regions) this.#work("scene", false);
    }
  }

  /** The painting so far, when there is a new one. @param {JobResponse} job @param {JobResponse} before */
  async #grow(job, before) {
    const number = job.progress?.preview;
    if (!number || number === before.progress?.preview) return;
    try {
      this.tell("growing", await api.bitmap(api.url(job.id, "growing.jpg", { v: `${session}.${number}` })));
    } catch {
      // the next one will do
    }
  }

  // Asking

  /** @param {string | null} name */
  select(name) {
    this.selected = name;
    this.adding = null;
    this.tell("selected");
  }

  /**
   * Change a look; what needs no run shows at once. Styles are sketched by the fast engine.
   *
   * @param {string} name @param {Partial<LookSchema>} change
   */
  set(name, change) {
    this.#note("looks", `${name} ${Object.keys(change)}`);
    this.looks = { ...this.looks, [name]: { ...this.look(name), ...change } };
    this.tell("looks", name);
    if ("styles" in change || "stroke" in change || "likeness" in change) return this.#restyled();
    this.saveLooks();
    return this.refresh();
  }

  /** Change the looks of all regions. @param {Partial<LookSchema>} change */
  #changeAll(change) {
    this.looks = { ...this.looks, ...Object.fromEntries(this.names.map((name) => [name, { ...this.look(name), ...change }])) };
    this.tell("looks");
    this.saveLooks();
    return this.refresh();
  }

  /** A pair of styles: one for all of the person, one for all behind. @param {[subject: string, background: string]} pair */
  suggest([subject, background]) {
    if (!this.job) return;
    this.#note("looks");
    const styled = this.job.regions.map(({ name, side }) =>
      [name, { ...this.look(name), styles: [{ name: side === "subject" ? subject : background, weight: 1 }] }]);
    this.looks = { ...this.looks, ...Object.fromEntries(styled) };
    this.tell("looks");
    return this.#restyled();
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
      /** @type {JobResponse | undefined} */
      let news;
      try {
        news = await api.looks(id, known, this.#seen);
      } catch (error) {
        if (this.job?.id === id) this.#theirs = before;
        if (!(error instanceof api.ApiError && error.code === "stale")) throw error;
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
    return this.names.some((name) => !this.job?.painted.includes(name) && this.look(name).styles.length);
  }

  /** Regions with a style of which there is neither a painting nor a sketch. */
  get unsketched() {
    const there = [...(this.job?.painted ?? []), ...(this.job?.sketched ?? [])];
    return this.names.filter((name) => !there.includes(name) && this.look(name).styles.length);
  }

  /**
   * A fast preview of what is not painted yet, of a large picture roughly first. One at a time; what was asked for
   * meanwhile comes after it.
   */
  async sketch() {
    if (!this.job || ++this.#previews > 1) return;
    const { id } = this.job;
    try {
      while (this.#previews && this.job?.id === id) {
        this.#previews = 1;
        const asked = Object.values(this.#theirs).some((look) => look?.styles?.length); // else the server would choose some
        if (this.unpainted && asked) {
          this.#work("preview", true);
          if (this.#isLarge) {
            await this.#answered(await api.preview(id, api.ROUGH));
            await this.refresh();
            if (this.#previews > 1) continue; // it is of other styles already
          }
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

  /** Whether a whole preview takes so long that a rough one is seen before it. */
  get #isLarge() {
    const { settings, width = 0, height = 0 } = this.job ?? {};
    return api.ROUGH > 0 && (settings?.size || Math.max(width, height)) > 1.5 * api.ROUGH;
  }

  /** @param {JobResponse} job */
  async #answered(job) {
    if (job.id === this.job?.id) await this.#take(job);
  }

  /** @param {Partial<SettingsSchema>} settings */
  async paint(settings) {
    await this.#changing;
    await this.saveLooks.now();
    if (!this.job) return;
    if (this.#changesSettings(settings)) this.#note("settings");
    await this.#answered(await api.paint(this.job.id, settings));
  }

  /** Settings of the next painting, and with them looks of all regions: one change. @param {Partial<SettingsSchema>} settings @param {Partial<LookSchema>} [look] */
  async setUp(settings, look) {
    if (!this.job) return;
    const noted = Boolean(look) || this.#changesSettings(settings);
    if (noted) this.#note("settings");
    if (look) this.#changeAll(look);
    try {
      await this.#answered(await api.setUp(this.job.id, settings));
    } catch (error) {
      if (noted && !look) this.changes.drop();
      throw error;
    }
    this.tell("looks");
  }

  /** @param {Partial<SettingsSchema>} settings */
  #changesSettings(settings) {
    const now = /** @type {Record<string, unknown>} */ ({ ...this.job?.settings });
    return Object.entries(settings).some(([name, value]) => now[name] !== value);
  }

  /** What is there now can be had back. @param {Change["kind"]} kind @param {string} [key] */
  #note(kind, key) {
    this.changes.note(kind, this.looks, key, this.job?.settings);
  }

  async stop() {
    if (this.job) await this.#answered(await api.stop(this.job.id));
  }

  /** @param {string} name */
  async split(name) {
    await this.#changeRegions((id) => api.split(id, name));
    if (this.names.includes(name)) this.select(name);
  }

  /** @param {string} name */
  merge(name) {
    return this.#changeRegions((id) => api.merge(id, name));
  }

  undo() {
    return this.#step(true);
  }

  redo() {
    return this.#step(false);
  }

  /** How many changes can be taken back and done again: of this page, else those that the server remembers. */
  get steps() {
    const { undo, redo } = this.changes.counts;
    return { undo: undo || (this.job?.undo ?? 0), redo: redo || (this.job?.redo ?? 0) };
  }

  /** @param {boolean} back */
  async #step(back) {
    const there = () => this.job?.[back ? "undo" : "redo"];
    const change = this.changes.step(back, this.looks, this.job?.settings);
    if ((!change || change.kind === "regions") && there()) await this.#changeRegions(back ? api.undo : api.redo, false);
    if (!change || !this.job) return;
    const { settings } = change;
    if (settings && this.#changesSettings(settings)) await this.#answered(await api.setUp(this.job.id, settings));
    const looks = withoutStyles(change.looks, this.#gone);
    if (JSON.stringify(looks) !== JSON.stringify(this.looks)) {
      this.looks = looks;
      this.tell("looks");
      return this.#restyled();
    }
    this.tell("looks"); // how much can be taken back is another now
  }

  /** The look of a file for this picture: each region by its name, else as its side. @param {File} file */
  async applyLook(file) {
    if (!this.job || !api.presets) return;
    const { id } = this.job;
    this.#work("looks", ++this.#restyles > 0); // until its sketch is there: what is shown meanwhile is of another look
    try {
      await this.saveLooks.now();
      this.#note("looks");
      const job = await api.presets.apply(id, file).catch((error) => {
        this.changes.drop();
        throw error;
      });
      await this.#answered(job);
      this.tell("looks");
      await this.sketch();
    } finally {
      this.#work("looks", --this.#restyles > 0);
    }
  }

  /** A region's mask as it was brushed. @param {string} name @param {Promise<Blob>} mask PNG */
  brush(name, mask) {
    return this.#changeRegions(async (id) => api.brushed(id, name, await mask));
  }

  /**
   * What lies around points and looks like them comes in or goes out.
   *
   * @param {string} name @param {Points} points as shares of width and height
   */
  correct(name, points) {
    return this.#changeRegions((id) => api.corrected(id, name, points));
  }

  /** @param {(id: string) => Promise<JobResponse>} change @param {boolean} noted to be undone @returns {Promise<void>} */
  async #changeRegions(change, noted = true) {
    if (!this.job) return;
    const { id } = this.job;
    if (noted) this.#note("regions");
    this.#work("regions", ++this.#changes > 0);
    const changed = this.#changing.then(() => this.#changeNow(id, change));
    this.#changing = changed.catch(() => {}).finally(() => this.#work("regions", --this.#changes > 0));
    try {
      await changed;
    } catch (error) {
      if (noted) this.changes.drop();
      throw error;
    }
  }

  /** @param {string} id @param {(id: string) => Promise<JobResponse>} change */
  async #changeNow(id, change) {
    if (this.job?.id !== id) return;
    await this.saveLooks.now();
    const job = await change(id);
    if (job.id !== this.job?.id) return;
    this.job = job;
    if (this.#takeLooks(job)) this.tell("looks");
    if (this.adding && this.names.includes(this.adding)) this.select(this.adding);
    this.tell("job", null);
    await this.#loadScene();
    if (this.unpainted) await this.sketch();
  }

  /** An earlier painting becomes the picture again, with its regions and looks. @param {number} number */
  async putBack(number) {
    if (!this.job) return;
    const { id } = this.job;
    this.#work("regions", ++this.#changes > 0);
    try {
      await this.saveLooks.now();
      const job = await api.putBack(id, number);
      if (this.job?.id !== id) return;
      this.#counts.painting++;
      this.changes.clear(); // what it was made of is there again, and nothing of what was changed since
      this.job = job;
      this.#theirs = this.looks = structuredClone(job.looks);
      this.#seen = job.version;
      this.tell("looks");
      this.tell("job", null);
      await this.#loadScene();
    } finally {
      this.#work("regions", --this.#changes > 0);
    }
  }

  /** Send a picture as a style of a job; its name in looks. @param {string} id @param {File} file */
  async addStyle(id, file) {
    return (await api.ownStyle(id, file)).name;
  }

  /**
   * A style of the picture's own goes into the trash; gives back what has it back, and the looks with it.
   *
   * @param {string} name
   */
  async removeStyle(name) {
    const { job } = this;
    if (!job || !api.trash.style) return async () => {};
    await this.saveLooks.now();
    const before = structuredClone(this.looks);
    const { id } = await api.trash.style(job.id, name);
    this.#gone.add(name);
    await this.#answered(await api.job(job.id));
    return async () => {
      await api.trash.bringBack(id);
      if (this.job?.id !== job.id) return;
      this.#gone.delete(name);
      await this.#answered(await api.job(job.id));
      this.looks = { ...this.looks, ...before };
      this.tell("looks");
      await this.#restyled();
    };
  }

  // Showing

  /** The address of a region's layer as the look wants it. @param {JobResponse} job @param {string} name */
  #layer(job, name) {
    const look = this.look(name);
    const of = job.painted.includes(name) ? "painting" : "preview";
    const v = `${session}.${this.#counts.regions}.${of === "preview" ? job.previews : this.#counts.painting}`;
    const key = api.url(job.id, `layers/${encodeURIComponent(name)}.png`, {
      v: `${v}.${of}.${look.styles.length}`, color: look.color, ...(look.blur > 0 && { blur: look.blur, bokeh: look.bokeh }),
    });
    return key;
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
    const used = new Set([...this.layers.values()].map((one) => one.key));
    for (const old of this.#cache.keys()) {
      if (this.#cache.size <= most) break;
      if (old === key || used.has(old)) continue;
      this.#cache.delete(old);
      this.#blender.drop(old);
    }
    return fetched;
  }

  /** The regions that show something else than the photo. */
  get shown() {
    return this.names.filter((name) => this.look(name).styles.length || this.look(name).blur > 0);
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
    this.#work("layers", ++this.#fetches > 0);
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
      this.#work("layers", --this.#fetches > 0); // another may have begun meanwhile
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
    this.#painted = painted.length > 0;
    this.#blendStart = performance.now();
    this.#blender.blend(painted);
  }

  #painted = false; // whether anything but the photo is to be seen

  /** @param {Pixels} out */
  #show(out) {
    if (!this.scene || this.running || out.length !== this.scene.photo.length) return;
    if (this.scene.out.data.buffer.byteLength && this.scene.out.data !== out) this.#blender.recycle(this.scene.out.data);
    this.scene.out = new ImageData(out, this.scene.width);
    this.blendTime = performance.now() - this.#blendStart;
    this.tell("picture", this.#painted);
  }

  /** When what is shown is as it is asked. */
  drawn() {
    return this.#blender.done();
  }

  /** @param {Work} kind @param {boolean} yes */
  #work(kind, yes) {
    if (yes === this.busy.has(kind)) return;
    if (yes) this.busy.add(kind);
    else this.busy.delete(kind);
    if (!this.busy.size && !this.current) this.redraw(); // what did not come is not shown as if it had
    this.tell("status");
  }
}
