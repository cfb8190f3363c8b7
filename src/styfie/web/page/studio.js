// @ts-check
// One photo being worked on: the job on the server, its regions, looks and layers, and the picture they blend to.
// The parts of the page call it, and listen to its events:
// "job", "scene", "looks", "picture", "selected", "status", "error", "deleted".

import * as api from "./api.js";
import { isChanged, newName } from "./freshness.js";
import { withoutStyles } from "./looks.js";
import { Opened } from "./opened.js";

/** @import { JobResponse, LookSchema, Points, SettingsSchema } from "./types.d.ts" */

export class Studio extends Opened {
  /** @type {Promise<unknown>} */
  #changing = Promise.resolve(); // changes of regions reach the server one after the other, and before a painting
  #changes = 0; // of regions, under way
  /** @type {Set<string>} */
  #gone = new Set(); // styles in the trash: no look of before brings them back

  leave() {
    super.leave();
    this.#gone.clear();
  }

  // Looks and settings

  /**
   * Change a look; what needs no run shows at once. Styles are sketched by the fast engine.
   *
   * @param {string} name @param {Partial<LookSchema>} change
   */
  set(name, change) {
    this._note("looks", `${name} ${Object.keys(change)}`);
    this.looks = { ...this.looks, [name]: { ...this.look(name), ...change } };
    this.tell("looks", name);
    if ("styles" in change || "stroke" in change || "likeness" in change) return this._restyled();
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

  /** The look of a file for this picture: each region by its name, else as its side. @param {File} file */
  async applyLook(file) {
    const { presets } = api;
    if (!this.job || !presets) return;
    const { id } = this.job;
    await this._restyling(async () => { // until its sketch is there: what is shown meanwhile is of another look
      await this.saveLooks.now();
      this._note("looks");
      const job = await presets.apply(id, file).catch((error) => {
        this.changes.drop();
        throw error;
      });
      await this._answered(job);
      this.tell("looks");
      await this.sketch();
    });
  }

  /** @param {Partial<SettingsSchema>} settings */
  async paint(settings) {
    this._work("starting", true); // until the server says that it runs, whatever it does before
    try {
      await this.#changing;
      await this.saveLooks.now();
      if (!this.job) return;
      if (this.#changesSettings(settings)) this._note("settings");
      await this._answered(await api.paint(this.job.id, settings));
    } finally {
      this._work("starting", false);
    }
  }

  /** Settings of the next painting, and with them looks of all regions: one change. @param {Partial<SettingsSchema>} settings @param {Partial<LookSchema>} [look] */
  async setUp(settings, look) {
    if (!this.job) return;
    const noted = Boolean(look) || this.#changesSettings(settings);
    if (noted) this._note("settings");
    if (look) this.#changeAll(look);
    try {
      await this._answered(await api.setUp(this.job.id, settings));
    } catch (error) {
      if (noted && !look) this.changes.drop();
      throw error;
    }
    this.tell("looks");
  }

  /** @param {Partial<SettingsSchema>} settings */
  #changesSettings(settings) {
    return isChanged(this.job?.settings, settings);
  }

  async stop() {
    if (this.job) await this._answered(await api.stop(this.job.id));
  }

  // Regions

  /** A name that no region has yet. */
  newName() {
    return newName(this.names);
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

  /** @param {string} name */
  async split(name) {
    await this.#changeRegions((id) => api.split(id, name));
    if (this.names.includes(name)) this.select(name);
  }

  /** @param {string} name */
  merge(name) {
    return this.#changeRegions((id) => api.merge(id, name));
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
    if (noted) this._note("regions");
    this._work("regions", ++this.#changes > 0);
    const changed = this.#changing.then(() => this.#changeNow(id, change));
    this.#changing = changed.catch(() => {}).finally(() => this._work("regions", --this.#changes > 0));
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
    if (this._takeLooks(job)) this.tell("looks");
    if (this.adding && this.names.includes(this.adding)) this.select(this.adding);
    this.tell("job", null);
    await this._loadScene();
    if (this.unpainted) await this.sketch();
  }

  // What was

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
    if (settings && this.#changesSettings(settings)) await this._answered(await api.setUp(this.job.id, settings));
    const looks = withoutStyles(change.looks, this.#gone);
    if (JSON.stringify(looks) !== JSON.stringify(this.looks)) {
      this.looks = looks;
      this.tell("looks");
      return this._restyled();
    }
    this.tell("looks"); // how much can be taken back is another now
  }

  /** An earlier painting becomes the picture again, with its regions and looks. @param {number} number */
  async putBack(number) {
    if (!this.job) return;
    const { id } = this.job;
    this._work("regions", ++this.#changes > 0);
    try {
      await this.saveLooks.now();
      const job = await api.putBack(id, number);
      if (this.job?.id !== id) return;
      this._counts.painting++;
      this.changes.clear(); // what it was made of is there again, and nothing of what was changed since
      this.job = job;
      this._replaceLooks(job);
      this.tell("looks");
      this.tell("job", null);
      await this._loadScene();
    } finally {
      this._work("regions", --this.#changes > 0);
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
    await this._answered(await api.job(job.id));
    return async () => {
      await api.trash.bringBack(id);
      if (this.job?.id !== job.id) return;
      this.#gone.delete(name);
      await this._answered(await api.job(job.id));
      this.looks = { ...this.looks, ...before };
      this.tell("looks");
      await this._restyled();
    };
  }
}
