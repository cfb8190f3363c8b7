// @ts-check
// Zooming and moving the picture: wheel, two fingers, middle button or a drag while nothing is drawn; keys and buttons.

import { $, around, say } from "./dom.js";
import { t } from "./text.js";
import { FIT, pinched, zoomed } from "./view.js";

/**
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 * @import { Place } from "./types.d.ts"
 */

const STEP = 1.5; // of buttons and keys
const FAR = 5; // pixels that a pointer moves at least until it is no click

/** @param {Studio} studio @param {Stage} stage @param {() => void} cancel what is being drawn */
export function setUpNavigation(studio, stage, cancel) {
  const frame = $("frame");
  /** @type {Map<number, Place>} */
  const fingers = new Map();
  /** @type {{ id: number, from: Place, moved: boolean } | null} */
  let drag = null;

  /** From the frame's middle. @param {MouseEvent} event @returns {Place} */
  const place = (event) => {
    const box = frame.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };
  /** @param {number} by @param {Place} at */
  const zoom = (by, at = [0, 0]) => stage.look(zoomed(stage.view, stage.view.zoom * by, at));
  const two = () => /** @type {[Place, Place]} */ ([...fingers.values()].slice(0, 2));

  frame.addEventListener("wheel", (event) => {
    if (!studio.scene) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    zoom(2 ** (-event.deltaY * lines / (event.ctrlKey ? 100 : 400)), place(event));
  }, { passive: false });

  frame.addEventListener("pointerdown", (event) => {
    if (around(event, "#divider")) return;
    if (event.pointerType === "touch") fingers.set(event.pointerId, place(event));
    if (fingers.size === 2) {
      drag = null;
      cancel();
    } else if (event.button === 1 || (event.button === 0 && stage.tool === "choose" && stage.view.zoom > 1)) {
      drag = { id: event.pointerId, from: place(event), moved: false };
      if (event.button === 1) event.preventDefault();
    }
  });
  frame.addEventListener("pointermove", (event) => {
    if (fingers.has(event.pointerId)) {
      const from = two();
      fingers.set(event.pointerId, place(event));
      if (fingers.size === 2) {
        stage.moving = true;
        return stage.look(pinched(stage.view, from, two()));
      }
    }
    if (drag?.id !== event.pointerId) return;
    const [x, y] = place(event);
    const by = [x - drag.from[0], y - drag.from[1]];
    if (!drag.moved && Math.hypot(...by) < FAR) return;
    if (!drag.moved) frame.setPointerCapture(event.pointerId);
    drag.moved = stage.moving = true;
    drag.from = [x, y];
    stage.look({ ...stage.view, x: stage.view.x + by[0], y: stage.view.y + by[1] });
  });
  /** @param {PointerEvent} event */
  const end = (event) => {
    fingers.delete(event.pointerId);
    if (drag?.id === event.pointerId) drag = null;
    if (!drag && !fingers.size) setTimeout(() => { stage.moving = false; }); // what comes before that is no click
  };
  frame.addEventListener("pointerup", end);
  frame.addEventListener("pointercancel", end);

  $("zoom-in").addEventListener("click", () => zoom(STEP));
  $("zoom-out").addEventListener("click", () => zoom(1 / STEP));
  $("zoom-fit").addEventListener("click", () => stage.look(FIT));
  stage.onView = () => {
    const percent = Math.round(100 * stage.scale);
    say($("zoom-value"), t("percent", { number: percent }));
    $("zoom-out").disabled = $("zoom-fit").disabled = stage.view.zoom <= 1;
  };
  stage.onView();

  const typing = () => document.activeElement?.matches("button, a, summary, select, textarea, input, [role=radio]");
  document.addEventListener("keydown", (event) => {
    if ($("studio").hidden || !studio.scene || document.querySelector("dialog[open], [popover]:popover-open")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && !typing() && !(document.activeElement === stage.canvas && stage.tool !== "choose")) {
      event.preventDefault();
      stage.peek(true);
    }
    if (around(event, "input, select, textarea")) return;
    if (event.key === "+" || event.key === "=") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") stage.look(FIT);
    else if (event.key === "1") stage.look(zoomed(stage.view, stage.view.zoom / stage.scale, [0, 0]));
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") stage.peek(false);
  });
  addEventListener("blur", () => stage.peek(false));
}
