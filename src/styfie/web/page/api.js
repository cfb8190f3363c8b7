// @ts-check
// The server's interface, version 1. Every error is one sentence, and a code that says which.

import { t } from "./text.js";

const BASE = new URL("api/v1", globalThis.document?.baseURI ?? "http://localhost/").pathname; // below any path

/**
 * @import { AboutResponse, CameraResponse, CostResponse, Export, JobResponse, Looks, NameResponse } from "./types.d.ts"
 * @import { Batches, Clips, FirstSketch, Phone, Points, Presets, ErrorResponse, SettingsSchema, StyleResponse, Trash, TrashResponse } from "./types.d.ts"
 */

export class ApiError extends Error {
  /** @param {string} message @param {number} status of the answer; 0: there was none @param {string} code of the error */
  constructor(message, status, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @param {string} path @param {RequestInit} options */
async function ask(path, options = {}) {
  let reply;
  try {
    reply = await fetch(BASE + path, options);
  } catch {
    throw new ApiError(t("error.no_answer"), 0);
  }
  if (!reply.ok) throw await errorOf(reply);
  return reply;
}

/** @param {Response} reply */
async function errorOf(reply) {
  try {
    /** @type {Partial<ErrorResponse>} */
    const { detail, code } = await reply.json();
    if (typeof detail === "string") return new ApiError(detail, reply.status, code);
  } catch {
    // not JSON: the status is all there is to say
  }
  return new ApiError(t("error.status", { status: reply.status }), reply.status);
}

/** @param {string} path @param {RequestInit} [options] */
const json = async (path, options) => (await ask(path, options)).json();
/** @type {(path: string, options?: RequestInit) => Promise<JobResponse>} */
const answered = json;
/** @param {string} method @param {unknown} body */
const send = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
/** @param {string} name @param {File} file */
const form = (name, file) => {
  const body = new FormData();
  body.append(name, file, file.name || `${name}.jpg`);
  return { method: "POST", body };
};
const part = encodeURIComponent;

/** @returns {Promise<AboutResponse>} */
export const about = () => json("/about");
/** @returns {Promise<StyleResponse[]>} */
export const styles = () => json("/styles");
/** @param {string} name @param {number} size of its longest side in pixels */
export const styleURL = (name, size = 160) => `${BASE}/styles/${part(name)}.jpg?size=${size}`;
export const portrait = async () => (await ask("/portrait.jpg")).blob();

/**
 * The newest jobs, without the `skip` newest of them.
 *
 * @param {number} most @param {number} skip
 * @returns {Promise<JobResponse[]>}
 */
export const jobs = (most, skip = 0) => json(`/jobs?${new URLSearchParams({ most: String(most), skip: String(skip) })}`);
/** @param {string} id */
export const job = (id) => answered(`/jobs/${part(id)}`);
/** @param {File} photo @param {[subject: string, background: string]} first what its first small sketch is painted in */
export const upload = (photo, first) => {
  const sent = form("photo", photo);
  sent.body.append("first", String(first));
  return answered("/jobs", sent);
};
/** The first small sketch of a photo that is being read, as soon as there is one. Null where there is none. @type {FirstSketch | null} */
export const firstSketch = async (id) => {
  const reply = await ask(`/jobs/${part(id)}/first.jpg`);
  return reply.status === 204 ? null : createImageBitmap(await reply.blob());
};
/** @param {string} id @param {File} photo */
export const again = (id, photo) => answered(`/jobs/${part(id)}/again`, form("photo", photo));
/** @type {(path: string) => Promise<TrashResponse>} */
const trashed = (path) => json(path, { method: "DELETE" });
/** @param {string} id */
export const remove = (id) => trashed(`/jobs/${part(id)}`);

/** What was deleted. @type {Trash} */
export const trash = {
  list: () => json("/trash"),
  pictureURL: (id) => `${BASE}/trash/${part(id)}/picture.jpg`,
  bringBack: (id) => json(`/trash/${part(id)}`, { method: "POST" }),
  remove: async (id) => void (await ask(`/trash/${part(id)}`, { method: "DELETE" })),
  empty: async () => void (await ask("/trash", { method: "DELETE" })),
  version: (id, number) => trashed(`/jobs/${part(id)}/versions/${number}`),
  style: (id, name) => trashed(`/jobs/${part(id)}/styles/${part(name)}`),
};

/** @param {string} id @param {string} name */
export const split = (id, name) => answered(`/jobs/${part(id)}/regions`, send("POST", { name }));
/** @param {string} id @param {string} name */
export const merge = (id, name) => answered(`/jobs/${part(id)}/regions/${part(name)}`, { method: "DELETE" });
/** @param {string} id */
export const undo = (id) => answered(`/jobs/${part(id)}/undo`, { method: "POST" });
/** @param {string} id */
export const redo = (id) => answered(`/jobs/${part(id)}/redo`, { method: "POST" });
/** @param {string} id @param {string} name @param {Blob} mask PNG, white inside */
export const brushed = (id, name, mask) =>
  answered(`/jobs/${part(id)}/mattes/${part(name)}.png`, {
    method: "PUT", headers: { "Content-Type": "image/png" }, body: mask,
  });
/** @param {string} id @param {string} name @param {Points} points */
export const corrected = (id, name, points) =>
  answered(`/jobs/${part(id)}/regions/${part(name)}/points`, send("POST", points));
/** @param {string} id @param {File} file @returns {Promise<NameResponse>} */
export const ownStyle = (id, file) => json(`/jobs/${part(id)}/styles`, form("style", file));
/**
 * Ask for looks; refused (412, `stale`) if they were changed since the job was seen in that `version`.
 *
 * @param {string} id @param {Looks} wanted @param {number} version
 */
export const looks = (id, wanted, version) => {
  const { headers, ...rest } = send("PUT", wanted);
  return answered(`/jobs/${part(id)}/looks`, { ...rest, headers: { ...headers, "If-Match": `"${version}"` } });
};
/** @param {string} id @param {string} name @param {number} size of its longest side in pixels */
export const ownStyleURL = (id, name, size = 160) => url(id, `styles/${part(name)}.jpg`, { size });
/** Longest side in pixels at which it is painted at first, to be seen while the whole preview comes; 0: it is not. */
export const ROUGH = 256;
/** @param {string} id @param {number} longest side in pixels of what is painted; 0: the whole */
export async function preview(id, longest = 0) {
  await ask(`/jobs/${part(id)}/preview${longest ? `?longest=${longest}` : ""}`, { method: "POST" });
  return job(id);
}
/** @param {string} id @param {Partial<SettingsSchema>} settings */
export const paint = (id, settings) => answered(`/jobs/${part(id)}/paint`, send("POST", settings));
/** @param {string} id @param {Partial<SettingsSchema>} settings */
export const setUp = (id, settings) => answered(`/jobs/${part(id)}/settings`, send("PATCH", settings));
/** @param {string} id */
export const stop = (id) => answered(`/jobs/${part(id)}/stop`, { method: "POST" });

/** @param {string} id @param {string} path @param {Record<string, string | number>} values */
export const url = (id, path, values = {}) => {
  const query = String(new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])));
  return `${BASE}/jobs/${part(id)}/${path}${query && `?${query}`}`;
};

