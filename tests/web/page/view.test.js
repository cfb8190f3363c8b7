import assert from "node:assert/strict";
import { test } from "node:test";

import { FIT, clamped, MAX_ZOOM, pinched, zoomed } from "../../../src/styfie/web/page/view.js";

/** Where a place of the picture (from its middle, at zoom 1) is seen. */
const seen = ({ zoom, x, y }, [px, py]) => [x + zoom * px, y + zoom * py];
const near = (one, other) => one.forEach((value, n) => assert.ok(Math.abs(value - other[n]) < 1e-9, `${one} is not ${other}`));

test("what is under the pointer stays there while it is zoomed", () => {
  let view = { zoom: 2, x: 30, y: -12 };
  const place = [14, 77];
  const under = [(place[0] - view.x) / view.zoom, (place[1] - view.y) / view.zoom];
  for (const zoom of [3, 1.2, 9]) {
    view = zoomed(view, zoom, place);
    assert.equal(view.zoom, zoom);
    near(seen(view, under), place);
  }
});

test("it is zoomed within bounds", () => {
  assert.equal(zoomed(FIT, 0.2, [5, 5]).zoom, 1);
  assert.equal(zoomed(FIT, 1e6, [5, 5]).zoom, MAX_ZOOM);
});

test("the frame stays full, and what is smaller than it in its middle", () => {
  assert.deepEqual(clamped({ zoom: 2, x: 500, y: -500 }, [100, 80], [120, 200]), { zoom: 2, x: 40, y: 0 });
  assert.deepEqual(clamped({ zoom: 1, x: 3, y: 3 }, [100, 100], [100, 100]), FIT);
});

test("what is under two fingers stays under them", () => {
  const view = { zoom: 1.5, x: 10, y: 20 };
  const [from, to] = [[[-20, 0], [20, 0]], [[-30, 15], [50, 15]]];
  const after = pinched(view, from, to);
  assert.equal(after.zoom, 3);
  for (const n of [0, 1]) near(seen(after, [(from[n][0] - 10) / 1.5, (from[n][1] - 20) / 1.5]), to[n]);
});
