// @ts-check
// What was deleted: one press brings it back, at once or from the list of the trash.

import * as api from "./api.js";
import { $, complain, el, icon, say } from "./dom.js";
import { t } from "./text.js";

/** @import { TrashResponse } from "./types.d.ts" */

const UNDO = 15_000; // milliseconds in which the button for it is shown; the trash keeps it longer
/** @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} */
const timers = new WeakMap();

/**
 * Say that something was deleted, for a while, with a button that brings it back.
 *
 * @param {HTMLElement[]} bars where it is said @param {string} words @param {() => Promise<unknown>} undo
 */
export function offerUndo(bars, words, undo) {
  const hide = () => bars.forEach((bar) => { bar.hidden = true; });
  for (const bar of bars) {
    clearTimeout(timers.get(bar));
    timers.set(bar, setTimeout(hide, UNDO));
    bar.replaceChildren(words, " ", el("button", { type: "button", onclick: () => { hide(); undo(); } }, t("trash.undo")));
    bar.hidden = false;
  }
}

/** What something in the trash is called. @param {TrashResponse} one */
export function trashWords({ kind, name, number }) {
  const called = name || t("trash.unnamed");
  if (kind === "picture") return t("trash.picture", { name: called });
  if (kind === "version") return t("trash.version", { name: called, number });
  if (kind === "style") return t("trash.style", { name: called });
  return kind === "look" ? t("trash.look", { name: called }) : t("trash.clip", { name: called });
}

/** The list of the trash; `changed` is called when something came back. @param {() => void} changed */
export function setUpTrash(changed) {
  const details = $("trash");

  /** @param {() => Promise<unknown>} call */
  const attempt = async (call) => {
    try {
      complain($("history-error"));
      await call();
    } catch (error) {
      complain($("history-error"), error);
    }
    await fill();
  };

  /** @param {TrashResponse} one */
  function entry(one) {
    const words = trashWords(one);
    const image = el("img", { alt: "", width: 132, height: 132, src: api.trash.pictureURL(one.id), onerror: () => image.removeAttribute("src") });
    const back = async () => {
      await api.trash.bringBack(one.id);
      changed();
    };
    return el("li", {},
      el("div", { className: "recent-open" }, image, el("span", {}, words), el("small", {}, t("trash.left", { count: Math.ceil(one.seconds_left / 3600) })),
        el("button", { type: "button", ariaLabel: `${t("trash.bring_back")}: ${words}`, onclick: () => attempt(back) }, t("trash.bring_back"))),
      el("button", {
        type: "button", className: "recent-remove", title: t("trash.for_good", { name: words }), ariaLabel: t("trash.for_good", { name: words }),
        onclick: () => attempt(() => api.trash.remove(one.id)),
      }, icon("i-trash")));
  }

  async function fill() {
    if (!details.open) return;
    const all = await api.trash.list();
    $("trash-list").replaceChildren(...all.map(entry));
    say($("trash-note"), all.length ? t("trash.note") : t("trash.nothing"));
    $("trash-empty").hidden = !all.length;
  }

  /** @param {boolean} yes whether the next press empties it */
  function sure(yes) {
    $("trash-empty").dataset.sure = yes ? "yes" : "";
    say($("trash-empty"), yes ? t("trash.empty_sure") : t("trash.empty"));
  }
  $("trash-empty").addEventListener("blur", () => sure(false));
  $("trash-empty").addEventListener("click", () => {
    if (!$("trash-empty").dataset.sure) return sure(true);
    sure(false);
    attempt(api.trash.empty);
  });
  details.addEventListener("toggle", () => attempt(async () => {}));
  return { fill };
}
