// @ts-check
// Styles: the built-in ones and one's own pictures; chosen by click and keys, or dropped on a region.

import * as api from "./api.js";
import { $, around, check, complain, el, icon, roving, say } from "./dom.js";
import { regionTitle, STYLE } from "./names.js";
import { thumbnail } from "./sprite.js";
import { t } from "./text.js";
import { offerUndo } from "./trash.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { StyleResponse } from "./types.d.ts"
 */

export class Gallery {
  /** @type {StyleResponse[]} */
  styles = [];
  adding = false; // the next style that is chosen comes beside those that there are
  /** @type {Map<string, string>} */
  own = new Map(); // name -> address of the picture, of the job's own

  /** @param {Studio} studio */
  constructor(studio) {
    this.studio = studio;
    this.group = $("styles");
    roving(this.group);
    /** @param {Event} event */
    const caption = (event) => this.#caption(around(event, "[data-style]")?.dataset.style);
    this.group.addEventListener("pointerover", caption);
    this.group.addEventListener("focusin", caption);
    this.group.addEventListener("pointerleave", () => this.#caption());
    $("style-file").addEventListener("change", async () => {
      const [file] = $("style-file").files ?? [];
      $("style-file").value = "";
      if (file && studio.selected) await this.add(studio.selected, file);
    });
    for (const event of /** @type {const} */ (["selected", "looks", "scene", "job"])) {
      studio.on(event, () => this.show());
    }
    studio.on("job", () => this.#takeOwn());
  }

  async load() {
    this.styles = await api.styles();
    this.#build();
  }

  /** @param {string} name */
  title(name) {
    return this.styles.find((one) => one.name === name)?.title ?? name;
  }

  /** The job's own styles, also those that were sent before the page was loaded, or by another. */
  #takeOwn() {
    if (!this.studio.job) return;
    const { id, styles } = this.studio.job;
    const more = styles.filter((name) => !this.own.has(name));
    for (const name of more) this.own.set(name, api.ownStyleURL(id, name));
    if (more.length) this.#build();
  }

  /** A small picture of a style. @param {string} name */
  thumbnail(name) {
    return thumbnail(name, this.own.get(name) ?? api.styleURL(name));
  }

  /** A picture of one's own as a region's style. @param {string} region @param {File} file */
  async add(region, file) {
    const { job } = this.studio;
    if (!job) return;
    try {
      const name = await this.studio.addStyle(job.id, file);
      this.own.set(name, URL.createObjectURL(file));
      this.#build();
      await this.choose(region, name);
    } catch (error) {
      complain($("styles-error"), error);
    }
  }

  /** A picture of one's own goes into the trash, from where one press has it back. @param {string} name */
  async remove(name) {
    try {
      complain($("styles-error"));
      const back = await this.studio.removeStyle(name);
      const address = this.own.get(name);
      this.own.delete(name);
      this.#build();
      offerUndo([$("styles-undo")], t("gallery.deleted", { name }), async () => {
        if (address) this.own.set(name, address);
        await back().catch((error) => complain($("styles-error"), error));
        this.#build();
      });
    } catch (error) {
      complain($("styles-error"), error);
    }
  }

  forget() {
    for (const address of this.own.values()) if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    this.own.clear();
    this.#build();
  }

  /** @param {string} region @param {string | undefined} style none: as in the photo */
  choose(region, style) {
    complain($("styles-error"));
    const { styles } = this.studio.look(region);
    const beside = this.adding && style && styles.length;
    this.adding = false;
    if (!beside || !style) return this.studio.set(region, { styles: style ? [{ name: style, weight: 1 }] : [] });
    if (styles.some((one) => one.name === style)) return this.studio.set(region, {});
    const mean = styles.reduce((sum, one) => sum + one.weight, 0) / styles.length;
    return this.studio.set(region, { styles: [...styles, { name: style, weight: mean }] });
  }

  #build() {
    const none = el("button", { type: "button", className: "style plain", role: "radio", data: { style: "" }, title: t("gallery.none.about") }, icon("i-none"), t("gallery.none"));
    /** @param {string} name @param {string} title */
    const tile = (name, title) => el("button", {
      type: "button", className: "style", role: "radio", draggable: true, data: { style: name }, ariaLabel: title,
      ondragstart: (event) => {
        event.dataTransfer?.setData(STYLE, name);
        if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
      },
    }, this.thumbnail(name));
    const mine = [...this.own.keys()].map((name) => tile(name, name));
    const more = el("button", { type: "button", className: "style plain", title: t("gallery.own.about"), onclick: () => $("style-file").click() }, icon("i-plus"), t("gallery.own"));
    this.group.replaceChildren(none, ...mine, ...this.styles.map((one) => tile(one.name, one.title)), more);
    for (const one of this.group.querySelectorAll("button")) {
      if (one === more) continue;
      one.addEventListener("click", () => this.studio.selected && this.choose(this.studio.selected, one.dataset.style));
    }
    // A radio group owns radios only: the button for a file stands beside it, in the same grid.
    more.setAttribute("role", "radio");
    more.setAttribute("aria-checked", "false");
    more.setAttribute("aria-label", t("gallery.own.choose"));
    this.show();
  }

  show() {
    const { studio } = this;
    if (!this.group.children.length) return;
    const [style] = studio.selected ? studio.look(studio.selected).styles : [];
    const tiles = [...this.group.querySelectorAll("button")].filter((one) => "style" in one.dataset);
    check(this.group, studio.selected ? tiles.find((one) => one.dataset.style === (style?.name ?? "")) : undefined); // none of a photo that is still read
    for (const one of this.group.querySelectorAll("button")) one.disabled = !studio.scene || studio.running;
    const whose = studio.selected ? ` ${t("gallery.for", { region: regionTitle(studio.selected, studio.names).toLowerCase() })}` : "";
    say($("style-for"), whose);
    say($("look-for"), whose);
    this.#caption();
  }

  /** @param {string} [name] */
  #caption(name) {
    const [chosen] = this.studio.selected ? this.studio.look(this.studio.selected).styles : [];
    const shown = name ?? chosen?.name;
    const style = this.styles.find((one) => one.name === shown);
    if (style) $("caption").replaceChildren(el("b", {}, style.title), ` ${style.about ?? ""}`);
    else if (shown) {
      const own = api.trash.style && shown === chosen?.name && this.own.has(shown) && !this.studio.running;
      $("caption").replaceChildren(el("b", {}, shown), ` ${t("gallery.yours")} `,
        own ? el("button", { type: "button", className: "linked", onclick: () => this.remove(shown) }, t("trash.delete")) : "");
    }
    else say($("caption"), t("gallery.hint"));
  }
}
