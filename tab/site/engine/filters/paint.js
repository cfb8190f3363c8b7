// @ts-check
// Painting by filters, without any network, as `styfie.engines.filters.paint`.

import { bandOf, extrapolate, lumaOf } from "../layers.js";
import { planes, round, sizeOf } from "../planes.js";
import { matchColours } from "../recolour.js";
import { RECIPES, Subject } from "./recipes.js";

/**
 * @import { Planes } from "../planes.js"
 * @import { Colour, Tones } from "./recipes.js"
 *
 * @typedef {object} Style
 * @property {string} name of a built-in one
 * @property {string} technique that suits it, where that is known
 * @property {Planes} picture
 * @property {number} weight
 *
 * @typedef {{ styles: Style[], stroke: number, content: number, likeness: number }} Look
 */

const [DRAWN, LIGHT, PALE] = [0.06, 0.72, 0.3]; // mean saturation of what is drawn; luma above and saturation below of a watercolour
const TONES = 0.06; // share of a style's pixels that its ink is the mean of, and its paper
const FAINT = 0.04 ** 2; // variance of a photo along a colour axis under which it is not raised to all of the style's

/** The filter that some styles ask for: the heaviest that is called so, else what suits the heaviest of all. @param {Style[]} styles */
export function kindFor(styles) {
  const named = styles.filter(({ name }) => Object.hasOwn(RECIPES, name));
  const style = (named.length ? named : styles).reduce((best, one) => (one.weight > best.weight ? one : best));
  return named.length ? style.name : style.technique || kindForPicture(style.picture);
}

/** @param {Planes} picture */
function kindForPicture(picture) {
  const { data } = picture;
  const count = data.length / 3;
  const luma = lumaOf(picture).reduce((sum, one) => sum + one, 0) / count;
  let saturation = 0;
  for (let at = 0; at < count; at++) {
    const [r, g, b] = [data[at], data[count + at], data[2 * count + at]];
    saturation += (Math.max(r, g, b) - Math.min(r, g, b)) / count;
  }
  if (saturation < DRAWN) return "ink";
  return luma > LIGHT && saturation < PALE ? "watercolour" : "oil";
}

/**
 * One region's layer: painted in it and through a band around it, the photo elsewhere.
 *
 * @param {Planes} photo @param {Planes} alpha @param {Look} look @param {Planes | null} face where faces are
 * @returns {Planes}
 */
export function layer(photo, alpha, look, face) {
  const band = bandOf(alpha);
  const count = band.data.length;
  const care = face?.data.map((one) => look.likeness * one) ?? new Float32Array(count);
  const painted = paint(extrapolate(photo, alpha), band, look, care).data;
  return { ...photo, data: photo.data.map((one, i) => one + band.data[i % count] * (painted[i] - one)) };
}

/**
 * All of a picture in one look; its colours are those where the band is above 0.
 *
 * @param {Planes} content @param {Planes} band @param {Look} look @param {Float32Array} care how much faces are to stay themselves
 */
export function paint(content, band, look, care) {
  const coloured = look.styles.filter(({ name }) => !Object.hasOwn(RECIPES, name));
  const total = coloured.reduce((sum, { weight }) => sum + weight, 0);
  const shares = coloured.map(({ picture, weight }) => ({ picture, share: weight / total }));
  const picture = coloured.length ? inColours(content, band, shares) : content;
  const detail = 2 ** (0.5 - look.content);
  const unit = look.stroke * detail * Math.max(...sizeOf(content)) / 512;
  return RECIPES[kindFor(look.styles)](new Subject(picture, care, unit, coloured.length ? tonesOf(shares) : null));
}

/** With mean and covariance of the styles' colours, as `engines.layers.in_style_colours`. @param {Planes} content @param {Planes} band @param {{ picture: Planes, share: number }[]} shares */
function inColours(content, band, shares) {
  const found = planes(3, sizeOf(content));
  for (const { picture, share } of shares) {
    const everywhere = planes(1, sizeOf(picture));
    everywhere.data.fill(1);
    const { data } = matchColours(content, picture, band, everywhere, FAINT);
    data.forEach((one, i) => (found.data[i] += share * one));
  }
  found.data.forEach((one, i) => (found.data[i] = Math.min(1, Math.max(0, one))));
  return found;
}

/** The mean colours of the styles' darkest and lightest pixels. @param {{ picture: Planes, share: number }[]} shares @returns {Tones} */
function tonesOf(shares) {
  /** @type {Tones} */
  const found = { dark: [0, 0, 0], light: [0, 0, 0] };
  for (const { picture, share } of shares) {
    const luma = lumaOf(picture);
    const wanted = Math.max(1, round(TONES * luma.length));
    const sorted = luma.slice().sort();
    const [dark, light] = [sorted[wanted - 1], sorted[sorted.length - wanted]];
    add(found.dark, picture, luma.map((one) => (one <= dark ? 1 : 0)), share);
    add(found.light, picture, luma.map((one) => (one >= light ? 1 : 0)), share);
  }
  return found;
}

/** @param {Colour} colour which is changed @param {Planes} picture @param {Float32Array} inside @param {number} share */
function add(colour, { data }, inside, share) {
  const held = inside.reduce((sum, one) => sum + one, 0);
  data.forEach((one, i) => (colour[Math.trunc(i / inside.length)] += share * inside[i % inside.length] * one / held));
}
