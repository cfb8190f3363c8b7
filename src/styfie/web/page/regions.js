// @ts-check
// The regions as a list, for those who do not point at the picture, and the parts that can get a look of their own.

import { $, check, complain, el, icon, roving, say } from "./dom.js";
import { partPicture, regionPicture } from "./heads.js";
import { offeredParts, regionColor, regionTitle } from "./names.js";
import { t } from "./text.js";

const SMALLEST = 0.0005; // share of the picture under which a region is not listed

/**
 * @import { Gallery } from "./gallery.js"
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 * @import { RegionResponse } from "./types.d.ts"
 */

/** @param {Studio} studio @param {Stage} stage @param {Gallery} gallery */
export function setUpRegions(studio, stage, gallery) {
  const list = $("regions");

  /** @param {string} name */
  function words(name) {
    const look = studio.look(name);
    const styles = look.styles.map((one) => gallery.title(one.name)).join(t("and"));
    return styles || (look.blur > 0 ? t("region.blurred") : t("region.plain"));
  }

  /** @param {RegionResponse} region */
  function entry(region) {
    const { name } = region;
    const title = regionTitle(name, studio.names);
    const [style] = studio.look(name).styles;
    const dot = el("span", { className: "region-dot", ariaHidden: "true" });
    dot.style.setProperty("--tint", regionColor(name));
    const face = region.side === "subject" ? regionPicture(studio, name) : null;
    const choose = el("button", {
      type: "button", className: "region-choose", role: "radio", data: { name }, onclick: () => studio.select(name),
      onpointerenter: () => stage.hover(name), onpointerleave: () => stage.hover(null),
    }, face ?? dot, face ? dot : null, el("span", { className: "region-words" }, title, el("small", {}, words(name))), style ? gallery.thumbnail(style.name) : null);
    const own = name !== "subject" && name !== "background";
    const merge = own ? el("button", {
      type: "button", className: "region-merge", title: t("region.merge"), ariaLabel: t("region.merge_one", { region: title }), onclick: () => change(() => studio.merge(name)),
    }, icon("i-close")) : null;
    return el("div", { className: "region", role: "presentation" }, choose, merge);
  }

  /** @param {() => Promise<void>} call */
  async function change(call) {
    try {
      await call();
      complain($("regions-error"));
    } catch (error) {
      complain($("regions-error"), error);
    }
    show();
  }

  /** @param {string} name */
  function chip(name) {
    const button = el("button", {
      type: "button", title: t("region.split", { region: regionTitle(name).toLowerCase() }),
      onclick: () => change(() => studio.split(name)),
    }, icon("i-plus"), partPicture(studio, name), regionTitle(name));
    button.disabled = studio.running || studio.busy.has("regions");
    return button;
  }

  function show() {
    const { job } = studio;
    $("region-add").setAttribute("aria-pressed", String(studio.adding !== null));
    /** @type {HTMLButtonElement} */ ($("region-add")).disabled = !studio.scene || studio.running || studio.busy.has("regions") || !studio.names.includes("subject");
    if (!job) return list.replaceChildren();
    const names = () => [...list.querySelectorAll("button")].filter((one) => one.dataset.name);
    const focused = names().find((one) => one === document.activeElement)?.dataset.name;
    list.replaceChildren(...job.regions.filter((one) => one.area > SMALLEST).map(entry));
    const chosen = names().find((one) => one.dataset.name === studio.selected);
    check(list, chosen);
    if (focused) (names().find((one) => one.dataset.name === focused) ?? chosen)?.focus();
    $("parts").replaceChildren(...offeredParts(job.parts, studio.selected).filter((name) => !studio.names.includes(name)).map(chip));
    const doubtful = job.regions.filter((one) => one.doubtful && one.name !== "background").map((one) => regionTitle(one.name, studio.names).toLowerCase());
    const note = job.note || (doubtful.length ? t("region.doubtful", { regions: doubtful.join(", ") }) : "");
    say($("note"), note);
    $("note").hidden = !note;
  }

  roving(list, (radio) => studio.select(radio.dataset.name ?? null));
  for (const event of /** @type {const} */ (["job", "selected", "looks", "status"])) studio.on(event, show);
}
