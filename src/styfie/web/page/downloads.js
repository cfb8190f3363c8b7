// @ts-check
// Everything that can be saved: pictures rendered by the library, all of them, layers, the recipe.

import * as api from "./api.js";
import { $, complain, el } from "./dom.js";
import { PICTURES } from "./names.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { JobResponse } from "./types.d.ts"
 * @import { Words } from "./names.js"
 */

const ORDER = ["both", "subject", "background", "blur", "cutout", "mask", "photo", "sheet"];

/** @param {Studio} studio */
export function setUpDownloads(studio) {
  /** @param {JobResponse} job @param {string} path @param {string} name @param {Words} words @param {boolean} apart */
  const item = (job, path, name, [title, about], apart = false) =>
    el("li", { className: apart ? "apart" : "" },
      el("a", { href: api.url(job.id, path), download: name, onclick: save }, title, el("small", {}, about)));

  /** The looks as they are on the page reach the server first. @param {MouseEvent} event */
  async function save(event) {
    const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
    if (link.dataset.ready) return;
    event.preventDefault();
    try {
      complain($("downloads-error"));
      await studio.saveLooks.now();
      link.dataset.ready = "yes";
      link.click();
      delete link.dataset.ready;
    } catch (error) {
      complain($("downloads-error"), error);
    }
  }

  /** @param {JobResponse} job */
  function show(job) {
    complain($("downloads-error"));
    const pictures = [...job.pictures].sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
    const named = pictures.map((name) =>
      item(job, `pictures/${encodeURIComponent(name)}.png`, `${name}.png`, PICTURES[name] ?? [name, "PNG"]));
    const whole = [
      item(job, "all.zip", "styfie.zip", ["All pictures", "ZIP"], true),
      ...(job.painted.length ? [item(job, "painting.ora", "painting.ora", ["Layers", "OpenRaster, for Krita, GIMP and styfie paint other.jpg --recipe painting.ora"])] : []),
      item(job, "recipe.json", "recipe.json", ["Recipe", "Looks and settings as JSON, for programs that ask this server"]),
    ];
    $("downloads-list").replaceChildren(...named, ...whole);
  }

  $("downloads").addEventListener("beforetoggle", (event) => {
    if (event.newState === "open" && studio.job) show(studio.job);
  });
  $("downloads").addEventListener("toggle", (event) => {
    if (event.newState === "open") $("downloads-list").querySelector("a")?.focus();
  });
}
