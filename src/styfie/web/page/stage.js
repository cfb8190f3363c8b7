// @ts-check
// The picture on its wall: blended pixels below; outlines, the brush and the divider above.

import { path } from "./contours.js";
import { $, calm, contextOf, say } from "./dom.js";
import { regionColor, regionTitle } from "./names.js";
import { t } from "./text.js";
import { FIT, clamped } from "./view.js";

const LONGEST = 1024; // pixels at which a photo is shown until the server has read it

/**
 * @import { Tool } from "./brush.js"
 * @import { Mask } from "./mask.js"
 * @import { Studio } from "./studio.js"
 * @import { Place, Scene } from "./types.d.ts"
 * @import { View } from "./view.js"
 */

const SHARPEST = 3000; // longest side of what is drawn over the picture, however far it is zoomed
const FLASH = 900; // milliseconds that an outline is shown where nothing hovers

export class Stage {
  /** @type {Tool} */
  tool = "choose";
  /** @type {View} */
  view = FIT;
  moving = false; // it is being moved: what ends then is no click
  onView = () => {};
  #peeking = false;
  /** @type {Place} */
  #fitted = [1, 1]; // width and height at zoom 1, in pixels of the screen
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #flash;
  /** @type {string | null} */
  hovered = null;
  /** @type {number | null} */
  compared = null; // where before and after meet, 0 to 1
  /** @type {ImageBitmap | null} */
  other = null; // what is before it, if it is not the photo
  /** @type {ImageBitmap | null} */
  after = null; // what is shown on the other side, if it is not the picture as it is now
  dragged = false; // a style is held over the picture
  /** @type {Mask | null} */
  mask = null; // of the region as it is being brushed
  /** @type {[number, number, number, number] | null} */
  box = null; // that is being drawn: x and y where it began, and where it is now
  /** @type {Place | null} */
  pointer = null; // where the brush is, in pixels of the picture

