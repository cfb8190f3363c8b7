// @ts-check
// The tools on the picture: choose a region; click, brush or erase what is its; undo; by mouse, finger and keyboard.

import { matteOf } from "./blend.js";
import { $, around, check, complain, contextOf, roving } from "./dom.js";
import { setUpNavigation } from "./navigate.js";

/**
 * @import { Soft } from "./blend.js"
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 * @import { Place } from "./types.d.ts"
 *
 * @typedef {"choose" | "click" | "brush" | "eraser"} Tool
 */

/** @type {Record<string, Tool>} */
const KEYS = { v: "choose", w: "click", b: "brush", e: "eraser" };
/** @type {Record<Tool, string>} */
const WORDS = {
  choose: "Picture", click: "Picture. Arrow keys move the pointer, space adds what is there, with Alt it goes; Escape leaves.",
  brush: "Picture. Arrow keys move the brush, space paints, Escape leaves.",
  eraser: "Picture. Arrow keys move the eraser, space takes away, Escape leaves.",
};
const WIDER = 6; // of 100, by a key

/** A region's mask in two canvases: `told`, white on black, for the server; `shown`, opaque inside, for the eye. */
export class Mask {
  /** @param {Soft} soft @param {number} index of the region; below 0: it is not there yet */
  constructor(soft, index) {
    const { width, height } = soft;
    const matte = matteOf(soft, index);
    const [told, shown] = [new ImageData(width, height), new ImageData(width, height)];
    for (let pixel = 0, at = 0; pixel < matte.length; pixel++, at += 4) {
      told.data[at] = told.data[at + 1] = told.data[at + 2] = shown.data[at + 3] = matte[pixel];
      told.data[at + 3] = 255;
    }
    this.told = canvasOf(told);
    this.shown = canvasOf(shown);
  }

  /** @param {Place} from @param {Place} to @param {number} radius @param {boolean} adds */
  stroke(from, to, radius, adds) {
    for (const canvas of [this.told, this.shown]) {
      const context = contextOf(canvas);
      context.globalCompositeOperation = canvas === this.shown && !adds ? "destination-out" : "source-over";
      context.strokeStyle = adds || canvas === this.shown ? "#fff" : "#000";
      context.lineWidth = 2 * radius;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(to[0] + 0.01, to[1]);
      context.stroke();
    }
  }
}

/** @param {ImageData} data */
function canvasOf(data) {
  const canvas = new OffscreenCanvas(data.width, data.height);
  contextOf(canvas).putImageData(data, 0, 0);
  return canvas;
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
    $("width-label").hidden = tool !== "brush" && tool !== "eraser";
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
    stage.mask ??= new Mask(studio.scene.soft, studio.names.indexOf(studio.brushed ?? ""));
    stage.mask.stroke(last ?? place, place, stage.radius, stage.tool === "brush");
    last = place;
    stage.draw();
  }

  /** What was begun is not done. */
  function cancel() {
    last = null;
    stage.mask = null;
    stage.draw();
  }

  /** What lies around a place and looks like it comes into the region, or goes out. @param {Place} place @param {boolean} removes */
  async function click([x, y], removes) {
    const { brushed: name } = studio;
    if (!name || studio.busy.has("regions")) return;
    const [width, height] = stage.size;
    /** @type {[number, number][]} */
    const points = [[Math.max(0, Math.min(1, x / width)), Math.max(0, Math.min(1, y / height))]];
    try {
      complain($("stage-error"));
      await studio.correct(name, removes ? { add: [], remove: points } : { add: points, remove: [] });
    } catch (error) {
      complain($("stage-error"), error);
    }
  }

  function finish() {
    if (!last || !stage.mask) return;
    last = null;
    const { brushed: name } = studio;
    const { mask } = stage;
    if (!name) return;
    studio.brush(name, mask.told.convertToBlob({ type: "image/png" })).then(() => complain($("stage-error")), (error) => {
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
    if (!studio.selected || studio.busy.has("regions")) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    stage.pointer = place;
    paintTo(place);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!usable() || around(event, "#divider")) return stage.hover(null);
    const place = stage.place(event);
    if (stage.tool === "choose") {
      if (event.pointerType !== "touch") stage.hover(stage.moving ? null : stage.regionAt(place), place);
      return;
    }
    stage.pointer = place;
    if (last) event.getCoalescedEvents?.().forEach((one) => paintTo(stage.place(one)));
    if (last) paintTo(place);
    stage.draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    finish();
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
  $("width").addEventListener("input", () => {
    stage.pointer = middle(); // shows how wide it is now
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
