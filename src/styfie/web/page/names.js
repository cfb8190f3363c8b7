// @ts-check
// What things are called for people, and the colours of regions' outlines.

/** @import { Bokeh, Color, LookSchema, Quality, SettingsSchema } from "./types.d.ts" */
/** @typedef {[title: string, about: string]} Words */

export const STYLE = "application/x-styfie-style"; // what is dragged from the gallery

/** @type {Map<string, [title: string, color: string]>} */
const REGIONS = new Map(Object.entries({
  subject: ["Person", "#ffb640"], background: ["Background", "#53b3ff"], hair: ["Hair", "#ff7ac0"],
  skin: ["Skin", "#ff8f6b"], clothes: ["Clothes", "#6fdc9a"], accessories: ["Accessories", "#c3a0ff"],
}));
const OTHERS = ["#ffe16a", "#7ee8e0", "#ff9ddf", "#b8e86b", "#9fb4ff"];

/**
 * A region's name for people; `names` are all there are: what is left of a divided person is the rest of it.
 *
 * @param {string} name @param {string[]} names
 */
export function regionTitle(name, names = []) {
  if (name === "subject" && names.some((one) => one !== "subject" && one !== "background")) return "Rest of the person";
  const known = REGIONS.get(name);
  if (known) return known[0];
  if (name.startsWith("part-")) return `Region ${name.slice(5)}`;
  const words = name.replaceAll("-", " ");
  return words[0].toUpperCase() + words.slice(1);
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
  style: ["Style", "The style's colours"], keep: ["Photo", "The photo's palette, spread over the strokes"],
  histogram: ["Photo, closer", "All of the photo's colours, in the same amounts"],
  luma: ["Light only", "The photo's own colour at each place: only light and dark are painted"],
};
/** @type {Record<Bokeh, Words>} */
export const BOKEHS = {
  gaussian: ["Soft", "Gaussian: even and soft"], disc: ["Lens", "A lens wide open: lights become discs"],
  hexagon: ["Blades", "A lens with six blades: lights become hexagons"],
};

/** @type {Record<string, Words>} */
export const EXPORTS = {
  both: ["The painting", "Person and background"], subject: ["Only the person painted", "Background as in the photo"],
  background: ["Only the background painted", "Person as in the photo"], cutout: ["Cut-out", "The person on transparency"],
  mask: ["Mask", "White where the person is"], blur: ["Portrait blur", "The photo, its background out of focus"],
  photo: ["The photo", "Upright"], sheet: ["Contact sheet", "All of them with their styles"],
};
/** @type {Record<string, Words>} */
export const KEEPS = {
  "all.zip": ["Everything", "All pictures and layers, as ZIP"],
  "painting.ora": ["Layers", "OpenRaster, for Krita and GIMP; Styfie opens it again"],
  "recipe.json": ["Recipe", "Looks and settings as JSON, for programs that ask this server"],
};
export const FORMATS = { jpeg: "Small, and read everywhere", png: "Nothing is lost, and large", webp: "Smaller than JPEG, for the web" };

/**
 * Kinds of paint: which engine lays it on, and for those that draw strokes with which brush.
 *
 * @type {Record<string, { engine: SettingsSchema["engine"], brush: LookSchema["brush"], words: Words }>}
 */
export const PAINTS = {
  style: { engine: "optimise", brush: "auto", words: ["As the style", "Brushwork, colours and shapes of the style itself: the finest, and the slowest"] },
  oil: { engine: "strokes", brush: "oil", words: ["Oil", "Strokes of oil, one over the other"] },
  watercolour: { engine: "strokes", brush: "watercolour", words: ["Watercolour", "Thin washes that let the paper through"] },
  marker: { engine: "strokes", brush: "marker", words: ["Marker", "Even strokes of felt pens"] },
  tape: { engine: "strokes", brush: "tape", words: ["Tape", "Pieces of torn tape"] },
  drawing: { engine: "filters", brush: "auto", words: ["Drawing", "Ink, pencil, comic and the like, by the style of that name: in a second"] },
  flat: { engine: "regions", brush: "auto", words: ["Flat", "Stained glass, cut paper or a poster: few pieces with smooth outlines"] },
  patches: { engine: "components", brush: "auto", words: ["Patches", "Pieces of the style, laid beside each other"] },
  quick: { engine: "fast", brush: "auto", words: ["Quick", "As in the sketch: in seconds, at any size"] },
};

/** The kind of paint of a job, if it is one of these. @param {string} engine @param {string} brush */
export const paintOf = (engine, brush) =>
  Object.entries(PAINTS).find(([, one]) => one.engine === engine && (engine !== "strokes" || one.brush === brush))?.[0] ?? "";

export const SIZES = [512, 768, 1024, 1536, 2048];
/** @type {Record<Quality, string>} */
export const CARE = { draft: "Quick", standard: "Normal", fine: "Patient" };

/** @param {string} word @returns {word is Quality} */
export const isQuality = (word) => Object.hasOwn(CARE, word);

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1.5) return "a moment";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes >= 120) return `${Math.round(minutes / 60)} hours`;
  return minutes < 10 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
}

/** @param {number} seconds */
export function ago(seconds) {
  if (seconds < 90) return "just now";
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} hours ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** @param {number} hours */
export function days(hours) {
  if (hours % 24) return hours === 1 ? "an hour" : `${hours} hours`;
  return hours === 24 ? "a day" : `${hours / 24} days`;
}

/** Whether the page is shown on the computer that runs the server. */
export const isHere = () => ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/**
 * Where photos go from a page that another computer sent.
 *
 * @param {string} computer its name @param {string} protocol of the page's address
 */
export const whereTo = (computer, protocol) => (protocol === "https:"
  ? `Your photos go to the computer ${computer}, which runs Styfie, and to nobody else.`
  : `Your photos go to the computer ${computer} in your network, and to nobody else; the connection is not encrypted.`);
