// Looks as things, photos that come together, and clips, as far as they go without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { job } from "./server.js";
import { pairFile } from "../../../src/styfie/web/page/chooser.js";
import { clipWords, isClip } from "../../../src/styfie/web/page/clip.js";
import { counted } from "../../../src/styfie/web/page/many.js";
import { isLook } from "../../../src/styfie/web/page/presets.js";

test("a look is told from other text", () => {
  assert.ok(isLook('{"looks": {"subject": {}}}'));
  for (const text of ["", "looks", "{", '{"looks": 3}', "[1]", "null"]) assert.ok(!isLook(text), text);
});

test("a pair is a look's file", async () => {
  const text = await pairFile("ink", "waves").text();
  assert.ok(isLook(text));
  assert.deepEqual(JSON.parse(text).looks.background.styles, [{ name: "waves" }]);
});

test("photos are counted once they are painted, not while they are painted once more", () => {
  const cell = (state, painted) => ({ job: job("a", { state, painted }) });
  const cells = [cell("done", ["subject"]), cell("painting", ["subject"]), cell("stopped", []), { job: null }];
  assert.deepEqual(counted(cells), { all: 4, painted: 1, busy: 1 });
});

test("clips are told from photos by kind or name", () => {
  const file = (name, type) => new File([], name, { type });
  assert.deepEqual([["a", "video/mp4"], ["a.MOV", ""], ["a.jpg", "image/jpeg"], ["mp4", ""]].map((one) => isClip(file(...one))), [true, true, false, false]);
});

test("how far a clip is", () => {
  const clip = { state: "painting", error: "", frame: 3, frames: 60, seconds_left: 75 };
  assert.equal(clipWords(clip), "3 of 60 frames, 1 min 15 s left");
  assert.equal(clipWords({ ...clip, state: "failed", error: "It is damaged." }), "It is damaged.");
  assert.match(clipWords({ ...clip, state: "stopped" }), /3 of 60/);
});
