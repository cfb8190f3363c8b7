// The compositor, held to the library's: `blend.json` is written, and held to it, by `tests/web/test_page_blend.py`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BlendCore } from "../../../src/styfie/web/page/blend-core.js";
import { blend, matteOf, readSoft } from "../../../src/styfie/web/page/blend.js";

const told = JSON.parse(readFileSync(new URL("blend.json", import.meta.url), "utf8"));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
const pixels = (text) => new Uint8ClampedArray(bytes(text).buffer);
const soft = readSoft(bytes(told.soft).buffer);
const photo = pixels(told.photo);

for (const { called, painted, wanted } of told.cases) {
  test(`blends as the library does: ${called}`, () => {
    const out = new Uint8ClampedArray(photo.length);
    blend(out, photo, soft, painted.map((one) => ({ ...one, layer: pixels(one.layer) })));
    // Layers that are out of focus come in whole levels, and are blended by the library before they are rounded.
    const most = painted.every((one) => one.styled) ? 0.51 : 1.01;
    wanted.forEach((level, n) => {
      const at = 4 * Math.floor(n / 3) + (n % 3);
      assert.ok(Math.abs(out[at] - level) <= most, `${called}: ${out[at]} at ${at}, ${level} is wanted`);
    });
    assert.ok(out.every((value, at) => at % 4 < 3 || value === 255));
  });
}

test("a picture that is used anew is the one that is blended from nothing, and only where it is another", () => {
  const layers = Object.fromEntries(["a", "b", "c"].map((key, n) => [key, Uint8ClampedArray.from(photo, (level, at) => (at % 4 === 3 ? 255 : (level * 7 + 50 * n) % 256))]));
  const made = () => {
    const core = new BlendCore(photo, soft);
    for (const [key, layer] of Object.entries(layers)) core.add(key, layer);
    return core;
  };
  const one = (index, key, strength = 1, styled = true) => ({ index, strength, styled, key });
  const mixes = [
    [], [one(0, "a")], [one(0, "a", 0.5), one(1, "b")], [one(1, "b"), one(0, "a", 0.5), one(2, "c", 0.3)],
    [one(0, "a", 0.5), one(2, "c", 0.3), one(1, "gone")], [one(0, "b", 0), one(2, "c", 0.3)], [one(2, "c", 0.3, false)], [], [one(1, "c", 0.25)],
  ];
  const core = made();
  /** @type {[Uint8ClampedArray, number][]} */
  const pictures = [];
  mixes.forEach((mixed, n) => {
    const [spare, number] = pictures.length > 1 ? pictures.shift() : [null, 0];
    const out = core.blend(mixed, n + 1, spare, number);
    assert.ok(!spare || out === spare);
    assert.deepEqual([...out], [...made().blend(mixed)], `number ${n}`);
    pictures.push([out, n + 1]);
  });
  const shared = new Set(soft.places);
  const untouched = soft.owner.findIndex((index, at) => index === 0 && !shared.has(at));
  const first = core.blend([one(0, "a"), one(1, "b")], 20);
  first[4 * untouched] ^= 255;
  const odd = first[4 * untouched];
  assert.equal(core.blend([one(0, "a"), one(1, "b", 0.5)], 21, first, 20)[4 * untouched], odd, "its region is as it was");
  assert.notEqual(core.blend([one(0, "a"), one(1, "b", 0.5)], 22, first, 99)[4 * untouched], odd, "a picture that is not known");
});

test("the regions' mattes are those of the library", () => {
  told.mattes.forEach((matte, index) => {
    matteOf(soft, index).forEach((value, at) => assert.ok(Math.abs(value - matte[at]) <= 1));
  });
  assert.ok(matteOf(soft, -1).every((value) => value === 0), "of a region that there is not yet");
});

test("a pixel that two regions share half and half", () => {
  const half = { // both regions' own colour is the photo's
    width: 1, height: 1, owner: Uint8Array.of(0), places: Uint32Array.of(0),
    alpha: [Float32Array.of(0.5), Float32Array.of(0.5)], own: [new Float32Array(3).fill(0.4), new Float32Array(3).fill(0.4)],
  };
  const grey = (level) => Uint8ClampedArray.of(level, level, level, 255);
  const out = grey(0);
  const layer = (index, level, strength = 1) => ({ index, layer: grey(level), strength, styled: true });
  blend(out, grey(102), half, [layer(0, 202), layer(1, 52)]);
  assert.deepEqual([...out], [127, 127, 127, 255], "the mean of both");
  blend(out, grey(102), half, [layer(0, 202)]);
  assert.deepEqual([...out], [152, 152, 152, 255], "half photo, half painted");
  blend(out, grey(102), half, [layer(0, 202, 0.5), layer(1, 202, 0.5)]);
  assert.deepEqual([...out], [152, 152, 152, 255], "half of each");
});
