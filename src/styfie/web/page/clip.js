// @ts-check
// A short clip in, the same painted out: how far it is, a frame of it, and a button that ends it.

import * as api from "./api.js";
import { LookChooser } from "./chooser.js";
import { $, complain, el, say } from "./dom.js";
import { ago, duration } from "./names.js";
import { t } from "./text.js";
import { offerUndo } from "./trash.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { AboutResponse, ClipResponse } from "./types.d.ts"
 */

const EVERY = 1000; // milliseconds between two looks at how far it is
const BUSY = new Set(["reading", "queued", "painting"]);

/** Whether a file is a clip and no photo. @param {File} file */
export const isClip = (file) => file.type.startsWith("video/") || /\.(mp4|m4v|mov|webm|mkv|avi)$/i.test(file.name);

/** What is said of a clip. @param {ClipResponse} clip */
export function clipWords({ state, error, frame, frames, seconds_left: left }) {
  if (state === "failed") return error;
  if (state === "queued" || state === "reading") return t("status.waiting");
  if (state === "painting") return left ? t("clip.progress_left", { frame, frames, time: duration(left) }) : t("clip.progress", { frame, frames });
  if (state === "stopped") return t("clip.stopped", { frame, frames });
  return t("clip.done", { count: frames });
}

/** @param {Studio} studio */
export function setUpClip(studio) {
  const chooser = new LookChooser($("clip-looks"), studio);
  /** @type {File | null} */
  let file = null;
  /** @type {ClipResponse | null} */
  let clip = null;
  let shown = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {() => Promise<unknown>} call */
  const attempt = async (call) => {
    try {
      complain($("clip-error"));
      await call();
    } catch (error) {
      complain($("clip-error"), error);
    }
    show();
  };

  function show() {
    const running = clip !== null && BUSY.has(clip.state);
    const watchable = clip !== null && (clip.state === "done" || (clip.state === "stopped" && clip.frame > 0));
    say($("clip-status"), clip ? clipWords(clip) : t("clip.hint"));
    $("clip-setup").hidden = clip !== null;
    $("clip-run").hidden = !running;
    $("clip-paint").hidden = running || clip?.state === "done";
    say($("clip-paint"), clip ? t("clip.go_on") : t("clip.paint"));
    $("clip-save").hidden = $("clip-delete").hidden = !clip || running;
    $("clip-save").hidden ||= !watchable;
    $("clip-frame").hidden = !running;
    $("clip-video").hidden = running || (!watchable && clip !== null);
    if (clip) {
      $("clip-progress").max = Math.max(1, clip.frames);
      $("clip-progress").value = clip.frame;
    }
    const source = running && clip ? api.clips?.frameURL(clip.id, clip.preview) : watchable && clip ? api.clips?.filmURL(clip.id, clip.frame) : "";
    if (source && source !== shown) {
      shown = source;
      if (running) $("clip-frame").src = source;
      else {
        $("clip-video").src = source;
        $("clip-save").href = source;
      }
    }
  }

  async function look() {
    clearTimeout(timer);
    if (!clip) return;
    const { id } = clip;
    await attempt(async () => {
      const news = await api.clips?.get(id);
      if (news && clip?.id === id) clip = news;
    });
    if (clip && BUSY.has(clip.state)) timer = setTimeout(look, EVERY);
    else if (clip?.id === id) fill();
  }

  /** @param {ClipResponse} one */
  function use(one) {
    clip = one;
    shown = "";
    look();
  }

  /** Clips of before. */
  const fill = () => attempt(async () => {
    const all = ((await api.clips?.list()) ?? []).filter((one) => one.id !== clip?.id);
    $("clip-others").replaceChildren(...all.map((one) => el("li", {},
      el("button", { type: "button", className: "size-row", onclick: () => use(one) },
        el("span", {}, one.name || t("clip.unnamed"), el("small", {}, ago(one.created))), el("small", { className: "cost" }, clipWords(one))))));
    $("clip-others-title").hidden = !all.length;
  });

  $("clip-paint").addEventListener("click", () => attempt(async () => {
    if (clip) return use(/** @type {ClipResponse} */ (await api.clips?.paint(clip.id)));
    if (!file) return $("clip-file").click();
    $("clip-paint").disabled = true;
    try {
      use(/** @type {ClipResponse} */ (await api.clips?.upload(file, await chooser.file(), Number($("clip-size").value))));
      $("clip-stop").focus();
    } finally {
      $("clip-paint").disabled = false;
    }
  }));
  $("clip-stop").addEventListener("click", () => attempt(async () => {
    if (clip) await api.clips?.stop(clip.id);
    await look();
  }));
  $("clip-delete").addEventListener("click", () => attempt(async () => {
    const gone = clip;
    if (!gone) return;
    const trashed = await api.clips?.remove(gone.id);
    clip = null;
    $("clip-video").removeAttribute("src");
    if (trashed) offerUndo([$("clip-undo")], t("clip.deleted"), () => attempt(async () => {
      await api.trash.bringBack(trashed.id);
      use(gone);
    }));
    await fill();
  }));
  $("clip-view").addEventListener("close", () => {
    clearTimeout(timer); // it is painted on; the list of clips has it
    $("clip-video").pause();
  });

  /** @param {File | null} chosen @param {AboutResponse} about @param {File | null} current look */
  return async function open(chosen, about, current) {
    file = chosen;
    clip = null;
    shown = "";
    complain($("clip-error"));
    if ($("clip-video").src.startsWith("blob:")) URL.revokeObjectURL($("clip-video").src);
    if (file) $("clip-video").src = URL.createObjectURL(file);
    else $("clip-video").removeAttribute("src");
    if (!$("clip-view").open) $("clip-view").showModal();
    show();
    await attempt(async () => chooser.fill(about.choices.pairs, await api.styles(), current));
    await fill();
  };
}
