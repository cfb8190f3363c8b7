// @ts-check

import { t } from "./text.js";
// Small helpers for the document: find, make, say.

/** @import { Elements, Props } from "./types.d.ts" */

/**
 * The element of index.html with that id.
 *
 * @template {string} Id
 * @param {Id} id
 * @returns {Id extends keyof Elements ? Elements[Id] : HTMLElement}
 */
export const $ = (id) => /** @type {any} */ (document.getElementById(id));

/**
 * The element that a selector finds, from where an event happened outwards.
 *
 * @param {Event} event @param {string} selector
 * @returns {HTMLElement | null}
 */
export const around = ({ target }, selector) => (target instanceof Element ? target.closest(selector) : null);

/** @overload @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
/**
 * @overload @param {OffscreenCanvas} canvas @param {CanvasRenderingContext2DSettings} [how]
 * @returns {OffscreenCanvasRenderingContext2D}
 */
/**
 * What draws on a canvas.
 *
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas @param {CanvasRenderingContext2DSettings} [how]
 */
export function contextOf(canvas, how) {
  const context = canvas.getContext("2d", how);
  if (!context) throw new Error(t("error.no_canvas"));
  return context;
}

/**
 * An element with properties (`on…` are listeners, `data` its data attributes) and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props<Tag>} props
 * @param {...(Node | string | null | undefined)} children
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  const known = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (node));
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node) known[name] = value;
    else node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the icons drawn in index.html. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Replace text only where it changed: screen readers repeat what is written anew.
 *
 * @param {HTMLElement} node @param {string} text
 */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Show one sentence about what went wrong near where it happened; nothing takes it away.
 *
 * @param {HTMLElement} node @param {unknown} error
 */
export function complain(node, error = "") {
  say(node, error instanceof Error ? error.message : String(error));
  node.hidden = node.textContent === "";
}

/**
 * Call once things have been quiet for a while; `.now()` does it at once and says when it is done. What has failed is
 * still to be done: `.now()` tries it once more.
 *
 * @param {() => Promise<void>} call @param {number} wait in milliseconds
 */
export function settled(call, wait) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let due = false;
  let last = Promise.resolve();
  const now = () => {
    clearTimeout(timer);
    if (due) {
      due = false;
      last = last.then(call, call).catch((error) => {
        due = true;
        throw error;
      });
    }
    return last;
  };
  const later = () => {
    due = true;
    clearTimeout(timer);
    timer = setTimeout(() => now().catch(() => {}), wait);
  };
  return Object.assign(later, { now });
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {HTMLElement} group @param {string} which @returns {HTMLButtonElement[]} */
const radiosOf = (group, which = "") => [...group.querySelectorAll(/** @type {"button"} */ (`[role="radio"]${which}`))];

/**
 * Arrow keys move within a group of radio buttons (role=radio); only the chosen one is a tab stop.
 *
 * @param {HTMLElement} group @param {(radio: HTMLButtonElement) => void} [choose]
 */
export function roving(group, choose) {
  group.addEventListener("keydown", (event) => {
    const radios = radiosOf(group, ":not([disabled])");
    const at = radios.findIndex((one) => one === document.activeElement);
    if (at < 0) return;
    const columns = Math.max(1, radios.filter((one) => one.offsetTop === radios[0].offsetTop).length);
    /** @type {Record<string, number>} */
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    let to = at + (moves[event.key] ?? 0);
    if (event.key === "Home") to = 0;
    else if (event.key === "End") to = radios.length - 1;
    else if (!(event.key in moves)) return;
    event.preventDefault();
    to = Math.max(0, Math.min(radios.length - 1, to));
    radios[to].focus();
    if (choose) choose(radios[to]);
  });
}

/** Mark which radio of a group is chosen. @param {HTMLElement} group @param {Element | null | undefined} chosen */
export function check(group, chosen) {
  const radios = radiosOf(group);
  for (const radio of radios) {
    radio.setAttribute("aria-checked", String(radio === chosen));
    radio.tabIndex = radio === chosen || (!chosen && radio === radios[0]) ? 0 : -1;
  }
}
