// @ts-check
// A look chosen for what is not yet a picture: ten photos, a clip. Saved ones, that of the open picture, and pairs.

import * as api from "./api.js";
import { check, el, roving } from "./dom.js";
import { thumbnail } from "./sprite.js";
import { t } from "./text.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { StyleResponse } from "./types.d.ts"
 *
 * @typedef {{ title: string, picture: Node, file: () => Promise<File> }} Choice
 */

/** A pair of styles as a look's file, painted quickly. @param {string} subject @param {string} background */
export function pairFile(subject, background) {
  const looks = { subject: { styles: [{ name: subject }] }, background: { styles: [{ name: background }] } };
  return new File([JSON.stringify({ looks, settings: { engine: "fast" } })], "look.json", { type: "application/json" });
}

export class LookChooser {
  /** @type {Choice[]} */
  #choices = [];
  #chosen = 0;

  /** @param {HTMLElement} group of radio buttons @param {Studio} studio */
  constructor(group, studio) {
    this.group = group;
    this.studio = studio;
    roving(group, (radio) => radio.click());
  }

  /**
   * List what there is: that of the open picture first.
   *
   * @param {string[][]} pairs @param {StyleResponse[]} styles @param {File | null} current the open picture's look
   */
  async fill(pairs, styles, current) {
    /** @param {string} name */
    const title = (name) => styles.find((one) => one.name === name)?.title ?? name;
    const saved = (await api.presets?.list()) ?? [];
    this.#choices = [
      ...(current ? [{ title: t("chooser.current"), picture: el("span", { className: "thumb plain" }, "★"), file: async () => current }] : []),
      ...saved.reverse().map(({ id, name }) => ({
        title: name, picture: el("img", { src: api.presets?.pictureURL(id) ?? "", alt: "", className: "thumb" }),
        file: async () => /** @type {NonNullable<typeof api.presets>} */ (api.presets).file(id),
      })),
      ...pairs.map(([subject, background]) => ({
        title: t("pair", { subject: title(subject), background: title(background) }),
        picture: el("span", { className: "pair" }, thumbnail(subject, api.styleURL(subject)), thumbnail(background, api.styleURL(background))),
        file: async () => pairFile(subject, background),
      })),
    ];
    this.group.replaceChildren(...this.#choices.map(({ title: words, picture }, at) => el("button", {
      type: "button", role: "radio", className: "look-choice", onclick: () => this.#choose(at),
    }, picture, el("span", {}, words))));
    this.#choose(0);
  }

  /** @param {number} at */
  #choose(at) {
    this.#chosen = at;
    check(this.group, this.group.children[at]);
  }

  /** The chosen look as a file. */
  file() {
    return this.#choices[this.#chosen].file();
  }

  /** @param {boolean} yes */
  set disabled(yes) {
    for (const one of this.group.querySelectorAll("button")) one.disabled = yes;
  }
}
