import assert from "node:assert/strict";
import { test } from "node:test";

import "./server.js";
import { percents, weighted } from "../../../src/styfie/web/page/mix.js";

const mixed = (...weights) => weights.map((weight, n) => ({ name: `style ${n}`, weight }));
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

test("shares are whole percents of all", () => {
  assert.deepEqual(percents(mixed(1, 3)), [25, 75]);
  assert.deepEqual(percents(mixed(1, 1, 1)).sort(), [33, 33, 34]);
  for (let n = 2; n <= 8; n++) assert.equal(sum(percents(mixed(...Array.from({ length: n }, (_, m) => 1 + m * m / 7)))), 100);
});

test("one that gets more takes it from the others, in their proportion", () => {
  const after = weighted(mixed(50, 30, 20), 0, 75);
  assert.deepEqual(percents(after), [75, 15, 10]);
  assert.deepEqual(after.map((one) => one.name), ["style 0", "style 1", "style 2"]);
});

test("no style is gone by its share alone", () => {
  for (const percent of [1, 99, 100]) {
    for (const { weight } of weighted(mixed(1, 1), 1, percent)) assert.ok(weight >= 0.1 && weight <= 1000);
  }
});
