// @ts-check
// From one mask of everybody to one for each person, as `styfie.segmentation.people.split_people`.

import { findFaces } from "./faces.js";
import { geodesic } from "./geodesic.js";
import { distance, gaussian, label, LEAST_PIECE } from "./masks.js";
import { refine } from "./matting.js";
import { LEAST, part, partsIn } from "./parts.js";
import { PERSON, PERSON_PART } from "./partition.js";
import { planes, resize, sizeOf } from "./planes.js";

/**
 * @import { Disc } from "./faces.js"
 * @import { Planes, Size } from "./planes.js"
 * @import { Prediction } from "./segmenter.js"
 *
 * @typedef {{ share: Planes, score: number, head: number[] }} Person a share of the matte, and how clearly it is told from
 * the others'; the square of the photo that the head fills: top, left, bottom and right as shares of height and width
 */

const WORK = 640; // longest side of a person's matting
// A head in half widths of its face, how far below its own middle the face's is, how long a face is, and how much of the
// shorter side of somebody without one.
const [HEAD, FACE_LOW, LONG_FACE, BUST] = [3.8, 0.35, 1.3, 0.75];

/** Where each person starts: the faces, and the pieces of the mask that are large and have none. @param {Uint8Array} body @param {Size} size @param {Disc[]} discs */
function seedsOf(body, [height, width], discs) {
  const seeds = discs.map(([y, x, radius]) =>
    Uint8Array.from(body, (_, at) => (Math.hypot(Math.trunc(at / width) - y, at % width - x) <= Math.max(1, 0.8 * radius) ? 1 : 0)));
  const { pieces, count } = label(body, [height, width]);
  const areas = new Float64Array(count + 1);
  for (const piece of pieces) if (piece) areas[piece]++;
  const least = LEAST_PIECE * Math.max(...areas);
  const faces = [...seeds];
  for (let n = 1; n <= count; n++) {
    if (areas[n] < least || faces.some((face) => face.some((one, at) => one && pieces[at] === n))) continue;
    seeds.push(Uint8Array.from(pieces, (one) => (one === n ? 1 : 0)));
  }
  return seeds;
}

/** @param {Prediction} prediction */
function prepared({ matte, parts }) {
  const body = Uint8Array.from(matte.data, (one) => (one > 0.5 ? 1 : 0));
  const discs = body.includes(1) ? findFaces(resize(parts, sizeOf(matte)), body) : [];
  return { body, discs, seeds: body.includes(1) ? seedsOf(body, sizeOf(matte), discs) : [] };
}

/** The names of people where there are several, and of their parts. @param {Prediction} prediction */
export function peopleIn(prediction) {
  const { seeds } = prepared(prediction);
  const people = seeds.length > 1 ? seeds.map((_, n) => `person-${n + 1}`) : [];
  return [...people, ...people.flatMap((one) => partsIn(prediction).map((name) => `${one}-${name}`))];
}

/** Whose head is where, where there are several people. @param {Prediction} prediction @param {Planes} photo @returns {Record<string, number[]>} */
export function headsIn(prediction, photo) {
  const people = prepared(prediction).seeds.length > 1 ? splitPeople(prediction, photo) : [];
  return Object.fromEntries(people.map(({ head }, n) => [`person-${n + 1}`, head]));
}

/** Everybody, from left to right; the shares sum to 1 wherever there is anybody. @param {Prediction} prediction @param {Planes} photo @returns {Person[]} */
export function splitPeople(prediction, photo) {
  const { body, discs, seeds } = prepared(prediction);
  const size = sizeOf(prediction.matte);
  const ways = waysTo(seeds, body, resize(photo, size));
  const nearest = body.map((_, at) => ways.reduce((best, way, n) => (way[at] < ways[best][at] ? n : best), 0));
  const middles = seeds.map(() => [0, 0]);
  nearest.forEach((n, at) => {
    if (!body[at]) return;
    middles[n][0] += at % size[1];
    middles[n][1]++;
  });
  const order = seeds.map((_, n) => n).sort((a, b) => middles[a][0] / middles[a][1] - middles[b][0] / middles[b][1]);
  return order.map((n) => ({
    share: planes(1, size, gaussian(Float32Array.from(nearest, (one) => (one === n ? 1 : 0)), size, 1)),
    score: clarity(ways, n, (at) => Boolean(body[at]) && nearest[at] === n),
    head: n < discs.length ? headAt(discs[n], size, sizeOf(photo)) : upperEnd(seeds[n], size, sizeOf(photo)),
  }));
}