const BUSY = new Set(["reading", "queued", "painting"]);
// Milliseconds between two looks at a job: at most so many while nobody says that it changed. One that is read is waited for.
const WAITS = { reading: 50, busy: 400, idle: 2000, hidden: 5000, told: 30_000 };

/** Whether the server's news come, and who hears them: of a job by its id, or that all may have changed. */
const news = { open: false, heard: /** @type {Set<(id?: string) => void>} */ (new Set()), begun: false };

/** Have one stream of news for all tabs, where the browser has shared workers; elsewhere each tab asks. */
function hearNews() {
  if (news.begun || typeof SharedWorker === "undefined") return;
  news.begun = true;
  const { port } = new SharedWorker(new URL("./news.js", import.meta.url), { type: "module", name: `${BASE}/events` });
  port.onmessage = ({ data: { id, open } }) => {
    if (open !== undefined) news.open = open;
    for (const hear of news.heard) hear(id);
  };
}

/**
 * Call with each state of the job as it changes, and `gone` when it is deleted; gives back what ends it.
 *
 * It asks when there are news, and where none come again and again.
 *
 * @param {string} id @param {(job: JobResponse) => void} call @param {() => void} gone
 */
export function follow(id, call, gone) {
  let ended = false;
  let tag = "";
  let [wait, gap] = [WAITS.busy, WAITS.reading];
  let [asking, missed] = [false, false];
  let [asked, due] = [-Infinity, Infinity]; // milliseconds
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @param {number} when */
  const plan = (when) => {
    clearTimeout(timer);
    due = when;
    timer = setTimeout(look, Math.max(0, when - performance.now()));
  };
  const soon = () => Math.max(performance.now(), asked + (document.hidden ? WAITS.hidden : gap));
  async function look() {
    if (asking) return;
    [asking, missed] = [true, false];
    clearTimeout(timer);
    asked = performance.now();
    try {
      const reply = await fetch(`${BASE}/jobs/${part(id)}`, tag ? { headers: { "If-None-Match": tag } } : {});
      /** @type {JobResponse | null} */
      const found = reply.ok ? await reply.json() : null;
      if (ended) return;
      if (reply.status === 404) return void gone();
      if (found) {
        tag = reply.headers.get("ETag") ?? "";
        wait = BUSY.has(found.state) ? WAITS.busy : WAITS.idle;
        gap = found.state === "reading" ? WAITS.reading : WAITS.busy;
        call(found);
      }
    } catch {
      wait = WAITS.idle; // it may come back
    }
    asking = false;
    if (ended) return;
    if (missed) plan(soon());
    else plan(performance.now() + (news.open ? WAITS.told : document.hidden ? WAITS.hidden : wait));
  }
  /** @param {string} [which] */
  const hear = (which = id) => {
    if (which !== id) return;
    if (asking) missed = true;
    else if (soon() < due) plan(soon());
  };
  const seen = () => void (document.hidden || look());
  document.addEventListener("visibilitychange", seen);
  news.heard.add(hear);
  hearNews();
  look();
  return () => {
    ended = true;
    clearTimeout(timer);
    news.heard.delete(hear);
    document.removeEventListener("visibilitychange", seen);
  };
}

