// @ts-check
// One photo that is open: it comes, changes and goes, here and elsewhere. Its looks are the page's and the server's, and what
// has no painting yet is sketched.

import * as api from "./api.js";
import { readSoft } from "./blend.js";
import { settled } from "./dom.js";
import { isRunning } from "./freshness.js";
import { merged } from "./looks.js";
import { Picture, session } from "./picture.js";
import { UndoStack } from "./undo.js";

/**
 * @import { Change } from "./undo.js"
 * @import { JobResponse, Looks } from "./types.d.ts"
 */

export class Opened extends Picture {
  /** @type {Looks} */
  #theirs = {}; // as the server had them last, or was told them last
  #seen = 0; // the version of the job that those are of
  #putting = 0; // of looks, under way: what events say of them meanwhile may be older
  #tried = ""; // what was sketched last without being asked to, and is not there yet
  /** @type {(() => void) | null} */
  #unfollow = null;
  /** @type {symbol | null} */
  #opening = null; // the last photo that was opened
  #previews = 0; // asked for while one is under way
  #restyles = 0; // choices of styles under way
  #loading = 0; // scenes
  #suggests = false; // a pair of styles, as soon as its photo has been read
  saveLooks = settled(() => this.#putLooks(), 350);
  changes = new UndoStack();
  /** @type {string | null} */
  adding = null; // the name of a region that is to be: the next click, stroke or box makes it
  /** @type {[subject: string, background: string]} */
  suggested = ["autumn", "night"]; // what a new photo is shown in

  // Coming and going

  /**
   * A photo's file becomes a job; with `like`, one with the looks of that job.
   *
   * @param {File} file @param {string | null} like
   */
  async open(file, like = null) {
    this.leave();
    const mine = (this.#opening = Symbol("opening"));
    this._work("reading", true);
    try {
      const job = await (like ? api.again(like, file) : api.upload(file, this.suggested));
      if (this.#opening !== mine) return;
      this.#suggests = !like;
      if (!like) this.#sketchFirst(job.id);
      await this.use(job);
    } finally {
      if (this.#opening === mine && (!this.job || this.job.state !== "reading")) this._work("reading", false);
    }
  }

  /** Show a photo painted small while it is being read. @param {string} id */
  async #sketchFirst(id) {
    const bitmap = await api.firstSketch?.(id).catch(() => null); // none where the server is not sure of anybody
    if (!bitmap) return;
    if (this.job?.id !== id || this.job.state !== "reading") return bitmap.close();
    this.first = bitmap;
    this.tell("first", bitmap);
    this.tell("status");
  }

  /** Go on with a job, as the server describes it. @param {JobResponse} job */
  async use(job) {
    if (this.job && this.job.id !== job.id) this.leave();
    await this._take(job);
    if (this.job?.id !== job.id) return; // it was left meanwhile, and perhaps another was opened
    this.#unfollow ??= api.follow(job.id, (news) => this._take(news), () => this.tell("deleted"));
  }

  leave() {
    this.#unfollow?.();
    this.#unfollow = this.job = this.scene = this.#opening = null;
    this.looks = {};
    this.#theirs = {};
    this.#tried = "";
    this.#suggests = false;
    this.changes.clear();
    this._dropFirst();
    this.selected = this.adding = null;
    this._forgetLayers();
    this.busy.clear();
  }

  /** @param {JobResponse} job @protected */
  async _take(job) {
    const before = this.job;
    if (before && before.id !== job.id) return;
    if (before && job.version < before.version) return; // an answer that was overtaken by news
    this.job = job;
    const restyled = this._takeLooks(job);
    this._work("reading", job.state === "reading");
    this.tell("job", before);
    if (restyled) this.tell("looks");
    if (job.state === "reading") return;
    if (job.state === "failed" && !job.regions.length) return this._dropFirst();
    const ended = isRunning(before) && !isRunning(job);
    if (ended) this._counts.painting++;
    if (this.#suggests) this.#suggestFirst();
    const same = before && `${before.regions.map((one) => one.name)}` === `${job.regions.map((one) => one.name)}`;
    if ((!this.scene && !this.#loading) || ended || !same) await this._loadScene();
    else if (this.running) await this.#grow(job, before);
    else if (restyled || job.previews !== before.previews) await this.refresh();
    this.#sketchWhatIsNot(); // which takes its time, and says itself what goes wrong
  }

  /**
   * Looks as they were changed elsewhere, with what was changed here since; whether any is another now.
   *
   * @param {JobResponse} job
   * @protected
   */
  _takeLooks(job) {
    if (this.#putting) return false;
    const mine = JSON.stringify(this.looks);
    this.looks = merged(this.#theirs, this.looks, job.looks, this.defaults);
    this.#theirs = structuredClone(job.looks);
    this.#seen = job.version;
    return JSON.stringify(this.looks) !== mine;
  }

  /** The looks are those of the job, whatever was changed here. @param {JobResponse} job @protected */
  _replaceLooks(job) {
    this.#theirs = this.looks = structuredClone(job.looks);
    this.#seen = job.version;
  }

  /** A new photo of somebody is shown painted at once; one that came with looks, or of nobody, as it is. */
  #suggestFirst() {
    this.#suggests = false;
    if (!Object.keys(this.looks).length && this.names.includes("subject")) this.suggest(this.suggested);
  }

  /** @protected */
  async _loadScene() {
    if (!this.job) return;
    const { id } = this.job;
    const mark = ++this._counts.regions;
    const v = `${session}.${mark}`;
    this.#loading++;
    this._work("scene", true);
    try {
      const [photo, soft] = await Promise.all([
        api.pixels(api.url(id, "pictures/photo.png", { of: "regions", v })),
        api.bytes(api.url(id, "soft.bin", { v })).then(readSoft),
      ]);
      if (this.job?.id !== id || mark !== this._counts.regions) return;
      const before = this.scene;
      const same = before?.width === soft.width && before.height === soft.height; // it is shown until the layers are there
      this._startScene({ photo: photo.data, soft, out: same && before ? before.out : new ImageData(soft.width, soft.height), width: soft.width, height: soft.height });
      if (!this.selected || !this.names.includes(this.selected)) {
        this.select(this.names.includes("subject") ? "subject" : this.names[0] ?? null);
      }
      this.tell("scene");
      await this.refresh(same);
    } catch (error) {
      if (this.job?.id === id) this.tell("error", error);
    } finally {
      this.#loading--;
      if (mark === this._counts.regions) this._work("scene", false);
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

  /** @param {string | null} name */
  select(name) {
    this.selected = name;
    this.adding = null;
    this.tell("selected");
  }

  // Looks, and their sketch

  /** A pair of styles: one for all of the person, one for all behind. @param {[subject: string, background: string]} pair */
  suggest([subject, background]) {
    if (!this.job) return;
    this._note("looks");
    const styled = this.job.regions.map(({ name, side }) =>
      [name, { ...this.look(name), styles: [{ name: side === "subject" ? subject : background, weight: 1 }] }]);
    this.looks = { ...this.looks, ...Object.fromEntries(styled) };
    this.tell("looks");
    return this._restyled();
  }

  /** The looks have other styles: the server is told, and they are sketched. @protected */
  async _restyled() {
    await this._restyling(async () => {
      try {
        this.saveLooks();
        await this.saveLooks.now(); // one after the other: of two at once the server would refuse the later one
        await this.sketch();
      } catch (error) {
        this.tell("error", error);
      }
    });
  }

  /** Be busy with looks until all of it is done. @param {() => Promise<void>} call @protected */
  async _restyling(call) {
    this._work("looks", ++this.#restyles > 0);
    try {
      await call();
    } finally {
      this._work("looks", --this.#restyles > 0);
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
      await this._take(news.version < this.job.version ? this.job : news);
      if (done) return;
    }
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
          this._work("preview", true);
          if (this.#isLarge && !this.first) {
            await this._answered(await api.preview(id, api.ROUGH));
            await this.refresh();
            if (this.#previews > 1) continue; // it is of other styles already
          }
          await this._answered(await api.preview(id));
        }
        await this.refresh();
        this.#previews--;
      }
    } finally {
      this.#previews = 0;
      this._work("preview", false);
    }
  }

  /** Whether a whole preview takes so long that a rough one is seen before it. */
  get #isLarge() {
    const { settings, width = 0, height = 0 } = this.job ?? {};
    return api.ROUGH > 0 && (settings?.size || Math.max(width, height)) > 1.5 * api.ROUGH;
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

  /** @param {JobResponse} job @protected */
  async _answered(job) {
    if (job.id === this.job?.id) await this._take(job);
  }

  /** What is there now can be had back. @param {Change["kind"]} kind @param {string} [key] @protected */
  _note(kind, key) {
    this.changes.note(kind, this.looks, key, this.job?.settings);
  }
}
