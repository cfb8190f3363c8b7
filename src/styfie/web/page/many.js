// @ts-check
// Photos that were dropped together, painted in one look: a sheet of them that fills, and all of them as one file.

import * as api from "./api.js";
import { LookChooser } from "./chooser.js";
import { $, complain, el, say } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { AboutResponse, JobResponse } from "./types.d.ts"
 *
 * @typedef {{ name: string, file: File | null, job: JobResponse | null, error: string, address: string }} Cell
 */

const EVERY = 1500; // milliseconds between two looks at how far they are
const PATIENCE = 4000; // milliseconds until a photo is sent again that could not be taken
const BUSY = new Set(["reading", "queued", "painting"]);
const WORDS = {
  reading: t("state.reading"), ready: t("many.unpainted"), queued: t("state.queued"), painting: t("state.painting"), done: t("state.done"),
  stopped: t("many.stopped"), failed: t("state.failed"),
};

/** How many are there, painted, and under way. @param {Cell[]} cells */
export function counted(cells) {
  const jobs = cells.flatMap((one) => one.job ?? []);
  return {
    all: cells.length,
    painted: jobs.filter((job) => job.painted.length && !BUSY.has(job.state)).length,
    busy: jobs.filter((job) => BUSY.has(job.state)).length,
  };
}

/** @param {Studio} studio @param {(id: string) => void} open a picture */
export function setUpMany(studio, open) {
  const chooser = new LookChooser($("many-looks"), studio);
  /** @type {Cell[]} */
  let cells = [];
  let name = ""; // of the batch
  let sending = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Cell} cell */
  function entry(cell) {
    const { job } = cell;
    const source = job?.width ? api.url(job.id, "growing.jpg", { size: 240, v: `${job.version}` }) : cell.address;
    const image = el("img", { alt: "", width: 160, height: 160, ...(source && { src: source }) });
    const words = cell.error || (job?.error ?? "") || (job ? WORDS[job.state] : sending ? t("many.unsent") : "");
    const inside = [image, el("span", {}, cell.name), el("small", {}, words)];
    return el("li", {}, job?.width
      ? el("button", { type: "button", className: "recent-open", onclick: () => open(job.id) }, ...inside)
      : el("div", { className: "recent-open" }, ...inside));
  }

  function show() {
    const { all, painted, busy } = counted(cells);
    const running = sending || busy > 0;
    const focused = [...$("many-list").querySelectorAll("button")].indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    $("many-list").replaceChildren(...cells.map(entry));
    if (focused >= 0) $("many-list").querySelectorAll("button")[focused]?.focus();
    say($("many-title"), t("many.title", { count: all }));
    $("many-run").hidden = !running;
    $("many-progress").max = all;
    $("many-progress").value = painted;
    say($("many-status"), running ? t("many.progress", { painted, all }) : painted ? t("many.done", { painted, all }) : t("many.choose"));
    $("many-paint").hidden = running;
    say($("many-paint"), painted ? t("many.again") : t("many.paint"));
    $("many-paint").disabled = !cells.some((one) => one.file);
    $("many-paint").hidden ||= !cells.some((one) => one.file);
    chooser.disabled = running;
    for (const link of [$("many-zip"), $("many-sheet")]) link.hidden = !painted || running;
    if (!name) return;
    $("many-zip").href = api.batches?.packURL(name, "jpeg") ?? "";
    $("many-sheet").href = api.batches?.sheetURL(name) ?? "";
  }

  /** How far they are on the server. */
  async function look() {
    clearTimeout(timer);
    const mine = name;
    try {
      const jobs = (await api.batches?.jobs(mine)) ?? [];
      if (name !== mine || $("many").hidden) return;
      const byId = new Map(jobs.map((job) => [job.id, job]));
      if (!cells.length) {
        cells = jobs.reverse().map((job) => ({ name: job.name, file: null, job, error: "", address: "" }));
      } else {
        for (const cell of cells) cell.job = cell.job && (byId.get(cell.job.id) ?? null);
      }
    } catch (error) {
      complain($("many-error"), error);
    }
    show();
    if (sending || counted(cells).busy) timer = setTimeout(look, EVERY);
  }

  /** Send one, as soon as it can be taken. @param {Cell} cell @param {File} look @param {number} size @param {string} mine */
  async function send(cell, look, size, mine) {
    while (name === mine && sending && cell.file) {
      try {
        cell.job = (await api.batches?.upload(mine, cell.file, look, size)) ?? null;
        return;
      } catch (error) {
        if (!(error instanceof api.ApiError && error.status === 429)) {
          cell.error = error instanceof Error ? error.message : String(error);
          return;
        }
        await new Promise((done) => setTimeout(done, PATIENCE));
      }
    }
  }

  async function paint() {
    const mine = (name = `many-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`.slice(0, 40));
    sending = true;
    history.replaceState(null, "", `#${mine}`);
    for (const cell of cells) Object.assign(cell, { job: null, error: "" });
    complain($("many-error"));
    show();
    try {
      const chosen = await chooser.file();
      timer = setTimeout(look, EVERY);
      for (const cell of cells) await send(cell, chosen, Number($("many-size").value), mine);
    } catch (error) {
      complain($("many-error"), error);
    }
    if (name === mine) sending = false;
    await look();
  }

  async function stop() {
    sending = false;
    for (const { job } of cells) {
      if (job && BUSY.has(job.state)) await api.stop(job.id).catch(() => {}); // it ended meanwhile
    }
    await look();
  }

  $("many-paint").addEventListener("click", paint);
  $("many-stop").addEventListener("click", stop);

  /** @param {AboutResponse} about @param {File | null} current look */
  async function offer(about, current) {
    await chooser.fill(about.choices.pairs, await api.styles(), current);
  }

  return {
    /** @param {File[]} files @param {AboutResponse} about @param {File | null} current */
    async start(files, about, current) {
      forget();
      cells = files.map((file) => ({ name: file.name, file, job: null, error: "", address: URL.createObjectURL(file) }));
      await offer(about, current);
      show();
    },
    /** Photos that came together before. @param {string} batch */
    async reopen(batch) {
      forget();
      name = batch;
      await look();
      if (!cells.length) throw new Error(t("error.photos_gone"));
    },
    forget,
  };

  function forget() {
    clearTimeout(timer);
    for (const { address } of cells) if (address) URL.revokeObjectURL(address);
    cells = [];
    name = "";
    sending = false;
    complain($("many-error"));
  }
}
