// @ts-check
// The person of a photo, as the library's segmenter finds it for engines of one pass.

import { withoutWideDoubt } from "./doubt.js";
import { withoutSpecks } from "./masks.js";
import { guidedUpsample, refine } from "./matting.js";
import { planes, resize } from "./planes.js";

/**
 * @import { Planes } from "./planes.js"
 * @import { Session } from "./painter.js"
 *
 * @typedef {object} Prediction what the network says of a photo
 * @property {Planes} matte probability of "person", (1, 256, 256)
 * @property {Planes} parts those of background, skin, hair, clothes, accessories, (5, 128, 128)
 * @property {Planes} own the same by the network without its head for parts, which clicks go by
 * @property {number} score how good the matte probably is; 0 where nothing is clearly skin, hair or clothes
 */

const SIDE = 256; // the network sees the photo stretched to a square of this side
const WORK = 384; // longest side at which the matte is solved for
const CONTRAST = 1.6; // of probabilities around 0.5
const [SURE, LEAST] = [0.9, 0.01]; // probability that counts as sure, and least share of the picture
const CURVE = [[0.0, 0.0], [0.8773, 0.7088], [0.9604, 0.9178], [0.9755, 0.9366], [0.9831, 0.9586], [0.9877, 0.969], [0.99, 0.9709], [0.9918, 0.9759], [0.9941, 0.9778]]; // shares of the person of which it is sure, and the IoU that masks with such a share have
const CLEAR = 0.709; // mean probability of the likeliest part over the person, below which nobody counts as found
export const SCORE = 0.495; // expected IoU, likewise

export class Segmenter {
  /** @param {{ Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => any }} ort @param {Session} network */
  constructor(ort, network) {
    this.ort = ort;
    this.network = network;
  }

  /** @param {Planes} photo @param {boolean} mirrored as well, and wide doubt decided: for photos @param {number} side of what is looked at @returns {Promise<Prediction>} */
  async predict(photo, mirrored = true, side = SIDE) {
    const square = resize(photo, [side, side]);
    const views = mirrored ? [square.data, flipped(square).data] : [square.data];
    const input = new Float32Array(views.length * square.data.length);
    views.forEach((view, n) => input.set(view, n * view.length));
    const found = await this.network.run({ picture: new this.ort.Tensor("float32", input, [views.length, 3, side, side]) });
    const matte = mean(planes(views.length, [side, side], found.matte.data), 1);
    const parts = mean(planes(5 * views.length, [side / 2, side / 2], found.parts.data), 5);
    const own = mean(planes(5 * views.length, [side / 2, side / 2], found.own_parts.data), 5);
    const clear = withoutSpecks({ ...matte, data: matte.data.map((one) => Math.min(1, Math.max(0, CONTRAST * (one - 0.5) + 0.5))) });
    return { matte: mirrored ? withoutSpecks(withoutWideDoubt(clear)) : clear, parts, own, score: clarityOf(clear, parts) < CLEAR ? 0 : scoreOf(clear) };
  }

  /** The matte at the photo's size; null where nobody is found. @param {Planes} photo @param {Prediction} prediction */
  matte(photo, prediction) {
    return prediction.score < SCORE ? null : refine(prediction.matte, photo, WORK);
  }

  /** The same at once, for a frame of a camera. @param {Planes} photo */
  async frame(photo) {
    const prediction = await this.predict(photo, false);
    return prediction.score < SCORE ? null : guidedUpsample(prediction.matte, photo);
  }
}

/** @param {Planes} image @returns {Planes} */
function flipped({ channels, height, width, data }) {
  const found = planes(channels, [height, width]);
  for (let row = 0; row < channels * height; row++) {
    for (let x = 0; x < width; x++) found.data[row * width + x] = data[row * width + width - 1 - x];
  }
  return found;
}

/** The mean of a picture's answer and its mirror image's, if there is one. @param {Planes} both @param {number} channels */
function mean({ channels: all, height, width, data }, channels) {
  const first = planes(channels, [height, width], data.slice(0, channels * height * width));
  if (all === channels) return first;
  const other = flipped(planes(channels, [height, width], data.slice(channels * height * width)));
  return { ...first, data: first.data.map((one, at) => (one + other.data[at]) / 2) };
}

/** @param {Planes} matte */
function scoreOf({ data }) {
  let [person, sure] = [0, 0];
  for (const one of data) {
    if (one > 0.5) person++;
    if (one > SURE) sure++;
  }
  return person / data.length >= LEAST ? expected(sure / person) : 0;
}

/** The IoU to expect of a sure share, as `Calibration.score` of the library. @param {number} share */
export function expected(share) {
  const after = CURVE.findIndex(([known]) => known >= share);
  if (after <= 0) return CURVE.at(after)?.[1] ?? 0;
  const [[left, low], [right, high]] = [CURVE[after - 1], CURVE[after]];
  return low + ((high - low) * (share - left)) / (right - left);
}

/** How clear the parts of the person are, as `Prediction.clarity` of the library. @param {Planes} matte @param {Planes} parts */
function clarityOf(matte, parts) {
  const small = resize(matte, [parts.height, parts.width]).data;
  let [person, likeliest] = [0, 0];
  small.forEach((one, at) => {
    if (one <= 0.5) return;
    person++;
    let most = 0;
    for (let c = 0; c < parts.channels; c++) most = Math.max(most, parts.data[c * small.length + at]);
    likeliest += most;
  });
  return person ? likeliest / person : 1;
}
