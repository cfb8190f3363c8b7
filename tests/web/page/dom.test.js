import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { settled } from "../../../src/styfie/web/page/dom.js";

const PAGE = new URL("../../../src/styfie/web/page/", import.meta.url);
const text = (name) => readFileSync(new URL(name, PAGE), "utf8");
const HTML = text("index.html");

/** The tags of index.html by their ids. */
const TAGS = new Map([...HTML.matchAll(/<([a-z0-9]+)\b[^>]*?\bid="([^"]+)"/g)].map(([, tag, id]) => [id, tag]));
const CLASSES = {
  a: "HTMLAnchorElement",
  button: "HTMLButtonElement", canvas: "HTMLCanvasElement", details: "HTMLDetailsElement",
  dialog: "HTMLDialogElement", img: "HTMLImageElement",
  input: "HTMLInputElement", progress: "HTMLProgressElement", select: "HTMLSelectElement", video: "HTMLVideoElement",
};

test("every id that a module asks for is there", () => {
  const asked = readdirSync(PAGE).filter((name) => name.endsWith(".js"))
    .flatMap((name) => [...text(name).matchAll(/\$\("([^"]+)"\)/g)].map(([, id]) => id));
  assert.ok(asked.length > 100);
  assert.deepEqual(asked.filter((id) => !TAGS.has(id)), []);
});

test("the elements are of the kinds that their types say", () => {
  const [, said] = text("types.d.ts").match(/interface Elements \{\n([^}]+)\}/);
  const kinds = [...said.matchAll(/^ {2}"?([a-z-]+)"?: (\w+);$/gm)].map(([, id, kind]) => [id, kind]);
  assert.equal(kinds.length, said.trim().split("\n").length);
  for (const [id, kind] of kinds) assert.equal(CLASSES[TAGS.get(id)], kind, id);
});

test("ids are there once", () => {
  const ids = [...HTML.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test("what is called again and again is done once, when it has become quiet", async () => {
  let calls = 0;
  const { promise, resolve } = defer();
  const save = settled(async () => {
    calls++;
    resolve();
  }, 5);
  for (let n = 0; n < 10; n++) save();
  assert.equal(calls, 0);
  await promise;
  assert.equal(calls, 1);
  await save.now();
  assert.equal(calls, 1, "nothing is left to do");
});

test("at once when that is asked, and one after the other", async () => {
  const order = [];
  const save = settled(async () => {
    order.push("begin");
    await null;
    order.push("end");
  }, 60_000);
  save();
  const first = save.now();
  save();
  await Promise.all([first, save.now()]);
  assert.deepEqual(order, ["begin", "end", "begin", "end"]);
});

test("what has failed is tried once more when it is asked for, not complained of for ever", async () => {
  const answers = [new Error("away"), null, new Error("never asked")];
  const save = settled(async () => {
    const error = answers.shift();
    if (error) throw error;
  }, 60_000);
  save();
  await assert.rejects(save.now(), /away/);
  await save.now();
  await save.now();
  assert.equal(answers.length, 1);
});

function defer() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

test("no word of the command line is in the page", () => {
  const said = readdirSync(PAGE).filter((name) => /\.(js|html)$/.test(name)).map((name) => [name, text(name)]);
  const found = said.flatMap(([name, words]) => [...words.matchAll(/\bstyfie (paint|mix|segment|blur|train|web|list)\b/g)].map((one) => [name, one[0]]));
  assert.deepEqual(found, []);
});
