// @ts-check
// Where all is computed: ONNX Runtime and the jobs, beside the page's own thread.

import { Clicks } from "./clicks.js";
import { Job, Refused } from "./job.js";
import { fitSize, planes, readPixels, resize, sizeOf, toPixels } from "./planes.js";
import { Painter } from "./painter.js";
import { Segmenter } from "./segmenter.js";
import { LOOK, SETTINGS } from "./defaults.js";
import { Camera } from "./camera.js";
import { encoded, exported, rendered } from "./exports.js";

/**
 * @import { Planes } from "./planes.js"
 * @import { Soft } from "../blend.js"
 * @import { Tools } from "./job.js"
 * @import { Looks, SettingsSchema } from "../types.d.ts"
 */

const OWN = 1024; // pixels of a style's longer side, at most
const MOST = 2048; // pixels of a photo's longer side that are kept
const [THUMB, FACE] = [240, 192]; // pixels of small pictures
const [AWAKE, STYLES, REHEARSED] = [2, 8, 128]; // jobs and styles whose pictures are at hand; pixels of what is painted before there is a photo
const [SECONDS, FILTERED, BYTES] = [14, 4, 1.2e9]; // about, of a megapixel with two styles, on one thread; by filters

/** @type {Map<string, Job>} */
const jobs = new Map();
/** @type {Map<string, Camera>} */
const cameras = new Map();
/** @type {Set<string>} */
const stopping = new Set();
/** @type {Map<string, Promise<Planes>>} */
const gallery = new Map();

/** @param {string} file @param {string} by what computes it */
async function network(file, by = provider) {
  const reply = await fetch(new URL(`../models/${file}.onnx`, import.meta.url));
  if (!reply.ok) throw new Refused(`The network ${file} could not be loaded: are you offline, and was this page ever loaded whole?`, 503);
  return ort.InferenceSession.create(new Uint8Array(await reply.arrayBuffer()), { executionProviders: [by] });
}

let provider = "wasm";
/** @type {any} */
let ort; // ONNX Runtime, with WebGPU where there is one: that is twice as large

async function prepare() {
  if (await graphics()) provider = "webgpu";
  ort = await import(`../ort/ort.${provider}.mjs`);
  ort.env.wasm.wasmPaths = new URL("../ort/", import.meta.url).href;
  ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1;
  try {
    const found = await load();
    if (provider === "webgpu") await rehearse(found); // some graphics cards refuse only when they are to compute
    return found;
  } catch (error) {
    if (provider === "wasm" || error instanceof Refused) throw error;
    provider = "wasm"; // the processor can
    return load();
  }
}

async function load() {
  const segmenter = new Segmenter(ort, await network("segmenter"));
  const painter = new Painter(ort, await network("statistics"), await network("painting"));
  const clicks = new Clicks(ort, () => network("clicks", "wasm"), segmenter, painter); // no graphics card is rehearsed for it
  return { segmenter, painter, clicks, gallery: picture, technique, look: LOOK, settings: SETTINGS };
}

/** All networks once, small: the first photo then waits neither for compilers nor for a card that cannot. @param {Tools} tools */
async function rehearse({ segmenter, painter, look }) {
  const photo = planes(3, [REHEARSED, REHEARSED]);
  photo.data.forEach((_, at) => (photo.data[at] = at * 7919 % 256 / 255));
  const everywhere = planes(1, sizeOf(photo));
  everywhere.data.fill(1);
  const { score } = await segmenter.predict(photo);
  const { data } = await painter.layer(photo, everywhere, { ...look, key: "rehearsal", styles: [{ picture: photo, weight: 1 }], seed: 0 }, null);
  if (![score, ...data].every(Number.isFinite)) throw new Error("What was painted are no numbers.");
}

async function graphics() {
  try {
    return Boolean(await /** @type {any} */ (navigator).gpu?.requestAdapter());
  } catch {
    return false;
  }
}

