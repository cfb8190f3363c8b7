// @ts-check
// Paintings as they were, in a strip under the picture: one is compared with what is shown now, or put back.

import * as api from "./api.js";
import { $, check, complain, el, roving, say } from "./dom.js";
import { t } from "./text.js";
import { offerUndo } from "./trash.js";

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
  /** @type {number | null} */
  let beside = null; // the version on the other side; none: the picture as it is now
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
    stage.compareWith(other, number === null ? t("version.before") : t("version.number", { number }));
    show();
  });

  /** @param {number | null} number none: the picture as it is now */
  const compareTo = (number) => attempt(async () => {
    const { job } = studio;
    if (!job) return;
    beside = number;
    const after = number === null ? null : await api.bitmap(api.versionURL(job.id, number));
    if (beside !== number || studio.job?.id !== job.id) return void after?.close();
    stage.compareTo(after, number === null ? t("version.after") : t("version.number", { number }));
    show();
  });

  /** What the chosen one can be compared with. @param {number[]} numbers */
  function offer(numbers) {
    const others = numbers.filter((number) => number !== chosen);
    if (beside !== null && !others.includes(beside)) compareTo(null);
    const options = [el("option", { value: "", selected: beside === null }, t("version.now")),
      ...others.map((number) => el("option", { value: String(number), selected: number === beside }, t("version.number_small", { number })))];
    if (document.activeElement !== $("compare-with")) $("compare-with").replaceChildren(...options);
    $("compare-with-label").hidden = others.length < 1;
    $("compare-with").disabled = studio.running;
  }

  function show() {
    const { job } = studio;
    const numbers = job?.versions ?? [];
    const key = job ? `${job.id} ${numbers}` : "";
    if (key !== shown) {
      if (key.split(" ")[0] !== shown.split(" ")[0]) chosen = beside = null;
      shown = key;
      /** @param {number | null} number @param {string} title @param {string} source */
      const tile = (number, title, source) => el("button", {
        type: "button", className: "version", role: "radio", title: t("version.compare", { title: title.toLowerCase() }), ariaLabel: title,
        data: { number: String(number ?? "") }, onclick: () => choose(number),
      }, el("img", { src: source, alt: "", width: 48, height: 48, loading: "lazy" }), el("small", {}, number === null ? t("version.photo") : String(number)));
      strip.replaceChildren(...(job && numbers.length ? [
        tile(null, t("picture.photo"), api.url(job.id, "photo.jpg", { size: SMALL })),
        ...numbers.map((number) => tile(number, t("version.number", { number }), api.versionURL(job.id, number, SMALL))),
      ] : []));
    }
    $("versions-bar").hidden = !numbers.length;
    const tiles = [...strip.querySelectorAll("button")];
    check(strip, tiles.find((one) => one.dataset.number === String(chosen ?? "")));
    for (const one of tiles) one.disabled = studio.running;
    offer(numbers);
    $("put-back").hidden = chosen === null;
    $("version-delete").hidden = chosen === null || !api.trash.version;
    $("version-delete").disabled = studio.running;
    $("version-delete").setAttribute("aria-label", t("version.delete", { number: chosen ?? 0 }));
    $("put-back").disabled = studio.running || studio.busy.size > 0;
    say($("put-back"), t("version.go_back", { number: chosen ?? 0 }));
  }

  $("put-back").addEventListener("click", () => attempt(async () => {
    if (chosen === null) return;
    await studio.putBack(chosen);
    await compareTo(null);
    await choose(null);
  }));
  $("version-delete").addEventListener("click", () => attempt(async () => {
    const [{ job }, number] = [studio, chosen];
    if (!job || number === null || !api.trash.version) return;
    const { id } = await api.trash.version(job.id, number);
    /** The strip as it is then. */
    const again = async () => studio.job?.id === job.id && studio.use(await api.job(job.id));
    offerUndo([$("versions-undo")], t("version.deleted", { number }), () => attempt(async () => {
      await api.trash.bringBack(id);
      await again();
    }));
    await choose(null);
    await again();
  }));
  $("compare-with").addEventListener("change", () => compareTo(Number($("compare-with").value) || null));
  roving(strip, (radio) => radio.click());
  for (const event of /** @type {const} */ (["job", "status"])) studio.on(event, show);
}
