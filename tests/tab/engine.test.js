// What the tab computes without a network, held to other ways to the same: definitions written out, sums by hand, and
// numbers that PyTorch drew.

import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutWideDoubt } from "../../tab/site/engine/doubt.js";
import { estimateForeground } from "../../tab/site/engine/foreground.js";
import { eigen, product, transport } from "../../tab/site/engine/linear.js";
import { extrapolate, boxOf } from "../../tab/site/engine/layers.js";
import { distance, filled, label, largest, mean, withoutSpecks } from "../../tab/site/engine/masks.js";
import { Job } from "../../tab/site/engine/job.js";
import { headsIn, peopleIn, personPart, splitPeople } from "../../tab/site/engine/people.js";
import { guidedUpsample, refine } from "../../tab/site/engine/matting.js";
import { drawNoise } from "../../tab/site/engine/noise.js";
import { merge, ofSubject, put, split, take } from "../../tab/site/engine/partition.js";
import { Segmenter, expected } from "../../tab/site/engine/segmenter.js";
import { planes, readPixels, resize, round } from "../../tab/site/engine/planes.js";

let seed = 7;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const picture = (channels, height, width, call) => {
  const found = planes(channels, [height, width]);
  for (let c = 0, at = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) found.data[at++] = call(c, y, x);
  return found;
};
const near = (one, other, most) => one.forEach((value, at) => assert.ok(Math.abs(value - other[at]) <= most, `${value} at ${at}, ${other[at]} is wanted`));

test("eigenvalues and vectors are those of the matrix", () => {
  const n = 17;
  const half = Float64Array.from({ length: n * n }, () => random() - 0.5);
  const matrix = product(half, half.map((_, at) => half[at % n * n + Math.trunc(at / n)]), n);
  const { values, vectors } = eigen(matrix, n);
  for (let k = 0; k < n; k++) {
    const vector = vectors.subarray(k * n, (k + 1) * n);
    const moved = vector.map((_, i) => vector.reduce((sum, one, j) => sum + matrix[i * n + j] * one, 0));
    near(moved, vector.map((one) => one * values[k]), 1e-10);
  }
});

test("a transport takes the photo's covariance to the style's", () => {
  const n = 5;
  const gaussian = () => {
    const half = Float64Array.from({ length: n * n }, () => random() - 0.5);
    return { mean: Float32Array.from({ length: n }, random), covariance: Float32Array.from(product(half, half.map((_, at) => half[at % n * n + Math.trunc(at / n)]), n)) };
  };
  const [photo, style] = [gaussian(), gaussian()];
  const { matrix, offset } = transport(photo, style);
  near(matrix, matrix.map((_, at) => matrix[at % n * n + Math.trunc(at / n)]), 1e-6);
  const variance = [0, 1, 2, 3, 4].reduce((sum, i) => sum + photo.covariance[i * n + i] / n, 0);
  const ridged = photo.covariance.map((one, at) => one + (at % (n + 1) ? 0 : 3e-3 * variance));
  near(product(product(matrix, ridged, n), matrix, n), style.covariance, 1e-5);
  near(photo.mean.map((_, i) => offset[i] + photo.mean.reduce((sum, one, j) => sum + matrix[i * n + j] * one, 0)), style.mean, 1e-5);
});

test("noise is what PyTorch draws with that seed", () => {
  const first = drawNoise([256, 256], 0);
  near(first[0].data.slice(0, 3), [-1.12583983, -1.15236020, -0.25057858], 1e-6);
  near(first[3].data.slice(0, 3), [-0.22142133, 0.36979374, -0.81994277], 1e-6);
  near(drawNoise([251, 203], 5)[0].data.slice(-3), [0.48809510, 0.40814793, 0.20997617], 1e-6);
});

test("resizing keeps what is even, and means when it shrinks", () => {
  near(resize(picture(1, 6, 4, () => 0.3), [9, 11]).data, new Float32Array(99).fill(0.3), 1e-6);
  const steps = resize(picture(1, 1, 8, (_c, _y, x) => x / 7), [1, 4]).data;
  near(steps.slice(1, 3), [2.5 / 7, 4.5 / 7], 1e-6);
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6].map(round), [0, 2, 2, 2, 3]);
});