/** @type {ReturnType<typeof prepare> | null} */
let preparing = null;
const tools = () => {
  preparing ??= prepare();
  preparing.catch(() => (preparing = null)); // to be tried once more
  return preparing;
};

/** The pixels of a picture file, upright and in sRGB. @param {Blob} file @param {number} longest */
async function pixelsOf(file, longest) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch {
    throw new Refused("The browser cannot read this picture: a JPEG, PNG or WebP is wanted.");
  }
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Refused("The browser has no room to draw in.", 507);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** @returns {Promise<{ styles: { name: string, file: string, technique?: string }[], marks: Record<string, string> }>} */
const listed = async () => (await fetch(new URL("../models/gallery.json", import.meta.url))).json();

/** The filter that suits a built-in style. @param {string} name */
const technique = async (name) => (await listed()).styles.find((one) => one.name === name)?.technique ?? "";

/** A built-in style. @param {string} name */
function picture(name) {
  let found = gallery.get(name);
  if (!found) {
    found = (async () => {
      const entry = (await listed()).styles.find((one) => one.name === name);
      if (!entry) throw new Refused(`There is no style ${name}.`, 404);
      const file = await (await fetch(new URL(`../models/styles/${entry.file}`, import.meta.url))).blob();
      return readPixels(await pixelsOf(file, MOST), 0);
    })();
    found.catch(() => gallery.delete(name));
  }
  gallery.delete(name);
  gallery.set(name, found); // as the last one used
  const [oldest] = gallery.keys();
  if (gallery.size > STYLES) gallery.delete(oldest);
  return found;
}

/** @param {string} id */
function known(id) {
  const job = jobs.get(id);
  if (!job) throw new Refused("This picture is not there any more: a tab keeps its pictures until it is closed.", 404);
  return job;
}

/** To be worked on: its pictures are at hand. @param {string} id */
function jobOf(id) {
  const job = known(id);
  wake(job);
  return job;
}

/** Jobs by when they were used, the last one last. @type {Set<Job>} */
const used = new Set();

/** @param {Job} job */
function wake(job) {
  used.delete(job);
  used.add(job);
  job.wake();
  for (const other of [...used].slice(0, -AWAKE)) if (other.state !== "painting") other.sleep();
}

/** @param {Job} job */
const tell = (job) => postMessage({ job: job.answer() });

/** @param {Planes} image @param {import("../types.d.ts").Pixels} [data] of what is to be seen in its place */
async function thumbnail(image, data = toPixels(image)) {
  const size = fitSize(sizeOf(image), Math.min(THUMB, Math.max(...sizeOf(image))));
  const small = resize(readPixels(new ImageData(data, image.width), 0), size);
  return encoded({ data: toPixels(small), width: size[1], height: size[0] }, "image/jpeg", 0.85);
}

/** As the server's `soft.bin`. @param {Soft} soft */
function packed({ width, height, owner, places, alpha, own }) {
  const start = Math.ceil((16 + owner.length) / 4) * 4;
  const buffer = new ArrayBuffer(start + 4 * places.length * (1 + 4 * alpha.length));
  new Uint32Array(buffer, 0, 4).set([width, height, alpha.length, places.length]);
  new Uint8Array(buffer, 16).set(owner);
  new Uint32Array(buffer, start, places.length).set(places);
  let at = start + 4 * places.length;
  for (const row of [...alpha, ...own]) {
    new Float32Array(buffer, at, row.length).set(row);
    at += 4 * row.length;
  }
  return buffer;
}

