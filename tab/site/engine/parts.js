// @ts-check
// Parts of the person, as `styfie.segmentation.portrait.Prediction.part`.

import { refine } from "./matting.js";
import { planes, resize } from "./planes.js";

/**
 * @import { Planes } from "./planes.js"
 * @import { Prediction } from "./segmenter.js"
 */

export const PARTS = ["skin", "hair", "clothes", "accessories"];
export const LEAST = 0.01; // share of the person below which a part counts as none
const WORK = 640; // longest side of its matting

/** A part's share of the person at the size of the parts, and how much of it there is. @param {Prediction} prediction @param {string} name */
function shareOf({ matte, parts }, name) {
  const count = parts.height * parts.width;
  const person = resize(matte, [parts.height, parts.width]).data;
  const mine = (1 + PARTS.indexOf(name)) * count;
  const share = planes(1, [parts.height, parts.width]);
  let [held, all, sure] = [0, 0, 0];
  for (let at = 0; at < count; at++) {
    let known = 0;
    for (let c = 1; c < 5; c++) known += parts.data[c * count + at];
    share.data[at] = parts.data[mine + at] / Math.max(1e-4, known);
    all += person[at];
    if (share.data[at] <= 0.5) continue;
    held += person[at];
    sure += person[at] * share.data[at];
  }
  return { share, there: held > LEAST * all, score: held ? sure / held : 0 };
}

/** The parts that are in a photo. @param {Prediction} prediction */
export const partsIn = (prediction) => PARTS.filter((name) => shareOf(prediction, name).there);

/** One part's share of the person at the photo's size. @param {Prediction} prediction @param {string} name @param {Planes} photo */
export function part(prediction, name, photo) {
  const { share, score } = shareOf(prediction, name);
  const clear = { ...share, data: share.data.map((one) => Math.min(1, Math.max(0, 2 * (one - 0.5) + 0.5))) };
  return { share: refine(clear, photo, WORK), score };
}
