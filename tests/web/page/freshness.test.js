// What a job and its looks say together, by cases that are plain to see.

import assert from "node:assert/strict";
import { test } from "node:test";

import { job } from "./server.js";
import {
  isChanged, isRunning, layerPath, lookOf, markOf, newName, visibleOf, surplusOf, unpaintedOf, unsketchedOf,
} from "../../../src/styfie/web/page/freshness.js";
import { LOOK } from "../../../src/styfie/web/page/looks.js";

const INK = { styles: [{ name: "ink", weight: 1 }] };
const marks = { session: "s", regions: 2, painting: 5 };

test("what has a style is unpainted until it is painted, and unsketched until there is either", () => {
  const looks = { subject: INK, background: { blur: 3 }, gone: INK };
  assert.deepEqual(unpaintedOf(job("one"), looks), ["subject"]);
  assert.deepEqual(unsketchedOf(job("one"), looks), ["subject"]);
  assert.deepEqual(unsketchedOf(job("one", { sketched: ["subject"] }), looks), []);
  assert.deepEqual(unpaintedOf(job("one", { sketched: ["subject"] }), looks), ["subject"]);
  assert.deepEqual(unpaintedOf(job("one", { painted: ["subject"] }), looks), []);
  assert.deepEqual(unsketchedOf(job("one", { painted: ["subject"] }), looks), []);
  assert.deepEqual(unpaintedOf(null, looks), []);
});

test("a style or a blur is shown, and nothing of a region that is not there", () => {
  assert.deepEqual(visibleOf(job("one"), { background: { blur: 3 }, gone: INK }), ["background"]);
  assert.deepEqual(visibleOf(job("one"), { background: { blur: 0 }, subject: { styles: [] } }), []);
  assert.deepEqual(visibleOf(job("one"), { background: { blur: 0 }, subject: INK }), ["subject"]);
});

test("a region that is called as what every object has takes nothing from there", () => {
  const named = job("one", { regions: [{ name: "constructor", side: "subject", score: 1, doubtful: false, area: 1 }] });
  assert.deepEqual([visibleOf(named, {}), unpaintedOf(named, {})], [[], []]);
  assert.deepEqual(lookOf({}, "constructor", LOOK), LOOK);
  assert.deepEqual(lookOf({ hair: { blur: 2 } }, "hair", LOOK), { ...LOOK, blur: 2 });
});

test("a layer has another address whenever it is another layer, and the same when it is the same", () => {
  const painted = job("one", { painted: ["subject"], previews: 3 });
  const at = (one, name, look, more = {}) => JSON.stringify(layerPath(one, name, { ...LOOK, ...look }, { ...marks, ...more }));
  const first = at(painted, "subject", INK);
  assert.equal(first, at({ ...painted, previews: 4 }, "subject", { ...INK, strength: 0.3, bokeh: "disc" }));
  const others = [
    at(painted, "subject", INK, { painting: 6 }), at(painted, "subject", INK, { regions: 3 }), at(painted, "subject", INK, { session: "t" }),
    at(painted, "subject", { ...INK, color: "keep" }), at(painted, "subject", { ...INK, blur: 2 }), at(painted, "subject", { ...INK, blur: 2, bokeh: "disc" }),
    at(painted, "subject", {}), at(painted, "background", INK), at({ ...painted, painted: [] }, "subject", INK), at({ ...painted, painted: [], previews: 4 }, "subject", INK),
  ];
  assert.equal(new Set([first, ...others]).size, 11);
  assert.equal(layerPath(painted, "a b", LOOK, marks).path, "layers/a%20b.png");
});

test("the oldest layers that are not shown are let go of, and no more than there are too many", () => {
  assert.deepEqual(surplusOf(["a", "b", "c", "d"], new Set(["a"]), 2), ["b", "c"]);
  assert.deepEqual(surplusOf(["a", "b", "c"], new Set(["a", "b", "c"]), 1), []);
  assert.deepEqual(surplusOf(["a", "b"], new Set(), 2), []);
});

test("regions have a mark of their own, and a new one a name of its own", () => {
  const [one, two] = job("one").regions;
  assert.equal(markOf([one, two]), markOf([{ ...one, score: 0.1 }, { ...two, area: two.area + 1e-5 }]));
  assert.notEqual(markOf([one, two]), markOf([{ ...one, area: 0.4 }, two]));
  assert.notEqual(markOf([one]), markOf([{ ...one, name: "hair" }]));
  assert.equal(newName(["subject", "part-1", "part-3"]), "part-2");
});

test("a job runs while it waits or is painted, and settings change when a value is another", () => {
  assert.deepEqual(["queued", "painting", "ready", "done"].map((state) => isRunning(job("one", { state }))), [true, true, false, false]);
  assert.equal(isRunning(null), false);
  assert.equal(isChanged({ size: 512, seed: 0 }, { size: 512 }), false);
  assert.equal(isChanged({ size: 512, seed: 0 }, { seed: 1 }), true);
  assert.equal(isChanged(undefined, { seed: 1 }), true);
  assert.equal(isChanged(undefined, {}), false);
});
