// @ts-check
// Small pictures of the gallery's styles, all in one file.

import { el } from "./dom.js";

const STYLES = [
  "night", "waves", "glass", "ink", "dots", "mosaic", "shards", "watercolour",
  "pop", "marble", "deco", "embroidery", "autumn", "linocut", "great-wave", "starry-night",
  "scream", "kiss", "composition-vii", "water-lilies", "grande-jatte", "wheat-field", "tableau-2", "when-will-you-marry",
  "red-and-blue-horse", "birth-of-venus",
];
const COLUMNS = 6, ROWS = 5;

/**
 * A small picture of a style: its place in `styles.webp`, or whatever its address shows.
 *
 * @param {string} name @param {string | null} address of one that is not in there
 */
export function thumbnail(name, address) {
  const at = STYLES.indexOf(name);
  if (at < 0) return el("img", { src: address ?? "", alt: "", className: "thumb", draggable: false, decoding: "async" });
  const tile = el("span", { className: "thumb sprite", ariaHidden: "true" });
  tile.style.setProperty("--x", `${100 * (at % COLUMNS) / (COLUMNS - 1)}%`);
  tile.style.setProperty("--y", `${100 * Math.floor(at / COLUMNS) / (ROWS - 1)}%`);
  return tile;
}
