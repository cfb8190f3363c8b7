import assert from "node:assert/strict";
import { test } from "node:test";

import "./server.js";
import { choicesOf, costWords, fitted, hurryWords } from "../../../src/styfie/web/page/export.js";

const PHOTO = { width: 3000, height: 4000 };

test("a size is that of the longest side", () => {
  assert.deepEqual(fitted(3000, 4000, 2048), [1536, 2048]);
  assert.deepEqual(fitted(4000, 3, 512), [512, 1]);
});

test("what is there comes first, and the photo's own size is among the others", () => {
  const choices = choicesOf(PHOTO, { width: 384, height: 512 }, true, 4096);
  assert.deepEqual(choices.map((one) => one.size), [null, 1024, 2048, 4000, 4096], "what is painted is not painted again");
  assert.deepEqual([choices[0].width, choices[0].height], [384, 512]);
  const sketched = choicesOf(PHOTO, { width: 384, height: 512 }, false, 4096);
  assert.deepEqual(sketched.map((one) => one.size), [null, 512, 1024, 2048, 4000, 4096]);
});

test("nothing is offered that is not painted here", () => {
  assert.deepEqual(choicesOf(PHOTO, null, false, 1024).map((one) => one.size), [512, 1024]);
});

test("what it costs is said as far as it is known", () => {
  const cost = { size: 1024, seconds: 0, gigabytes: 0, error: "" };
  assert.equal(costWords({ ...cost, seconds: 200, gigabytes: 1.23 }), "about 3 min 20 s · 1.2 GB");
  assert.equal(costWords({ ...cost, gigabytes: 2 }), "2.0 GB");
  assert.equal(costWords({ ...cost, error: "Too large." }), "Too large.");
  assert.equal(costWords(cost), "");
});

test("where full quality takes long, it is said how long the quick way takes", () => {
  const cost = (seconds, error = "") => ({ size: 2048, seconds, gigabytes: 1, error });
  assert.equal(hurryWords(cost(1500), cost(40)), "“Quick” paints this size in about 40 s.");
  for (const [full, fast] of [[cost(60), cost(2)], [cost(300), cost(100)], [cost(1500), cost(0)], [cost(1500), cost(40, "No.")], [null, cost(1)], [cost(900), null]]) {
    assert.equal(hurryWords(full, fast), "");
  }
});
