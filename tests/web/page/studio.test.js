// One photo being worked on, as far as it goes without a picture: the server's answers come when the test says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { job, json, quiet, serve } from "./server.js";
import { Studio } from "../../../src/styfie/web/page/studio.js";

/** A studio whose job is being read: nothing is fetched yet. */
async function reading(t, reply) {
  const asked = serve((path, options) => reply(path, options) ?? json(job("one", { state: "reading" })));
  const studio = new Studio();
  t.after(() => studio.leave()); // which ends that the job is followed
  await studio.use(job("one", { state: "reading" }));
  return { studio, asked };
}

test("another picture that is opened while one is still fetched is the one that is followed", async (t) => {
  const held = new Map(); // what lets the pictures of a job come, by its id
  const asked = serve((path) => {
    const [, , id, what] = path.split("/");
    if (!what) return json(job(id));
    return new Promise((_, fail) => held.set(id, [...(held.get(id) ?? []), fail]));
  });
  const studio = new Studio();
  t.after(() => studio.leave());
  const release = (id) => held.get(id).forEach((fail) => fail(new TypeError("gone")));
  const opened = ["one", "two"].map((id) => studio.use(job(id)));
  await quiet();
  release("one");
  await quiet();
  release("two");
  await Promise.all(opened);
  await quiet();
  const followed = asked.map(([, path]) => path).filter((path) => /^\/jobs\/\w+$/.test(path));
  assert.deepEqual([...new Set(followed)], ["/jobs/two"]);
});

test("a picture that is left while it is fetched is not followed", async (t) => {
  const asked = serve((path) => (path === "/jobs/one" ? json(job("one")) : new Promise((_, fail) => setTimeout(fail, 5))));
  const studio = new Studio();
  const opened = studio.use(job("one"));
  studio.leave();
  await opened;
  await quiet();
  assert.ok(!asked.some(([, path]) => path === "/jobs/one"));
  assert.equal(studio.job, null);
});

test("news that was overtaken is not taken", async (t) => {
  const { studio } = await reading(t, () => null);
  await studio.use(job("one", { state: "reading", version: 5 }));
  await studio.use(job("one", { state: "failed", regions: [], version: 4 }));
  assert.equal(studio.job.version, 5);
});

test("looks that were changed elsewhere meanwhile are joined and told once more", async (t) => {
  const theirs = { subject: { ...new Studio().defaults, blur: 4 } };
  const elsewhere = job("one", { state: "reading", version: 3, looks: theirs });
  const told = [];
  const { studio, asked } = await reading(t, (path, { method, body, headers }) => {
    if (method !== "PUT") return json(elsewhere);
    told.push([headers["If-Match"], JSON.parse(body)]);
    if (told.length === 1) return json({ detail: "They were changed.", code: "stale" }, 412);
    return json({ ...elsewhere, version: 4, looks: JSON.parse(body) });
  });
  studio.set("subject", { strength: 0.4 });
  await studio.saveLooks.now();
  assert.equal(told[0][0], '"1"');
  assert.equal(told[1][0], '"3"');
  assert.deepEqual([told[1][1].subject.strength, told[1][1].subject.blur], [0.4, 4]);
  assert.deepEqual([studio.look("subject").strength, studio.look("subject").blur], [0.4, 4]);
  assert.equal(asked.filter(([method]) => method === "PUT").length, 2);
});

test("looks that are changed while others are being told are told after them, so that none is refused", async (t) => {
  let version = 1;
  let now = job("one", { state: "reading" });
  const refused = [];
  const { studio } = await reading(t, async (path, { method, body, headers }) => {
    if (method !== "PUT") return json(now);
    await quiet(); // the server takes its time
    if (headers["If-Match"] !== `"${version}"`) {
      refused.push(body);
      return json({ detail: "They were changed.", code: "stale" }, 412);
    }
    return json((now = { ...now, looks: JSON.parse(body), version: ++version }));
  });
  studio.on("error", () => {}); // there is no picture to fetch here
  studio.set("subject", { strength: 0.4 });
  const choices = ["ink", "glass"].map((name) => studio.set("subject", { styles: [{ name, weight: 1 }] }));
  studio.set("subject", { strength: 0.6 });
  await Promise.all([...choices, studio.saveLooks.now()]);
  assert.deepEqual(refused, []);
  assert.deepEqual([now.looks.subject.strength, now.looks.subject.styles[0].name], [0.6, "glass"]);
});

