// @ts-check
// Pairs of styles on one's own face: painted one after the other while nothing else is asked for, and taken by one press.

import * as api from "./api.js";
import { $, check, el, roving } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { Gallery } from "./gallery.js"
 * @import { Studio } from "./studio.js"
 *
 * @typedef {[subject: string, background: string]} Pair
 */

const SIZE = 256; // pixels of a preview, which is painted at one scale alone
const REST = 120; // milliseconds of quiet before the first one is asked for

/**
 * Do things one after the other, each only while `free` says so; what is under way is given up when it is `stop`ped.
 *
 * @template Thing
 */
export class FreeTime {
  /** @type {Thing[]} */
  #left = [];
  /** @type {AbortController | null} */
  #now = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(thing: Thing, signal: AbortSignal) => Promise<void>} work @param {() => boolean} free */
  constructor(work, free) {
    this.work = work;
    this.free = free;
  }

  /** Do these, instead of what is left of others. @param {Thing[]} things */
  start(things) {
    this.stop();
    this.#left = [...things];
    this.go();
  }

  /** Nothing more is done. */
  stop() {
    this.#left = [];
    this.#now?.abort();
    this.#now = null;
    clearTimeout(this.#timer);
  }

  /** Something else is asked for: what is under way is given up, and done anew later. Or it is over: go on. @param {number} rest */
  go(rest = REST) {
    clearTimeout(this.#timer);
    if (!this.free()) return void this.#now?.abort();
    if (!this.#now && this.#left.length) this.#timer = setTimeout(() => this.#next(), rest);
  }

  async #next() {
    if (this.#now || !this.#left.length || !this.free()) return;
    const mine = (this.#now = new AbortController());
    const [thing] = this.#left;
    try {
      await this.work(thing, mine.signal);
      if (this.#now === mine) this.#left.shift();
    } catch {
      if (this.#now === mine && !mine.signal.aborted) this.#left.shift(); // it failed: the next one may not
    }
    if (this.#now !== mine) return;
    this.#now = null;
    this.go(0);
  }
}

/** @param {Studio} studio @param {Gallery} gallery */
export function setUpSuggestions(studio, gallery) {
  const group = $("suggestions");
  /** @type {Pair[]} */
  let pairs = [];
  let shown = ""; // of which regions of which job
  /** @type {Map<string, string>} */
  const pictures = new Map(); // address -> of its blob

  const free = () => Boolean(studio.scene) && !studio.running && !studio.busy.size && !document.hidden;
  /** @type {FreeTime<{ image: HTMLImageElement, address: string }>} */
  const queue = new FreeTime(async ({ image, address }, signal) => {
    const blob = await api.picture(address, signal);
    const made = URL.createObjectURL(blob);
    pictures.set(address, made);
    image.src = made;
    image.hidden = false;
  }, free);

  /** @param {Pair} pair */
  const words = ([subject, background]) => t("pair", { subject: gallery.title(subject), background: gallery.title(background) });

  /** The pair that both sides have now, if it is one of these. */
  function chosen() {
    /** @param {string} side */
    const style = (side) => {
      const names = studio.job?.regions.filter((one) => one.side === side).map((one) => one.name) ?? [];
      const styles = new Set(names.map((name) => studio.look(name).styles.map((one) => one.name).join()));
      return styles.size === 1 ? [...styles][0] : null;
    };
    const [subject, background] = [style("subject"), style("background")];
    return pairs.findIndex((pair) => (subject === pair[0] || subject === null) && background === pair[1]);
  }

  function build() {
    const { job } = studio;
    if (!job || !studio.scene || !pairs.length) return;
    const v = `${job.id}.${studio.regionsMark}`;
    if (v !== shown) {
      shown = v;
      for (const made of pictures.values()) URL.revokeObjectURL(made);
      pictures.clear();
      const tiles = pairs.map((pair) => {
        const image = el("img", { alt: "", width: 96, height: 96, hidden: true, draggable: false });
        const styles = el("span", { className: "pair", ariaHidden: "true" }, ...pair.map((name) => gallery.thumbnail(name)));
        const tile = el("button", {
          type: "button", className: "suggestion", role: "radio", ariaLabel: words(pair), title: words(pair),
          onclick: () => studio.suggest(pair),
        }, styles, image); // what it is made of is seen until it is painted
        return { tile, image, address: api.faceURL(job.id, pair, SIZE, studio.regionsMark) };
      });
      group.replaceChildren(...tiles.map(({ tile }) => tile));
      queue.start(tiles);
    }
    show();
  }

  function show() {
    const tiles = [...group.querySelectorAll("button")];
    check(group, tiles[chosen()]);
    for (const tile of tiles) tile.disabled = studio.running;
    queue.go();
  }

  function forget() {
    if (studio.job) return;
    shown = "";
    queue.stop();
    group.replaceChildren();
  }

  roving(group, (radio) => radio.click());
  studio.on("scene", build);
  for (const event of /** @type {const} */ (["looks", "job", "status"])) studio.on(event, () => (studio.job ? show() : forget()));
  document.addEventListener("visibilitychange", () => queue.go());

  /** @param {string[][]} offered */
  return function offer(offered) {
    pairs = offered.map(([subject, background]) => [subject, background]);
    build();
  };
}