  /** @param {Studio} studio */
  constructor(studio) {
    this.studio = studio;
    this.canvas = $("canvas");
    this.picture = contextOf($("picture"));
    this.overlay = contextOf($("overlay"));
    this.shown = false; // a picture, be it the file's only
    /** @type {Path2D[]} */
    this.paths = []; // around the regions
    this.firstShown = 0; // milliseconds from the drop to the first picture
    studio.on("scene", () => this.#newScene());
    studio.on("picture", () => this.#blended());
    studio.on("outlines", (outlines) => {
      this.paths = outlines.map(path);
      this.draw();
    });
    studio.on("growing", (bitmap) => this.#grow(bitmap));
    studio.on("first", (bitmap) => this.#sketch(bitmap));
    studio.on("selected", () => this.draw());
    new ResizeObserver(() => this.fit()).observe($("frame"));
  }

  /** Width and height of the picture in pixels. @returns {[number, number]} */
  get size() {
    return [this.picture.canvas.width, this.picture.canvas.height];
  }

  /**
   * Show a file at once, before the server has read it; kinds that the browser cannot read have to wait.
   *
   * @param {File} file
   */
  async showFile(file) {
    this.clear();
    const start = performance.now();
    try {
      const whole = await createImageBitmap(file);
      const scale = Math.min(1, LONGEST / Math.max(whole.width, whole.height));
      this.#resize(Math.max(1, Math.round(whole.width * scale)), Math.max(1, Math.round(whole.height * scale)));
      this.picture.imageSmoothingQuality = "high";
      this.picture.drawImage(whole, 0, 0, ...this.size);
      whole.close();
      this.shown = true;
      await new Promise(requestAnimationFrame);
      this.firstShown = performance.now() - start;
    } catch {
      // the server may know this kind of file
    }
  }

  clear() {
    this.#resize(4, 3);
    this.picture.clearRect(0, 0, 4, 3);
    this.paths = [];
    this.mask = this.hovered = this.compared = null;
    this.shown = this.#peeking = false;
    this.view = FIT;
    this.other?.close();
    this.after?.close();
    this.other = this.after = null;
    $("picture").setAttribute("aria-label", t("picture.photo"));
    this.draw();
  }

  /** @param {number} width @param {number} height */
  #resize(width, height) {
    if (this.size[0] === width && this.size[1] === height) return;
    this.picture.canvas.width = width;
    this.picture.canvas.height = height;
    this.fit();
  }

  /** As large as the wall allows. */
  fit() {
    const frame = $("frame");
    const room = getComputedStyle(frame);
    const wide = frame.clientWidth - parseFloat(room.paddingLeft) - parseFloat(room.paddingRight);
    const high = frame.clientHeight - parseFloat(room.paddingTop) - parseFloat(room.paddingBottom);
    if (wide <= 0 || high <= 0) return;
    const [width, height] = this.size;
    const scale = Math.min(wide / width, high / height);
    this.#fitted = [Math.floor(width * scale), Math.floor(height * scale)];
    this.canvas.style.setProperty("--wide", `${this.#fitted[0]}px`);
    this.canvas.style.setProperty("--high", `${this.#fitted[1]}px`);
    this.look(this.view);
  }

  /** Pixels of the screen for each of the picture's. */
  get scale() {
    return this.#fitted[0] * this.view.zoom / this.size[0];
  }

  /** Zoom and move it, as far as that goes. @param {View} view */
  look(view) {
    const frame = $("frame");
    this.view = clamped(view, this.#fitted, [frame.clientWidth, frame.clientHeight]);
    const { zoom, x, y } = this.view;
    this.canvas.style.setProperty("--view", zoom === 1 ? "none" : `translate(${x}px, ${y}px) scale(${zoom})`);
    this.canvas.style.setProperty("--zoom", String(zoom));
    this.canvas.classList.toggle("zoomed", zoom > 1);
    this.canvas.classList.toggle("pixels", this.scale > 3);
    const [wide, high] = this.#fitted;
    const sharp = Math.min(Math.min(2, devicePixelRatio || 1) * zoom, SHARPEST / Math.max(wide, high));
    const { canvas } = this.overlay;
    const [width, height] = [Math.floor(wide * sharp), Math.floor(high * sharp)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.onView();
    this.draw();
  }

  /** The photo as long as something is held down. @param {boolean} yes */
  peek(yes) {
    if (yes === this.#peeking) return;
    this.#peeking = yes;
    this.canvas.classList.toggle("peeking", yes);
    this.#blended();
    this.draw();
  }

  #newScene() {
    const { scene } = this.studio;
    if (!scene) return;
    this.#resize(scene.width, scene.height);
    if (this.studio.first) this.#sketch(this.studio.first);
    this.mask = null;
    this.shown = true;
    this.draw();
  }

  #blended() {
    const { scene } = this.studio;
    if (!scene || this.studio.running || !scene.out.data.length) return;
    if (this.studio.first) this.#sketch(this.studio.first);
    else this.picture.putImageData(scene.out, 0, 0);
    if (this.after && this.compared !== null && !this.#peeking) this.picture.drawImage(this.after, 0, 0, scene.width, scene.height);
    if (this.#peeking) this.#before(scene, 1);
    else if (this.compared !== null) this.#before(scene, this.compared);
    const painted = this.studio.names.filter((name) => this.studio.look(name).styles.length);
    const words = painted.map((name) => t("stage.region", { region: regionTitle(name, this.studio.names), style: this.studio.look(name).styles.map((one) => one.name).join(t("and")) }));
    $("picture").setAttribute("aria-label", words.length ? t("stage.picture", { regions: words.join(", ") }) : t("picture.photo"));
  }

  /** What is shown on the left of the divider: an earlier painting, or the photo. @param {ImageBitmap | null} other @param {string} words */
  compareWith(other, words) {
    this.other?.close();
    this.other = other;
    say($("before-words"), words);
    this.compare(other ? this.compared ?? 0.5 : this.compared);
    this.onCompare();
  }

  /** What is shown on the right of the divider: an earlier painting, or the picture. @param {ImageBitmap | null} after @param {string} words */
  compareTo(after, words) {
    this.after?.close();
    this.after = after;
    say($("after-words"), words);
    this.compare(after ? this.compared ?? 0.5 : this.compared);
    this.onCompare();
  }

  onCompare = () => {};

  /** What was before, on the left of the divider. @param {Scene} scene @param {number} at */
  #before(scene, at) {
    const width = Math.round(at * scene.width);
    if (!width) return;
    if (this.other && !this.#peeking) {
      this.picture.save();
      this.picture.beginPath();
      this.picture.rect(0, 0, width, scene.height);
      this.picture.clip();
      this.picture.drawImage(this.other, 0, 0, scene.width, scene.height);
      this.picture.restore();
    } else this.picture.putImageData(new ImageData(scene.photo, scene.width), 0, 0, 0, 0, width, scene.height);
  }

  /** @param {number | null} at share of the width that stays photo */
  compare(at) {
    this.compared = at;
    this.#blended();
    this.draw();
  }

  /** The painting so far: what is new comes softly over what was there. @param {ImageBitmap} bitmap */
  #grow(bitmap) {
    const [width, height] = this.size;
    const still = calm();
    const start = performance.now();
    const before = still ? null : this.#copy();
    /** @param {number} now */
    const step = (now) => {
      if (!this.studio.running) return;
      const share = still ? 1 : Math.min(1, (now - start) / 450);
      if (before) this.picture.drawImage(before, 0, 0);
      this.picture.globalAlpha = share;
      this.picture.drawImage(bitmap, 0, 0, width, height);
      this.picture.globalAlpha = 1;
      if (share < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** A small picture of all of it, as large as what is shown. @param {ImageBitmap} bitmap */
  #sketch(bitmap) {
    if (!this.shown) this.#resize(bitmap.width, bitmap.height); // a file that the browser cannot read
    this.shown = true;
    this.picture.imageSmoothingQuality = "high";
    this.picture.drawImage(bitmap, 0, 0, ...this.size);
  }

  #copy() {
    const copy = new OffscreenCanvas(...this.size);
    contextOf(copy).drawImage(this.picture.canvas, 0, 0);
    return copy;
  }

  /** Where a pointer is. @param {MouseEvent} event @returns {Place} */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const [width, height] = this.size;
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  }

  /** The region at a pixel. @param {Place} place @returns {string | null} */
  regionAt([x, y]) {
    const { scene, names } = this.studio;
    if (!scene || x < 0 || y < 0 || x >= scene.width || y >= scene.height) return null;
    return names[scene.soft.owner[Math.floor(y) * scene.width + Math.floor(x)]] ?? null;
  }

  /** A style is held over a region, or no more. @param {string | null} region @param {MouseEvent | null} event */
  drag(region, event) {
    this.dragged = region !== null;
    this.hover(region, region && event ? this.place(event) : null);
  }

  /** @param {string | null} name of a region @param {Place | null} place where the pointer is */
  hover(name, place = null) {
    const tag = $("name-tag");
    tag.hidden = !name || !place;
    if (name && place) {
      const [x, y] = place;
      const [width, height] = this.size;
      say(tag, regionTitle(name, this.studio.names));
      tag.style.setProperty("--x", `${Math.max(12, Math.min(88, 100 * x / width))}%`);
      tag.style.setProperty("--y", `${Math.max(8, 100 * y / height)}%`);
    }
    if (name === this.hovered) return;
    this.hovered = name;
    this.draw();
  }

  /** Show a region's outline for a moment, where there is nothing that hovers. @param {string | null} name */
  flash(name) {
    clearTimeout(this.#flash);
    this.hover(name);
    this.#flash = setTimeout(() => this.hover(null), FLASH);
  }

  /** Everything above the picture. */
  draw() {
    const { overlay, studio } = this;
    const { width, height } = overlay.canvas;
    const scale = width / this.size[0];
    overlay.setTransform(1, 0, 0, 1, 0, 0);
    overlay.clearRect(0, 0, width, height);
    if (!studio.scene || studio.running || this.#peeking) return;
    overlay.setTransform(scale, 0, 0, scale, 0, 0);
    if (this.mask) this.#drawMask(this.mask);
    else this.#drawOutlines();
    if (this.box) this.#drawBox(this.box);
    if (this.pointer && (this.tool === "brush" || this.tool === "eraser")) this.#drawBrush(this.pointer);
  }

  /** Of the region under the pointer, and of the one that is brushed: the picture is not drawn over without need. */
  #drawOutlines() {
    const { overlay, studio } = this;
    const edited = this.tool === "choose" ? null : studio.brushed;
    overlay.lineJoin = "round";
    for (const name of new Set([edited, this.hovered])) {
      const outline = name === null ? undefined : this.paths[studio.names.indexOf(name)];
      if (!name || !outline) continue;
      if (name === this.hovered) {
        overlay.globalAlpha = this.dragged ? 0.4 : 0.16;
        overlay.fillStyle = regionColor(name);
        overlay.fill(outline, "evenodd");
        overlay.globalAlpha = 1;
      }
      for (const [width, color] of /** @type {const} */ ([[4.5, "rgb(0 0 0 / 0.5)"], [2.5, regionColor(name)]])) {
        overlay.lineWidth = width / this.scale;
        overlay.strokeStyle = color;
        overlay.stroke(outline);
      }
    }
  }

  /** The region as it is being brushed, as a veil of its colour. @param {Mask} mask */
  #drawMask(mask) {
    const { overlay } = this;
    overlay.globalAlpha = 0.5;
    overlay.drawImage(mask.shown, 0, 0);
    overlay.globalAlpha = 1;
  }

  /** @param {[number, number, number, number]} box */
  #drawBox([left, top, right, bottom]) {
    const { overlay, scale } = this;
    overlay.setLineDash([6 / scale, 4 / scale]);
    for (const [width, color] of /** @type {const} */ ([[3, "rgb(0 0 0 / 0.6)"], [1.5, "#fff"]])) {
      overlay.lineWidth = width / scale;
      overlay.strokeStyle = color;
      overlay.strokeRect(left, top, right - left, bottom - top);
    }
    overlay.setLineDash([]);
  }

  /** @param {Place} pointer */
  #drawBrush(pointer) {
    const { overlay, scale } = this;
    for (const [width, color] of /** @type {const} */ ([[3, "rgb(0 0 0 / 0.6)"], [1.5, "#fff"]])) {
      overlay.lineWidth = width / scale;
      overlay.strokeStyle = color;
      overlay.setLineDash(this.tool === "eraser" ? [6 / scale, 5 / scale] : []);
      overlay.beginPath();
      overlay.arc(...pointer, this.radius, 0, 2 * Math.PI);
      overlay.stroke();
    }
    overlay.setLineDash([]);
    const hard = this.radius * (1 - Number($("softness").value) / 100);
    if (hard < 0.5 || hard > 0.95 * this.radius) return;
    overlay.lineWidth = 1 / scale;
    overlay.globalAlpha = 0.6;
    overlay.beginPath();
    overlay.arc(...pointer, hard, 0, 2 * Math.PI);
    overlay.stroke();
    overlay.globalAlpha = 1;
  }

  /** Of the brush, in pixels of the picture. */
  get radius() {
    const share = Number($("width").value) / 100;
    return Math.max(1.5, 0.18 * share ** 1.5 * Math.max(...this.size));
  }
}
