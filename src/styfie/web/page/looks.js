// @ts-check
// A new look, and looks that are changed here and elsewhere at the same time.

/** @import { LookSchema, Looks } from "./types.d.ts" */

/** @typedef {Record<string, unknown>} Values */

/** @type {LookSchema} */
export const LOOK = {
  styles: [], strength: 1, color: "style", stroke: 1, content: 0.5, likeness: 0.5, brush: "auto",
  blur: 0, bokeh: "gaussian", match: "whole",
};

/** @param {unknown} one @param {unknown} other */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * The looks `theirs` with what was changed from `base` to `mine`, value by value: of two that were changed, mine stays.
 * Values that a look does not say are the `defaults`.
 *
 * @param {Looks} base @param {Looks} mine @param {Looks} theirs @param {Partial<LookSchema>} defaults
 */
export function merged(base, mine, theirs, defaults = {}) {
  /** @type {[string, Values?][]} */ // pairs: a region may be called `__proto__`
  const found = [];
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    /** @type {[Values, Values?, Values?]} */
    const [was, is, other] = [{ ...defaults, ...base[name] }, mine[name], theirs[name]];
    if (!is) {
      if (!(name in base)) found.push([name, other]);
      continue;
    }
    /** @type {Values} */
    const look = { ...other };
    for (const key of Object.keys(is)) {
      if (!same(was[key], is[key])) look[key] = is[key];
    }
    if (other || Object.keys(look).length) found.push([name, look]);
  }
  return structuredClone(Object.fromEntries(found));
}

/**
 * The looks without the styles of these names.
 *
 * @param {Looks} looks @param {Set<string>} names @returns {Looks}
 */
export function withoutStyles(looks, names) {
  const found = Object.entries(structuredClone(looks)).map(([region, look]) =>
    [region, look?.styles?.some(({ name }) => names.has(name)) ? { ...look, styles: look.styles.filter(({ name }) => !names.has(name)) } : look]);
  return Object.fromEntries(found);
}
