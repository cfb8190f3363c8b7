// @ts-check
// Sliders of the chosen region's look. Strength, colours and blur answer at once; strokes and likeness by a new sketch.

import { $, calm, check, complain, el, roving, say } from "./dom.js";
import { isOther, otherSlider, sliderOf } from "./fields.js";
import { BOKEHS, CARE, COLORS, isQuality, paintOf, PAINTS, SIZES } from "./names.js";
import { t } from "./text.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { AboutResponse, Chosen, FieldResponse, LookSchema, SettingsSchema } from "./types.d.ts"
 * @import { Words } from "./names.js"
 */

/** @type {Record<string, string>} */
const STROKES = { "-2": t("stroke.very_fine"), "-1": t("stroke.fine"), 0: t("stroke.style"), 1: t("stroke.broad"), 2: t("stroke.very_broad") };

const SHARES = /** @type {const} */ (["content", "likeness"]);
const KINDS = /** @type {const} */ (["color", "bokeh"]);

/** @param {Studio} studio */
export function setUpLook(studio) {
  let stops = [0, 2, 4, 6, 10, 15, 20];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let wait;
  /** @type {string | null} */
  let shownJob = null;
  /** @type {Chosen} */
  let offered = { size: 512, quality: "standard", steps: 0 };

  /** @param {Partial<LookSchema>} change */
  const set = (change) => studio.selected && studio.set(studio.selected, change);
  /** @param {"strength" | "blur" | "stroke" | "content" | "likeness"} id @param {number} value @param {string} words */
  const range = (id, value, words) => {
    const input = $(id);
    input.value = String(value);
    const [at, least, most] = [input.value, input.min, input.max].map(Number);
    input.style.setProperty("--part", `${100 * (at - least) / (most - least)}%`);
    input.setAttribute("aria-valuetext", words);
    say($(`${id}-value`), words);
  };
  /** @param {"color" | "bokeh"} key @param {string[]} names @param {Record<string, Words>} titles */
  const choices = (key, names, titles) => {
    $(key).replaceChildren(...names.map((name) => {
      const [title, about] = titles[name] ?? [name, name];
      return el("button", { type: "button", role: "radio", data: { value: name }, title: about, onclick: () => set({ [key]: name }) }, title);
    }));
  };
  /** @param {Partial<LookSchema>} change */
  const later = (change) => { // a new sketch, once the slider rests
    clearTimeout(wait);
    wait = setTimeout(() => set(change), 300);
  };

  /** @param {"color" | "bokeh"} id */
  const buttons = (id) => [...$(id).querySelectorAll("button")];
  /** @returns {NodeListOf<HTMLInputElement | HTMLButtonElement | HTMLSelectElement>} */
  const fields = () => $("panel").querySelectorAll(".field :is(input, button, select)");

  function show() {
    if (!studio.selected) return;
    const look = studio.look(studio.selected);
    const painted = look.styles.length > 0;
    range("strength", Math.round(100 * look.strength), t("percent", { number: Math.round(100 * look.strength) }));
    const stop = stops.reduce((best, one, at) => (Math.abs(one - look.blur) < Math.abs(stops[best] - look.blur) ? at : best), 0);
    range("blur", stop, stops[stop] ? `${stops[stop]}` : t("amount.none"));
    showLater("stroke", Math.log2(look.stroke));
    for (const id of SHARES) showLater(id, Math.round(100 * look[id]));
    for (const [name, input] of others) {
      input.value = String(new Map(Object.entries(look)).get(name));
      say($(`${name}-value`), input.value);
    }
    for (const id of KINDS) check($(id), buttons(id).find((one) => one.dataset.value === look[id]));
    $("bokeh-field").hidden = !look.blur || $("bokeh").children.length < 2;
    for (const input of fields()) input.disabled = studio.running;
    $("strength").disabled ||= !painted && !look.blur;
    for (const button of buttons("color")) button.disabled ||= !painted;
    $("strength-field").classList.toggle("off", $("strength").disabled && !studio.running);
    $("color-field").classList.toggle("off", !painted && !studio.running);
  }

  /** @param {"stroke" | "content" | "likeness"} id @param {number} value */
  function showLater(id, value) {
    const words = id === "stroke" ? STROKES[Math.round(value)] : value === 0 ? t("amount.none") : t("percent", { number: value });
    range(id, value, words);
  }

  /**
   * Sizes and amounts of care, among them those that the job has: what is painted is never another without a word.
   *
   * @param {Chosen} chosen
   */
  function offerSettings({ size, quality, steps } = offered) {
    const sizes = [...new Set([...SIZES, offered.size, size])].sort((a, b) => a - b);
    const sized = sizes.map((one) =>
      el("option", { value: String(one), selected: one === size }, one ? t("size.pixels", { count: one }) : t("size.own")));
    $("size").replaceChildren(...sized);
    const care = { ...CARE, ...(steps && { [steps]: t("size.steps", { count: steps }) }) }; // so many were asked for by a program
    const chosen = String(steps || quality);
    $("steps").replaceChildren(...Object.entries(care).map(([one, words]) => el("option", { value: one, selected: one === chosen }, words)));
  }

  /** Sliders of fields that the page was not made for. @type {Map<string, HTMLInputElement>} */
  const others = new Map();

  /** Ranges and help of the sliders that there are, and more sliders where there are more fields. @param {FieldResponse[]} described */
  function offerFields(described) {
    for (const one of described) {
      if (!isOther(one)) {
        for (const slider of document.querySelectorAll(`input#${one.name}`)) Object.assign(slider, sliderOf(one));
      } else if (!others.has(one.name)) {
        const { input, field } = otherSlider(one, (value) => later({ [one.name]: value }));
        others.set(one.name, input);
        document.querySelector(".more .hint")?.before(field);
      }
    }
  }

  /** @type {Set<string>} */
  let engines = new Set(["optimise"]);

  /** The kinds of paint that there are here, and the job's own, whatever it is. */
  function offerPaints() {
    const { job } = studio;
    if (!job) return;
    const brush = studio.names.map((name) => studio.look(name)).find((look) => look.styles.length)?.brush ?? "auto";
    const now = paintOf(job.settings.engine, brush);
    const kinds = Object.entries(PAINTS).filter(([, one]) => engines.has(one.engine))
      .map(([name, { words: [title, about] }]) => el("option", { value: name, selected: name === now, title: about }, title));
    const other = now ? [] : [el("option", { value: "", selected: true }, job.settings.engine)];
    $("paint-kind").replaceChildren(...other, ...kinds);
  }
  $("paint-kind").addEventListener("change", async () => {
    const kind = PAINTS[$("paint-kind").value];
    if (!kind) return;
    try {
      await studio.setUp({ engine: kind.engine }, { brush: kind.brush });
    } catch (error) {
      complain($("look-error"), error);
    }
  });
  for (const event of /** @type {const} */ (["job", "looks"])) studio.on(event, offerPaints);

  for (const id of /** @type {const} */ (["size", "steps"])) {
    $(id).addEventListener("change", async () => {
      try {
        if (studio.job) await studio.setUp(settings());
      } catch (error) {
        complain($("look-error"), error);
      }
    });
  }
  studio.on("job", (before) => {
    if (!studio.job) return;
    const { settings: now } = studio.job;
    if (studio.job.id !== shownJob || JSON.stringify(now) !== JSON.stringify(before?.settings)) offerSettings(now);
    shownJob = studio.job.id;
  });

  $("strength").addEventListener("input", () => set({ strength: Number($("strength").value) / 100 }));
  $("blur").addEventListener("input", () => set({ blur: stops[Number($("blur").value)] }));
  $("stroke").addEventListener("input", () => {
    showLater("stroke", Number($("stroke").value));
    later({ stroke: 2 ** Number($("stroke").value) });
  });
  for (const id of SHARES) {
    $(id).addEventListener("input", () => {
      showLater(id, Number($(id).value));
      later({ [id]: Number($(id).value) / 100 });
    });
  }
  for (const id of KINDS) roving($(id), (radio) => radio.click());
  const more = document.querySelector("details");
  more?.addEventListener("toggle", () => {
    if (more.open) more.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  });
  for (const event of /** @type {const} */ (["selected", "looks", "job", "scene"])) studio.on(event, show);
  studio.on("error", (error) => complain($("look-error"), error));
  for (const event of /** @type {const} */ (["picture", "scene"])) studio.on(event, () => complain($("look-error")));

  /** What the server can do and starts from. @param {AboutResponse} about */
  return function offer(about) {
    stops = about.choices.blurs;
    $("blur").max = String(stops.length - 1);
    studio.defaults = { ...about.defaults.look, styles: [] };
    choices("color", about.choices.colors, COLORS);
    choices("bokeh", about.choices.bokehs, BOKEHS);
    offered = about.defaults.settings;
    offerFields(about.fields);
    engines = new Set(about.engines.map((one) => one.name));
    offerPaints();
    offerSettings(studio.job?.settings);
    show();
  };
}

/**
 * Settings of the next painting that the page has fields for; all others stay as they are.
 *
 * @returns {Partial<SettingsSchema>}
 */
export function settings() {
  const care = $("steps").value;
  const size = Number($("size").value);
  return isQuality(care) ? { size, quality: care, steps: 0 } : { size, steps: Number(care) };
}