test("a refusal of looks does not keep the next picture from being changed", async (t) => {
  let away = true;
  const { studio } = await reading(t, (path, { method }) => {
    if (method === "PUT" && away) throw new TypeError("Failed to fetch");
    if (method === "DELETE") return json(job("two", { state: "reading", version: 2 }));
    return path === "/jobs/one" || method === "PUT" ? json(job(path.split("/")[2], { state: "reading" })) : null;
  });
  studio.set("subject", { strength: 0.4 });
  await assert.rejects(studio.saveLooks.now(), /does not answer/);
  away = false;
  await studio.use(job("two", { state: "reading" }));
  studio.on("error", () => {}); // there is no picture to fetch here
  await studio.merge("hair");
  assert.equal(studio.job.version, 2);
});

test("what a look does not say is by default, also of a region that is called as what every object has", () => {
  const studio = new Studio();
  assert.deepEqual(studio.look("constructor"), studio.defaults);
  studio.looks = { hair: { blur: 2 } };
  assert.deepEqual(studio.look("hair"), { ...studio.defaults, blur: 2 });
});

test("a look that is taken once more after another one is sketched once more, and busy until it is", async (t) => {
  const { defaults } = new Studio();
  let version = 1;
  let now = job("one");
  const looks = (name) => ({ subject: { ...defaults, styles: [{ name, weight: 1 }] } });
  const asked = serve((path, { method, body }) => {
    if (path.startsWith("/jobs/one/pictures") || path.startsWith("/jobs/one/soft")) return json({ error: "none here" }, 404);
    if (path === "/jobs/one/look") now = { ...now, looks: looks("ink"), sketched: [], version: ++version };
    if (method === "PUT") now = { ...now, looks: JSON.parse(body), sketched: [], version: ++version };
    if (path.startsWith("/jobs/one/preview")) now = { ...now, sketched: ["subject"], previews: now.previews + 1, version: ++version };
    return json(now);
  });
  const studio = new Studio();
  t.after(() => studio.leave());
  studio.on("error", () => {}); // there is no picture to fetch here
  await studio.use(now);
  for (const _ of [1, 2]) {
    await studio.set("subject", { styles: [{ name: "glass", weight: 1 }] });
    assert.deepEqual(studio.unsketched, []);
    const calm = [];
    studio.on("looks", () => calm.push(studio.unsketched.length > 0 && !studio.busy.size));
    await studio.applyLook(new File(["{}"], "look.json"));
    assert.equal(studio.look("subject").styles[0].name, "ink");
    assert.deepEqual(studio.unsketched, []);
    assert.ok(calm.length && !calm.includes(true));
  }
  const previews = asked.map(([, path]) => path).filter((path) => path.startsWith("/jobs/one/preview"));
  assert.deepEqual(previews, Array(4).fill(["/jobs/one/preview?longest=256", "/jobs/one/preview"]).flat(), "roughly first");
});

test("what is chosen while a rough sketch comes is sketched at once, and of a small picture there is none", async (t) => {
  let now = job("one");
  const asked = [];
  let meanwhile = () => {};
  serve((path, { method, body }) => {
    if (path.startsWith("/jobs/one/pictures") || path.startsWith("/jobs/one/soft")) return json({ error: "none here" }, 404);
    if (method === "PUT") now = { ...now, looks: JSON.parse(body), sketched: [], version: now.version + 1 };
    if (path.startsWith("/jobs/one/preview")) {
      asked.push([path.split("?")[1] ?? "", now.looks.subject.styles[0].name].join(" ").trim());
      now = { ...now, sketched: ["subject"], previews: now.previews + 1, version: now.version + 1 };
      meanwhile();
    }
    return json(now);
  });
  const studio = new Studio();
  t.after(() => studio.leave());
  studio.on("error", () => {});
  await studio.use(now);
  const choose = (name) => studio.set("subject", { styles: [{ name, weight: 1 }] });
  let second;
  meanwhile = () => {
    meanwhile = () => {};
    second = choose("glass");
  };
  await choose("ink");
  await second;
  await quiet();
  assert.deepEqual(asked.filter((one) => one.endsWith("ink")), ["longest=256 ink"]);
  assert.deepEqual(asked.slice(-2), ["longest=256 glass", "glass"]);
  now = { ...now, version: now.version + 1, settings: { ...now.settings, size: 256 } };
  await studio.use(now);
  asked.length = 0;
  await choose("ink");
  assert.deepEqual(asked, ["ink"]);
});

