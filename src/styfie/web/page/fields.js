// @ts-check
// A look's sliders as the server describes its fields: their range and help, and one for each that index.html has not.

import { el } from "./dom.js";

/** @import { FieldResponse } from "./types.d.ts" */

/** Where a value stands on a slider of index.html: strokes by doublings, shares by hundredths. @type {Record<string, (value: number) => number>} */
const POSITIONS = { stroke: Math.log2, strength: (value) => 100 * value, content: (value) => 100 * value, likeness: (value) => 100 * value };

/**
 * Whether it is a number that index.html has no slider for.
 *
 * @param {FieldResponse} field
 */
export const isOther = ({ name, high }) => high !== null && name !== "blur" && !(name in POSITIONS);

/**
 * What a slider of index.html is given of its field.
 *
 * @param {FieldResponse} field
 */
export function sliderOf({ name, help, low, high }) {
  if (!(name in POSITIONS) || low === null || high === null) return { title: help };
  const at = POSITIONS[name];
  return { title: help, min: String(at(low)), max: String(at(high)) };
}

/**
 * A slider with its words for a field that the page was not made for.
 *
 * @param {FieldResponse} field @param {(value: number) => void} change
 */
export function otherSlider({ name, help, low, high }, change) {
  const words = name.replaceAll("_", " ");
  const step = (Number(high) - Number(low)) / 100;
  const input = el("input", { type: "range", id: name, title: help, min: String(low), max: String(high), step: String(step) });
  input.addEventListener("input", () => change(Number(input.value)));
  const label = el("label", { htmlFor: name }, words[0].toUpperCase() + words.slice(1));
  return { input, field: el("div", { className: "field" }, label, el("output", { id: `${name}-value` }), input) };
}