/** The page on other devices. Null where there is no server. @type {Phone | null} */
export const phone = {
  how: () => json("/phone"),
  open: () => json("/phone", { method: "POST" }),
  codeURL: (number, picture) => `${BASE}/phone.svg?${new URLSearchParams({ number: String(number), picture })}`,
};

/** Looks as things. Null where there is no server that could keep them. @type {Presets | null} */
export const presets = {
  list: () => json("/presets"),
  save: (id, name) => json("/presets", send("POST", { job: id, name })),
  remove: (name) => trashed(`/presets/${part(name)}`),
  file: async (name) => lookFile(await ask(`/presets/${part(name)}/look.json`)),
  pictureURL: (name) => `${BASE}/presets/${part(name)}/picture.jpg`,
  of: async (id) => lookFile(await ask(`/jobs/${part(id)}/look.json`)),
  apply: (id, file) => answered(`/jobs/${part(id)}/look`, form("look", file)),
};

/** @param {Response} reply */
const lookFile = async (reply) => new File([await reply.blob()], "look.json", { type: "application/json" });

/** Photos that come together, in one look. Null where there is no server. @type {Batches | null} */
export const batches = {
  jobs: (name) => json(`/jobs?${new URLSearchParams({ most: "200", batch: name })}`),
  upload: (name, photo, look, size) => {
    const sent = form("photo", photo);
    sent.body.append("recipe", look, look.name);
    sent.body.append("batch", name);
    sent.body.append("size", String(size));
    return answered("/jobs", sent);
  },
  packURL: (name, kind) => `${BASE}/batches/${part(name)}/all.zip?kind=${kind}`,
  sheetURL: (name) => `${BASE}/batches/${part(name)}/sheet.jpg`,
};

