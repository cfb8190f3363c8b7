import assert from "node:assert/strict";
import { test } from "node:test";

import { job, json, quiet, serve } from "./server.js";
import * as api from "../../../src/styfie/web/page/api.js";

test("addresses hold names and values as they are, whatever they are", () => {
  assert.equal(api.url("id", "soft.bin"), "/api/v1/jobs/id/soft.bin");
  const url = new URL(api.url("a/b", "layers/x.png", { v: "1.2", blur: 4, color: "a&b" }), "http://here");
  assert.equal(url.pathname, "/api/v1/jobs/a%2Fb/layers/x.png");
  assert.deepEqual([...url.searchParams], [["v", "1.2"], ["blur", "4"], ["color", "a&b"]]);
  assert.equal(api.ownStyleURL("id", "my picture.png"), "/api/v1/jobs/id/styles/my%20picture.png.jpg?size=160");
});

test("a refusal is its sentence, its status and its code", async () => {
  serve(() => json({ detail: "Too large.", code: "too-large", status: 413 }, 413));
  await assert.rejects(api.styles(), new api.ApiError("Too large.", 413, "too-large"));
  serve(() => new Response("<html>", { status: 502 }));
  await assert.rejects(api.styles(), { message: "Something went wrong (status 502). Please try again.", status: 502 });
});

test("that nobody answers is said", async () => {
  serve(() => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(api.styles(), { message: "Styfie does not answer. Is it still running?", status: 0 });
});

test("looks go with the version that they were changed from", async () => {
  const asked = serve(() => json(job("id", { version: 8 })));
  const looks = { subject: { strength: 0.4 } };
  assert.equal((await api.looks("id", looks, 7)).version, 8);
  const [[method, path, options]] = asked;
  assert.deepEqual([method, path, options.headers["If-Match"]], ["PUT", "/jobs/id/looks", '"7"']);
  assert.deepEqual(JSON.parse(options.body), looks);
});

test("a file is sent as one, under its name", async () => {
  const asked = serve(() => json(job("id")));
  await api.upload(new Blob(["x"], { type: "image/jpeg" }), ["ink", "night"]);
  await api.ownStyle("id", Object.assign(new Blob(["x"]), { name: "mine.png" }));
  const [photo, style] = [asked[0][2].body.get("photo"), asked[1][2].body.get("style")];
  assert.deepEqual([photo.name, style.name], ["photo.jpg", "mine.png"]);
  assert.equal(asked[0][2].body.get("first"), "ink,night", "what is seen first");
});

test("a job is followed until it is gone, and each state of it told once", { timeout: 20_000 }, async (t) => {
  const answers = [
    json(job("id"), 200, { ETag: '"1.0"' }), new Response(null, { status: 304 }), json(job("id", { version: 2 })),
    json({ detail: "There is no such job." }, 404),
  ];
  const asked = serve(() => answers.shift());
  const told = [];
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (call) => later(call, 0);
  try {
    await new Promise((gone) => t.after(api.follow("id", (news) => told.push(news.version), gone)));
  } finally {
    globalThis.setTimeout = later;
  }
  assert.deepEqual(told, [1, 2]);
  assert.equal(asked[0][2].headers, undefined);
  assert.deepEqual(asked[1][2].headers, { "If-None-Match": '"1.0"' });
  await quiet();
  assert.equal(asked.length, 4);
});

test("what is followed no more is told no more", async () => {
  let answer;
  serve(() => new Promise((done) => (answer = done)));
  const told = [];
  const end = api.follow("id", () => told.push("news"), () => told.push("gone"));
  end();
  answer(json(job("id")));
  await quiet();
  assert.deepEqual(told, []);
});

test("a camera's frame comes with its rate", async () => {
  serve(() => new Response("jpeg", { headers: { "X-Frames-Per-Second": "7.50" } }));
  const { picture, rate } = await api.camera.frame("c", new Blob(["x"]));
  assert.deepEqual([await picture.text(), rate], ["jpeg", 7.5]);
});

test("where news come, a job is asked for when it changed, and not before", { timeout: 20_000 }, async (t) => {
  const port = {};
  globalThis.SharedWorker = class {
    constructor(address, { name }) {
      assert.match(String(address), /\/news\.js$/);
      assert.equal(name, "/api/v1/events");
      this.port = port;
    }
  };
  t.after(() => delete globalThis.SharedWorker);
  const waits = [];
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (call, wait) => {
    waits.push(wait);
    return later(call, wait > 1000 ? wait : 0);
  };
  let version = 1;
  const asked = serve(() => json(job("id", { version })));
  const told = [];
  try {
    const end = api.follow("id", (news) => told.push(news.version), () => {});
    port.onmessage({ data: { open: true } });
    await new Promise((done) => later(done, 50));
    const before = asked.length;
    assert.ok(waits.at(-1) > 20_000, "nothing is asked for long");
    version = 2;
    port.onmessage({ data: { id: "another" } });
    await new Promise((done) => later(done, 30));
    assert.equal(asked.length, before);
    port.onmessage({ data: { id: "id" } });
    await new Promise((done) => later(done, 50));
    assert.equal(told.at(-1), 2);
    assert.equal(asked.length, before + 1);
    port.onmessage({ data: { open: false } });
    await new Promise((done) => later(done, 50));
    assert.ok(asked.length > before + 1 && waits.at(-1) <= 2000, "where they end, it is asked for as before");
    end();
  } finally {
    globalThis.setTimeout = later;
  }
});
