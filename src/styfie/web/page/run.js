// @ts-check
// Painting: the button, how far it is, what it says, and the button that ends it.

import { $, complain, say } from "./dom.js";
import { settings } from "./look.js";
import { duration } from "./names.js";
import { t } from "./text.js";

/**
 * @import { Stage } from "./stage.js"
 * @import { Studio } from "./studio.js"
 */

/** @param {Studio} studio @param {Stage} stage @param {(photo: File) => void} again */
export function setUpRun(studio, stage, again) {
  let told = -1; // the quarter of the run that was last announced

  /** @param {() => Promise<void>} call */
  const attempt = (call) => async () => {
    try {
      complain($("action-error"));
      await call();
    } catch (error) {
      complain($("action-error"), error);
    }
    show();
  };

  /** What stands under the picture. */
  function status() {
    const { job, busy } = studio;
    if (busy.has("reading")) return t("status.reading");
    if (!job || !studio.scene) return "";
    if (busy.has("starting")) return t("status.starting");
    if (job.state === "queued") return t("status.waiting");
    if (job.state === "painting") return t("status.painting");
    if (busy.has("regions")) return t("status.outline");
    if (busy.has("preview")) return t("status.sketching");
    if (job.state === "failed") return t("status.failed");
    if (studio.adding) return t("status.adding");
    const styled = studio.names.filter((name) => studio.look(name).styles.length);
    if (!styled.length) return t("status.choose");
    if (!studio.unpainted) return job.state === "stopped" ? t("status.stopped") : t("status.painted");
    if (studio.unsketched.length) return t("status.photo");
    return t("status.sketch");
  }

  /** Whether a sketch is under way and what is shown is none of what is asked: a rough one is seen before the whole. */
  const isWaitedFor = () => studio.busy.has("preview") && !studio.current;

  function badge() {
    const { busy, running, job } = studio;
    if (studio.first) return t("badge.sketch");
    if (busy.has("reading")) return t("badge.reading");
    if (isWaitedFor()) return t("status.sketching");
    if (running) return job?.state === "queued" ? t("badge.waiting") : t("badge.painting");
    if (!studio.scene || !studio.names.some((name) => studio.look(name).styles.length)) return "";
    if (!studio.current) return ""; // what it would claim is not there yet
    return studio.unpainted ? t("badge.sketch") : t("badge.painted");
  }

  function progress() {
    const { step = 0, steps = 0, seconds_left: left } = studio.job?.progress ?? {};
    const share = steps ? step / steps : 0;
    if (share) $("progress-bar").value = 100 * share;
    else $("progress-bar").removeAttribute("value");
    const before = studio.job?.state === "queued" ? t("badge.waiting") : t("progress.beginning");
    say($("progress-text"), steps ? t("percent", { number: Math.floor(100 * share) }) : before);
    say($("progress-left"), left === undefined || !steps ? "" : t("progress.left", { time: duration(left) }));
    const quarter = Math.floor(4 * share);
    if (quarter === told) return;
    told = quarter;
    if (!quarter) return;
    const percent = 25 * quarter;
    say($("announce"), left ? t("announce.progress_left", { percent, time: duration(left) }) : t("announce.progress", { percent }));
  }

  function show() {
    const { job, running, busy } = studio;
    say($("status"), status());
    const words = badge();
    say($("badge"), words);
    $("badge").hidden = !words;
    stage.canvas.classList.toggle("waiting", !studio.first && (busy.has("reading") || isWaitedFor()));
    stage.canvas.setAttribute("aria-busy", String(busy.size > 0 || running));
    const focused = document.activeElement;
    $("progress").hidden = !running;
    $("action-buttons").hidden = running;
    const styled = studio.names.some((name) => studio.look(name).styles.length);
    $("paint").disabled = !studio.scene || !styled || running || busy.has("regions") || busy.has("starting");
    say($("paint"), job?.state === "failed" && job.regions.length ? t("paint.again") : t("paint.now"));
    $("take-again").hidden = !job?.painted.length || studio.unpainted;
    $("take-again").disabled = running || busy.has("regions");
    $("save").disabled = !studio.scene;
    $("again").disabled = !styled;
    if (running) progress();
    if (running && focused === $("paint")) $("stop").focus();
    if (!running && focused === $("stop")) $("paint").focus();
  }

  $("paint").addEventListener("click", attempt(async () => {
    told = -1;
    await studio.paint(settings());
  }));
  // The search of the finest engine is the same each time: it is begun from a sketch that is another one.
  $("take-again").addEventListener("click", attempt(async () => {
    const { seed = 0, engine } = studio.job?.settings ?? {};
    told = -1;
    await studio.paint({ ...settings(), seed: seed + 1, ...(engine === "optimise" && { start: "fast" }) });
  }));
  $("stop").addEventListener("click", attempt(async () => {
    $("stop").disabled = true;
    try {
      await studio.stop();
    } finally {
      $("stop").disabled = false;
    }
  }));
  $("again").addEventListener("click", () => $("again-file").click());
  $("again-file").addEventListener("change", () => {
    const [file] = $("again-file").files ?? [];
    $("again-file").value = "";
    if (file) again(file);
  });
  studio.on("job", (before) => {
    const { job } = studio;
    if (!job) return;
    if (job.error && before?.error !== job.error) complain($(studio.scene ? "action-error" : "stage-error"), job.error);
    if (before && studio.running !== ["queued", "painting"].includes(before.state)) stage.draw();
    if (before?.state === "painting" && !studio.running) say($("announce"), job.state === "failed" ? "" : t("announce.painted"));
    show();
  });
  for (const event of /** @type {const} */ (["status", "scene", "looks", "picture"])) studio.on(event, show);
}
