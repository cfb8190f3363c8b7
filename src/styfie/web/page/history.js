// Recent pictures: on the start page and in a sheet; opened again, or deleted for good.

import * as api from "./api.js";
import { $, complain, el, icon, say } from "./dom.js";
import { ago } from "./names.js";

const STATES = { done: "Painted", stopped: "Painted in part", painting: "Being painted", queued: "Waiting", ready: "Photo", reading: "Being read", failed: "Not finished" };

export function setUpHistory(studio, open, removed) {
  function entry(job, number, refresh) {
    const words = STATES[job.state] ?? job.state;
    const image = el("img", { alt: "", width: 132, height: 132 });
    if (job.width) image.src = api.url(job.id, "growing.jpg", { size: 240, v: job.version }); // else nothing was read yet
    return el("li", {},
      el("button", { type: "button", className: "recent-open", onclick: () => { $("history").close(); open(job.id); } },
        image, el("span", {}, words), el("small", {}, ago(job.created))),
      el("button", {
        type: "button", className: "recent-remove", title: "Delete", ariaLabel: `Delete picture ${number}: ${words}, ${ago(job.created)}`,
        onclick: async () => {
          image.removeAttribute("src"); // asked for after the picture is gone it would be a fault in the console
          try {
            await api.remove(job.id);
            if (studio.job?.id === job.id) removed();
          } catch (error) {
            complain($("history-error"), error);
          }
          await refresh();
          ($("history").open ? $("history-list") : $("recent-list")).querySelector("button")?.focus();
        },
      }, icon("i-trash")));
  }

  async function fill(list, most) {
    const jobs = await api.jobs();
    const refresh = () => fill(list, most).catch(() => {});
    const usable = jobs.filter((job) => job.width || job.state !== "failed");
    list.replaceChildren(...usable.slice(0, most).map((job, at) => entry(job, at + 1, refresh)));
    say($("history-note"), jobs.length ? "Kept on this computer only. Deleted means gone: photo, painting and all." : "Nothing yet.");
    $("recent").hidden = !usable.length;
    return jobs;
  }

  $("open-history").addEventListener("click", async () => {
    $("history").showModal();
    complain($("history-error"));
    try {
      await fill($("history-list"), 200);
    } catch (error) {
      complain($("history-error"), error);
    }
  });
  return { recent: () => fill($("recent-list"), 6).catch(() => {}) };
}
