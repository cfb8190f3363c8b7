// @ts-check
// Pictures of a job as files: encoded by the browser, several as one ZIP.

import { blend } from "../blend.js";
import { planes, sizeOf, toPixels } from "./planes.js";
import { refine } from "./matting.js";
import { estimateForeground } from "./foreground.js";
import { checksum, marked, packetOf } from "./marks.js";

/**
 * @import { Painted } from "../blend.js"
 * @import { Pixels } from "../types.d.ts"
 * @import { Job } from "./job.js"
 * @import { Planes } from "./planes.js"
 *
 * @typedef {{ data: Pixels, width: number, height: number }} Picture
 */

/** @type {Record<string, string>} */
const TYPES = { png: "image/png", jpeg: "image/jpeg", webp: "image/webp" };
/** @type {Record<string, string>} */
const SUFFIXES = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };
const MATTE = 384; // longest side at which a matte is solved for

/** The painting, or only one side of it, as `blend.js` shows it. @param {Job} job @param {string} [side] @returns {Picture} */
export function rendered(job, side) {
  const { width, height } = job.photo;
  const [photo, out] = [toPixels(job.photo), new Uint8ClampedArray(4 * width * height)];
  /** @type {Painted[]} */
  const painted = job.regions.flatMap((region, index) => {
    const { styles, strength, color, blur } = job.look(region.name);
    const shown = (styles.length && job.layers.has(region.name)) || blur > 0;
    if (!shown || (side && region.side !== side)) return [];
    return [{ index, strength, layer: job.picture(region.name, color, blur), styled: styles.length > 0 }];
  });
  blend(out, photo, job.soft, painted);
  return { data: out, width, height };
}

/** The person's matte at the size of a photo. @param {Job} job @param {Planes} photo */
function matteOf(job, photo) {
  const [first, ...others] = job.regions.filter((one) => one.side === "subject");
  if (!first) return planes(1, sizeOf(photo));
  const sum = { ...first.alpha, data: first.alpha.data.map((one, at) => others.reduce((total, { alpha }) => total + alpha.data[at], one)) };
  return sum.height === photo.height && sum.width === photo.width ? sum : refine(sum, photo, MATTE);
}

/** The person on transparency, in their own colours. @param {Planes} photo @param {Planes} matte @returns {Picture} */
function cutOut(photo, matte) {
  const data = toPixels(estimateForeground(photo, matte).fore);
  matte.data.forEach((one, at) => (data[4 * at + 3] = 255 * one));
  return { data, width: photo.width, height: photo.height };
}

/** @param {Job} job @param {string} name @returns {Promise<Picture>} */
async function drawn(job, name) {
  if (["both", "subject", "background"].includes(name)) return rendered(job, name === "both" ? undefined : name);
  const photo = await job.read(0);
  const { width, height } = photo;
  if (name === "photo") return { data: toPixels(photo), width, height };
  const matte = matteOf(job, photo);
  if (name === "cutout") return cutOut(photo, matte);
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  matte.data.forEach((one, at) => data.fill(255 * one + 0.5, 4 * at, 4 * at + 3));
  return { data, width, height };
}

/** @param {Picture} picture @param {string} type @param {number} quality 0 to 1 */
export async function encoded({ data, width, height }, type, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(new ImageData(data, width), 0, 0);
  return canvas.convertToBlob({ type, quality });
}

/**
 * Pictures of a job as one file.
 *
 * @param {Job} job @param {{ names: string[], kind: string, quality: number }} what quality from 0 to 100
 * @param {Record<string, string>} marks packets that say what was done to a picture
 */
export async function exported(job, { names, kind, quality }, marks) {
  const files = [];
  for (const name of names) {
    const picture = await drawn(job, name);
    const blob = await encoded(picture, TYPES[name === "cutout" && kind === "jpeg" ? "png" : kind], quality / 100);
    const packet = packetOf(name, marks);
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const whole = packet ? marked(bytes, blob.type, packet, [picture.width, picture.height]) : bytes;
    // A browser that cannot write a kind writes PNG in its place.
    files.push(new File([whole], `${job.name}${name === "both" ? "" : `-${name}`}.${SUFFIXES[blob.type]}`, { type: blob.type }));
  }
  return files.length === 1 ? files[0] : zipped(files, `${job.name}.zip`);
}

/** @param {...[bytes: 2 | 4, value: number]} fields little endian */
function record(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return view.buffer;
}

/** Files in a ZIP as they are: pictures are packed already. @param {File[]} files @param {string} name */
export async function zipped(files, name) {
  const [parts, list] = [/** @type {BlobPart[]} */ ([]), /** @type {BlobPart[]} */ ([])];
  let [at, length] = [0, 0];
  for (const file of files) {
    const [bytes, called] = [new Uint8Array(await file.arrayBuffer()), new TextEncoder().encode(file.name)];
    /** @type {[2 | 4, number][]} */ // version, UTF-8 names, stored, no time, checksum, sizes
    const common = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, called.length], [2, 0]];
    const head = record([4, 0x04034b50], ...common);
    parts.push(head, called, bytes);
    const entry = record([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]);
    list.push(entry, called);
    at += head.byteLength + called.length + bytes.length;
    length += entry.byteLength + called.length;
  }
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, at], [2, 0]);
  return new File([...parts, ...list, end], name, { type: "application/zip" });
}
