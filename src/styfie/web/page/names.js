// @ts-check
// What things are called for people, and the colours of regions' outlines.

import { t, titled } from "./text.js";

/** @import { Bokeh, Color, LookSchema, Quality, SettingsSchema } from "./types.d.ts" */
/** @typedef {[title: string, about: string]} Words */

export const STYLE = "application/x-styfie-style"; // what is dragged from the gallery

/** @type {Map<string, [title: string, color: string]>} */
const REGIONS = new Map(Object.entries({
  subject: [t("region.subject"), "#ffb640"], background: [t("region.background"), "#53b3ff"], hair: [t("region.hair"), "#ff7ac0"],
  skin: [t("region.skin"), "#ff8f6b"], clothes: [t("region.clothes"), "#6fdc9a"], accessories: [t("region.accessories"), "#c3a0ff"],
}));
const PERSON = /^person-(\d+)(?:-(\w+))?$/;
const OTHERS = ["#ffe16a", "#7ee8e0", "#ff9ddf", "#b8e86b", "#9fb4ff"];

/**
 * A region's name for people; `names` are all there are: what is left of a divided person is the rest of it.
 *
 * @param {string} name @param {string[]} names
 */
export function regionTitle(name, names = []) {
  if (name === "subject" && names.some((one) => one !== "subject" && one !== "background")) return t("region.rest");
  const known = REGIONS.get(name);
  if (known) return known[0];
  const [, number, part] = PERSON.exec(name) ?? [];
  if (part) return t("region.part_of", { part: REGIONS.get(part)?.[0] ?? part, number });
  if (number) return names.some((one) => one.startsWith(`${name}-`)) ? t("region.person_rest", { number }) : t("region.person", { number });
  if (name.startsWith("part-")) return t("region.number", { number: name.slice(5) });
  const words = name.replaceAll("-", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** The person whose part a region is, or who it is; nothing of all others. @param {string} name */
export const personOf = (name) => PERSON.test(name) ? name.split("-", 2).join("-") : "";

/**
 * The parts that are offered beside a region: parts of one person where that person or one of its parts is chosen.
 *
 * @param {string[]} parts @param {string | null} selected
 */
export function offeredParts(parts, selected) {
  const [, chosen] = PERSON.exec(selected ?? "") ?? [];
  return parts.filter((name) => {
    const [, number, part] = PERSON.exec(name) ?? [];
    return !part || number === chosen;
  });
}

/** @param {string} name */
export function regionColor(name) {
  const known = REGIONS.get(name);
  if (known) return known[1];
  const sum = [...name].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return OTHERS[sum % OTHERS.length];
}

/** @type {Record<Color, Words>} */
export const COLORS = {
  style: titled("color.style"), keep: titled("color.keep"), histogram: titled("color.histogram"), luma: titled("color.luma"),
};
/** @type {Record<Bokeh, Words>} */
export const BOKEHS = {
  gaussian: titled("bokeh.gaussian"), disc: titled("bokeh.disc"), hexagon: titled("bokeh.hexagon"),
};

/** @type {Record<string, Words>} */
export const EXPORTS = {
  both: titled("picture.both"), subject: titled("picture.subject"), background: titled("picture.background"),
  cutout: titled("picture.cutout"), mask: titled("picture.mask"), blur: titled("picture.blur"), photo: titled("picture.photo"),
  sheet: titled("picture.sheet"),
};
/** @type {Record<string, Words>} */
export const KEEPS = {
  "all.zip": titled("picture.all"), "painting.ora": titled("picture.layers"), "recipe.json": titled("picture.recipe"),
};
export const FORMATS = { jpeg: t("format.jpeg"), png: t("format.png"), webp: t("format.webp") };

/**
 * Kinds of paint: which engine lays it on, and for those that draw strokes with which brush.
 *
 * @type {Record<string, { engine: SettingsSchema["engine"], brush: LookSchema["brush"], words: Words }>}
 */
export const PAINTS = {
  style: { engine: "optimise", brush: "auto", words: titled("paint_kind.style") },
  oil: { engine: "strokes", brush: "oil", words: titled("paint_kind.oil") },
  watercolour: { engine: "strokes", brush: "watercolour", words: titled("paint_kind.watercolour") },
  marker: { engine: "strokes", brush: "marker", words: titled("paint_kind.marker") },
  tape: { engine: "strokes", brush: "tape", words: titled("paint_kind.tape") },
  drawing: { engine: "filters", brush: "auto", words: titled("paint_kind.drawing") },
  flat: { engine: "regions", brush: "auto", words: titled("paint_kind.flat") },
  patches: { engine: "components", brush: "auto", words: titled("paint_kind.patches") },
  quick: { engine: "fast", brush: "auto", words: titled("paint_kind.quick") },
};

/** The kind of paint of a job, if it is one of these. @param {string} engine @param {string} brush */
export const paintOf = (engine, brush) =>
  Object.entries(PAINTS).find(([, one]) => one.engine === engine && (engine !== "strokes" || one.brush === brush))?.[0] ?? "";

export const SIZES = [512, 768, 1024, 1536, 2048];
/** @type {Record<Quality, string>} */
export const CARE = { draft: t("quality.draft"), standard: t("quality.standard"), fine: t("quality.fine") };

/** @param {string} word @returns {word is Quality} */
export const isQuality = (word) => Object.hasOwn(CARE, word);

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1.5) return t("time.moment");
  const whole = Math.round(seconds);
  if (whole < 60) return t("time.seconds", { count: whole });
  const minutes = Math.floor(whole / 60);
  if (minutes >= 120) return t("time.hours", { count: Math.round(minutes / 60) });
  return minutes < 10 ? t("time.minutes_seconds", { minutes, seconds: whole % 60 }) : t("time.minutes", { count: minutes });
}

/** @param {number} seconds */
export function ago(seconds) {
  if (seconds < 90) return t("ago.now");
  if (seconds < 5400) return t("ago.minutes", { count: Math.round(seconds / 60) });
  if (seconds < 129600) return t("ago.hours", { count: Math.round(seconds / 3600) });
  return t("ago.days", { count: Math.round(seconds / 86400) });
}

/** @param {number} hours */
export function days(hours) {
  if (hours % 24) return t("span.hours", { count: hours });
  return t("span.days", { count: hours / 24 });
}

/** Whether the page is shown on the computer that runs the server. */
export const isHere = () => ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/**
 * Where photos go from a page that another computer sent.
 *
 * @param {string} computer its name @param {string} protocol of the page's address
 */
export const whereTo = (computer, protocol) =>
  (protocol === "https:" ? t("start.private_server", { computer }) : t("start.private_network", { computer }));
