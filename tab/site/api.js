// @ts-check
// What `api.js` of the server's page asks of a server, asked of a worker in this tab: nothing is sent anywhere.

import { ApiError } from "./api.page.js";
import { BLURS, LOOK, SETTINGS } from "./engine/defaults.js";
import { t } from "./text.js";

export { ApiError } from "./api.page.js";

/**
 * @import { AboutResponse, CameraResponse, JobResponse, Looks, NameResponse } from "./types.d.ts"
 * @import { SettingsSchema, StyleResponse, Trash, TrashResponse } from "./types.d.ts"
 *
 * @typedef {{ resolve: (found: any) => void, reject: (error: Error) => void }} Waiting
 * @typedef {{ styles: (StyleResponse & { file: string, small: string })[], pairs: string[][] }} Gallery
 */

const worker = new Worker(new URL("./engine/worker.js", import.meta.url), { type: "module" });
/** @type {Map<number, Waiting>} */
const waiting = new Map();
/** @type {Map<string, Set<(job: JobResponse | null) => void>>} */
const followers = new Map();
/** @type {Map<string, string>} */
const thumbs = new Map(); // addresses of small pictures, by job
/** @type {Map<string, string>} */
const smalls = new Map(); // likewise of the gallery, by style
/** @type {Map<string, string>} */
const versions = new Map(); // addresses of paintings as they were, by job and number
/** @type {Map<string, string>} */
const owned = new Map(); // addresses of one's own styles, by job and name
let number = 0;

worker.addEventListener("message", ({ data }) => {
  const { job, gone, thumb, version } = data;
  if (thumb) {
    const address = URL.createObjectURL(thumb.blob);
    if (!thumbs.has(thumb.id)) thumbs.set(`${thumb.id}/photo`, address); // the first one is the photo's
    thumbs.set(thumb.id, address);
  }
  else if (version) versions.set(`${version.id}/${version.number}`, URL.createObjectURL(version.blob));
  else if (job) followers.get(job.id)?.forEach((call) => call(job));
  else if (gone) {
    for (const addresses of [thumbs, versions, owned]) {
      for (const [name, address] of addresses) {
        if (name.split("/")[0] !== gone) continue;
        URL.revokeObjectURL(address);
        addresses.delete(name);
      }
    }
    followers.get(gone)?.forEach((call) => call(null));
  } else {
    const who = waiting.get(data.number);
    waiting.delete(data.number);
    if (data.error === undefined) who?.resolve(data.found);
    else who?.reject(new ApiError(data.error, data.status));
  }
});
worker.addEventListener("error", (event) => {
  event.preventDefault();
  for (const { reject } of waiting.values()) reject(new ApiError("The part of this page that computes could not be started: please load the page once more.", 0));
  waiting.clear();
});

/** @param {string} call @param {...unknown} values @returns {Promise<any>} */
function ask(call, ...values) {
  return new Promise((resolve, reject) => {
    waiting.set(++number, { resolve, reject });
    worker.postMessage({ number, call, values });
  });
}

/** @param {string} address */
async function fetched(address) {
  const reply = await fetch(address);
  if (!reply.ok) throw new ApiError(`${address} is not there: please load the page once more.`, reply.status);
  return reply;
}

/** Load the networks; says what they run on. @returns {Promise<{ provider: string, threads: number }>} */
export const ready = () => ask("ready");

/** @type {Promise<Gallery> | null} */
let listed = null;
const gallery = () => (listed ??= fetched("models/gallery.json").then((reply) => reply.json()));

/** @returns {Promise<AboutResponse>} */
export async function about() {
  const { pairs } = await gallery();
  return {
    version: "", computer: "", device: "this tab", engines: ["fast", "filters"].map((name) => ({ name, title: name, about: "" })),
    limits: { bytes: 100e6, pixels: 2 ** 26, size: 1024, filetypes: ["jpeg", "png", "webp"], hours: 0, gigabytes: 0 },
    fields: [], // the page's own sliders are all
    defaults: { look: LOOK, settings: SETTINGS },
    choices: { colors: ["style", "keep", "luma"], brushes: ["auto"], bokehs: ["gaussian"], strokes: [0.25, 4], blurs: BLURS, pairs },
  };
}

