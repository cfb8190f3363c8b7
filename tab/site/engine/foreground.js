// @ts-check
// Each region's own colours where regions share pixels, as `styfie.segmentation.foreground` and `colours`.

import { fitSize, planes, resize, sizeOf } from "./planes.js";

/** @import { Planes, Size } from "./planes.js" */

const WORK = 1024; // longest side at which colours are estimated
const [FEW, STEPS] = [32, [10, 4]]; // up to this side, and beyond it: Jacobi steps per level
const [SMOOTH, FOLLOW] = [1e-5, 0.1]; // how much neighbours agree: everywhere, and more where the matte changes

/**
 * F and B with photo = alpha * F + (1 - alpha) * B: fast multi-level foreground estimation (Germer et al. 2020).
 *
 * @param {Planes} photo @param {Planes} alpha
 */
export function estimateForeground(photo, alpha) {
  const size = sizeOf(photo);
  const small = Math.max(...size) <= WORK ? size : fitSize(size, WORK);
  const [picture, matte] = [resize(photo, small), resize(alpha, small)];
  const count = Math.max(1, Math.ceil(Math.log2(Math.max(...small))));
  let [fore, back] = [meanColour(picture, matte.data), meanColour(picture, matte.data.map((one) => 1 - one))];
  for (let i = 0; i <= count; i++) {
    /** @type {Size} */
    const here = [Math.max(1, Math.round(small[0] ** (i / count))), Math.max(1, Math.round(small[1] ** (i / count)))];
    [fore, back] = relax(nearest(fore, here), nearest(back, here), resize(picture, here), resize(matte, here), STEPS[Math.max(...here) <= FEW ? 0 : 1]);
  }
  return small === size ? { fore, back } : { fore: resize(fore, size), back: resize(back, size) };
}

/** @param {Planes} photo @param {Float32Array} weight */
function meanColour(photo, weight) {
  const total = Math.max(1e-6, weight.reduce((sum, one) => sum + one, 0));
  const found = planes(3, [1, 1]);
  for (let c = 0; c < 3; c++) {
    for (let at = 0; at < weight.length; at++) found.data[c] += photo.data[c * weight.length + at] * weight[at] / total;
  }
  return found;
}

/** @param {Planes} image @param {Size} size */
function nearest(image, [height, width]) {
  if (image.height === height && image.width === width) return image;
  const found = planes(image.channels, [height, width]);
  for (let c = 0, at = 0; c < image.channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * image.height + Math.trunc(y * image.height / height)) * image.width;
      for (let x = 0; x < width; x++, at++) found.data[at] = image.data[row + Math.trunc(x * image.width / width)];
    }
  }
  return found;
}

/**
 * Jacobi steps: in each pixel the two colours that explain it best, given their neighbours'.
 *
 * @param {Planes} fore @param {Planes} back @param {Planes} photo @param {Planes} alpha @param {number} steps
 * @returns {[Planes, Planes]}
 */
function relax(fore, back, photo, alpha, steps) {
  const { height, width } = photo;
  const count = height * width;
  /** @type {Size} */
  const size = [height, width];
  let [f, b] = [fore.data, back.data];
  for (let step = 0; step < steps; step++) {
    const [nextF, nextB] = [new Float32Array(3 * count), new Float32Array(3 * count)];
    for (let y = 0, at = 0; y < height; y++) {
      const [up, down] = [y > 0 ? -width : 0, y < height - 1 ? width : 0];
      for (let x = 0; x < width; x++, at++) {
        const [left, right] = [x > 0 ? -1 : 0, x < width - 1 ? 1 : 0];
        const a = alpha.data[at];
        const rest = 1 - a;
        const l = SMOOTH + FOLLOW * Math.abs(alpha.data[at + left] - a);
        const r = SMOOTH + FOLLOW * Math.abs(alpha.data[at + right] - a);
        const u = SMOOTH + FOLLOW * Math.abs(alpha.data[at + up] - a);
        const d = SMOOTH + FOLLOW * Math.abs(alpha.data[at + down] - a);
        const total = l + r + u + d;
        const m00 = a * a + total, m01 = a * rest, m11 = rest * rest + total;
        const determinant = m00 * m11 - m01 * m01;
        for (let i = at; i < 3 * count; i += count) {
          const value = photo.data[i];
          const r0 = a * value + l * f[i + left] + r * f[i + right] + u * f[i + up] + d * f[i + down];
          const r1 = rest * value + l * b[i + left] + r * b[i + right] + u * b[i + up] + d * b[i + down];
          nextF[i] = Math.min(1, Math.max(0, (m11 * r0 - m01 * r1) / determinant));
          nextB[i] = Math.min(1, Math.max(0, (m00 * r1 - m01 * r0) / determinant));
        }
      }
    }
    [f, b] = [nextF, nextB];
  }
  return [planes(3, size, f), planes(3, size, b)];
}

/**
 * What `blend.js` blends from: which region each pixel is of, and where regions share it their alphas and own colours.
 *
 * Estimates in steps of 8 bits, moved by the least amount with which their sum, weighted by alpha, is the photo.
 *
 * @param {Planes} photo @param {Planes[]} alphas a partition
 * @returns {import("../blend.js").Soft}
 */
export function softOf(photo, alphas) {
  const { width, height } = photo;
  const count = width * height;
  const owner = new Uint8Array(count);
  const shared = [];
  for (let at = 0; at < count; at++) {
    let best = 0;
    alphas.forEach(({ data }, index) => {
      if (data[at] > alphas[best].data[at]) best = index;
    });
    owner[at] = best;
    if (alphas.some(({ data }) => data[at] > 0 && data[at] < 1)) shared.push(at);
  }
  const places = Uint32Array.from(shared);
  const alpha = alphas.map(({ data }) => Float32Array.from(places, (at) => data[at]));
  return { width, height, owner, places, alpha, own: ownColours(photo, alphas, places, alpha) };
}

/** @param {Planes} photo @param {Planes[]} alphas @param {Uint32Array} places @param {Float32Array[]} alpha there */
function ownColours(photo, alphas, places, alpha) {
  const count = photo.width * photo.height;
  const estimates = places.length ? estimatesOf(photo, alphas) : [];
  const own = estimates.map(({ data }) => {
    const found = new Float32Array(3 * places.length);
    places.forEach((at, n) => {
      for (let c = 0; c < 3; c++) found[c * places.length + n] = Math.round(255 * data[c * count + at]) / 255;
    });
    return found;
  });
  places.forEach((at, n) => {
    const squares = alpha.reduce((sum, one) => sum + one[n] ** 2, 0);
    for (let c = 0; c < 3; c++) {
      const i = c * places.length + n;
      const value = photo.data[c * count + at];
      const missing = value - own.reduce((sum, colours, index) => sum + alpha[index][n] * colours[i], 0);
      own.forEach((colours, index) => {
        colours[i] = alpha[index][n] >= 1 ? value : colours[i] + alpha[index][n] * missing / squares;
      });
    }
  });
  return own.length ? own : alphas.map(() => new Float32Array(0));
}

/** Two regions share one solution. @param {Planes} photo @param {Planes[]} alphas */
function estimatesOf(photo, alphas) {
  if (alphas.length !== 2) return alphas.map((alpha) => estimateForeground(photo, alpha).fore);
  const { fore, back } = estimateForeground(photo, alphas[0]);
  return [fore, back];
}
