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
export const remove = (id) => ask(`/jobs/${part(id)}`, { method: "DELETE" });

export const split = (id, name) => json(`/jobs/${part(id)}/regions`, send("POST", { name }));
export const merge = (id, name) => json(`/jobs/${part(id)}/regions/${part(name)}`, { method: "DELETE" });
export const undo = (id) => json(`/jobs/${part(id)}/undo`, { method: "POST" });
export const redo = (id) => json(`/jobs/${part(id)}/redo`, { method: "POST" });
export const brushed = (id, name, mask) =>
  json(`/jobs/${part(id)}/mattes/${part(name)}.png`, { method: "PUT", headers: { "Content-Type": "image/png" }, body: mask });
export const ownStyle = (id, file) => json(`/jobs/${part(id)}/styles`, form("style", file));
export const looks = (id, wanted) => json(`/jobs/${part(id)}/looks`, send("PUT", wanted));
export async function preview(id) {
  await ask(`/jobs/${part(id)}/preview`, { method: "POST" });
  return job(id);
}
export const paint = (id, settings) => json(`/jobs/${part(id)}/paint`, send("POST", settings));
export const setUp = (id, settings) => json(`/jobs/${part(id)}/settings`, send("PATCH", settings));
export const stop = (id) => json(`/jobs/${part(id)}/stop`, { method: "POST" });

export const url = (id, path, values = {}) => `${BASE}/jobs/${part(id)}/${path}${query(values)}`;

/** Call with each state of the job as it changes; gives back what ends it. */
export function follow(id, call) {
  const source = new EventSource(url(id, "events"));
  source.onmessage = (event) => call(JSON.parse(event.data));
  return () => source.close();
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
