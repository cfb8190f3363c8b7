// The first small sketch: seen from when it is there until the picture is, which never jumps back to the photo between.

import assert from "node:assert/strict";
import { test } from "node:test";

import { job, json, quiet, serve } from "./server.js";
import { Studio } from "../../../src/styfie/web/page/studio.js";

const [WIDTH, HEIGHT] = [4, 3];
globalThis.createImageBitmap = async (blob) => ({ width: WIDTH, height: HEIGHT, of: await blob.text(), close() { this.closed = true; } });
globalThis.ImageData = class {
  constructor(first, width) {
    Object.assign(this, { data: typeof first === "number" ? new Uint8ClampedArray(4 * first * width) : first, width });
  }
};
globalThis.OffscreenCanvas = class {
  constructor(width, height) {
    Object.assign(this, { width, height });
  }

  getContext() {
    const data = new Uint8ClampedArray(4 * WIDTH * HEIGHT);
    return { drawImage() {}, getImageData: () => ({ data, width: WIDTH, height: HEIGHT }) };
  }
};

/** What the server has of two regions: the first three pixels are the subject's. */
function soft() {
  const buffer = new ArrayBuffer(16 + WIDTH * HEIGHT);
  new Uint32Array(buffer, 0, 4).set([WIDTH, HEIGHT, 2, 0]);
  new Uint8Array(buffer, 16).fill(1, 3);
  return buffer;
}

/** A studio to which a photo is given; the server's state, what was asked, and what was seen. */
async function opened(t, first) {
  const state = { now: job("one", { state: "reading" }) };
  const change = (more) => (state.now = { ...state.now, ...more, version: state.now.version + 1 });
  let end = () => {};
  const wait = new Promise((done) => (end = done)); // until which the preview takes
  const asked = serve(async (path, { method, body }) => {
    const what = path.split("/")[3]?.split("?")[0];
    if (what === "first.jpg") return first ? new Response(first) : new Response(null, { status: 204 });
    if (what === "soft.bin") return new Response(soft());
    if (what === "pictures" || what === "layers") return new Response("pixels");
    if (method === "PUT") change({ looks: JSON.parse(body), sketched: [] });
    if (what === "preview") {
      await wait;
      change({ sketched: ["subject", "background"], previews: 1 });
    }
    return json(state.now);
  });
  const studio = new Studio();
  t.after(() => studio.leave());
  const seen = [];
  studio.on("first", ({ of }) => seen.push(of));
  studio.on("picture", (painted) => seen.push(painted));
  studio.on("error", (error) => seen.push(error));
  await studio.open(new File(["x"], "me.jpg"));
  await quiet();
  return { studio, asked, seen, end, change };
}

test("it is seen until the whole sketch is, of which no rough one is painted", async (t) => {
  const { studio, asked, seen, end, change } = await opened(t, "small");
  const { first } = studio;
  assert.deepEqual(seen, ["small"]);
  await studio.use(change({ state: "ready" }));
  await quiet();
  assert.ok(studio.scene && studio.busy.has("preview"));
  assert.deepEqual(seen, ["small"], "never the photo again");
  end();
  await quiet();
  assert.deepEqual(new Set(seen.slice(1)), new Set([true]));
  assert.deepEqual([studio.first, first.closed], [null, true]);
  assert.deepEqual(asked.map(([, path]) => path).filter((path) => path.includes("preview")).slice(0, 1), ["/jobs/one/preview"]);
});

test("where the careful look finds nobody the photo is seen", async (t) => {
  const { studio, seen, change } = await opened(t, "small");
  await studio.use(change({ state: "ready", regions: job("one").regions.slice(1) }));
  await quiet();
  assert.equal(studio.busy.size, 0);
  assert.deepEqual([seen.at(-1), studio.first], [false, null]);
});

test("without one it is as before: the photo, a rough sketch, and the whole", async (t) => {
  const { studio, asked, seen, end, change } = await opened(t, "");
  await studio.use(change({ state: "ready" }));
  end();
  await quiet();
  assert.equal(seen[0], false);
  const previews = asked.map(([, path]) => path).filter((path) => path.startsWith("/jobs/one/preview"));
  assert.deepEqual(previews, ["/jobs/one/preview?longest=256", "/jobs/one/preview"]);
});

test("it is gone with its photo, and where that cannot be read", async (t) => {
  const { studio, change } = await opened(t, "small");
  const { first } = studio;
  await studio.use(change({ state: "failed", regions: [], error: "The disk is full." }));
  assert.deepEqual([studio.first, first.closed], [null, true]);
});
