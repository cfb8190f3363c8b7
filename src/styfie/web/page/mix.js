// @ts-check
// Several styles for one region: how much there is of each.

import { $, el, icon, say } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { Gallery } from "./gallery.js"
 * @import { Studio } from "./studio.js"
 * @import { StyleSchema } from "./types.d.ts"
 */

const MOST = 8; // styles of one region
const LATER = 350; // milliseconds that a slider rests until it is sketched

/**
 * Weights as whole percents that sum to 100.
 *
 * @param {StyleSchema[]} styles
 */
export function percents(styles) {
  const sum = styles.reduce((total, one) => total + one.weight, 0);
  const exact = styles.map((one) => 100 * one.weight / sum);
  const found = exact.map(Math.floor);
  const rest = exact.map((value, n) => [value - found[n], n]).sort((a, b) => b[0] - a[0]);
  for (const [, n] of rest.slice(0, 100 - found.reduce((a, b) => a + b, 0))) found[n]++;
  return found;
}

/**
 * The styles with the one at `at` having so many percent of all, the others sharing the rest as before.
 *
 * @param {StyleSchema[]} styles @param {number} at @param {number} percent @returns {StyleSchema[]}
 */
export function weighted(styles, at, percent) {
  const others = styles.reduce((total, one, n) => total + (n === at ? 0 : one.weight), 0);
  const rest = Math.max(0.1, 100 - percent);
  return styles.map((one, n) => ({
    ...one, weight: Math.max(0.1, Math.round(10 * (n === at ? percent : rest * one.weight / others)) / 10),
  }));
}

/** @param {Studio} studio @param {Gallery} gallery */
export function setUpMix(studio, gallery) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let wait;
  const styles = () => (studio.selected ? studio.look(studio.selected).styles : []);
  /** @param {StyleSchema[]} now */
  const set = (now) => studio.selected && studio.set(studio.selected, { styles: now });

  /** @param {StyleSchema} style @param {number} at @param {number} percent */
  function row(style, at, percent) {
    const title = gallery.title(style.name);
    const output = el("output", {}, t("percent", { number: percent }));
    const input = el("input", {
      type: "range", min: "1", max: "99", value: String(percent), ariaLabel: t("mix.share", { style: title }),
      oninput: () => {
        input.style.setProperty("--part", `${input.value}%`);
        say(output, t("percent", { number: input.value }));
        clearTimeout(wait);
        wait = setTimeout(() => set(weighted(styles(), at, Number(input.value))), LATER);
      },
    });
    input.style.setProperty("--part", `${percent}%`);
    return el("li", {}, gallery.thumbnail(style.name),
      el("span", { className: "mix-words" }, title), output, input,
      el("button", { type: "button", className: "quiet round", title: t("mix.remove"), ariaLabel: t("mix.remove_one", { style: title }), onclick: () => set(styles().filter((_, n) => n !== at)) }, icon("i-close")));
  }

  function show() {
    const now = styles();
    const shares = now.length ? percents(now) : [];
    $("mix").hidden = now.length < 2;
    if (!$("mix").contains(document.activeElement) || $("mix").children.length !== now.length) {
      $("mix").replaceChildren(...now.map((style, at) => row(style, at, shares[at])));
    }
    $("mix-more").hidden = !now.length || now.length >= MOST;
    $("mix-more").setAttribute("aria-pressed", String(gallery.adding));
    for (const input of $("mix").querySelectorAll("input, button")) /** @type {HTMLInputElement} */ (input).disabled = studio.running;
  }

  $("mix-more").addEventListener("click", () => {
    gallery.adding = !gallery.adding;
    show();
    if (gallery.adding) gallery.group.querySelector("button")?.focus();
  });
  for (const event of /** @type {const} */ (["selected", "looks", "job", "scene"])) studio.on(event, show);
}
