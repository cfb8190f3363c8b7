// @ts-check
// The picture on its wall: blended pixels below; outlines, the brush and the divider above.

import { contours, path } from "./contours.js";
import { matteOf } from "./blend.js";
import { $, calm, contextOf, say } from "./dom.js";
import { regionColor, regionTitle } from "./names.js";

const LONGEST = 1024; // pixels at which a photo is shown until the server has read it

/**
 * @import { Mask, Tool } from "./brush.js"
 * @import { Studio } from "./studio.js"
 * @import { Place, Scene } from "./types.d.ts"
 */

export class Stage {
  /** @type {Tool} */
  tool = "choose";
  outlined = true;
  /** @type {string | null} */
  hovered = null;
  /** @type {number | null} */
  compared = null; // where before and after meet, 0 to 1
  dragged = false; // a style is held over the picture
  /** @type {Mask | null} */
  mask = null; // of the region as it is being brushed
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
    studio.on("growing", (bitmap) => this.#grow(bitmap));
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
    this.shown = false;
    $("picture").setAttribute("aria-label", "The photo");
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
    this.canvas.style.setProperty("--wide", `${Math.floor(width * scale)}px`);
    this.canvas.style.setProperty("--high", `${Math.floor(height * scale)}px`);
    const sharp = Math.min(2, devicePixelRatio || 1);
    this.overlay.canvas.width = Math.floor(width * scale * sharp);
    this.overlay.canvas.height = Math.floor(height * scale * sharp);
    this.draw();
  }

  #newScene() {
    const { scene, names } = this.studio;
    if (!scene) return;
    this.#resize(scene.width, scene.height);
    this.paths = names.map((_, index) => path(contours(matteOf(scene.soft, index), scene.width, scene.height)));
    this.mask = null;
    this.shown = true;
    this.draw();
  }

  #blended() {
    const { scene } = this.studio;
    if (!scene) return;
    this.picture.putImageData(scene.out, 0, 0);
    if (this.compared !== null) this.#before(scene, this.compared);
    const painted = this.studio.names.filter((name) => this.studio.look(name).styles.length);
    const words = painted.map((name) => `${regionTitle(name, this.studio.names)} as ${this.studio.look(name).styles.map((one) => one.name).join(" and ")}`);
    $("picture").setAttribute("aria-label", words.length ? `The picture: ${words.join(", ")}` : "The photo");
  }

  /** The photo on the left of the divider. @param {Scene} scene @param {number} at */
  #before(scene, at) {
    const width = Math.round(at * scene.width);
    if (width) this.picture.putImageData(new ImageData(scene.photo, scene.width), 0, 0, 0, 0, width, scene.height);
  }

  /** @param {number | null} at share of the width that stays photo */
  compare(at) {
    this.compared = at;
    this.studio.redraw();
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

  /** Everything above the picture. */
  draw() {
    const { overlay, studio } = this;
    const { width, height } = overlay.canvas;
    const scale = width / this.size[0];
    overlay.setTransform(1, 0, 0, 1, 0, 0);
    overlay.clearRect(0, 0, width, height);
    if (!studio.scene || studio.running) return;
    overlay.setTransform(scale, 0, 0, scale, 0, 0);
    if (this.mask) this.#drawMask(this.mask);
    else this.#drawOutlines(scale);
    if (this.pointer && this.tool !== "choose") this.#drawBrush(scale, this.pointer);
  }

  /** @param {number} scale of the screen's pixels to the picture's */
  #drawOutlines(scale) {
    const { overlay, studio } = this;
    /** @param {number} index @param {number} width @param {string} color */
    const line = (index, width, color) => {
      overlay.lineWidth = width / scale * Math.min(2, devicePixelRatio || 1);
      overlay.strokeStyle = color;
      overlay.stroke(this.paths[index]);
    };
    overlay.lineJoin = "round";
    const order = studio.names.map((name, index) => ({ name, index, near: name === this.hovered || name === studio.selected }));
    for (const { name, index, near } of order.sort((a, b) => Number(a.near) - Number(b.near))) {
      if (!this.paths[index]) continue;
      if (name === this.hovered) {
        overlay.globalAlpha = this.dragged ? 0.4 : 0.16;
        overlay.fillStyle = regionColor(name);
        overlay.fill(this.paths[index], "evenodd");
        overlay.globalAlpha = 1;
      }
      if (!this.outlined && name !== this.hovered) continue;
      if (!near) overlay.globalAlpha = 0.55;
      line(index, near ? 4.5 : 3, "rgb(0 0 0 / 0.5)");
      line(index, near ? 2.5 : 1.5, regionColor(name));
      overlay.globalAlpha = 1;
    }
  }

  /** The region as it is being brushed, as a veil of its colour. @param {Mask} mask */
  #drawMask(mask) {
    const { overlay } = this;
    const [width, height] = this.size;
    const veil = new OffscreenCanvas(width, height);
    const context = contextOf(veil);
    context.fillStyle = regionColor(this.studio.brushed ?? "");
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "destination-in";
    context.drawImage(mask.shown, 0, 0);
    overlay.globalAlpha = 0.5;
    overlay.drawImage(veil, 0, 0);
    overlay.globalAlpha = 1;
  }

  /** @param {number} scale @param {Place} pointer */
  #drawBrush(scale, pointer) {
    const { overlay } = this;
    for (const [width, color] of /** @type {const} */ ([[4, "rgb(0 0 0 / 0.6)"], [2, "#fff"]])) {
      overlay.lineWidth = width / scale;
      overlay.strokeStyle = color;
      overlay.setLineDash(this.tool === "eraser" ? [6 / scale, 5 / scale] : []);
      overlay.beginPath();
      overlay.arc(...pointer, this.radius, 0, 2 * Math.PI);
      overlay.stroke();
    }
    overlay.setLineDash([]);
  }

  /** Of the brush, in pixels of the picture. */
  get radius() {
    const share = Number($("width").value) / 100;
    return Math.max(1.5, 0.18 * share ** 1.5 * Math.max(...this.size));
  }
}
