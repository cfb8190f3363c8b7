// @ts-check
// Named soft regions that sum to 1 everywhere, as `styfie.regions`.

import { planes, resize, sizeOf } from "./planes.js";

/**
 * @import { Planes, Size } from "./planes.js"
 *
 * @typedef {{ name: string, side: "subject" | "background", score: number, alpha: Planes }} Region
 */

export const PERSON = /^person-([1-9]\d?)$/; // from left to right
export const PERSON_PART = /^(person-[1-9]\d?)-(skin|hair|clothes|accessories)$/;
export const [SUBJECT, BACKGROUND] = /** @type {["subject", "background"]} */ (["subject", "background"]);

/** In steps of 8 bits, as a painting's file keeps mattes. @param {Planes} alpha @returns {Planes} */
const stepped = (alpha) => ({ ...alpha, data: alpha.data.map((one) => Math.round(255 * one) / 255) });

/** Subject and background. @param {Planes} matte @param {number} score @returns {Region[]} */
export function ofSubject(matte, score) {
  const alpha = stepped(matte);
  const rest = { ...alpha, data: alpha.data.map((one) => 1 - one) };
  return [
    { name: SUBJECT, side: SUBJECT, score, alpha }, { name: BACKGROUND, side: BACKGROUND, score, alpha: rest },
  ];
}

/** The background alone, where nobody is. @param {Size} size @returns {Region[]} */
export function nobody(size) {
  const alpha = planes(1, size);
  alpha.data.fill(1);
  return [{ name: BACKGROUND, side: BACKGROUND, score: 1, alpha }];
}

/** Split `name` off the subject: it takes a share of it. @param {Region[]} regions @param {string} name @param {Planes} share @param {number} score @returns {Region[]} */
export function split(regions, name, share, score) {
  const parent = regions.find((one) => one.name === SUBJECT);
  if (!parent) return regions;
  const taken = stepped({ ...share, data: share.data.map((one, at) => one * parent.alpha.data[at]) });
  const left = { ...taken, data: parent.alpha.data.map((one, at) => Math.max(0, one - taken.data[at])) };
  return [
    ...regions.map((one) => (one === parent ? { ...one, alpha: left } : one)),
    { name, side: SUBJECT, score: Math.min(score, parent.score), alpha: taken },
  ];
}

/**
 * Split a region off the subject; what is of one person also off that person and off that part of everybody.
 *
 * @param {Region[]} regions @param {string} name @param {Planes} share @param {number} score @returns {Region[]}
 */
export function take(regions, name, share, score) {
  const [, ...wider] = PERSON_PART.exec(name) ?? [];
  let found = split(regions, name, share, score);
  for (const wide of found.filter((one) => wider.includes(one.name))) {
    const taken = stepped({ ...share, data: share.data.map((one, at) => one * wide.alpha.data[at]) }).data;
    /** @param {Region} region @param {number} sign */
    const moved = ({ alpha }, sign) => ({ ...alpha, data: alpha.data.map((one, at) => Math.max(0, one + sign * taken[at])) });
    found = found.map((one) => (one.name === wide.name ? { ...one, alpha: moved(one, -1) } : one.name === name ? { ...one, alpha: moved(one, 1) } : one));
  }
  return found;
}

/** Where goes what is taken from a region: to whom it is of; to its side; from the subject to the background, and back. @param {Region[]} regions @param {string} name */
function restOf(regions, name) {
  const side = regions.find((one) => one.name === name)?.side ?? SUBJECT;
  const whole = regions.find((one) => one.side === side && one.name === name.slice(0, Math.max(0, name.lastIndexOf("-"))));
  if (whole) return whole;
  const wanted = name !== side ? side : side === BACKGROUND ? SUBJECT : BACKGROUND;
  return regions.find((one) => one.name === wanted && one.name !== name) ?? regions.find((one) => one.name !== name);
}

/** Give a region back to its side. @param {Region[]} regions @param {string} name @returns {Region[]} */
export function merge(regions, name) {
  const gone = regions.find((one) => one.name === name);
  const into = restOf(regions, name);
  if (!gone || !into) return regions;
  const alpha = { ...into.alpha, data: into.alpha.data.map((one, at) => one + gone.alpha.data[at]) };
  return regions.filter((one) => one !== gone).map((one) => (one === into ? { ...one, alpha } : one));
}

/**
 * Give a region this alpha, a new one laid over the others, on the side of which it covers more: where it grows they
 * keep their proportions, what it gives up goes to its side.
 *
 * @param {Region[]} regions @param {string} name @param {Planes} wanted @returns {Region[]}
 */
export function put(regions, name, wanted) {
  const alpha = stepped(wanted);
  const known = regions.find((one) => one.name === name);
  if (!known) {
    const others = regions.map((one) => ({ ...one, alpha: { ...one.alpha, data: one.alpha.data.map((a, at) => a * (1 - alpha.data[at])) } }));
    if (name === SUBJECT) return [{ name, side: SUBJECT, score: 1, alpha }, ...others];
    const over = regions.filter(({ side }) => side === BACKGROUND).map((one) => one.alpha.data);
    let [behind, all] = [0, 0];
    alpha.data.forEach((one, at) => {
      all += one;
      for (const data of over) behind += one * data[at];
    });
    return [...others, { name, side: behind > 0.5 * all ? BACKGROUND : SUBJECT, score: 1, alpha }];
  }
  const rest = restOf(regions, name);
  const held = known.alpha.data;
  const scale = held.map((one, at) => Math.min(1, Math.max(0, (1 - alpha.data[at]) / Math.max(1e-6, 1 - one))));
  return regions.map((one) => {
    if (one === known) return { ...one, alpha, score: 1 };
    const data = one.alpha.data.map((a, at) => a * scale[at] + (one === rest ? Math.max(0, held[at] - alpha.data[at]) : 0));
    return { ...one, alpha: { ...one.alpha, data } };
  });
}

/** @param {Region[]} regions @param {Size} size @returns {Region[]} */
export function resized(regions, size) {
  if (String(sizeOf(regions[0].alpha)) === String(size)) return regions;
  return regions.map((one) => ({ ...one, alpha: resize(one.alpha, size) }));
}

/** Share of the picture that a region takes. @param {Region} region */
export const areaOf = ({ alpha: { data } }) => data.reduce((sum, one) => sum + one, 0) / data.length;
