// Things done in the time that is free.

import assert from "node:assert/strict";
import { test } from "node:test";

import "./server.js";
import { FreeTime } from "../../../src/styfie/web/page/suggestions.js";

const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** What can be ended by the test, and what was begun and given up. */
function slow(isFree = () => true) {
  const begun = [];
  const given = [];
  let end = () => {};
  const queue = new FreeTime((thing, signal) => new Promise((resolve, reject) => {
    begun.push(thing);
    end = resolve;
    signal.addEventListener("abort", () => {
      given.push(thing);
      reject(new Error("given up"));
    });
  }), isFree);
  return { queue, begun, given, end: () => end() };
}

test("one after the other", async () => {
  const { queue, begun, end } = slow();
  queue.start(["a", "b"]);
  await later(200);
  assert.deepEqual(begun, ["a"]);
  end();
  await later(200);
  assert.deepEqual(begun, ["a", "b"]);
});

test("what is under way is given up when something is asked for, and done anew when it is over", async () => {
  let free = true;
  const { queue, begun, given, end } = slow(() => free);
  queue.start(["a", "b"]);
  await later(200);
  free = false;
  queue.go();
  await later(200);
  assert.deepEqual([begun, given], [["a"], ["a"]]);
  free = true;
  queue.go();
  await later(200);
  assert.deepEqual(begun, ["a", "a"]);
  end();
  await later(200);
  assert.deepEqual(begun, ["a", "a", "b"]);
});

test("what fails does not hold up the others, and nothing is done any more when it is stopped", async () => {
  const begun = [];
  const queue = new FreeTime(async (thing) => {
    begun.push(thing);
    throw new Error("no");
  }, () => true);
  queue.start(["a", "b", "c"]);
  await later(320);
  assert.deepEqual(begun.slice(0, 2), ["a", "b"]);
  queue.stop();
  const count = begun.length;
  await later(300);
  assert.equal(begun.length, count);
});
