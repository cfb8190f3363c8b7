// Outlines against what geometry says of a disc, a square and a ring.

import assert from "node:assert/strict";
import { test } from "node:test";

import { contours } from "../../../src/styfie/web/page/contours.js";

const WIDTH = 80, HEIGHT = 70;

/** A matte from signed distances to a border, positive inside, four pixels soft. */
function matte(distance) {
  const found = new Uint8ClampedArray(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) found[y * WIDTH + x] = 255 * (0.5 + distance(x + 0.5, y + 0.5) / 4);
  }
  return found;
}

const pairs = (line) => line.flatMap((_, n) => (n % 2 ? [] : [[line[n], line[n + 1]]]));

/** Signed, by the shoelace formula. */
const area = (line) => pairs(line).reduce((sum, [x, y], n, all) => {
  const [right, below] = all[(n + 1) % all.length];
  return sum + (x * below - right * y) / 2;
}, 0);

const disc = (x, y, radius) => (px, py) => radius - Math.hypot(px - x, py - y);

test("the outline of a disc is a circle", () => {
  const lines = contours(matte(disc(38.2, 33.7, 21.4)), WIDTH, HEIGHT);
  assert.equal(lines.length, 1);
  for (const [x, y] of pairs(lines[0])) assert.ok(Math.abs(Math.hypot(x - 38.2, y - 33.7) - 21.4) < 0.05);
  assert.ok(Math.abs(Math.abs(area(lines[0])) / (Math.PI * 21.4 ** 2) - 1) < 0.005);
});

test("lines are closed and go on from one side of a pixel to the next", () => {
  for (const line of contours(matte(disc(40, 35, 25)), WIDTH, HEIGHT)) {
    pairs(line).forEach(([x, y], n, all) => {
      const [right, below] = all[(n + 1) % all.length];
      assert.ok(Math.hypot(right - x, below - y) <= Math.SQRT2 + 1e-9);
    });
  }
});

test("the hole of a ring runs the other way round", () => {
  const ring = (x, y) => Math.min(disc(40, 35, 28)(x, y), -disc(40, 35, 12)(x, y));
  const areas = contours(matte(ring), WIDTH, HEIGHT).map(area).sort((a, b) => Math.abs(a) - Math.abs(b));
  assert.equal(areas.length, 2);
  assert.ok(areas[0] * areas[1] < 0);
  assert.ok(Math.abs(Math.abs(areas[0]) / (Math.PI * 144) - 1) < 0.01);
});

test("what reaches the picture's edge is closed along it", () => {
  const [line, ...more] = contours(new Uint8ClampedArray(WIDTH * HEIGHT).fill(255), WIDTH, HEIGHT);
  assert.equal(more.length, 0);
  assert.ok(Math.abs(Math.abs(area(line)) - WIDTH * HEIGHT) < WIDTH + HEIGHT);
  assert.ok(pairs(line).every(([x, y]) => x >= -0.5 && x <= WIDTH + 0.5 && y >= -0.5 && y <= HEIGHT + 0.5));
});

test("specks have no outline, nor has nothing", () => {
  assert.deepEqual(contours(matte(disc(40, 35, 3)), WIDTH, HEIGHT), []);
  assert.deepEqual(contours(new Uint8ClampedArray(WIDTH * HEIGHT), WIDTH, HEIGHT), []);
});

test("what meets at a corner only has lines of its own", () => {
  const board = (x, y) => ((Math.floor(x / 20) + Math.floor(y / 20)) % 2 ? 2 : -2);
  const lines = contours(matte(board), WIDTH, HEIGHT);
  assert.equal(lines.length, 8, "four by four squares, half of them inside");
  const sum = lines.reduce((total, line) => total + Math.abs(area(line)), 0);
  const inside = matte(board).reduce((count, value) => count + (value > 127 ? 1 : 0), 0);
  assert.ok(Math.abs(sum / inside - 1) < 0.12, `${sum} around ${inside}`);
});
