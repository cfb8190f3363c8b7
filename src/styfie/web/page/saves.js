// Everything that can be saved: pictures rendered by the library, all of them, layers, the recipe.

import * as api from "./api.js";
import { $, complain, el } from "./dom.js";
import { PICTURES } from "./names.js";

export function setUpSaves(studio) {
  const item = (path, name, [title, about], apart = false) =>
    el("li", { className: apart ? "apart" : "" },
      el("a", { href: api.url(studio.job.id, path), download: name, onclick: save }, title, el("small", {}, about)));

  /** The looks as they are on the page reach the server first. */
  async function save(event) {
    const link = event.currentTarget;
    if (link.dataset.ready) return;
    event.preventDefault();
    try {
      complain($("saves-error"));
      await studio.saveLooks.now();
      link.dataset.ready = "yes";
      link.click();
      delete link.dataset.ready;
    } catch (error) {
      complain($("saves-error"), error);
    }
  }

  function show() {
    const { job } = studio;
    complain($("saves-error"));
    const named = (job.pictures ?? []).map((name) => item(`pictures/${encodeURIComponent(name)}.png`, `${name}.png`, PICTURES[name] ?? [name, "PNG"]));
    const whole = [
      item("all.zip", "styfie.zip", ["All pictures", "ZIP"], true),
      ...(job.painted.length ? [item("painting.ora", "painting.ora", ["Layers", "OpenRaster, for Krita, GIMP and styfie paint other.jpg --recipe painting.ora"])] : []),
      item("recipe.json", "recipe.json", ["Recipe", "Looks and settings as JSON, for programs that ask this server"]),
    ];
    const order = ["both", "subject", "background", "blur", "cutout", "mask", "photo", "sheet"];
    named.sort((a, b) => order.indexOf(a.firstChild.download.slice(0, -4)) - order.indexOf(b.firstChild.download.slice(0, -4)));
    $("saves-list").replaceChildren(...named, ...whole);
  }

  $("saves").addEventListener("beforetoggle", (event) => {
    if (event.newState === "open" && studio.job) show();
  });
  $("saves").addEventListener("toggle", (event) => {
    if (event.newState === "open") $("saves-list").querySelector("a")?.focus();
  });
}
