// When the tab asks for the network that finds things by clicks.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Clicks } from "../../tab/site/engine/clicks.js";
import { planes } from "../../tab/site/engine/planes.js";

const photo = planes(3, [32, 32]);
const painter = { see: () => Promise.reject(new Error("looked at")) };

test("the network comes at the first click, and once", async () => {
  let asked = 0;
  const clicks = new Clicks(/** @type {any} */ ({}), async () => ((asked += 1), /** @type {any} */ ({})), /** @type {any} */ ({}), /** @type {any} */ (painter));
  assert.equal(asked, 0);
  for (const _ of [1, 2]) await assert.rejects(clicks.coarse(photo, [[5, 5]], []), /looked at/);
  assert.equal(asked, 1);
});

test("where it could not be loaded the next click asks again", async () => {
  let asked = 0;
  const open = async () => {
    asked += 1;
    throw new Error("offline");
  };
  const clicks = new Clicks(/** @type {any} */ ({}), open, /** @type {any} */ ({}), /** @type {any} */ (painter));
  for (const _ of [1, 2]) await assert.rejects(clicks.coarse(photo, [[5, 5]], []), /offline/);
  assert.equal(asked, 2);
});