test("a picture is read on white and in steps of 8 bits", () => {
  const data = Uint8ClampedArray.from({ length: 16 * 4 }, (_, at) => (at % 4 === 3 ? (at < 32 ? 0 : 255) : 51));
  const found = readPixels({ data, width: 4, height: 4 }, 0);
  near([found.data[0], found.data[15]], [1, 0.2], 1e-6);
  for (const one of readPixels({ data, width: 4, height: 4 }, 3).data) assert.ok(Math.abs(255 * one - Math.round(255 * one)) < 1e-4);
});

test("distances, holes, pieces and the largest around", () => {
  const size = [7, 9];
  const mask = Uint8Array.from({ length: 63 }, () => (random() > 0.3 ? 1 : 0));
  const brute = mask.map((one) => one);
  const found = distance(mask, size);
  brute.forEach((one, at) => {
    let least = one ? Infinity : 0;
    mask.forEach((other, to) => {
      if (!other) least = Math.min(least, Math.hypot(at % 9 - to % 9, Math.trunc(at / 9) - Math.trunc(to / 9)));
    });
    assert.ok(Math.abs(found[at] - least) < 1e-9);
  });
  const ring = Uint8Array.from({ length: 25 }, (_, at) => ([6, 7, 8, 11, 13, 16, 17, 18].includes(at) ? 1 : 0));
  assert.equal(filled(ring, [5, 5])[12], 1);
  assert.equal(label(Uint8Array.from([1, 0, 0, 1]), [2, 2]).count, 2); // corners do not hold together
  const dot = planes(1, [5, 5]);
  dot.data[12] = 1;
  assert.equal(largest(dot.data, [5, 5], 1).reduce((a, b) => a + b), 9);
  near(mean(dot.data, [5, 5], 1).slice(11, 14), [1 / 9, 1 / 9, 1 / 9], 1e-6);
});

test("specks are taken away, people stay", () => {
  const matte = picture(1, 40, 40, (_c, y, x) => ((y > 8 && x < 20) || (y === 2 && x === 35) ? 1 : 0));
  const found = withoutSpecks(matte);
  assert.equal(found.data[2 * 40 + 35], 0);
  assert.equal(found.data[20 * 40 + 5], 1);
});

test("a wide place of doubt gets one answer, a narrow one stays", () => {
  const body = (thing, halo) => picture(1, 256, 256, (_c, y, x) => (y < 20 ? 0 : x >= 50 && x < 150 ? 1 : x >= 45 && x < 50 ? halo : x >= 150 && x < 190 && y >= 100 && y < 200 ? thing : 0));
  for (const [thing, answer] of [[0.2, 0], [0.55, 0], [0.65, 1]]) {
    const found = withoutWideDoubt(body(thing, 0.4)).data;
    near([found[104 * 256 + 154], found[150 * 256 + 170], found[195 * 256 + 185]], [answer, answer, answer], 1e-3);
    assert.equal(found[150 * 256 + 47], Math.fround(0.4));
    assert.ok(found[150 * 256 + 150] > 0.1 && found[150 * 256 + 190] < 0.9);
  }
  const narrow = body(1, 0.5);
  assert.equal(withoutWideDoubt(narrow), narrow);
});

test("a matte follows the photo's edge where the coarse one is off", () => {
  const edge = (x) => (x < 31 ? 0.1 : 0.9);
  const photo = picture(3, 64, 64, (_c, _y, x) => edge(x));
  const coarse = picture(1, 16, 16, (_c, _y, x) => Math.min(1, Math.max(0, (x - 6) / 4)));
  for (const found of [refine(coarse, photo, 64), refine(coarse, photo, 48)]) {
    assert.ok(found.data[32 * 64 + 28] < 0.2 && found.data[32 * 64 + 34] > 0.8);
  }
  const [dark, light] = [20, 44].map((x) => guidedUpsample(coarse, photo).data[32 * 64 + x]);
  assert.ok(dark < 0.1 && light > 0.9);
});

test("foreground and background explain the photo", () => {
  const alpha = picture(1, 32, 32, (_c, _y, x) => Math.min(1, Math.max(0, (x - 12) / 8)));
  const [red, blue] = [[0.9, 0.1, 0.1], [0.1, 0.2, 0.8]];
  const photo = picture(3, 32, 32, (c, y, x) => alpha.data[y * 32 + x] * red[c] + (1 - alpha.data[y * 32 + x]) * blue[c]);
  const { fore, back } = estimateForeground(photo, alpha);
  const at = 16 * 32 + 16;
  for (let c = 0; c < 3; c++) {
    assert.ok(Math.abs(fore.data[c * 1024 + at] - red[c]) < 0.06 && Math.abs(back.data[c * 1024 + at] - blue[c]) < 0.06);
  }
});