export async function styles() {
  const { styles: found } = await gallery();
  for (const { name, small } of found) smalls.set(name, `models/styles/${small}`);
  return found;
}

/** @param {string} name */
export const styleURL = (name) => smalls.get(name) ?? "";
export const portraitURL = "models/portrait.jpg";
export const portrait = async () => (await fetched(portraitURL)).blob();

/** The newest jobs, without the `skip` newest of them. @param {number} most @param {number} skip @returns {Promise<JobResponse[]>} */
export const jobs = async (most = 200, skip = 0) => {
  /** @type {JobResponse[]} */
  const all = await ask("list", 10_000, 0);
  return all.filter(({ id }) => !trashed.has(id)).slice(skip, skip + most);
};
/** @param {string} id @returns {Promise<JobResponse>} */
export const job = (id) => ask("job", id);
/** Nothing is sketched before the photo is read: it takes no longer here. @type {(photo: File, first?: [string, string]) => Promise<JobResponse>} */
export const upload = (photo) => ask("open", photo, null);
/** @param {string} id @param {File} photo @returns {Promise<JobResponse>} */
export const again = (id, photo) => ask("open", photo, id);
/** @param {string} id */
export async function remove(id) {
  const { name } = await job(id);
  trashed.set(id, { id, kind: "picture", of: id, number: 0, name, seconds_left: 3600 });
  setTimeout(() => trashed.has(id) && trash.remove(id), 3600_000);
  return /** @type {TrashResponse} */ (trashed.get(id));
}

/** @type {Map<string, TrashResponse>} */
const trashed = new Map(); // pictures that were deleted, while this tab is open for another hour

/** What was deleted. @type {Trash} */
export const trash = {
  list: async () => [...trashed.values()].reverse(),
  pictureURL: (id) => thumbs.get(id) ?? "",
  async bringBack(id) {
    const found = trashed.get(id);
    if (!found) throw new ApiError(t("error.no_trash"), 404);
    trashed.delete(id);
    return found;
  },
  async remove(id) {
    trashed.delete(id);
    await ask("remove", id);
  },
  async empty() {
    await Promise.all([...trashed.keys()].map(trash.remove));
  },
};
/** @param {string} id @param {string} name @returns {Promise<JobResponse>} */
export const split = (id, name) => ask("region", id, "split", name);
/** @param {string} id @param {string} name @returns {Promise<JobResponse>} */
export const merge = (id, name) => ask("region", id, "merge", name);
/** @param {string} id @returns {Promise<JobResponse>} */
export const undo = (id) => ask("step", id, true);
/** @param {string} id @returns {Promise<JobResponse>} */
export const redo = (id) => ask("step", id, false);
/** @param {string} id @param {string} name @param {Blob} mask PNG, white inside @returns {Promise<JobResponse>} */
export const brushed = (id, name, mask) => ask("brush", id, name, mask);

/** @param {string} id @param {string} name @param {{ add: [number, number][], remove: [number, number][] }} points @returns {Promise<JobResponse>} */
export const corrected = (id, name, points) => ask("correct", id, name, points);

/** Saved looks, photos that come together and clips want a server. @type {import("./types.d.ts").Presets | null} */
export const presets = null;
/** @type {import("./types.d.ts").Phone | null} */
export const phone = null;
/** @type {import("./types.d.ts").Batches | null} */
export const batches = null;
/** @type {import("./types.d.ts").Clips | null} */
export const clips = null;

/** What paintings of these sizes would cost. @param {string} id @param {number[]} sizes @param {...unknown} _more @returns {Promise<{ size: number, seconds: number, gigabytes: number, error: string }[]>} */
export const costs = (id, sizes, ..._more) => ask("costs", id, sizes);
/** Pictures as a file. @param {string} id @param {{ names: string[], kind: string, quality: number }} what @returns {Promise<File>} */
export const exported = (id, what) => ask("exported", id, what);
/** What stands for the head in a pair of styles, see `picture`. @param {string} id @param {[string, string]} pair @param {...unknown} _more */
export const faceURL = (id, pair, ..._more) => `${id}/face/${pair.join("/")}`;
/** A painting as it was. @param {string} id @param {number} version @param {...unknown} _more */
export const versionURL = (id, version, ..._more) => versions.get(`${id}/${version}`) ?? "";
/** @param {string} id @param {number} version @returns {Promise<JobResponse>} */
export const putBack = (id, version) => ask("putBack", id, version);

