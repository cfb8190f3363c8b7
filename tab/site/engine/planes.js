// @ts-check
// Pictures and mattes as planes of float32 in [0, 1], as the library's tensors (C, H, W), and their sizes.

/**
 * @typedef {object} Planes
 * @property {number} channels
 * @property {number} height
 * @property {number} width
 * @property {Float32Array<ArrayBuffer>} data plane after plane, row by row
 *
 * @typedef {[height: number, width: number]} Size
 */

/**
 * @param {number} channels @param {Size} size @param {Float32Array<ArrayBuffer>} [data]
 * @returns {Planes}
 */
export const planes = (channels, [height, width], data = new Float32Array(channels * height * width)) =>
  ({ channels, height, width, data });

/** @param {Planes} image @returns {Size} */
export const sizeOf = ({ height, width }) => [height, width];

/** Rounded as Python rounds: a half to the even neighbour. @param {number} x */
export function round(x) {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest === 0.5) return low % 2 ? low + 1 : low;
  return rest < 0.5 ? low : low + 1;
}

/** The size scaled so that the longer side is `longest`. @param {Size} size @param {number} longest @returns {Size} */
export function fitSize([height, width], longest) {
  const scale = longest / Math.max(height, width);
  return [Math.max(1, round(height * scale)), Math.max(1, round(width * scale))];
}

