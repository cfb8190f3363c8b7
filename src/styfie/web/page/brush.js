// @ts-check
// The tools on the picture: choose a region; click, brush or erase what is its; undo; by mouse, finger and keyboard.

import { $, around, check, complain, roving } from "./dom.js";
import { Mask } from "./mask.js";
import { regionColor } from "./names.js";
import { setUpNavigation } from "./navigate.js";
import { t } from "./text.js";

/**
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 * @import { Place, Points } from "./types.d.ts"
 *
 * @typedef {"choose" | "click" | "box" | "brush" | "eraser"} Tool
 */

/** @type {Record<string, Tool>} */
const KEYS = { v: "choose", w: "click", m: "box", b: "brush", e: "eraser" };
/** @type {Record<Tool, string>} */
const WORDS = {
  choose: t("canvas.choose"), click: t("canvas.click"), box: t("canvas.box"), brush: t("canvas.brush"), eraser: t("canvas.eraser"),
};
const WIDER = 6; // of 100, by a key
const SOFTER = 10; // likewise
const SMALLEST_BOX = 0.02; // share of the picture's shorter side

/**
 * Points that say what is in a box and what is beside it, as shares of width and height.
 *
 * @param {[left: number, top: number, right: number, bottom: number]} box as shares
 * @returns {{ add: Place[], remove: Place[] }}
 */
export function pointsOf([left, top, right, bottom]) {
  const [x, y, wide, high] = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
  /** @type {Place[]} */
  const around = [[left, top], [x, top], [right, top], [right, y], [right, bottom], [x, bottom], [left, bottom], [left, y]];
  const outside = around.map(([a, b]) => /** @type {Place} */ ([a + 0.12 * (a - x), b + 0.12 * (b - y)]));
  return {
    add: [[x, y], [x, y - 0.2 * high], [x, y + 0.2 * high], [x - 0.2 * wide, y], [x + 0.2 * wide, y]],
    remove: outside.filter(([a, b]) => a >= 0 && b >= 0 && a <= 1 && b <= 1),
  };
}

