// @ts-check
// Saving in a tab: what is on the canvas, and its parts, as PNG, JPEG or WebP, or handed to another app.

import { blend, matteOf } from "./blend.js";
import { $, complain, el } from "./dom.js";

/**
 * @import { Painted } from "./blend.js"
 * @import { Studio } from "./studio.js"
 * @import { Pixels, Scene } from "./types.d.ts"
 *
 * @typedef {[title: string, about: string, draw: (scene: Scene, studio: Studio) => Pixels]} Picture
 */

/** @type {Record<string, [type: string, suffix: string]>} */
const KINDS = { PNG: ["image/png", "png"], JPEG: ["image/jpeg", "jpg"], WebP: ["image/webp", "webp"] };

/** @param {Studio} studio @returns {Painted[]} */
function paintedOf(studio) {
  return studio.shown.flatMap((name) => {
    const layer = studio.layers.get(name);
    const { strength, styles } = studio.look(name);
    return layer ? [{ index: studio.names.indexOf(name), strength, layer: layer.data, styled: styles.length > 0 }] : [];
  });
}

/** Only one side painted. @param {boolean} background @returns {Picture[2]} */
const side = (background) => (scene, studio) => {
  const out = new Uint8ClampedArray(scene.photo.length);
  blend(out, scene.photo, scene.soft, paintedOf(studio).filter(({ index }) => (studio.names[index] === "background") === background));
  return out;
};

/** The person's matte: of all regions but the background. @param {Scene} scene @param {Studio} studio */
function matte(scene, studio) {
  const rest = matteOf(scene.soft, studio.names.indexOf("background"));
  return rest.map((one) => 255 - one);
}

/** @type {Record<string, Picture>} */
const PICTURES = {
  painting: ["The painting", "As it is on the canvas", ({ out }) => out.data],
  person: ["Only the person painted", "Background as in the photo", side(false)],
  background: ["Only the background painted", "Person as in the photo", side(true)],
  cutout: ["Cut out", "The person on transparency", (scene, studio) => {
    const [found, alpha] = [scene.out.data.slice(), matte(scene, studio)];
    alpha.forEach((one, pixel) => (found[4 * pixel + 3] = one));
    return found;
  }],
  mask: ["Mask", "The person's matte, white inside", (scene, studio) => {
    const found = new Uint8ClampedArray(scene.photo.length).fill(255);
    matte(scene, studio).forEach((one, pixel) => found.fill(one, 4 * pixel, 4 * pixel + 3));
    return found;
  }],
};

/** @param {Pixels} data @param {Scene} scene @param {string} kind of `KINDS` @param {number} quality 0 to 1 */
async function encoded(data, { width, height }, kind, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(new ImageData(data, width), 0, 0);
  return canvas.convertToBlob({ type: KINDS[kind][0], quality });
}

/** @param {Studio} studio */
export function setUpDownloads(studio) {
  let [kind, quality] = ["PNG", 0.92];

  /** @param {string} name @param {boolean} shared */
  async function save(name, shared = false) {
    const { scene } = studio;
    if (!scene) return;
    try {
      complain($("downloads-error"));
      const chosen = name === "cutout" && kind === "JPEG" ? "PNG" : kind; // a JPEG has no transparency
      const blob = await encoded(PICTURES[name][2](scene, studio), scene, chosen, quality);
      const file = new File([blob], `${name}.${KINDS[chosen][1]}`, { type: blob.type });
      if (shared) return await navigator.share({ files: [file] });
      const link = el("a", { href: URL.createObjectURL(file), download: file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) complain($("downloads-error"), error);
    }
  }

  function form() {
    const select = el("select", { id: "kind", onchange: () => {
      kind = select.value;
      show();
    } }, ...Object.keys(KINDS).map((one) => el("option", { value: one, selected: one === kind }, one)));
    const range = el("input", { type: "range", id: "quality", min: "50", max: "100", value: String(Math.round(100 * quality)), oninput: () => {
      quality = Number(range.value) / 100;
      words.textContent = range.value;
    } });
    const words = el("output", {}, range.value);
    return el("li", { className: "kinds" }, el("label", {}, "Format", select),
      kind === "PNG" ? null : el("label", {}, "Quality ", words, range));
  }

  function show() {
    complain($("downloads-error"));
    const can = "canShare" in navigator && navigator.canShare({ files: [new File([""], "a.png", { type: "image/png" })] });
    $("downloads-list").replaceChildren(form(), ...Object.entries(PICTURES).map(([name, [title, about]]) =>
      el("li", {}, el("button", { type: "button", className: "save", onclick: () => save(name) }, title, el("small", {}, about)))),
    ...(can ? [el("li", {}, el("button", { type: "button", className: "save", onclick: () => save("painting", true) }, "Share…", el("small", {}, "The painting, with another app")))] : []));
  }

  $("downloads").addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") show();
  });
  $("downloads").addEventListener("toggle", (event) => {
    if (event.newState === "open") $("kind").focus();
  });
}
