// @ts-check
// Paintings as they were, in a strip under the picture: one is compared with what is shown now, or put back.

import * as api from "./api.js";
import { $, check, complain, el, roving, say } from "./dom.js";

/**
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 */

const SMALL = 112; // pixels of the pictures in the strip

/** @param {Studio} studio @param {Stage} stage */
export function setUpVersions(studio, stage) {
  const strip = $("versions");
  /** @type {number | null} */
  let chosen = null;
  let shown = "";

  /** @param {() => Promise<void>} call */
  async function attempt(call) {
    try {
      complain($("stage-error"));
      await call();
    } catch (error) {
      complain($("stage-error"), error);
    }
  }

  /** @param {number | null} number none: the photo */
  const choose = (number) => attempt(async () => {
    const { job } = studio;
    if (!job) return;
    chosen = number;
    const other = number === null ? null : await api.bitmap(api.versionURL(job.id, number));
    if (chosen !== number || studio.job?.id !== job.id) return void other?.close();
    stage.compareWith(other, number === null ? "Before" : `Version ${number}`);
    show();
  });

  function show() {
    const { job } = studio;
    const numbers = job?.versions ?? [];
    const key = job ? `${job.id} ${numbers}` : "";
    if (key !== shown) {
      if (key.split(" ")[0] !== shown.split(" ")[0]) chosen = null;
      shown = key;
      /** @param {number | null} number @param {string} title @param {string} source */
      const tile = (number, title, source) => el("button", {
        type: "button", className: "version", role: "radio", title: `Compare with ${title.toLowerCase()}`, ariaLabel: title,
        data: { number: String(number ?? "") }, onclick: () => choose(number),
      }, el("img", { src: source, alt: "", width: 48, height: 48, loading: "lazy" }), el("small", {}, number === null ? "Photo" : String(number)));
      strip.replaceChildren(...(job && numbers.length ? [
        tile(null, "The photo", api.url(job.id, "photo.jpg", { size: SMALL })),
        ...numbers.map((number) => tile(number, `Version ${number}`, api.versionURL(job.id, number, SMALL))),
      ] : []));
    }
    $("versions-bar").hidden = !numbers.length;
    const tiles = [...strip.querySelectorAll("button")];
    check(strip, tiles.find((one) => one.dataset.number === String(chosen ?? "")));
    for (const one of tiles) one.disabled = studio.running;
    $("put-back").hidden = chosen === null;
    $("put-back").disabled = studio.running || studio.busy.size > 0;
    say($("put-back"), `Go back to ${chosen}`);
  }

  $("put-back").addEventListener("click", () => attempt(async () => {
    if (chosen === null) return;
    await studio.putBack(chosen);
    await choose(null);
  }));
  roving(strip, (radio) => radio.click());
  for (const event of /** @type {const} */ (["job", "status"])) studio.on(event, show);
}
