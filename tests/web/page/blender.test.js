// Blending in a worker that this file is: what is asked meanwhile replaces what was asked before.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Blender } from "../../../src/styfie/web/page/blender.js";
import { quiet } from "./server.js";

const soft = () => ({ width: 2, height: 1, owner: new Uint8Array([0, 1]), places: new Uint32Array(), alpha: [new Float32Array(), new Float32Array()], own: [new Float32Array(), new Float32Array()] });
const grey = (...levels) => new Uint8ClampedArray(levels.flatMap((level) => [level, level, level, 255]));
const reds = (out) => [...out].filter((_, at) => at % 4 === 0);
const one = (key, strength = 1) => [{ index: 0, strength, styled: true, key }];

/** A worker that runs the page's own code, one message after the other. */
async function working(t) {
  const listeners = [];
  const back = [];
  globalThis.self = {
    addEventListener: (_, call) => listeners.push(call),
    postMessage: (data) => back.forEach((call) => call({ data })),
  };
  await import(`../../../src/styfie/web/page/blend-worker.js?${Math.random()}`);
  const asked = [];
  globalThis.Worker = class {
    addEventListener(name, call) {
      if (name === "message") back.push(call);
      else asked.end = call;
    }

    postMessage(data, transfer = []) {
      asked.push(data);
      const sent = structuredClone(data, { transfer });
      setTimeout(() => listeners.forEach((call) => call({ data: sent })));
    }
  };
  t.after(() => delete globalThis.Worker);
  return asked;
}

test("where there are no workers it is blended at once", () => {
  const shown = [];
  const blender = new Blender((out) => shown.push(reds(out)), (outlines) => shown.push(outlines.length));
  blender.start(grey(100, 50), soft());
  blender.add("a", grey(200, 0));
  blender.blend(one("a", 0.5));
  blender.blend(one("not there"));
  assert.deepEqual(shown, [2, [150, 50], [100, 50]]);
});

test("a worker blends the same, and only the last of what is asked meanwhile", async (t) => {
  const asked = await working(t);
  const shown = [];
  const blender = new Blender((out) => { shown.push(reds(out)); blender.recycle(out); }, () => shown.push("outlines"));
  blender.start(grey(100, 50), soft());
  blender.add("a", grey(200, 0));
  for (const strength of [0.1, 0.2, 0.3, 1]) blender.blend(one("a", strength));
  await blender.done();
  assert.deepEqual(shown, ["outlines", [110, 50], [200, 50]]);
  assert.equal(asked.filter((data) => data.mixed).length, 2);
  blender.drop("a");
  blender.blend(one("a"));
  await blender.done();
  assert.deepEqual(shown.at(-1), [100, 50]);
});

test("a picture of a photo that was left is not shown", async (t) => {
  await working(t);
  const shown = [];
  const blender = new Blender((out) => shown.push(reds(out)), () => {});
  blender.start(grey(100, 50), soft());
  blender.blend([]);
  blender.start(grey(7, 8), soft());
  await blender.done();
  await quiet();
  assert.deepEqual(shown, []);
  blender.blend([]);
  await blender.done();
  assert.deepEqual(shown, [[7, 8]]);
});

test("when the worker ends it is blended here, from layers that come once more", async (t) => {
  const asked = await working(t);
  const shown = [];
  const blender = new Blender((out) => shown.push(reds(out)), () => {});
  blender.start(grey(1, 2), soft());
  blender.start(grey(100, 50), soft());
  blender.onLost = () => {
    blender.add("a", grey(200, 0));
    blender.blend(one("a"));
  };
  asked.end();
  assert.deepEqual(shown, [[200, 50]]);
  blender.start(grey(5, 6), soft());
  blender.blend([]);
  assert.deepEqual(shown.at(-1), [5, 6]);
});
