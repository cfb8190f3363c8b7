import assert from "node:assert/strict";
import { test } from "node:test";

import { UndoStack } from "../../../src/styfie/web/page/undo.js";

const at = (strength) => ({ subject: { strength } });

test("all changes are taken back and done again, the last one first", () => {
  const stack = new UndoStack();
  stack.note("looks", at(1));
  stack.note("regions", at(0.5));
  assert.deepEqual(stack.counts, { undo: 2, redo: 0 });
  let now = at(0.2);
  const seen = [];
  for (const back of [true, true, false, false]) {
    const change = stack.step(back, now);
    seen.push([change.kind, change.looks.subject.strength]);
    now = change.looks;
  }
  assert.deepEqual(seen, [["regions", 0.5], ["looks", 1], ["looks", 0.5], ["regions", 0.2]]);
  assert.equal(stack.step(false, now), undefined);
});

test("what a slider does at one go is one change", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1e6 });
  const stack = new UndoStack();
  for (const strength of [1, 0.9, 0.8]) {
    stack.note("looks", at(strength), "subject strength");
    t.mock.timers.tick(100);
  }
  assert.equal(stack.counts.undo, 1);
  stack.note("looks", at(0.7), "background strength");
  assert.equal(stack.counts.undo, 2, "another slider");
  t.mock.timers.tick(5000);
  stack.note("looks", at(0.6), "background strength");
  assert.equal(stack.counts.undo, 3, "later");
});

test("a new change ends what could be done again, and kept looks are not those that change", () => {
  const stack = new UndoStack();
  const looks = at(1);
  stack.note("looks", looks);
  looks.subject.strength = 0;
  assert.equal(stack.step(true, looks).looks.subject.strength, 1);
  assert.equal(stack.counts.redo, 1);
  stack.note("looks", looks);
  assert.equal(stack.counts.redo, 0);
});