test("a region's colours go on beyond it, and its box is in whole cells", () => {
  const alpha = picture(1, 33, 47, (_c, _y, x) => (x < 20 ? 1 : 0));
  const found = extrapolate(picture(3, 33, 47, (_c, _y, x) => (x < 20 ? 0.25 : 1)), alpha);
  near(found.data, new Float32Array(found.data.length).fill(0.25), 1e-5);
  const { top, left, bottom, right } = boxOf(picture(1, 400, 400, (_c, y, x) => (y >= 200 && y < 210 && x >= 300 ? 1 : 0)));
  assert.deepEqual([top, left, bottom, right], [80, 176, 336, 400]);
});

test("regions stay a partition whatever is done to them", () => {
  const matte = picture(1, 8, 8, (_c, _y, x) => x / 7);
  const whole = (regions) => regions[0].alpha.data.forEach((_, at) => {
    const sum = regions.reduce((total, { alpha }) => total + alpha.data[at], 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `${sum} at ${at}`);
  });
  const parts = split(ofSubject(matte, 1), "hair", picture(1, 8, 8, (_c, y) => y / 7), 1);
  whole(parts);
  const brushed = put(parts, "hair", picture(1, 8, 8, () => random()));
  whole(brushed);
  assert.deepEqual(merge(brushed, "hair").map(({ name }) => name), ["subject", "background"]);
  whole(merge(brushed, "hair"));
});

/** Two people before a wall: heads of skin with hair over them, on bodies of one piece. */
function two() {
  const [size, heads] = [[64, 64], [[20, 18], [20, 46]]];
  const away = (y, x, [v, u]) => Math.hypot(y - v, x - u);
  const of = (y, x) => {
    if (heads.some((head) => away(y, x, head) <= 6 && y > head[0] - 4)) return 1;
    if (heads.some((head) => away(y, x, head) <= 10)) return 2;
    return y > 28 ? 3 : 0;
  };
  const parts = picture(5, ...size, (c, y, x) => (of(y, x) === c ? 1 : 0));
  const matte = picture(1, ...size, (_c, y, x) => (of(y, x) ? 1 : 0));
  const photo = picture(3, ...size, (c, y, x) => (x < 30 ? [0.8, 0.2, 0.2][c] : [0.2, 0.2, 0.8][c]));
  return { prediction: { matte, parts, score: 1 }, photo };
}

test("people who touch are told apart by their faces and what they wear, from left to right", () => {
  const { prediction, photo } = two();
  const names = ["person-1", "person-2"];
  assert.deepEqual(peopleIn(prediction), [...names, ...names.flatMap((who) => ["skin", "hair", "clothes"].map((what) => `${who}-${what}`))]);
  const [left, right] = splitPeople(prediction, photo);
  for (const [y, x, who] of [[20, 18, left], [60, 20, left], [20, 46, right], [60, 40, right]]) {
    assert.ok(who.share.data[y * 64 + x] > 0.99, `${y} ${x}`);
  }
  left.share.data.forEach((one, at) => assert.ok(Math.abs(one + right.share.data[at] - 1) < 1e-5));
  assert.ok(left.score > 0.5 && right.score > 0.5);
  const alone = { ...prediction, parts: picture(5, 64, 64, (c, y, x) => (x < 32 ? prediction.parts.data[(c * 64 + y) * 64 + x] : c === 3 ? 1 : 0)) };
  assert.deepEqual(peopleIn(alone), []);
});