/** A picture that may be given up before it is begun. @param {string} address as of `faceURL` @param {AbortSignal} signal @returns {Promise<Blob>} */
export async function picture(address, signal) {
  const [id, , ...pair] = address.split("/");
  signal.throwIfAborted();
  const found = await ask("face", id, pair);
  signal.throwIfAborted();
  return found;
}

/** @param {string} id @param {File} file @returns {Promise<NameResponse>} */
export async function ownStyle(id, file) {
  const answer = await ask("style", id, file.name.replace(/\.\w+$/, "") || "style", file);
  owned.set(`${id}/${answer.name}`, URL.createObjectURL(file));
  return answer;
}

/** @param {string} id @param {string} name */
export const ownStyleURL = (id, name) => owned.get(`${id}/${name}`) ?? "";
/** @param {string} id @param {Looks} wanted @param {number} version @returns {Promise<JobResponse>} */
export const looks = (id, wanted, version) => ask("looks", id, wanted, version);
export const ROUGH = 0; // nothing is shown before the whole preview
/** @type {import("./types.d.ts").FirstSketch | null} */
export const firstSketch = null;
/** @param {string} id @param {number} [_longest] @returns {Promise<JobResponse>} */
export const preview = (id, _longest) => ask("preview", id);
/** @param {string} id @param {Partial<SettingsSchema>} settings @returns {Promise<JobResponse>} */
export const paint = (id, settings) => ask("paint", id, settings);
/** @param {string} id @param {Partial<SettingsSchema>} settings @returns {Promise<JobResponse>} */
export const setUp = (id, settings) => ask("settings", id, settings);
/** @param {string} id @returns {Promise<JobResponse>} */
export const stop = (id) => ask("stop", id);

/**
 * What stands for the server's address; the address of a small picture, where a page shows one.
 *
 * @param {string} id @param {string} path @param {Record<string, string | number>} values
 */
export const url = (id, path, values = {}) => {
  if (path === "growing.jpg") return thumbs.get(id) ?? "";
  if (path === "photo.jpg") return thumbs.get(`${id}/photo`) ?? "";
  const query = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]));
  return `${id}/${path}?${query}`;
};

/**
 * Call with each state of the job as it changes, and `gone` when it is deleted; gives back what ends it.
 *
 * @param {string} id @param {(job: JobResponse) => void} call @param {() => void} gone
 */
export function follow(id, call, gone) {
  /** @param {JobResponse | null} news */
  const take = (news) => (news ? call(news) : gone());
  const all = followers.get(id) ?? new Set();
  followers.set(id, all.add(take));
  return () => void all.delete(take);
}

/** @param {string} address as of `url` @returns {Promise<ArrayBuffer>} */
export const bytes = (address) => ask("soft", address.split("/")[0]);

/** The pixels (RGBA, 8 bit) of a picture. @param {string} address as of `url` */
export async function pixels(address) {
  const [id, kind, rest] = address.split("/");
  const [file, query] = rest.split("?");
  const asked = new URLSearchParams(query);
  const { data, width } = kind === "layers"
    ? await ask("layer", id, decodeURIComponent(file.replace(/\.png$/, "")), asked.get("color") ?? "style", Number(asked.get("blur") ?? 0))
    : await ask("photo", id);
  return new ImageData(data, width);
}

/** @param {string} address of a small picture */
export const bitmap = async (address) => createImageBitmap(await (await fetched(address)).blob());

export const camera = {
  /** @param {Looks} wanted @param {number} size @returns {Promise<CameraResponse>} */
  open: (wanted, size) => ask("openCamera", String(++number), wanted, size),
  /** @param {string} id @param {Blob} picture JPEG @returns {Promise<{ picture: Blob, rate: number }>} */
  frame: (id, picture) => ask("frame", id, picture),
  /** @param {string} id */
  close: (id) => ask("closeCamera", id),
};