/** Painting goes on by itself, and says how far it is. @param {Job} job */
async function finish(job) {
  const start = performance.now();
  try {
    const whole = await job.paint(true, (step, steps) => {
      const left = step ? (performance.now() - start) / 1000 * (steps - step) / step : 3 * steps;
      job.progress = { step, steps, seconds_left: left, preview: 0 };
      tell(job);
      return !stopping.has(job.id);
    });
    job.state = whole ? "done" : "stopped";
  } catch (error) {
    job.state = "failed";
    job.error = sentence(error);
  }
  stopping.delete(job.id);
  job.progress = null;
  job.changed();
  const number = job.versions.at(-1)?.number;
  if (job.state === "done" && number) {
    const picture = rendered(job);
    postMessage({ version: { id: job.id, number, blob: await encoded(picture, "image/png", 1) } });
    postMessage({ thumb: { id: job.id, blob: await thumbnail(job.photo, picture.data) } });
  }
  tell(job);
}

/** @param {unknown} error */
function sentence(error) {
  const words = error instanceof Error ? error.message : String(error);
  return /memory|allocat/i.test(words) ? "There was not enough memory for this: close other tabs, or choose a smaller size." : words;
}

let count = 0;

const calls = {
  async ready() {
    const [all, before] = [await tools(), asked];
    last = last.then(() => (asked === before && provider === "wasm" ? rehearse(all) : null)).catch(() => {});
    return { provider, threads: ort.env.wasm.numThreads };
  },
  /** @param {Blob} file @param {string | null} like */
  async open(file, like) {
    const before = like ? jobOf(like) : null;
    const [held, all] = [new Blob([await file.arrayBuffer()]), await tools()]; // a file may be gone or another later
    const id = `tab-${Date.now().toString(36)}-${++count}`;
    const job = await Job.open(id, all, async (longest) => readPixels(await pixelsOf(held, MOST), longest));
    job.name = (file instanceof File && file.name.replace(/\.\w+$/, "")) || "styfie";
    if (before) {
      job.looks = structuredClone(before.looks);
      job.settings = { ...before.settings };
      for (const [name, style] of before.own) job.own.set(name, style);
    }
    jobs.set(id, job);
    wake(job);
    postMessage({ thumb: { id, blob: await thumbnail(job.photo) } });
    return job.answer();
  },
  /** @param {string} id */
  job: (id) => known(id).answer(),
  /** @param {number} most @param {number} skip */
  list: (most, skip) => [...jobs.values()].reverse().slice(skip, skip + most).map((job) => job.answer()),
  /** @param {string} id */
  remove(id) {
    used.delete(known(id));
    jobs.delete(id);
    postMessage({ gone: id });
  },
  /** @param {string} id @param {Looks} looks @param {number} version */
  looks(id, looks, version) {
    jobOf(id).setLooks(looks, version);
    return jobOf(id).answer();
  },
  /** @param {string} id @param {Partial<SettingsSchema>} settings */
  settings(id, settings) {
    const job = jobOf(id);
    Object.assign(job.settings, settings);
    job.changed();
    return job.answer();
  },
  /** @param {string} id @param {string} name @param {Blob} file */
  async style(id, name, file) {
    return { name: jobOf(id).addStyle(name, readPixels(await pixelsOf(file, MOST), OWN, false)) };
  },
  /** @param {string} id @param {string} name */
  async ownStyle(id, name) {
    const found = jobOf(id).own.get(name);
    return found ? thumbnail(found) : null;
  },
  /** @param {string} id */
  async preview(id) {
    const job = jobOf(id);
    await job.paint(false);
    return job.answer();
  },
  /** @param {string} id @param {Partial<SettingsSchema>} settings */
  paint(id, settings) {
    const job = jobOf(id);
    if (job.state === "painting") return job.answer();
    Object.assign(job.settings, settings);
    Object.assign(job, { state: "painting", error: "", progress: { step: 0, steps: 0, seconds_left: 0, preview: 0 } });
    job.changed();
    last = last.then(() => finish(job)); // networks run one after the other
    return job.answer();
  },
  /** @param {string} id */
  stop(id) {
    if (known(id).state === "painting") stopping.add(id);
    return known(id).answer();
  },
  /** @param {string} id @param {"split" | "merge"} which @param {string} name */
  region(id, which, name) {
    jobOf(id)[which](name);
    return jobOf(id).answer();
  },
  /** @param {string} id @param {string} name @param {Blob} mask */
  async brush(id, name, mask) {
    const { data, width, height } = await pixelsOf(mask, MOST);
    jobOf(id).brush(name, planes(1, [height, width], Float32Array.from({ length: width * height }, (_, n) => data[4 * n] / 255)));
    return jobOf(id).answer();
  },
  /** @param {string} id @param {boolean} back */
  step(id, back) {
    jobOf(id).step(back);
    return jobOf(id).answer();
  },
  /** @param {string} id @param {string} name @param {{ add: [number, number][], remove: [number, number][] }} points */
  async correct(id, name, points) {
    await jobOf(id).correct(name, points);
    return jobOf(id).answer();
  },
  /** @param {string} id @param {number} number */
  putBack(id, number) {
    jobOf(id).putBack(number);
    return jobOf(id).answer();
  },
  /** @param {string} id @param {[string, string]} pair */
  async face(id, pair) {
    const image = await jobOf(id).face(pair, FACE);
    return encoded({ data: toPixels(image), width: FACE, height: FACE }, "image/jpeg", 0.85);
  },
  /** @param {string} id @param {{ names: string[], kind: string, quality: number }} what */
  exported: async (id, what) => exported(jobOf(id), what, (await listed()).marks),
  /** What paintings of these sizes would cost. @param {string} id @param {number[]} sizes */
  costs(id, sizes) {
    const { photo: { width, height }, settings: { engine } } = jobOf(id);
    return sizes.map((size) => {
      const millions = size * size * Math.min(width, height) / Math.max(width, height) / 1e6;
      const seconds = engine === "filters" ? FILTERED * millions : SECONDS * millions / Math.max(1, ort.env.wasm.numThreads * 0.8);
      return { size, seconds, gigabytes: 0.3 + BYTES * millions / 1e9, error: "" };
    });
  },
  /** @param {string} id */
  photo(id) {
    const { photo } = jobOf(id);
    return { data: toPixels(photo), width: photo.width, height: photo.height };
  },
  /** @param {string} id */
  soft: (id) => packed(jobOf(id).soft),
  /** @param {string} id @param {string} name @param {string} color @param {number} blur */
  layer(id, name, color, blur) {
    const { width, height } = jobOf(id).photo;
    return { data: jobOf(id).picture(name, color, blur), width, height };
  },
  /** @param {string} id @param {Looks} looks @param {number} size */
  async openCamera(id, looks, size) {
    cameras.set(id, new Camera(await tools(), looks, size));
    return { id };
  },
  /** @param {string} id @param {Blob} frame */
  async frame(id, frame) {
    const camera = cameras.get(id);
    if (!camera) throw new Refused("The camera was closed.", 404);
    const pixels = await pixelsOf(frame, camera.size);
    const { image, rate } = await camera.paint(readPixels(pixels, 0));
    const { width, height } = image;
    return { picture: await encoded({ data: toPixels(image), width, height }, "image/jpeg", 0.9), rate };
  },
  /** @param {string} id */
  closeCamera: (id) => void cameras.delete(id),
};

/** @type {Promise<unknown>} */
let last = Promise.resolve(); // what was asked for before
let asked = 0;

addEventListener("message", ({ data: { number, call, values } }) => {
  asked++;
  const run = async () => {
    try {
      const found = await /** @type {any} */ (calls)[call](...values);
      const buffers = [found instanceof ArrayBuffer ? found : found?.data?.buffer].filter(Boolean);
      postMessage({ number, found }, { transfer: buffers });
    } catch (error) {
      postMessage({ number, error: sentence(error), status: error instanceof Refused ? error.status : 500 });
    }
  };
  if (["stop", "job", "list"].includes(call)) void run();
  else last = last.then(run);
});
