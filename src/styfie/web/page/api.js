// The server's interface, version 1. Every error is one sentence.

const BASE = "/api/v1";

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  let reply;
  try {
    reply = await fetch(BASE + path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("Styfie does not answer: is it still running in its window?", 0);
  }
  if (!reply.ok) throw new ApiError(await sentence(reply), reply.status);
  return reply;
}

async function sentence(reply) {
  try {
    const { error, detail } = await reply.json();
    if (typeof error === "string") return error;
    if (typeof detail === "string") return detail;
  } catch {
    // not JSON: the status is all there is to say
  }
  return `Styfie answered ${reply.status}: please try once more.`;
}

const json = async (path, options) => (await ask(path, options)).json();
const send = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const form = (name, file) => {
  const body = new FormData();
  body.append(name, file, file.name || `${name}.jpg`);
  return { method: "POST", body };
};
const part = encodeURIComponent;
const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export const about = () => json("/about");
export const styles = () => json("/styles");
export const styleURL = (name, size = 160) => `${BASE}/styles/${part(name)}.jpg?size=${size}`;
export const portraitURL = `${BASE}/portrait.jpg`;
export const portrait = async () => (await ask("/portrait.jpg")).blob();

export const jobs = () => json("/jobs");
export const job = (id) => json(`/jobs/${part(id)}`);
export const upload = (photo) => json("/jobs", form("photo", photo));
export const again = (id, photo) => json(`/jobs/${part(id)}/again`, form("photo", photo));
export const remove = (id) => ask(`/jobs/${part(id)}`, { method: "DELETE", keepalive: true }); // also as the page is left

export const split = (id, name) => json(`/jobs/${part(id)}/regions`, send("POST", { name }));
export const merge = (id, name) => json(`/jobs/${part(id)}/regions/${part(name)}`, { method: "DELETE" });
export const undo = (id) => json(`/jobs/${part(id)}/undo`, { method: "POST" });
export const redo = (id) => json(`/jobs/${part(id)}/redo`, { method: "POST" });
export const brushed = (id, name, mask) =>
  json(`/jobs/${part(id)}/mattes/${part(name)}.png`, { method: "PUT", headers: { "Content-Type": "image/png" }, body: mask });
export const ownStyle = (id, file) => json(`/jobs/${part(id)}/styles`, form("style", file));
/** Ask for looks; refused (409) if they were changed since the job was seen in that `version`. */
export const looks = (id, wanted, version) => {
  const { headers, ...rest } = send("PUT", wanted);
  return json(`/jobs/${part(id)}/looks`, { ...rest, headers: { ...headers, "If-Match": `"${version}"` } });
};
export const ownStyleURL = (id, name, size = 160) => url(id, `styles/${part(name)}.jpg`, { size });
export async function preview(id) {
  await ask(`/jobs/${part(id)}/preview`, { method: "POST" });
  return job(id);
}
export const paint = (id, settings) => json(`/jobs/${part(id)}/paint`, send("POST", settings));
export const setUp = (id, settings) => json(`/jobs/${part(id)}/settings`, send("PATCH", settings));
export const stop = (id) => json(`/jobs/${part(id)}/stop`, { method: "POST" });

export const url = (id, path, values = {}) => `${BASE}/jobs/${part(id)}/${path}${query(values)}`;

const BUSY = new Set(["reading", "queued", "painting"]);
const WAITS = { busy: 400, idle: 2000, hidden: 5000 }; // milliseconds between two looks at a job

/**
 * Call with each state of the job as it changes, and `gone` when it is deleted; gives back what ends it.
 *
 * It asks again and again: a browser keeps six connections to a server, and a stream of events in each tab would leave
 * none for the seventh.
 */
export function follow(id, call, gone) {
  let ended = false;
  let tag = "";
  let wait = WAITS.busy;
  let timer = 0;
  let asking = false;
  const look = async () => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    try {
      const reply = await fetch(`${BASE}/jobs/${part(id)}`, tag ? { headers: { "If-None-Match": tag } } : {});
      const news = reply.ok ? await reply.json() : null;
      if (ended) return;
      if (reply.status === 404) return void gone();
      if (news) {
        tag = reply.headers.get("ETag") ?? "";
        wait = BUSY.has(news.state) ? WAITS.busy : WAITS.idle;
        call(news);
      }
    } catch {
      wait = WAITS.idle; // it may come back
    }
    asking = false;
    if (!ended) timer = setTimeout(look, document.hidden ? WAITS.hidden : wait);
  };
  const seen = () => document.hidden || look();
  document.addEventListener("visibilitychange", seen);
  look();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}

export async function bytes(address) {
  return (await ask(address.slice(BASE.length))).arrayBuffer();
}

/** The pixels (RGBA, 8 bit) of a picture exactly as they are in its file. */
export async function pixels(address) {
  const blob = await (await ask(address.slice(BASE.length))).blob();
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** A picture to be drawn, not to be counted with. */
export async function bitmap(address) {
  return createImageBitmap(await (await ask(address.slice(BASE.length))).blob());
}

export const camera = {
  open: (wanted, size) => json("/camera", send("POST", { looks: wanted, size })),
  async frame(id, picture, signal) {
    const reply = await ask(`/camera/${part(id)}/frame`, {
      method: "POST", headers: { "Content-Type": "image/jpeg" }, body: picture, signal,
    });
    return { picture: await reply.blob(), rate: Number(reply.headers.get("X-Frames-Per-Second")) };
  },
  close: (id) => ask(`/camera/${part(id)}`, { method: "DELETE", keepalive: true }),
};
