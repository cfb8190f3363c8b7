// Styles: the built-in ones and one's own pictures; chosen by click and keys, or dropped on a region.

import * as api from "./api.js";
import { $, check, complain, el, icon, roving, say } from "./dom.js";
import { regionTitle } from "./names.js";

export const STYLE = "application/x-styfie-style"; // what is dragged from the gallery

export class Gallery {
  styles = []; // [{name, title, about}]
  own = new Map(); // name -> address of the picture, of the job's own

  constructor(studio) {
    this.studio = studio;
    this.group = $("styles");
    roving(this.group);
    this.group.addEventListener("pointerover", (event) => this.#caption(event.target.closest("[data-style]")?.dataset.style));
    this.group.addEventListener("focusin", (event) => this.#caption(event.target.closest("[data-style]")?.dataset.style));
    this.group.addEventListener("pointerleave", () => this.#caption());
    $("style-file").addEventListener("change", async () => {
      const [file] = $("style-file").files;
      $("style-file").value = "";
      if (file) await this.add(studio.selected, file);
    });
    for (const event of ["selected", "looks", "scene", "job"]) studio.addEventListener(event, () => this.show());
    studio.addEventListener("job", () => this.#takeOwn());
  }

  async load() {
    this.styles = await api.styles();
    this.#build();
  }

  title(name) {
    return this.styles.find((one) => one.name === name)?.title ?? name;
  }

  /** The job's own styles, also those that were sent before the page was loaded, or by another. */
  #takeOwn() {
    const { id, styles } = this.studio.job;
    const more = styles.filter((name) => !this.own.has(name));
    for (const name of more) this.own.set(name, api.ownStyleURL(id, name));
    if (more.length) this.#build();
  }

  /** The address of a style's small picture. */
  picture(name) {
    if (this.own.has(name)) return this.own.get(name);
    return this.styles.some((one) => one.name === name) ? api.styleURL(name) : null;
  }

  /** A picture of one's own as a region's style. */
  async add(region, file) {
    try {
      const name = await this.studio.addStyle(file);
      this.own.set(name, URL.createObjectURL(file));
      this.#build();
      await this.choose(region, name);
    } catch (error) {
      complain($("styles-error"), error);
    }
  }

  forget() {
    for (const address of this.own.values()) if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    this.own.clear();
    this.#build();
  }

  choose(region, style) {
    complain($("styles-error"));
    return this.studio.set(region, { styles: style ? [{ name: style, weight: 1 }] : [] });
  }

  #build() {
    const none = el("button", { type: "button", className: "style plain", role: "radio", data: { style: "" }, title: "No style: as in the photo" }, icon("i-none"), "None");
    const tile = (name, title) => el("button", {
      type: "button", className: "style", role: "radio", draggable: true, data: { style: name }, ariaLabel: title,
      ondragstart: (event) => {
        event.dataTransfer.setData(STYLE, name);
        event.dataTransfer.effectAllowed = "copy";
      },
    }, el("img", { src: this.picture(name), alt: "", draggable: false, decoding: "async" }));
    const mine = [...this.own.keys()].map((name) => tile(name, name));
    const more = el("button", { type: "button", className: "style plain", title: "A picture of your own", onclick: () => $("style-file").click() }, icon("i-plus"), "Yours");
    this.group.replaceChildren(none, ...mine, ...this.styles.map((one) => tile(one.name, one.title)), more);
    for (const one of this.group.querySelectorAll('[role="radio"]')) {
      one.addEventListener("click", () => this.studio.selected && this.choose(this.studio.selected, one.dataset.style));
    }
    // A radio group owns radios only: the button for a file stands beside it, in the same grid.
    more.setAttribute("role", "radio");
    more.setAttribute("aria-checked", "false");
    more.setAttribute("aria-label", "A picture of your own…");
    this.show();
  }

  show() {
    const { studio } = this;
    if (!this.group.children.length) return;
    const [style] = studio.selected ? studio.look(studio.selected).styles : [];
    const tiles = [...this.group.querySelectorAll("[data-style]")];
    check(this.group, tiles.find((one) => one.dataset.style === (style?.name ?? "")));
    for (const one of this.group.children) one.disabled = !studio.scene || studio.running;
    const whose = studio.selected ? ` for ${regionTitle(studio.selected, studio.names).toLowerCase()}` : "";
    say($("style-for"), whose);
    say($("look-for"), whose);
    this.#caption();
  }

  #caption(name) {
    const [chosen] = this.studio.selected ? this.studio.look(this.studio.selected).styles : [];
    const shown = name ?? chosen?.name;
    const style = this.styles.find((one) => one.name === shown);
    if (style) $("caption").replaceChildren(el("b", {}, style.title), ` ${style.about ?? ""}`);
    else if (shown) $("caption").replaceChildren(el("b", {}, shown), " Your own picture.");
    else say($("caption"), "Choose a style, drag one onto the picture, or drop a picture of your own there.");
  }
}