/** @param {number} x */
const triangle = (x) => Math.max(0, 1 - Math.abs(x));
/** @param {number} x */
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
/** @param {number} x */
const lanczos = (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

/**
 * @typedef {{ first: Int32Array, count: Int32Array, weights: Float32Array[] }} Taps of each pixel of a new row
 *
 * @param {number} from @param {number} to @param {(x: number) => number} kernel @param {number} reach of the kernel
 * @returns {Taps}
 */
function tapsOf(from, to, kernel, reach) {
  const scale = from / to;
  const wide = Math.max(1, scale);
  const [first, count] = [new Int32Array(to), new Int32Array(to)];
  const weights = [];
  for (let i = 0; i < to; i++) {
    const center = scale * (i + 0.5);
    const start = Math.max(0, Math.trunc(center - reach * wide + 0.5));
    const stop = Math.min(from, Math.trunc(center + reach * wide + 0.5));
    const row = new Float32Array(stop - start);
    let sum = 0;
    for (let j = 0; j < row.length; j++) sum += row[j] = kernel((j + start - center + 0.5) / wide);
    for (let j = 0; j < row.length; j++) row[j] /= sum;
    first[i] = start;
    count[i] = row.length;
    weights.push(row);
  }
  return { first, count, weights };
}

/** @param {Planes} image @param {Size} size @param {(x: number) => number} kernel @param {number} reach @returns {Planes} */
function resample(image, [height, width], kernel, reach) {
  const across = image.width === width ? image : resampleRows(image, width, kernel, reach);
  if (across.height === height) return across;
  const { first, count, weights } = tapsOf(across.height, height, kernel, reach);
  const found = planes(image.channels, [height, width]);
  for (let c = 0; c < image.channels; c++) {
    const source = across.data.subarray(c * across.height * width, (c + 1) * across.height * width);
    for (let y = 0; y < height; y++) {
      const row = found.data.subarray((c * height + y) * width, (c * height + y + 1) * width);
      for (let j = 0; j < count[y]; j++) {
        const weight = weights[y][j];
        const at = (first[y] + j) * width;
        for (let x = 0; x < width; x++) row[x] += weight * source[at + x];
      }
    }
  }
  return found;
}

/** @param {Planes} image @param {number} width @param {(x: number) => number} kernel @param {number} reach */
function resampleRows(image, width, kernel, reach) {
  const { first, count, weights } = tapsOf(image.width, width, kernel, reach);
  const found = planes(image.channels, [image.height, width]);
  const rows = image.channels * image.height;
  for (let y = 0; y < rows; y++) {
    const at = y * image.width;
    for (let x = 0; x < width; x++) {
      const row = weights[x];
      let sum = 0;
      for (let j = 0, from = at + first[x]; j < count[x]; j++) sum += row[j] * image.data[from + j];
      found.data[y * width + x] = sum;
    }
  }
  return found;
}

/** Bilinear, over the whole area when shrinking, as `images.resize`. @param {Planes} image @param {Size} size */
export function resize(image, size) {
  return image.height === size[0] && image.width === size[1] ? image : resample(image, size, triangle, 1);
}

/**
 * A picture as the library reads it: RGBA (8 bit) on white, brought to a longest side by Lanczos, in steps of 8 bits.
 *
 * @param {ImageData} pixels @param {number} longest in pixels @param {boolean} [enlarge]
 */
export function readPixels({ data, width, height }, longest, enlarge = true) {
  const whole = planes(3, [height, width]);
  const count = width * height;
  for (let n = 0; n < count; n++) {
    const alpha = data[4 * n + 3] / 255;
    for (let c = 0; c < 3; c++) whole.data[c * count + n] = data[4 * n + c] / 255 * alpha + 1 - alpha;
  }
  if (!longest || (!enlarge && Math.max(width, height) <= longest)) return whole;
  const size = fitSize([height, width], longest);
  const found = resample(reduced(whole, size), size, lanczos, 3);
  for (let n = 0; n < found.data.length; n++) {
    found.data[n] = Math.round(255 * Math.min(1, Math.max(0, found.data[n]))) / 255;
  }
  return found;
}

/** Means of blocks first, where a picture is more than three times too large. @param {Planes} image @param {Size} size */
function reduced(image, size) {
  const [down, across] = [Math.max(1, Math.trunc(image.height / size[0] / 3)), Math.max(1, Math.trunc(image.width / size[1] / 3))];
  if (down === 1 && across === 1) return image;
  /** @type {Size} */
  const small = [Math.ceil(image.height / down), Math.ceil(image.width / across)];
  const found = planes(image.channels, small);
  for (let c = 0, at = 0; c < image.channels; c++) {
    for (let y = 0; y < small[0]; y++) {
      for (let x = 0; x < small[1]; x++, at++) {
        const [stopY, stopX] = [Math.min(image.height, (y + 1) * down), Math.min(image.width, (x + 1) * across)];
        let sum = 0;
        for (let v = y * down; v < stopY; v++) {
          for (let u = x * across; u < stopX; u++) sum += image.data[(c * image.height + v) * image.width + u];
        }
        found.data[at] = sum / ((stopY - y * down) * (stopX - x * across));
      }
    }
  }
  return found;
}

/** Planes as RGBA (8 bit). @param {Planes} image */
export function toPixels({ data, width, height }) {
  const count = width * height;
  const found = new Uint8ClampedArray(4 * count); // which rounds and clamps
  for (let n = 0; n < count; n++) {
    for (let c = 0; c < 3; c++) found[4 * n + c] = 255 * data[c * count + n];
    found[4 * n + 3] = 255;
  }
  return found;
}

/** A part of all planes. @param {Planes} image @param {Box} box */
export function cut(image, { top, left, bottom, right }) {
  const found = planes(image.channels, [bottom - top, right - left]);
  for (let c = 0, at = 0; c < image.channels; c++) {
    for (let y = top; y < bottom; y++, at += right - left) {
      const from = (c * image.height + y) * image.width;
      found.data.set(image.data.subarray(from + left, from + right), at);
    }
  }
  return found;
}

/**
 * @typedef {{ top: number, left: number, bottom: number, right: number }} Box
 *
 * @param {Planes} image which is changed @param {Planes} part @param {Box} box
 */
export function paste(image, part, { top, left }) {
  for (let c = 0, at = 0; c < image.channels; c++) {
    for (let y = top; y < top + part.height; y++, at += part.width) {
      image.data.set(part.data.subarray(at, at + part.width), (c * image.height + y) * image.width + left);
    }
  }
}

/** @param {Planes} image @param {(x: number) => number} call */
export const mapped = (image, call) => ({ ...image, data: image.data.map(call) });

/** @typedef {{ channels: number, height: number, width: number, steps: Uint8ClampedArray }} Packed */

/** In steps of 8 bits, a quarter of the memory. @param {Planes} image @returns {Packed} */
export const packed = ({ data, ...size }) => ({ ...size, steps: Uint8ClampedArray.from(data, (one) => 255 * one) });

/** @param {Packed} image @returns {Planes} */
export const unpacked = ({ steps, ...size }) => ({ ...size, data: Float32Array.from(steps, (one) => one / 255) });
