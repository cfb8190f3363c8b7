// @ts-check
// What the page says: sentences of the catalogue, filled in.

import messages from "./messages.js";

/** @typedef {keyof typeof messages} Key */
/** @typedef {{ [Name in Key]: `${Name}.about` extends Key ? Name : never }[Key]} Titled keys that have a sentence on them, too */

/** @type {Record<Key, string | Record<string, string>>} */
const catalogue = messages;
const forms = new Intl.PluralRules("en");

/**
 * A sentence, with `{name}` replaced by the value of that name; of several forms the one for `count`.
 *
 * @param {Key} key @param {Record<string, string | number>} values
 */
export function t(key, values = {}) {
  const found = catalogue[key];
  const text = typeof found === "string" ? found : found[forms.select(Number(values.count))] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** What something is called, and a sentence on it. @param {Titled} key @returns {[title: string, about: string]} */
export const titled = (key) => [t(key), t(/** @type {Key} */ (`${key}.about`))];