/** @param {Studio} studio @param {Stage} stage */
export function setUpTools(studio, stage) {
  const { canvas } = stage;
  /** @returns {HTMLButtonElement[]} */
  const buttons = () => [...$("tool-kind").querySelectorAll("button")];
  /** @param {HTMLElement} button */
  const toolOf = (button) => /** @type {Tool} */ (button.dataset.tool);
  /** @returns {Place} */
  const middle = () => [stage.size[0] / 2, stage.size[1] / 2];
  /** @type {Place | null} */
  let last = null; // to which a stroke has come
  /** @type {number | null} */
  let pressed = null; // the pointer that may become a click
  const isRemoving = () => $("click-removes").getAttribute("aria-pressed") === "true";

  /** @param {Tool} tool */
  function choose(tool) {
    stage.tool = canvas.dataset.tool = tool;
    $("width-label").hidden = $("softness-label").hidden = tool !== "brush" && tool !== "eraser";
    stage.box = null;
    $("click-removes").hidden = tool !== "click";
    canvas.tabIndex = tool === "choose" ? -1 : 0;
    canvas.setAttribute("aria-label", WORDS[tool]);
    stage.pointer = null;
    stage.hover(null);
    check($("tool-kind"), buttons().find((button) => toolOf(button) === tool));
    stage.draw();
  }

  /** @param {Place} place */
  function paintTo(place) {
    if (!studio.scene) return;
    stage.mask ??= new Mask(studio.scene.soft, studio.names.indexOf(studio.brushed ?? ""), regionColor(studio.brushed ?? ""));
    stage.mask.stroke(last ?? place, place, stage.radius, stage.tool === "brush", Number($("softness").value) / 100);
    last = place;
    stage.draw();
  }

  /** What was begun is not done. */
  function cancel() {
    last = stage.box = null;
    stage.mask = null;
    stage.draw();
  }

  /** What lies around a place and looks like it comes into the region, or goes out. @param {Place} place @param {boolean} removes */
  function click([x, y], removes) {
    const [width, height] = stage.size;
    /** @type {Place[]} */
    const points = [[Math.max(0, Math.min(1, x / width)), Math.max(0, Math.min(1, y / height))]];
    return correct(removes ? { add: [], remove: points } : { add: points, remove: [] });
  }

  /** @param {Points} points */
  async function correct(points) {
    const { brushed: name } = studio;
    if (!name || studio.busy.has("regions")) return;
    try {
      complain($("stage-error"));
      await studio.correct(name, points);
    } catch (error) {
      complain($("stage-error"), error);
    }
  }

  /** What is in the box that was drawn becomes a region of its own. */
  function take() {
    const { box } = stage;
    stage.box = null;
    stage.draw();
    if (!box) return;
    const [width, height] = stage.size;
    const [x, y] = [[box[0], box[2]], [box[1], box[3]]].map((pair) => pair.sort((a, b) => a - b));
    if (Math.min(x[1] - x[0], y[1] - y[0]) < SMALLEST_BOX * Math.min(width, height)) return;
    studio.adding ??= studio.newName();
    correct(pointsOf([x[0] / width, y[0] / height, x[1] / width, y[1] / height]));
  }

  function finish() {
    if (!last || !stage.mask) return;
    last = null;
    const { brushed: name } = studio;
    const { mask } = stage;
    if (!name) return;
    studio.brush(name, mask.png()).then(() => complain($("stage-error")), (error) => {
      stage.mask = null;
      stage.draw();
      complain($("stage-error"), error);
    });
  }

  const usable = () => studio.scene && !studio.running;

  canvas.addEventListener("pointerdown", (event) => {
    if (!usable() || event.button || around(event, "#divider")) return;
    const place = stage.place(event);
    if (stage.tool === "choose" || stage.tool === "click") {
      pressed = event.pointerId;
      return;
    }
    if (!studio.brushed || studio.busy.has("regions")) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    stage.pointer = place;
    if (stage.tool === "box") stage.box = [...place, ...place];
    else paintTo(place);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!usable() || around(event, "#divider")) return stage.hover(null);
    const place = stage.place(event);
    if (stage.tool === "choose") {
      if (event.pointerType !== "touch") stage.hover(stage.moving ? null : stage.regionAt(place), place);
      return;
    }
    stage.pointer = place;
    if (stage.box) [stage.box[2], stage.box[3]] = [0, 1].map((axis) => Math.max(0, Math.min(stage.size[axis], place[axis])));
    if (last) event.getCoalescedEvents?.().forEach((one) => paintTo(stage.place(one)));
    if (last) paintTo(place);
    stage.draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    finish();
    if (stage.box) return take();
    if (pressed !== event.pointerId) return;
    pressed = null;
    if (stage.moving || !usable()) return;
    const place = stage.place(event);
    if (stage.tool === "click") return void click(place, event.altKey || isRemoving());
    const name = stage.tool === "choose" ? stage.regionAt(place) : null;
    if (!name) return;
    if (!studio.names.includes("subject")) return void click(place, false); // nobody was found: this is to be the subject
    studio.select(name);
    if (event.pointerType === "touch") stage.flash(name);
  });
  canvas.addEventListener("pointercancel", finish);
  canvas.addEventListener("pointerleave", () => {
    if (last) return;
    stage.pointer = null;
    stage.hover(null);
    stage.draw();
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.target !== canvas || stage.tool === "choose" || !usable()) return;
    /** @type {Record<string, Place>} */
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const [width, height] = stage.size;
    stage.pointer ??= middle();
    if (event.key in moves) {
      const step = event.shiftKey ? 2 : Math.max(4, stage.radius / 2);
      const [x, y] = moves[event.key];
      stage.pointer = [
        Math.max(0, Math.min(width, stage.pointer[0] + step * x)), Math.max(0, Math.min(height, stage.pointer[1] + step * y)),
      ];
      if (last) paintTo(stage.pointer);
    } else if (event.key === " " && stage.tool === "click") {
      if (!event.repeat) click(stage.pointer, event.altKey || isRemoving());
    } else if (event.key === " " && !studio.busy.has("regions")) {
      paintTo(stage.pointer);
    } else if (event.key === "Escape") {
      choose("choose");
      return buttons()[0].focus();
    } else return;
    event.preventDefault();
    stage.draw();
  });
  canvas.addEventListener("keyup", (event) => {
    if (event.key === " ") finish();
  });
  canvas.addEventListener("blur", finish);

  /** @param {"undo" | "redo"} which */
  const step = async (which) => {
    try {
      await studio[which]();
      complain($("stage-error"));
    } catch (error) {
      complain($("stage-error"), error);
    }
  };
  $("undo").addEventListener("click", () => step("undo"));
  $("redo").addEventListener("click", () => step("redo"));
  $("tool-kind").addEventListener("click", (event) => {
    const button = around(event, "[data-tool]");
    if (button) choose(toolOf(button));
  });
  roving($("tool-kind"), (radio) => choose(toolOf(radio)));
  for (const id of /** @type {const} */ (["width", "softness"])) {
    $(id).addEventListener("input", () => {
      stage.pointer = middle(); // shows how wide it is now
      stage.draw();
    });
  }
  $("region-add").addEventListener("click", () => {
    studio.add(studio.adding ? null : studio.newName());
    if (studio.adding && (stage.tool === "choose" || stage.tool === "eraser")) choose("click");
    stage.draw();
  });
  $("click-removes").addEventListener("click", () => $("click-removes").setAttribute("aria-pressed", String(!isRemoving())));
  document.addEventListener("keydown", (event) => {
    if ($("studio").hidden || document.querySelector("dialog[open]")) return;
    if (around(event, "select, textarea, input:not([type=range])")) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "z") {
      event.preventDefault();
      $(event.shiftKey ? "redo" : "undo").click();
    } else if ((key === "{" || key === "}") && !$("softness-label").hidden) {
      $("softness").value = String(Number($("softness").value) + (key === "}" ? SOFTER : -SOFTER));
      stage.pointer ??= middle();
      stage.draw();
    } else if ((key === "[" || key === "]") && !$("width-label").hidden) {
      $("width").value = String(Number($("width").value) + (key === "]" ? WIDER : -WIDER));
      stage.pointer ??= middle();
      stage.draw();
    } else if (key in KEYS && !event.ctrlKey && !event.metaKey && !event.altKey) {
      choose(KEYS[key]);
    }
  });
  const allow = () => {
    for (const button of buttons()) button.disabled = !usable() && toolOf(button) !== "choose";
  };
  const allowSteps = () => {
    const { undo, redo } = studio.steps;
    $("undo").disabled = studio.running || !undo;
    $("redo").disabled = studio.running || !redo;
  };
  studio.on("looks", allowSteps);
  studio.on("job", () => {
    allowSteps();
    allow();
    if (studio.running && stage.tool !== "choose") choose("choose");
  });
  studio.on("scene", () => {
    allow();
    if (studio.scene && !studio.names.includes("subject") && stage.tool === "choose") choose("click"); // nobody: who is it?
  });
  setUpNavigation(studio, stage, cancel);
  choose("choose");
}
