// @ts-check
// Any style in one pass, as `styfie.engines.fast`: statistics of photo and style, the transport between, the painting.

import { transport } from "./linear.js";
import { bandOf, boxOf, extrapolate, enlarged, withFeatures } from "./layers.js";
import { drawNoise } from "./noise.js";
import { cut, fitSize, paste, planes, resize, round, sizeOf } from "./planes.js";

/**
 * @import { Box, Planes } from "./planes.js"
 * @import { Affine, Gaussian } from "./linear.js"
 *
 * @typedef {{ run(feeds: Record<string, unknown>): Promise<Record<string, any>>, release(): Promise<void> }} Session of ONNX Runtime
 * @typedef {{ picture: Planes, weight: number }} Style
 * @typedef {{ key: string, styles: Style[], stroke: number, likeness: number, seed: number }} Look `key` names its styles and stroke
 */

const TAPS = ["rgb", "conv1", "conv2", "conv3", "conv4", "conv5"];
const NATIVE = 256; // longest side that is painted from the photo
const FAINT = 0.02; // standard deviation under which a channel is as good as dead
const STRIDES = [2, 4, 8, 16]; // pixels between cells of the maps that have noise
const KEPT = 8; // looks whose statistics are kept

export class Painter {
  /** @type {Map<string, Gaussian[]>} */
  #looks = new Map();

  /**
   * @param {{ Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => any }} ort
   * @param {Session} statistics @param {Session} painting
   */
  constructor(ort, statistics, painting) {
    this.ort = ort;
    this.statistics = statistics;
    this.painting = painting;
  }

