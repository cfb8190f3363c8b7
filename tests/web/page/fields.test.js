import assert from "node:assert/strict";
import test from "node:test";

import { isOther, sliderOf } from "../../../src/styfie/web/page/fields.js";

const field = (name, low, high) => ({ name, help: "What it is.", low, high });

test("a slider has its field's range, strokes by doublings and shares by hundredths", () => {
  assert.deepEqual(sliderOf(field("stroke", 0.25, 4)), { title: "What it is.", min: "-2", max: "2" });
  assert.deepEqual(sliderOf(field("likeness", 0, 1)), { title: "What it is.", min: "0", max: "100" });
  assert.deepEqual(sliderOf(field("blur", 0, 1000)), { title: "What it is." });
});

test("a number that the page was not made for gets a slider, a choice does not", () => {
  assert.deepEqual([field("grain", 0, 1), field("blur", 0, 9), field("stroke", 1, 2), field("brush", null, null)].map(isOther),
    [true, false, false, false]);
});