test("a layer of an earlier look is not taken for what is asked", () => {
  const studio = new Studio();
  const look = { ...studio.defaults, styles: [{ name: "ink", weight: 1 }] };
  studio.job = job("one", { looks: { subject: look }, sketched: ["subject"], previews: 2 });
  studio.looks = { subject: look };
  studio.scene = { width: 4, height: 3 };
  studio.layers.set("subject", { key: "of another look" });
  assert.equal(studio.current, false);
  studio.looks = {};
  assert.equal(studio.current, true, "the photo as it is");
});

test("settings are taken back and done again among the looks, and with those that were changed with them", async (t) => {
  let now = job("one", { state: "reading", settings: { size: 512, quality: "standard", seed: 0, engine: "optimise" } });
  const { studio } = await reading(t, (path, { method, body }) => {
    if (method === "PATCH") now = { ...now, version: now.version + 1, settings: { ...now.settings, ...JSON.parse(body) } };
    if (method === "PUT") now = { ...now, version: now.version + 1, looks: JSON.parse(body) };
    if (path.endsWith("/paint")) now = { ...now, version: now.version + 1, settings: { ...now.settings, ...JSON.parse(body) } };
    return json(now);
  });
  await studio.use({ ...now, version: 2 });
  now = { ...now, version: 2 };
  await studio.setUp({ size: 1024 });
  studio.set("subject", { strength: 0.5 });
  await studio.setUp({ engine: "strokes" }, { brush: "oil" });
  await studio.setUp({ engine: "strokes" });
  await studio.paint({ seed: 1, size: 1024 });
  const seen = () => [studio.job.settings.size, studio.job.settings.engine, studio.job.settings.seed, studio.look("subject").strength, studio.look("subject").brush];
  const states = [seen()];
  for (let left = studio.steps.undo; left; left--) {
    await studio.undo();
    states.push(seen());
  }
  assert.deepEqual(states, [
    [1024, "strokes", 1, 0.5, "oil"], [1024, "strokes", 0, 0.5, "oil"], [1024, "optimise", 0, 0.5, "auto"],
    [1024, "optimise", 0, 1, "auto"], [512, "optimise", 0, 1, "auto"],
  ]);
  while (studio.steps.redo) await studio.redo();
  assert.deepEqual(seen(), states[0]);
});

test("what is to be painted is said to begin until the server answers, also that it cannot be", async (t) => {
  let answer = () => {};
  const { studio } = await reading(t, (path) => path.endsWith("/paint") && new Promise((done) => (answer = done)));
  for (const [reply, ends] of [[json(job("one", { state: "queued", version: 2 }), 202), /^fine$/], [json({ detail: "Too many wait." }, 503), /Too many/]]) {
    const asked = studio.paint({ size: 2048 }).then(() => "fine", String);
    await quiet();
    assert.ok(studio.busy.has("starting"));
    answer(reply);
    assert.match(await asked, ends);
    assert.ok(!studio.busy.has("starting"));
  }
});

test("a style that was deleted is not brought back by an earlier look", async (t) => {
  let now = job("one", { state: "reading", styles: ["mine.png"] });
  const { studio } = await reading(t, (path, { method, body }) => {
    if (method === "PUT") now = { ...now, version: now.version + 1, looks: JSON.parse(body) };
    if (path.endsWith("/styles/mine.png")) {
      now = { ...now, version: now.version + 1, styles: [], looks: { subject: { ...now.looks.subject, styles: [] } } };
      return json({ id: "1.style" });
    }
    if (path === "/trash/1.style") now = { ...now, version: now.version + 1, styles: ["mine.png"] };
    return json(now);
  });
  await studio.set("subject", { styles: [{ name: "mine.png", weight: 1 }] });
  studio.set("subject", { strength: 0.5 });
  const back = await studio.removeStyle("mine.png");
  assert.deepEqual(studio.look("subject").styles, []);
  await studio.undo();
  assert.deepEqual([studio.look("subject").styles, studio.look("subject").strength], [[], 1]);
  await back();
  assert.equal(studio.look("subject").styles[0].name, "mine.png");
});
