// The soft brush, boxes and small pictures of regions, by what geometry says of them.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.OffscreenCanvas = class {
  getContext() {
    return { putImageData() {} };
  }
};
globalThis.ImageData = class {
  constructor(width, height) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
};
const { coverage, Mask } = await import("../../../src/styfie/web/page/mask.js");
const { pointsOf } = await import("../../../src/styfie/web/page/brush.js");
const { headOf, squareIn } = await import("../../../src/styfie/web/page/heads.js");

const SIDE = 40;
const empty = () => ({ width: SIDE, height: SIDE, owner: new Uint8Array(SIDE * SIDE), places: new Uint32Array(), alpha: [], own: [] });
const at = (mask, x, y) => mask.matte[y * SIDE + x];

test("a hard brush has an edge, a soft one falls off, and neither reaches farther", () => {
  assert.equal(coverage(5, 10, 0), 1);
  assert.equal(coverage(10.5, 10, 0), 0);
  assert.equal(coverage(5, 10, 1), 0.5);
  assert.ok(coverage(2, 10, 1) > 0.8 && coverage(9, 10, 1) < 0.1 && coverage(9, 10, 1) > 0);
});

test("a stroke covers its way evenly, however often it passes", () => {
  const mask = new Mask(empty(), -1, "#ffffff");
  for (let n = 0; n < 3; n++) mask.stroke([10, 20], [30, 20], 6, true, 1);
  const along = [12, 18, 24, 28].map((x) => at(mask, x, 22));
  assert.ok(Math.max(...along) - Math.min(...along) <= 25, along.join());
  assert.ok(at(mask, 20, 20) > 240 && at(mask, 20, 24) > 10 && at(mask, 20, 24) < 120 && at(mask, 20, 27) === 0);
  mask.stroke([20, 20], [20, 20], 4, false, 0);
  assert.equal(at(mask, 20, 20), 0);
  assert.ok(at(mask, 12, 20) > 240);
});

test("a box asks for what is in it and not for what is around", () => {
  const { add, remove } = pointsOf([0.25, 0.25, 0.75, 0.75]);
  assert.ok(add.every(([x, y]) => x > 0.25 && x < 0.75 && y > 0.25 && y < 0.75));
  assert.equal(remove.length, 8);
  assert.ok(remove.every(([x, y]) => Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)) > 0.25));
  assert.ok(pointsOf([0, 0, 1, 1]).remove.length === 0, "nothing is beside a box of the whole picture");
});

test("a region's small picture is of its upper end", () => {
  const owner = new Uint8Array(SIDE * SIDE);
  for (let y = 10; y < 40; y++) for (let x = y < 20 ? 15 : 5; x < (y < 20 ? 25 : 35); x++) owner[y * SIDE + x] = 1;
  const [left, top, side] = headOf(owner, 1, SIDE);
  assert.ok(top <= 10 && top + side > 20 && Math.abs(left + side / 2 - 20) <= 2, `${left} ${top} ${side}`);
  assert.equal(headOf(owner, 2, SIDE), null);
});

test("a head is a whole square of pixels within the picture", () => {
  assert.deepEqual(squareIn([0.1, 0.25, 0.6, 0.5], 200, 100), [50, 10, 50]);
  const [left, top, side] = squareIn([0.5, 0.751, 1, 1.001], 201, 101);
  assert.ok(left + side <= 201 && top + side <= 101 && Math.abs(side - 50) <= 1, `${left} ${top} ${side}`);
  assert.deepEqual(squareIn([0, 0, 1, 1], 40, 30).slice(2), [30], "a portrait is no wider than it is high");
});
