// @ts-check
// Before and after: a line across the picture that is drawn with a pointer or moved with arrow keys.

import { $ } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 */

/** @param {Studio} studio @param {Stage} stage */
export function setUpDivider(studio, stage) {
  const divider = $("divider");
  const button = $("compare");

  /** @param {number | null} at share of the picture's width that stays photo; null: no divider */
  function show(at) {
    stage.compare(at);
    divider.hidden = at === null;
    button.setAttribute("aria-pressed", String(at !== null));
    if (at === null) return;
    divider.style.setProperty("--at", `${100 * at}%`);
    divider.setAttribute("aria-valuenow", String(Math.round(100 * at)));
    divider.setAttribute("aria-valuetext", t("divider.share", { percent: Math.round(100 * at) }));
  }
  /** @param {number} at */
  const move = (at) => show(Math.max(0, Math.min(1, at)));

  button.addEventListener("click", () => show(stage.compared === null ? 0.5 : null));
  divider.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    divider.focus({ preventScroll: true });
    divider.setPointerCapture(event.pointerId);
  });
  divider.addEventListener("pointermove", (event) => {
    if (divider.hasPointerCapture(event.pointerId)) move(stage.place(event)[0] / stage.size[0]);
  });
  divider.addEventListener("keydown", (event) => {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
    if (!(event.key in steps) || stage.compared === null) return;
    event.preventDefault();
    move(stage.compared + steps[event.key]);
  });
  stage.onCompare = () => show(stage.compared);
  studio.on("picture", (painted) => {
    button.disabled = !painted;
    if (!painted && stage.compared !== null) show(null);
  });
  studio.on("job", () => {
    if (!studio.running) return;
    button.disabled = true;
    if (stage.compared !== null) show(null);
  });
}