test("of several people it is known whose head is where: a square of the photo, at each face or else at the upper end", () => {
  const { prediction, photo } = two();
  const wide = picture(3, 64, 128, (c, y, x) => photo.data[(c * 64 + y) * 64 + (x >> 1)]);
  for (const [seen, middles] of [[photo, [18, 46]], [wide, [36, 92]]]) {
    const heads = headsIn(prediction, seen);
    assert.deepEqual(Object.keys(heads), ["person-1", "person-2"]);
    Object.values(heads).forEach(([top, left, bottom, right], n) => {
      const [high, across] = [(bottom - top) * seen.height, (right - left) * seen.width];
      assert.ok(Math.abs(high - across) < 1e-6 && high > 12 && high < 50, `${high} ${across}`);
      assert.ok(top * seen.height < 16 && bottom * seen.height > 24);
      assert.ok(left * seen.width < middles[n] - 4 && right * seen.width > middles[n] + 4, `${left} ${right}`);
    });
  }
  const faceless = { ...prediction, parts: picture(5, 64, 64, (c) => (c === 3 ? 1 : 0)) };
  assert.deepEqual(headsIn(faceless, photo), {}, "one piece of a mask without faces is one person");
});

test("a part of one person is that person's alone, and taken off whatever it lies in", () => {
  const { prediction, photo } = two();
  const hair = personPart(prediction, "person-2-hair", photo);
  const [mine, other, skin] = [[13, 46], [13, 18], [22, 46]].map(([y, x]) => hair.share.data[y * 64 + x]);
  assert.ok(mine > 0.9 && other < 0.1 && skin < 0.1, `${[mine, other, skin]}`);
  const twins = { ...prediction, parts: picture(5, 64, 64, (c, y, x) => prediction.parts.data[(c * 64 + y) * 64 + x] * (c === 3 && x > 26 ? 0 : 1)) };
  assert.equal(personPart(twins, "person-2-clothes", photo), null);
  const half = picture(1, 4, 4, (_c, _y, x) => (x < 2 ? 1 : 0));
  const everybody = split(split(ofSubject(picture(1, 4, 4, () => 1), 1), "hair", picture(1, 4, 4, (_c, y) => (y < 2 ? 1 : 0)), 1), "person-1", half, 1);
  const found = take(everybody, "person-1-hair", picture(1, 4, 4, (_c, y, x) => (y < 2 && x < 2 ? 1 : 0)), 1);
  const at = (name, n) => found.find((one) => one.name === name).alpha.data[n];
  assert.deepEqual(found.map(({ name }) => name), ["subject", "background", "hair", "person-1", "person-1-hair"]);
  assert.deepEqual([at("person-1-hair", 0), at("hair", 0), at("hair", 3), at("person-1", 8), at("person-1-hair", 8)], [1, 0, 1, 1, 0]);
  const back = merge(found, "person-1-hair");
  assert.equal(back.find(({ name }) => name === "person-1").alpha.data[0], 1); // to whom it is of
});

test("a new region is on the side of which it covers more", () => {
  const regions = ofSubject(picture(1, 8, 8, (_c, _y, x) => (x < 4 ? 1 : 0)), 1);
  const [dog, hat] = [[3, 8], [0, 3]].map(([from, to]) => put(regions, "thing", picture(1, 8, 8, (_c, _y, x) => (x >= from && x < to ? 1 : 0))));
  assert.deepEqual(dog.map(({ name, side }) => [name, side]), [["subject", "subject"], ["background", "background"], ["thing", "background"]]);
  assert.equal(hat[2].side, "subject");
});

test("a picture that is not worked on takes a quarter of the memory, and is the same when it wakes", async () => {
  const photo = picture(3, 40, 40, (c, y, x) => ((c * 7 + y * 5 + x) % 256) / 255);
  const matte = picture(1, 40, 40, (_c, _y, x) => (x < 20 ? 1 : 0));
  const tools = {
    segmenter: { predict: async () => ({ matte, parts: picture(5, 20, 20, (c) => (c === 3 ? 1 : 0)), score: 1 }), matte: () => matte },
    painter: { layer: async (one) => ({ ...one, data: one.data.map((value) => 1 - value / 3) }) },
    gallery: async () => photo, look: { styles: [], strength: 1, color: "style", stroke: 1, likeness: 0, blur: 0 }, settings: { size: 40, seed: 0 },
  };
  const job = await Job.open("one", tools, async () => photo);
  job.setLooks({ background: { styles: [{ name: "waves", weight: 1 }] } }, job.version);
  await job.paint(true);
  const [before, number] = [job.picture("background", "style", 0), job.versions[0].number];
  job.sleep();
  assert.equal(job.photo.data, undefined);
  assert.equal(job.layers.get("background").layer, job.versions[0].layers.get("background").layer);
  assert.deepEqual(job.answer().painted, ["background"]);
  job.wake();
  near(job.photo.data, photo.data, 1e-6);
  near(job.picture("background", "style", 0), before, 1);
  job.putBack(number);
  near(job.picture("background", "style", 0), before, 1);
});