  /** @param {Planes} image */
  #tensor({ data, channels, height, width }) {
    return new this.ort.Tensor("float32", data, [1, channels, height, width]);
  }

  /** Means and covariances where `region` is, and the encoder's maps. @param {Planes} picture @param {Planes} region */
  async #measure(picture, region) {
    const found = await this.statistics.run({ picture: this.#tensor(picture), region: this.#tensor(region) });
    /** @type {Gaussian[]} */
    const gaussians = TAPS.map((tap) => ({ mean: found[`mean_${tap}`].data, covariance: found[`covariance_${tap}`].data }));
    return { gaussians, features: [1, 2, 3, 4, 5].map((n) => found[`features${n}`]) };
  }

  /** The encoder's maps of a picture, fine to coarse. @param {Planes} picture @returns {Promise<Planes[]>} */
  async see(picture) {
    const everywhere = planes(1, sizeOf(picture));
    everywhere.data.fill(1);
    const { features } = await this.#measure(picture, everywhere);
    return Promise.all(features.map(async (map) => planes(map.dims[1], [map.dims[2], map.dims[3]], map.data)));
  }

  /** The statistics of a look's styles, blended, as seen beside a photo of so many pixels. @param {Look} look @param {number} longest */
  async #statisticsOf(look, longest) {
    const wanted = Math.max(32, round(look.stroke * longest));
    const key = `${look.key} at ${wanted}`;
    const known = this.#looks.get(key);
    if (known) return known;
    const each = [];
    for (const { picture } of look.styles) {
      const small = resize(picture, fitSize(sizeOf(picture), wanted));
      const everywhere = planes(1, sizeOf(small));
      everywhere.data.fill(1);
      each.push((await this.#measure(small, everywhere)).gaussians);
    }
    const total = look.styles.reduce((sum, one) => sum + one.weight, 0);
    const found = blended(each, look.styles.map((one) => one.weight / total));
    this.#looks.set(key, found);
    const [oldest] = this.#looks.keys();
    if (this.#looks.size > KEPT) this.#looks.delete(oldest);
    return found;
  }

  /**
   * `content` in one look where `band` is above 0, itself elsewhere.
   *
   * @param {Planes} content @param {Planes} band @param {Look} look
   * @param {{ affines?: Affine[] }} held transports of a frame before, or room for this one's
   */
  async paint(content, band, look, held = {}) {
    const size = sizeOf(content);
    const style = await this.#statisticsOf(look, Math.max(...size));
    const box = boxOf(band);
    const picture = cut(content, box);
    const { gaussians, features } = await this.#measure(picture, cut(band, box));
    /** @type {Record<string, unknown>} */
    const feeds = { picture: this.#tensor(picture), style: this.#vector(summary(style)) };
    features.forEach((map, n) => (feeds[`features${n + 1}`] = map));
    held.affines ??= TAPS.map((_, n) => transport(gaussians[n], style[n]));
    held.affines.forEach(({ matrix, offset }, n) => {
      const tap = TAPS[n];
      feeds[`matrix_${tap}`] = new this.ort.Tensor("float32", matrix, [offset.length, offset.length]);
      feeds[`offset_${tap}`] = this.#vector(offset);
    });
    drawNoise(size, look.seed).forEach((noise, n) => (feeds[`noise${n + 1}`] = this.#tensor(cut(noise, cellsOf(box, STRIDES[n])))));
    const { painted } = await this.painting.run(feeds);
    const found = { ...content, data: content.data.slice() };
    paste(found, planes(3, sizeOf(picture), painted.data), box);
    return found;
  }

  /** @param {Float32Array} data */
  #vector(data) {
    return new this.ort.Tensor("float32", data, [data.length]);
  }

  /**
   * One region's layer: painted in it and through a band around it, the photo elsewhere; coarse to fine, so that
   * strokes keep their size in large pictures.
   *
   * @param {Planes} photo @param {Planes} alpha @param {Look} look @param {Planes | null} face where faces are
   */
  async layer(photo, alpha, look, face) {
    const [band, own] = [bandOf(alpha), extrapolate(photo, alpha)];
    let painted = own;
    for (const [n, longest] of scales(Math.max(...sizeOf(photo))).entries()) {
      const size = fitSize(sizeOf(photo), longest);
      const content = resize(own, size);
      painted = await this.paint(n ? enlarged(painted, content) : content, resize(band, size), look);
    }
    if (face && look.likeness) painted = withFeatures(painted, photo, face, look.likeness);
    const count = band.data.length;
    return planes(3, sizeOf(photo), painted.data.map((one, i) => photo.data[i] + band.data[i % count] * (one - photo.data[i])));
  }
}

/** The longest sides that a picture is painted at. @param {number} longest */
function scales(longest) {
  const found = [longest];
  while (found[0] > NATIVE) found.unshift(Math.ceil(found[0] / 2));
  return found;
}

/** @param {Box} box @param {number} stride @returns {Box} */
const cellsOf = ({ top, left, bottom, right }, stride) => ({
  top: Math.trunc(top / stride), left: Math.trunc(left / stride), bottom: Math.ceil(bottom / stride), right: Math.ceil(right / stride),
});

/** @param {Gaussian[][]} each @param {number[]} shares @returns {Gaussian[]} */
function blended(each, shares) {
  /** @param {(one: Gaussian) => Float32Array} take @param {number} n */
  const sum = (take, n) => take(each[0][n]).map((_, i) => each.reduce((total, taps, k) => total + shares[k] * take(taps[n])[i], 0));
  return TAPS.map((_, n) => ({ mean: sum((one) => one.mean, n), covariance: sum((one) => one.covariance, n) }));
}

/** What the network is told of a style: means, and logarithms of deviations, in units of each tap's root mean square. @param {Gaussian[]} style */
export function summary(style) {
  const found = [];
  for (const { mean, covariance } of style) {
    const n = mean.length;
    const variances = mean.map((_, i) => Math.max(0, covariance[i * n + i]));
    const unit = Math.max(1e-4, Math.sqrt(variances.reduce((sum, one, i) => sum + one + mean[i] ** 2, 0) / n));
    found.push(...mean.map((one) => one / unit), ...variances.map((one) => Math.log(Math.max(FAINT, Math.sqrt(one) / unit))));
  }
  return Float32Array.from(found);
}