/** Short clips. Null where there is no server. @type {Clips | null} */
export const clips = {
  list: () => json("/clips"),
  get: (id) => json(`/clips/${part(id)}`),
  upload: (clip, look, size) => {
    const sent = form("clip", clip);
    sent.body.append("look", look, look.name);
    sent.body.append("size", String(size));
    return json("/clips", sent);
  },
  paint: (id) => json(`/clips/${part(id)}/paint`, { method: "POST" }),
  stop: (id) => json(`/clips/${part(id)}/stop`, { method: "POST" }),
  remove: (id) => trashed(`/clips/${part(id)}`),
  frameURL: (id, v) => `${BASE}/clips/${part(id)}/frame.jpg?v=${v}`,
  filmURL: (id, v) => `${BASE}/clips/${part(id)}/film.mp4?v=${v}`,
};

/**
 * What paintings of these sizes would cost, with these settings.
 *
 * @param {string} id @param {number[]} sizes @param {Partial<SettingsSchema>} settings @returns {Promise<CostResponse[]>}
 */
export const costs = (id, sizes, settings) => json(`/jobs/${part(id)}/costs`, send("POST", { sizes, settings }));

/** Pictures as a file, called as the server says. @param {string} id @param {Export} what */
export async function exported(id, { names, kind, quality }) {
  const query = new URLSearchParams([...names.map((name) => ["names", name]), ["kind", kind], ["quality", String(quality)]]);
  const reply = await ask(`/jobs/${part(id)}/export?${query}`);
  const [, name = "styfie"] = (reply.headers.get("Content-Disposition") ?? "").match(/filename\*=UTF-8''([^;]+)/) ?? [];
  const blob = await reply.blob();
  return new File([blob], decodeURIComponent(name), { type: blob.type });
}

/** The head in a pair of styles. @param {string} id @param {[string, string]} pair @param {number} size @param {string} v */
export const faceURL = (id, [subject, background], size, v) => url(id, "face.jpg", { subject, background, size, v });

/** A painting as it was; with a size, small. @param {string} id @param {number} number @param {number} [size] */
export const versionURL = (id, number, size) => url(id, `versions/${number}.png`, size ? { size } : {});
/** @param {string} id @param {number} number */
export const putBack = (id, number) => answered(`/jobs/${part(id)}/versions/${number}`, { method: "POST" });

/** A picture that may be given up. @param {string} address @param {AbortSignal} signal */
export async function picture(address, signal) {
  return (await ask(address.slice(BASE.length), { signal })).blob();
}

/** @param {string} address */
export async function bytes(address) {
  return (await ask(address.slice(BASE.length))).arrayBuffer();
}

/** The pixels (RGBA, 8 bit) of a picture exactly as they are in its file. @param {string} address */
export async function pixels(address) {
  const [{ pixelsOf }, reply] = await Promise.all([import("./pixels.js"), ask(address.slice(BASE.length))]);
  return pixelsOf(await reply.blob());
}

/** A picture to be drawn, not to be counted with. @param {string} address */
export async function bitmap(address) {
  return createImageBitmap(await (await ask(address.slice(BASE.length))).blob());
}

export const camera = {
  /** @param {Looks} wanted @param {number} size @returns {Promise<CameraResponse>} */
  open: (wanted, size) => json("/camera", send("POST", { looks: wanted, size })),
  /** @param {string} id @param {Blob} picture JPEG */
  async frame(id, picture) {
    const reply = await ask(`/camera/${part(id)}/frame`, {
      method: "POST", headers: { "Content-Type": "image/jpeg" }, body: picture,
    });
    return { picture: await reply.blob(), rate: Number(reply.headers.get("X-Frames-Per-Second")) };
  },
  /** @param {string} id */
  close: (id) => ask(`/camera/${part(id)}`, { method: "DELETE", keepalive: true }),
};
