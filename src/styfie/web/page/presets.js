// @ts-check
// Looks as things: saved by name and taken by one press; as a file, and copied from one picture to another.

import * as api from "./api.js";
import { $, complain, el, icon, say } from "./dom.js";
import { t } from "./text.js";
import { offerUndo } from "./trash.js";

/**
 * @import { Gallery } from "./gallery.js"
 * @import { Studio } from "./studio.js"
 * @import { PresetResponse } from "./types.d.ts"
 */

const UTF8 = "application/json";

/** Whether a text is a look's file. @param {string} text */
export function isLook(text) {
  if (!text.trimStart().startsWith("{")) return false;
  try {
    const { looks } = JSON.parse(text);
    return Boolean(looks) && typeof looks === "object";
  } catch {
    return false;
  }
}

/** @param {Studio} studio @param {Gallery} gallery */
export function setUpPresets(studio, gallery) {
  const list = $("presets");
  const { presets } = api;
  if (!presets) {
    $("look-bar").hidden = true;
    return;
  }
  /** @type {File | null} */
  let copied = null;

  /** @param {() => Promise<unknown>} call */
  const attempt = async (call) => {
    try {
      complain($("presets-error"));
      await call();
    } catch (error) {
      complain($("presets-error"), error);
    }
  };
  const styled = () => studio.names.some((name) => studio.look(name).styles.length);
  /** @param {PresetResponse} preset */
  const words = ({ styles }) => Object.values(styles).flat().map((name) => gallery.title(name)).join(", ");

  /** What a look is called that nobody has named. */
  const title = () => [...new Set(studio.names.flatMap((name) => studio.look(name).styles.map((one) => gallery.title(one.name))))]
    .join(t("and")).slice(0, 60);

  /** @param {PresetResponse} preset */
  function entry(preset) {
    const { id, name } = preset;
    const image = el("img", { src: presets?.pictureURL(id) ?? "", alt: "", width: 40, height: 40, loading: "lazy", onerror: () => { image.hidden = true; } });
    return el("li", {},
      el("button", {
        type: "button", className: "preset", title: words(preset), disabled: studio.running,
        onclick: () => attempt(async () => presets && studio.applyLook(await presets.file(id))),
      }, image, el("span", {}, name)),
      el("button", { type: "button", className: "region-merge", title: t("trash.delete"), ariaLabel: t("preset.delete", { name }), onclick: () => remove(preset) }, icon("i-close")));
  }

  /** It goes into the trash, from where one press has it back. @param {PresetResponse} preset */
  const remove = ({ id, name }) => attempt(async () => {
    const { id: trashed } = await presets.remove(id);
    offerUndo([$("presets-undo")], t("preset.deleted", { name }), () => attempt(async () => {
      await api.trash.bringBack(trashed);
      await fill();
    }));
    await fill();
    $("presets-undo").querySelector("button")?.focus();
  });

  const fill = () => attempt(async () => {
    const all = await presets.list();
    list.replaceChildren(...all.reverse().map(entry));
    list.hidden = !all.length;
  });

  function show() {
    $("look-save").disabled = $("look-copy").disabled = !styled();
    $("look-paste").hidden = !copied;
    $("look-paste").disabled = studio.running || !studio.scene;
    for (const one of list.querySelectorAll("button")) if (one.classList.contains("preset")) one.disabled = studio.running;
  }

  $("look-save").addEventListener("click", () => {
    $("look-name").value = title();
    $("look-dialog").showModal();
    $("look-name").select();
  });
  $("look-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const name = $("look-name").value.trim();
      if (!studio.job || !name) return;
      $("look-dialog").close();
      await studio.saveLooks.now();
      await presets.save(studio.job.id, name);
      await fill();
      say($("announce"), t("preset.saved", { name }));
    });
  });
  $("look-export").addEventListener("click", () => attempt(async () => {
    if (!studio.job) return;
    await studio.saveLooks.now();
    const file = await presets.of(studio.job.id);
    const name = $("look-name").value.trim() || t("preset.file");
    const link = el("a", { href: URL.createObjectURL(file), download: `${name.replace(/[\\/:*?"<>|]/g, "_")}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    $("look-dialog").close();
  }));
  $("look-copy").addEventListener("click", () => attempt(async () => {
    if (!studio.job) return;
    await studio.saveLooks.now();
    copied = await presets.of(studio.job.id);
    show();
    say($("announce"), t("preset.copied"));
    await navigator.clipboard?.writeText(await copied.text()).catch(() => {}); // for another window or computer
  }));
  $("look-paste").addEventListener("click", () => attempt(async () => copied && studio.applyLook(copied)));
  $("look-open").addEventListener("click", () => $("look-file").click());
  $("look-file").addEventListener("change", () => attempt(async () => {
    const [file] = $("look-file").files ?? [];
    $("look-file").value = "";
    if (file) await studio.applyLook(file);
  }));
  document.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!studio.scene || studio.running || !isLook(text)) return;
    event.preventDefault();
    attempt(() => studio.applyLook(new File([text], "look.json", { type: UTF8 })));
  });
  for (const event of /** @type {const} */ (["job", "looks", "scene"])) studio.on(event, show);
  fill().then(show);
}
