// @ts-check
// Frames of a camera, each painted: subject and background at once, without matting or foreground colours.

import { resize, planes, sizeOf, fitSize } from "./planes.js";

/**
 * @import { Affine } from "./linear.js"
 * @import { Looks } from "../types.d.ts"
 * @import { Look } from "./painter.js"
 * @import { Planes } from "./planes.js"
 * @import { Tools } from "./job.js"
 */

const MOST = 224; // longest side of a painted frame: a tab has less to compute with than a server
const OFTEN = 8; // frames for which one transport serves

export class Camera {
  /** @param {Tools} tools @param {Looks} looks @param {number} size */
  constructor(tools, looks, size) {
    this.tools = tools;
    this.looks = looks;
    this.size = Math.min(MOST, size);
    this.frames = 0;
    this.rate = 0;
    /** @type {Record<string, { affines?: Affine[] }>} */
    this.held = {};
  }

  /** @param {Planes} frame */
  async paint(frame) {
    const start = performance.now();
    if (this.frames % OFTEN === 0) this.held = { subject: {}, background: {} };
    const photo = resize(frame, fitSize(sizeOf(frame), this.size));
    const matte = await this.tools.segmenter.frame(photo);
    const subject = matte ?? planes(1, sizeOf(photo));
    const background = { ...subject, data: subject.data.map((one) => 1 - one) };
    let image = photo;
    for (const [name, alpha] of /** @type {const} */ ([["subject", subject], ["background", background]])) {
      const look = await this.#look(name);
      if (!look || (name === "subject" && !matte)) continue;
      const layer = await this.tools.painter.paint(photo, alpha, look, this.held[name]);
      const count = alpha.data.length;
      image = { ...image, data: image.data.map((one, i) => one + alpha.data[i % count] * (layer.data[i] - photo.data[i])) };
    }
    this.frames++;
    const now = 1000 / (performance.now() - start);
    this.rate = this.rate ? 0.7 * this.rate + 0.3 * now : now;
    return { image, rate: this.rate };
  }

  /** @param {string} name @returns {Promise<Look | null>} */
  async #look(name) {
    const styles = this.looks[name]?.styles ?? [];
    if (!styles.length) return null;
    const each = await Promise.all(styles.map(async (one) => ({ picture: await this.tools.gallery(one.name), weight: one.weight })));
    return { key: JSON.stringify([styles.map((one) => [one.name, one.weight]), 1]), styles: each, stroke: 1, likeness: 0, seed: 0 };
  }
}
