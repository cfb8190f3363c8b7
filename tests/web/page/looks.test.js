import assert from "node:assert/strict";
import { test } from "node:test";

import { merged } from "../../../src/styfie/web/page/looks.js";

const style = (name) => [{ name, weight: 1 }];

test("what only one has changed is as that one says", () => {
  const base = { subject: { strength: 1, blur: 0 } };
  assert.deepEqual(merged(base, { subject: { strength: 0.4, blur: 0 } }, base), { subject: { strength: 0.4, blur: 0 } });
  assert.deepEqual(merged(base, base, { subject: { strength: 0.4, blur: 0 } }), { subject: { strength: 0.4, blur: 0 } });
});

test("of two changes of one value mine stays, and of different values both do", () => {
  const base = { subject: { strength: 1, blur: 0, styles: style("ink") } };
  const mine = { subject: { strength: 0.4, blur: 0, styles: style("ink") } };
  const theirs = { subject: { strength: 0.7, blur: 4, styles: style("waves") } };
  assert.deepEqual(merged(base, mine, theirs), { subject: { strength: 0.4, blur: 4, styles: style("waves") } });
});

test("a look that is new on either side is taken", () => {
  assert.deepEqual(merged({}, { hair: { blur: 2 } }, { sky: { blur: 4 } }), { hair: { blur: 2 }, sky: { blur: 4 } });
});

test("a region's look that was taken away elsewhere is gone, but for what was changed here", () => {
  const base = { hair: { blur: 2, strength: 1 } };
  assert.deepEqual(merged(base, base, {}), {});
  assert.deepEqual(merged(base, { hair: { blur: 2, strength: 0.3 } }, {}), { hair: { strength: 0.3 } });
});

test("one that was taken away here is gone", () => {
  const base = { hair: { blur: 2 } };
  assert.deepEqual(merged(base, {}, base), {});
});

test("values that a look did not say were the defaults", () => {
  const defaults = { strength: 1, blur: 0 };
  const theirs = { subject: { strength: 0.5, blur: 6 } };
  assert.deepEqual(merged({}, { subject: { strength: 1, blur: 0 } }, theirs, defaults), theirs);
});

test("a region may be called as what every object has", () => {
  const theirs = JSON.parse('{"constructor": {"blur": 2}, "__proto__": {"blur": 4}}');
  const found = merged({}, {}, theirs);
  assert.deepEqual(Object.entries(found).sort(), [["__proto__", { blur: 4 }], ["constructor", { blur: 2 }]]);
});

test("what came in is not changed by what goes out", () => {
  const theirs = { subject: { styles: style("ink") } };
  merged({}, {}, theirs).subject.styles.push("more");
  assert.deepEqual(theirs, { subject: { styles: style("ink") } });
});
