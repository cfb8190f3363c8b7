// @ts-check
// Recent pictures: on the start page and in a sheet; opened again, or deleted, which can be undone.

import * as api from "./api.js";
import { $, complain, el, icon, say } from "./dom.js";
import { ago, isHere } from "./names.js";
import { t } from "./text.js";
import { offerUndo, setUpTrash } from "./trash.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { JobResponse, JobState } from "./types.d.ts"
 */

/** @type {Record<JobState, string>} */
const STATES = {
  done: t("state.done"), stopped: t("state.stopped"), painting: t("state.painting"), queued: t("state.queued"), ready: t("state.ready"),
  reading: t("state.reading"), failed: t("state.failed"),
};

const PAGE = 48; // pictures that are listed at a time

/** @param {Studio} studio @param {(id: string) => void} open @param {() => void} removed */
export function setUpHistory(studio, open, removed) {
  let skip = 0; // pictures that the sheet lists, or leaves out as nothing is to be seen of them

  const trash = setUpTrash(() => refreshAll());
  const refreshAll = () => Promise.all([fill($("recent-list"), 6), $("history").open ? fill($("history-list"), Math.max(PAGE, skip)) : null]).catch(() => {});

  /** It goes into the trash, from where one press has it back. @param {string} id @param {() => Promise<unknown>} refresh */
  async function remove(id, refresh) {
    try {
      complain($("history-error"));
      if (studio.job?.id === id) removed();
      const { id: trashed } = await api.remove(id);
      offerUndo([$("history-undo"), $("recent-undo")], t("trash.deleted"), async () => {
        await api.trash.bringBack(trashed).catch((error) => complain($("history-error"), error));
        await Promise.all([refresh(), trash.fill()]);
      });
    } catch (error) {
      complain($("history-error"), error);
    }
    await Promise.all([refresh(), trash.fill()]);
  }

  /** @param {JobResponse} job @param {number} number @param {() => Promise<unknown>} refresh @param {number} size in pixels */
  function entry(job, number, refresh, size = 240) {
    const words = STATES[job.state] ?? job.state;
    const image = el("img", { alt: "", width: 132, height: 132 });
    if (job.width) image.src = api.url(job.id, "growing.jpg", { size, v: job.version }); // else nothing was read yet
    return el("li", { data: { id: job.id } },
      el("button", { type: "button", className: "recent-open", onclick: () => { $("history").close(); open(job.id); } },
        image, el("span", {}, words), el("small", {}, ago(job.created))),
      el("button", {
        type: "button", className: "recent-remove", title: t("trash.delete"), ariaLabel: t("history.delete", { number, state: words, when: ago(job.created) }),
        onclick: async () => {
          image.removeAttribute("src"); // asked for after the picture is gone it would be a fault in the console
          await remove(job.id, refresh);
          $($("history").open ? "history-undo" : "recent-undo").querySelector("button")?.focus();
        },
      }, icon("i-trash")));
  }

  /** Whether a job has anything to be seen. @param {JobResponse} job */
  const isUsable = (job) => job.width || job.state !== "failed";

  /** List the newest anew. @param {HTMLElement} list @param {number} most */
  async function fill(list, most) {
    const jobs = await api.jobs(most + 1);
    const refresh = () => fill(list, most).catch(() => {});
    const usable = jobs.slice(0, most).filter(isUsable);
    const size = list === $("recent-list") ? 144 : 240; // the start page is light
    list.replaceChildren(...usable.map((job, at) => entry(job, at + 1, refresh, size)));
    if (list === $("history-list")) $("history-more").hidden = jobs.length <= (skip = most);
    say($("history-note"), !jobs.length ? t("history.empty") : isHere() ? t("history.kept_here") : t("history.kept_there"));
    $("recent").hidden = !usable.length && $("recent-undo").hidden;
    return jobs;
  }

  /** List those that are older than what is listed. */
  async function more() {
    const list = $("history-list");
    const jobs = await api.jobs(PAGE + 1, skip);
    skip += PAGE;
    const refresh = () => fill(list, skip).catch(() => {});
    const known = new Set([...list.children].map((one) => one instanceof HTMLElement && one.dataset.id));
    const added = jobs.slice(0, PAGE).filter((job) => isUsable(job) && !known.has(job.id)); // new ones move the others on
    const count = list.children.length;
    const entries = added.map((job, at) => entry(job, count + at + 1, refresh));
    list.append(...entries);
    $("history-more").hidden = jobs.length <= PAGE;
    entries[0]?.querySelector("button")?.focus();
  }

  $("history-more").addEventListener("click", async () => {
    try {
      await more();
    } catch (error) {
      complain($("history-error"), error);
    }
  });
  $("open-history").addEventListener("click", async () => {
    $("history").showModal();
    complain($("history-error"));
    try {
      await Promise.all([fill($("history-list"), PAGE), trash.fill()]);
    } catch (error) {
      complain($("history-error"), error);
    }
  });
  return { recent: () => fill($("recent-list"), 6).catch(() => {}) };
}
