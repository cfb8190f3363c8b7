// Sliders of the chosen region's look. Strength, colours and blur answer at once; strokes and likeness by a new sketch.

import { $, calm, check, complain, el, roving, say } from "./dom.js";
import { BOKEHS, CARE, COLORS, SIZES } from "./names.js";

const STROKES = { "-2": "very fine", "-1": "fine", 0: "as the style's", 1: "broad", 2: "very broad" };

export function setUpLook(studio) {
  let stops = [0, 2, 4, 6, 10, 15, 20];
  let wait = 0;
  let shownJob = null;
  let offered = { size: 512, quality: "standard", steps: 0 };

  const set = (change) => studio.selected && studio.set(studio.selected, change);
  const range = (id, value, words) => {
    const input = $(id);
    input.value = value;
    input.style.setProperty("--part", `${100 * (input.value - input.min) / (input.max - input.min)}%`);
    input.setAttribute("aria-valuetext", words);
    say($(`${id}-value`), words);
  };
  const choices = (id, names, titles, key) => {
    $(id).replaceChildren(...names.map((name) => {
      const [title, about] = titles[name] ?? [name, name];
      return el("button", { type: "button", role: "radio", data: { value: name }, title: about, onclick: () => set({ [key]: name }) }, title);
    }));
  };
  const later = (change) => { // a new sketch, once the slider rests
    clearTimeout(wait);
    wait = setTimeout(() => set(change), 300);
  };

  function show() {
    if (!studio.selected) return;
    const look = studio.look(studio.selected);
    const painted = look.styles.length > 0;
    range("strength", Math.round(100 * look.strength), `${Math.round(100 * look.strength)} %`);
    const stop = stops.reduce((best, one, at) => (Math.abs(one - look.blur) < Math.abs(stops[best] - look.blur) ? at : best), 0);
    range("blur", stop, stops[stop] ? `${stops[stop]}` : "none");
    showLater("stroke", Math.log2(look.stroke));
    for (const id of ["content", "likeness"]) showLater(id, Math.round(100 * look[id]));
    for (const id of ["color", "bokeh"]) check($(id), [...$(id).children].find((one) => one.dataset.value === look[id]));
    $("bokeh-field").hidden = !look.blur || $("bokeh").children.length < 2;
    for (const input of $("panel").querySelectorAll(".field input, .field button, .field select")) input.disabled = studio.running;
    $("strength").disabled ||= !painted && !look.blur;
    for (const button of $("color").children) button.disabled ||= !painted;
    $("strength-field").classList.toggle("off", $("strength").disabled && !studio.running);
    $("color-field").classList.toggle("off", !painted && !studio.running);
  }

  function showLater(id, value) {
    const words = id === "stroke" ? STROKES[Math.round(value)] : value === 0 ? "none" : `${value} %`;
    range(id, value, words);
  }

  /** Sizes and amounts of care, among them those that the job has: what is painted is never another without a word. */
  function offerSettings({ size, quality, steps } = offered) {
    const sizes = [...new Set([...SIZES, offered.size, size])].sort((a, b) => a - b);
    $("size").replaceChildren(...sizes.map((one) => el("option", { value: one, selected: one === size }, one ? `${one} pixels` : "The photo's own")));
    const care = { ...CARE, ...(steps && { [steps]: `${steps} steps` }) }; // so many were asked for by a program
    const chosen = String(steps || quality);
    $("steps").replaceChildren(...Object.entries(care).map(([one, words]) => el("option", { value: one, selected: one === chosen }, words)));
  }

  for (const id of ["size", "steps"]) {
    $(id).addEventListener("change", async () => {
      try {
        if (studio.job) await studio.setUp(settings());
      } catch (error) {
        complain($("look-error"), error);
      }
    });
  }
  studio.addEventListener("job", ({ detail: before }) => {
    const { settings: now } = studio.job;
    if (studio.job.id !== shownJob || JSON.stringify(now) !== JSON.stringify(before?.settings)) offerSettings(now);
    shownJob = studio.job.id;
  });

  $("strength").addEventListener("input", () => set({ strength: $("strength").value / 100 }));
  $("blur").addEventListener("input", () => set({ blur: stops[$("blur").value] }));
  $("stroke").addEventListener("input", () => {
    showLater("stroke", Number($("stroke").value));
    later({ stroke: 2 ** $("stroke").value });
  });
  for (const id of ["content", "likeness"]) {
    $(id).addEventListener("input", () => {
      showLater(id, Number($(id).value));
      later({ [id]: $(id).value / 100 });
    });
  }
  for (const id of ["color", "bokeh"]) roving($(id), (radio) => radio.click());
  document.querySelector(".more").addEventListener("toggle", ({ target }) => {
    if (target.open) target.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  });
  for (const event of ["selected", "looks", "job", "scene"]) studio.addEventListener(event, show);
  studio.addEventListener("error", ({ detail }) => complain($("look-error"), detail));
  for (const event of ["picture", "scene"]) studio.addEventListener(event, () => complain($("look-error")));

  /** What the server can do and starts from. */
  return function offer(about) {
    stops = about.choices?.blurs ?? stops;
    $("blur").max = stops.length - 1;
    studio.defaults = { ...studio.defaults, ...about.defaults?.look, styles: [] };
    choices("color", about.choices?.colors ?? Object.keys(COLORS), COLORS, "color");
    choices("bokeh", about.choices?.bokehs ?? ["gaussian"], BOKEHS, "bokeh");
    offered = { ...offered, ...about.defaults?.settings };
    offerSettings(studio.job?.settings);
    show();
  };
}

/** Settings of the next painting that the page has fields for; all others stay as they are. */
export function settings() {
  const care = $("steps").value;
  return { size: Number($("size").value), ...(care in CARE ? { quality: care, steps: 0 } : { steps: Number(care) }) };
}
