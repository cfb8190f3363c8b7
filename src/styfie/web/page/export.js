// @ts-check
// Export: how large, as what, which pictures; what a size costs is said before it is painted.

import * as api from "./api.js";
import { $, check, complain, el, roving, say } from "./dom.js";
import { settings } from "./look.js";
import { duration, EXPORTS, FORMATS, KEEPS } from "./names.js";
import { t } from "./text.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { CostResponse, Export, JobResponse } from "./types.d.ts"
 *
 * @typedef {"jpeg" | "png" | "webp"} Kind
 * @typedef {{ size: number | null, width: number, height: number, cost: CostResponse | null }} Choice `size` null: as it is
 */

const WHOLE = new Set(["photo", "cutout", "mask"]); // of the photo's own size, whatever is painted
const SIZES = [512, 1024, 2048, 4096];
const LONG = 120; // seconds from which on it is said how much sooner the quick way is done

/**
 * Width and height of a photo with that longest side.
 *
 * @param {number} width @param {number} height @param {number} size @returns {[number, number]}
 */
export function fitted(width, height, size) {
  const scale = size / Math.max(width, height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/**
 * The sizes that are offered: what is there already first, then those that would have to be painted.
 *
 * @param {{ width: number, height: number }} photo @param {{ width: number, height: number } | null} now what is painted
 * or sketched @param {boolean} painted and not only sketched @param {number} most pixels that are painted here
 * @returns {Choice[]}
 */
export function choicesOf(photo, now, painted, most) {
  const own = Math.min(most, Math.max(photo.width, photo.height));
  const there = now ? Math.max(now.width, now.height) : 0;
  const sizes = [...new Set([...SIZES.filter((size) => size <= most), own])].sort((a, b) => a - b);
  const others = sizes.filter((size) => !painted || size !== there).map((size) => {
    const [width, height] = fitted(photo.width, photo.height, size);
    return { size, width, height, cost: null };
  });
  return now ? [{ size: null, ...now, cost: null }, ...others] : others;
}

/** What a size costs, in words. @param {CostResponse | null} cost */
export function costWords(cost) {
  if (!cost) return "";
  if (cost.error) return cost.error;
  const memory = cost.gigabytes ? t("export.gigabytes", { number: cost.gigabytes.toFixed(1) }) : "";
  const time = cost.seconds ? t("export.about", { time: duration(cost.seconds) }) : "";
  return [time, memory].filter(Boolean).join(" · ");
}

/** That the quick way takes far less time, where full quality takes long. @param {CostResponse | null} full @param {CostResponse | null} fast */
export function hurryWords(full, fast) {
  if (!full || !fast || fast.error || !fast.seconds || full.seconds < LONG || full.seconds < 4 * fast.seconds) return "";
  return t("export.hurry", { quick: t("export.quick"), time: duration(fast.seconds) });
}

/** @param {Studio} studio */
export function setUpExport(studio) {
  const dialog = $("export");
  /** @type {Choice[]} */
  let choices = [];
  /** @type {number | null} */
  let size = null;
  /** @type {Kind} */
  let kind = "jpeg";
  let most = 4096;
  let quick = false; // painted like the sketch
  /** @type {CostResponse[]} */
  let quickCosts = [];
  /** @type {{ id: string, wanted: Export } | null} */
  let pending = null; // is saved as soon as it is painted

  const boxes = () => /** @type {HTMLInputElement[]} */ ([...$("export-what").querySelectorAll("input")]);
  /** @returns {Export} */
  const wanted = () => ({
    names: boxes().filter((box) => box.checked).map((box) => box.value), kind, quality: Number($("export-quality").value),
  });
  /** What it is painted with. */
  const care = () => ({ ...settings(), ...(quick && { engine: "fast" }) });
  /** Whether nothing has to be painted for what is wanted. */
  const isThere = () => size === null || wanted().names.every((name) => WHOLE.has(name));
  const unpainted = () => studio.unpainted || !studio.job?.painted.length;

  /** @param {Choice} choice */
  function row(choice) {
    const { width, height } = choice;
    const own = studio.job && choice.size === Math.min(most, Math.max(studio.job.width, studio.job.height));
    const title = choice.size === null ? (unpainted() ? t("export.sketched") : t("export.painted")) : own ? t("size.own") : t("size.pixels", { count: choice.size ?? 0 });
    const about = choice.size === null ? t("export.ready") : costWords(choice.cost) || (choice.cost ? "" : "…");
    const button = el("button", {
      type: "button", role: "radio", className: "size-row", data: { size: String(choice.size ?? "") },
      onclick: () => { size = choice.size; show(); },
    }, el("span", {}, title, el("small", {}, `${width} × ${height}`)), el("small", { className: "cost" }, about));
    button.disabled = Boolean(choice.cost?.error);
    return button;
  }

  function showSizes() {
    const focused = $("export-sizes").contains(document.activeElement);
    $("export-sizes").replaceChildren(...choices.map(row));
    const chosen = [...$("export-sizes").querySelectorAll("button")].find((one) => one.dataset.size === String(size ?? ""));
    check($("export-sizes"), chosen);
    if (focused) chosen?.focus();
  }

  function show() {
    showSizes();
    $("export-care").hidden = studio.job?.settings.engine === "fast";
    check($("export-care"), $("export-care").querySelector(`[data-value=${quick ? "quick" : "full"}]`));
    check($("export-kind"), [...$("export-kind").querySelectorAll("button")].find((one) => one.dataset.value === kind));
    $("quality-field").hidden = kind === "png";
    say($("export-quality-value"), $("export-quality").value);
    $("export-quality").style.setProperty("--part", `${$("export-quality").value}%`);
    const { names } = wanted();
    const ready = isThere();
    $("export-save").disabled = !names.length || (!ready && studio.running);
    say($("export-save"), ready ? t("export.save_now") : t("export.paint_and_save", { size: size ?? 0 }));
    for (const id of /** @type {const} */ (["export-share", "export-copy"])) $(id).disabled = !ready || names.length !== 1;
    const notes = [];
    if (names.some((name) => WHOLE.has(name)) && studio.job) notes.push(t("export.whole", { width: studio.job.width, height: studio.job.height }));
    if (names.includes("cutout") && kind === "jpeg") notes.push(t("export.transparent"));
    if (names.length > 1) notes.push(t("export.zip"));
    if (!ready && !quick) notes.push(hurryWords(choices.find((one) => one.size === size)?.cost ?? null, quickCosts.find((one) => one.size === size) ?? null));
    if (!ready) notes.push(t("export.later"));
    say($("export-note"), notes.filter(Boolean).join(" "));
  }

  /** @param {JobResponse} job */
  function open(job) {
    complain($("export-error"));
    const { scene } = studio;
    const shown = job.painted.length || job.sketched.length;
    choices = choicesOf(job, scene && { width: scene.width, height: scene.height }, !unpainted(), most);
    size = null;
    quick = false;
    const names = job.pictures.filter((name) => name in EXPORTS);
    const chosen = shown && names.includes("both") ? "both" : names.includes("photo") ? "photo" : names[0];
    $("export-what").replaceChildren(...names.sort((a, b) => Object.keys(EXPORTS).indexOf(a) - Object.keys(EXPORTS).indexOf(b)).map((name) => {
      const [title, about] = EXPORTS[name];
      return el("label", { className: "what" },
        el("input", { type: "checkbox", value: name, checked: name === chosen, onchange: show }), el("span", {}, title, el("small", {}, about)));
    }));
    const base = [["all.zip", "styfie.zip"], ...(job.painted.length ? [["painting.ora", "painting.ora"]] : []), ["recipe.json", "recipe.json"]];
    $("export-more").replaceChildren(...base.map(([path, name]) =>
      el("li", {}, el("a", { href: api.url(job.id, path), download: name, onclick: followLink }, KEEPS[path][0], el("small", {}, KEEPS[path][1])))));
    show();
    if (!dialog.open) dialog.showModal();
    ask(job);
  }

  /** What the sizes cost. @param {JobResponse} job */
  async function ask(job) {
    const asked = quick;
    const sizes = choices.flatMap((one) => one.size ?? []);
    const isOver = () => studio.job?.id !== job.id || quick !== asked || !dialog.open;
    try {
      const costs = await api.costs(job.id, sizes, care());
      if (isOver()) return;
      quickCosts = costs;
      choices = choices.map((one) => ({ ...one, cost: costs.find((cost) => cost.size === one.size) ?? one.cost }));
      show();
      if (!asked) quickCosts = await api.costs(job.id, sizes, { ...settings(), engine: "fast" });
      if (isOver()) return;
    } catch {
      choices = choices.map((one) => ({ ...one, cost: one.cost ?? { size: one.size ?? 0, seconds: 0, gigabytes: 0, error: "" } })); // not known
    }
    if (dialog.open) show();
  }

  /** The looks as they are on the page reach the server first. @param {MouseEvent} event */
  async function followLink(event) {
    const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
    if (link.dataset.ready) return;
    event.preventDefault();
    await attempt(async () => {
      await studio.saveLooks.now();
      link.dataset.ready = "yes";
      link.click();
      delete link.dataset.ready;
    });
  }

  /** @param {() => Promise<void>} call */
  async function attempt(call) {
    try {
      complain($("export-error"));
      dialog.setAttribute("aria-busy", "true");
      await call();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) complain(dialog.open ? $("export-error") : $("action-error"), error);
    } finally {
      dialog.removeAttribute("aria-busy");
    }
  }

  /** @param {string} id @param {Export} what */
  async function file(id, what) {
    await studio.saveLooks.now();
    return api.exported(id, what);
  }

  /** @param {string} id @param {Export} what */
  async function save(id, what) {
    const made = await file(id, what);
    const link = el("a", { href: URL.createObjectURL(made), download: made.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  $("save").addEventListener("click", () => studio.job && open(studio.job));
  $("export-save").addEventListener("click", () => attempt(async () => {
    const { job } = studio;
    if (!job) return;
    if (isThere()) {
      await save(job.id, wanted());
      return dialog.close();
    }
    pending = { id: job.id, wanted: wanted() };
    dialog.close();
    await studio.paint({ ...care(), size: size ?? 0 });
  }));
  $("export-share").addEventListener("click", () => attempt(async () => {
    if (studio.job) await navigator.share({ files: [await file(studio.job.id, wanted())] });
  }));
  $("export-copy").addEventListener("click", () => attempt(async () => {
    if (!studio.job) return;
    const { id } = studio.job;
    const png = file(id, { ...wanted(), kind: "png" }); // the one kind that all clipboards take
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    say($("export-note"), t("export.copied"));
  }));
  $("export-quality").addEventListener("input", show);
  for (const one of $("export-kind").querySelectorAll("button")) {
    one.addEventListener("click", () => {
      kind = /** @type {Kind} */ (one.dataset.value);
      show();
    });
  }
  for (const one of $("export-care").querySelectorAll("button")) {
    one.addEventListener("click", () => {
      quick = one.dataset.value === "quick";
      choices = choices.map((choice) => ({ ...choice, cost: null }));
      show();
      if (studio.job) ask(studio.job);
    });
  }
  roving($("export-care"), (radio) => radio.click());
  roving($("export-kind"), (radio) => radio.click());
  roving($("export-sizes"), (radio) => radio.click());
  $("export-share").hidden = !navigator.canShare?.({ files: [new File([], "a.png", { type: "image/png" })] });
  $("export-copy").hidden = !navigator.clipboard?.write || typeof ClipboardItem === "undefined";
  studio.on("job", (before) => {
    const { job } = studio;
    if (!pending || !job || job.id !== pending.id || !before || studio.running) return;
    if (!["queued", "painting"].includes(before.state)) return;
    const { id, wanted: what } = pending;
    pending = null;
    if (job.state === "done" || (job.state === "stopped" && job.painted.length)) attempt(() => save(id, what)); // stopped is kept
  });

  /** @param {number} longest pixels that are painted here */
  return function offer(longest) {
    most = longest;
    $("export-kind").querySelectorAll("button").forEach((one) => { one.title = FORMATS[/** @type {Kind} */ (one.dataset.value)]; });
  };
}
