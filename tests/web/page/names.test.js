import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, CARE, days, duration, isQuality, offeredParts, personOf, regionColor, regionTitle } from "../../../src/styfie/web/page/names.js";

test("times are said in whole units of which the smaller never fills the larger", () => {
  assert.equal(duration(0), "a moment");
  assert.equal(duration(42.4), "42 s");
  assert.equal(duration(60), "1 min 0 s");
  assert.equal(duration(150), "2 min 30 s");
  assert.equal(duration(3000), "50 min");
  for (let tenths = 15; tenths < 9000; tenths++) {
    const words = duration(tenths / 10);
    const [, minutes = 0, seconds = 0] = words.match(/^(?:(\d+) min ?)?(?:(\d+) s)?$/) ?? assert.fail(words);
    assert.ok(Number(seconds) < 60, words);
    const most = Number(minutes) >= 10 ? 60 : 0.5;
    assert.ok(Math.abs(60 * minutes + Number(seconds) - tenths / 10) <= most + 1e-9, `${words} for ${tenths / 10} s`);
  }
});

test("how long ago is never one of several", () => {
  assert.equal(ago(10), "just now");
  assert.equal(ago(600), "10 minutes ago");
  assert.equal(ago(7200), "2 hours ago");
  assert.equal(ago(3 * 86400), "3 days ago");
  for (let seconds = 0; seconds < 1e6; seconds += 7) assert.doesNotMatch(ago(seconds), /^[01] /);
});

test("hours become days where they are whole ones", () => {
  assert.deepEqual([1, 5, 24, 30, 72].map(days), ["an hour", "5 hours", "a day", "30 hours", "3 days"]);
});

test("regions are called by words", () => {
  assert.equal(regionTitle("subject"), "Person");
  assert.equal(regionTitle("subject", ["subject", "background"]), "Person");
  assert.equal(regionTitle("subject", ["subject", "background", "hair"]), "Rest of the person");
  assert.equal(regionTitle("person-2"), "Person 2");
  assert.equal(regionTitle("person-2", ["person-2", "person-2-hair"]), "Rest of person 2");
  assert.equal(regionTitle("person-2-hair"), "Hair of person 2");
});

test("a part of one person is that person's", () => {
  assert.deepEqual(["person-2", "person-12-hair", "hair", "person-x"].map(personOf), ["person-2", "person-12", "", ""]);
});

test("a region of any name has a title and a colour", () => {
  for (const name of ["sky", "constructor", "__proto__", "toString", "_"]) {
    assert.equal(typeof regionTitle(name), "string", name);
    assert.match(regionColor(name), /^#[0-9a-f]{6}$/, name);
  }
});

test("amounts of care are qualities, and numbers of steps are none", () => {
  assert.ok(Object.keys(CARE).every(isQuality));
  assert.ok(!isQuality("120") && !isQuality("constructor"));
});

test("parts of one person are offered where that person is chosen", () => {
  const parts = ["hair", "person-1", "person-2", "person-1-hair", "person-2-hair", "person-2-skin"];
  assert.deepEqual(offeredParts(parts, "subject"), ["hair", "person-1", "person-2"]);
  assert.deepEqual(offeredParts(parts, "person-2"), ["hair", "person-1", "person-2", "person-2-hair", "person-2-skin"]);
  assert.deepEqual(offeredParts(parts, "person-1-hair"), ["hair", "person-1", "person-2", "person-1-hair"]);
});