/** The head around a face that was found in a map of the size `seen`. @param {Disc} face @param {Size} seen @param {Size} size of the photo */
function headAt([y, x, radius], seen, size) {
  const [down, across] = [size[0] / seen[0], size[1] / seen[1]];
  const half = radius * Math.max(across, down / LONG_FACE);
  return square((y + 0.5) * down - FACE_LOW * half, (x + 0.5) * across, HEAD * half, size);
}

/** Where the head of somebody would be whose face is not seen. @param {Uint8Array} body @param {Size} seen @param {Size} size of the photo */
function upperEnd(body, [height, width], size) {
  const [down, across] = [size[0] / height, size[1] / width];
  const places = [...body.keys()].filter((at) => body[at]).map((at) => [Math.trunc(at / width), at % width]);
  const top = places[0][0];
  const [rows, columns] = [0, 1].map((axis) => new Set(places.map((place) => place[axis])).size);
  const side = BUST * Math.min(rows * down, columns * across);
  const upper = places.filter(([y]) => y < top + Math.max(1, Math.round(0.6 * side / down)));
  const middle = upper.reduce((sum, [, x]) => sum + x, 0) / upper.length + 0.5;
  return square(top * down + 0.42 * side, middle * across, side, size);
}

/** The square of that side around a point, moved into a picture. @param {number} y @param {number} x @param {number} side @param {Size} size */
function square(y, x, side, [height, width]) {
  const wide = Math.min(side, height, width);
  const top = Math.min(Math.max(0, y - wide / 2), height - wide);
  const left = Math.min(Math.max(0, x - wide / 2), width - wide);
  return [top / height, left / width, (top + wide) / height, (left + wide) / width];
}

/** How far it is from each seed within the mask; where no way leads, straight. @param {Uint8Array[]} seeds @param {Uint8Array} body @param {Planes} small */
function waysTo(seeds, body, small) {
  const ways = seeds.map((seed) => geodesic(small, [...seed.keys()].filter((at) => seed[at]), body));
  const straight = seeds.map((seed) => distance(seed.map((one) => 1 - one), sizeOf(small)));
  body.forEach((_, at) => {
    if (ways.some((way) => way[at] !== Infinity)) return;
    ways.forEach((way, n) => (way[at] = straight[n][at]));
  });
  return ways;
}

/** How much longer, in the mean, the way from the next person is; 1: from nowhere else. @param {Float64Array[]} ways @param {number} mine @param {(at: number) => boolean} inside */
function clarity(ways, mine, inside) {
  let [sum, count] = [0, 0];
  ways[mine].forEach((here, at) => {
    if (!inside(at)) return;
    const there = Math.min(...ways.map((way, n) => (n === mine ? Infinity : way[at])));
    sum += there === Infinity ? 1 : Math.min(1, Math.max(0, 2 * (1 - here / Math.max(1e-6, there))));
    count++;
  });
  return count ? sum / count : 1;
}

/** One of the people at the photo's size. @param {Prediction} prediction @param {string} name @param {Planes} photo @returns {Omit<Person, "head">} */
export function person(prediction, name, photo) {
  const { share, score } = splitPeople(prediction, photo)[Number(PERSON.exec(name)?.[1]) - 1];
  return { share: refine(share, photo, WORK), score };
}

/** One part of one of the people; null where that person has none. @param {Prediction} prediction @param {string} name @param {Planes} photo @returns {Omit<Person, "head"> | null} */
export function personPart(prediction, name, photo) {
  const [, who, what] = /** @type {RegExpExecArray} */ (PERSON_PART.exec(name));
  const [whole, one] = [part(prediction, what, photo), person(prediction, who, photo)];
  const share = { ...one.share, data: one.share.data.map((held, at) => held * whole.share.data[at]) };
  const matte = resize(prediction.matte, sizeOf(photo)).data;
  let [held, all] = [0, 0];
  matte.forEach((here, at) => {
    held += here * share.data[at];
    all += here * one.share.data[at];
  });
  return held > LEAST * all ? { share, score: Math.min(whole.score, one.score) } : null;
}