test("a photo is drawn by filters where they are asked for, and an earlier painting comes back with its kind of paint", async () => {
  const photo = picture(3, 48, 40, (c, y, x) => (Math.hypot(y - 24, x - 20) < 12 ? [0.9, 0.7, 0.5][c] : 0.2));
  let networks = 0;
  const tools = {
    segmenter: { predict: async () => ({ matte: photo, parts: picture(5, 20, 20, () => 0), score: 0 }), matte: () => null },
    painter: { layer: async (one) => (networks++, one) }, gallery: async () => photo, technique: async () => "",
    look: { styles: [], strength: 1, color: "style", stroke: 1, content: 0.5, likeness: 0, blur: 0 }, settings: { size: 48, seed: 0, engine: "fast" },
  };
  const job = await Job.open("one", tools, async () => photo);
  job.setLooks({ background: { styles: [{ name: "ink", weight: 1 }] } }, job.version);
  await job.paint(true);
  assert.equal(networks, 1);
  job.settings.engine = "filters";
  assert.deepEqual([job.answer().painted, job.answer().sketched], [[], []]); // of another kind of paint
  await job.paint(true);
  assert.equal(networks, 1);
  const { data } = job.layers.get("background").layer;
  const count = data.length / 3;
  const grey = data.slice(0, count).filter((one, at) => Math.abs(one - data[2 * count + at]) < 0.06).length;
  assert.ok(grey === count && Math.min(...data) < 0.1 && Math.max(...data) > 0.9); // ink and paper
  job.putBack(job.versions[0].number);
  assert.equal(job.settings.engine, "fast");
  assert.deepEqual(job.answer().painted, ["background"]);
});

test("a mask is the better, the more of the person is sure", () => {
  const scores = Array.from({ length: 101 }, (_one, at) => expected(at / 100));
  assert.equal(scores[0], 0);
  assert.ok(scores.every((one, at) => one >= (scores[at - 1] ?? 0)) && scores[100] > 0.9 && scores[50] < scores[90]);
});

test("what has no clear parts is nobody, however sure the network is", async () => {
  const inside = (y, x, side) => Math.hypot(y / side - 0.5, x / side - 0.5) < 0.3;
  const seen = (clear) => new Segmenter({ Tensor: class {} }, { run: async () => ({
    matte: { data: picture(1, 256, 256, (_c, y, x) => (inside(y, x, 256) ? 1 : 0)).data },
    parts: { data: picture(5, 128, 128, (c, y, x) => (inside(y, x, 128) ? (c === 1 ? clear : (1 - clear) / 4) : 0)).data },
    own_parts: { data: picture(5, 128, 128, () => 0).data },
  }) });
  const photo = picture(3, 48, 40, () => 0.5);
  const [person, statue] = await Promise.all([seen(0.8), seen(0.5)].map((one) => one.predict(photo, false)));
  assert.ok(person.score > 0.9 && statue.score === 0, `${person.score} ${statue.score}`);
  assert.equal(seen(0.5).matte(photo, statue), null);
});

test("wide doubt is decided in photos, not in a camera's frames, and makes nobody surer", async () => {
  const body = (x) => (x >= 100 && x < 156 ? 1 : x >= 56 && x < 200 ? 0.45 : 0); // as wide a thing on either side
  const views = (channels, side, call, count) => picture(channels * count, side, side, call).data;
  const network = { run: async ({ picture: { count } }) => ({
    matte: { data: views(1, 256, (_c, _y, x) => body(x), count) },
    parts: { data: views(5, 128, (c) => (c % 5 === 3 ? 1 : 0), count) },
    own_parts: { data: views(5, 128, () => 0, count) },
  }) };
  const segmenter = new Segmenter({ Tensor: class { constructor(_type, _data, [count]) { this.count = count; } } }, network);
  const [photo, frame] = await Promise.all([true, false].map((one) => segmenter.predict(picture(3, 48, 40, () => 0.5), one)));
  assert.equal(photo.matte.data[128 * 256 + 70], 0);
  near([frame.matte.data[128 * 256 + 70]], [1.6 * -0.05 + 0.5], 1e-6);
  assert.equal(photo.score, frame.score);
});
