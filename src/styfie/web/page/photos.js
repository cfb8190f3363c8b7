// @ts-check
// Ways a photo comes to the page: dropped, pasted, chosen. A picture dropped on the painting is a style for that region.

import { $, around, say } from "./dom.js";
import { regionTitle, STYLE } from "./names.js";
import { t } from "./text.js";

/**
 * @import { Workroom } from "./workroom.js"
 * @import { Studio } from "./studio.js"
 *
 * @typedef {DragEvent & { dataTransfer: DataTransfer }} Drag
 */

/**
 * @param {Studio} studio @param {() => Workroom | undefined} room once it is there @param {(files: File[]) => void} open
 */
export function setUpPhotos(studio, room, open) {
  const file = $("file");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let leaving;

  $("choose").addEventListener("click", () => file.click());
  $("new-photo").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    const photos = [...file.files ?? []];
    file.value = "";
    if (photos.length) open(photos);
  });

  document.addEventListener("paste", (event) => {
    const photo = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!photo) return;
    event.preventDefault();
    open([photo]);
  });

  /** Whether there is a photo or a style in it. @param {DragEvent} event @returns {event is Drag} */
  const droppable = (event) => [STYLE, "Files"].some((kind) => event.dataTransfer?.types.includes(kind));
  /** The region under a drag, where a style may be dropped. @param {DragEvent} event */
  const target = (event) => {
    const stage = room()?.stage;
    return stage && studio.scene && !studio.running && around(event, "#canvas") ? stage.regionAt(stage.place(event)) : null;
  };

  /** @param {Drag} event */
  function hint(event) {
    const isFile = event.dataTransfer.types.includes("Files");
    const region = target(event);
    room()?.stage.drag(region, event);
    if (region) {
      const title = regionTitle(region, studio.names).toLowerCase();
      say($("name-tag"), isFile ? t("drop.style_for", { region: title }) : t("drop.paint", { region: title }));
    }
    $("drop").classList.toggle("over", isFile && !$("start").hidden);
    $("veil").hidden = !isFile || region !== null || !$("start").hidden;
    say($("veil-text"), studio.scene ? t("drop.photo_or_style") : t("drop.photo"));
    event.dataTransfer.dropEffect = isFile || region ? "copy" : "none";
  }

  function over() {
    room()?.stage.drag(null, null);
    $("drop").classList.remove("over");
    $("veil").hidden = true;
  }

  document.addEventListener("dragover", (event) => {
    if (!droppable(event)) return;
    event.preventDefault();
    clearTimeout(leaving);
    leaving = setTimeout(over, 400); // none comes when a drag has left the window
    hint(event);
  });
  document.addEventListener("drop", (event) => {
    if (!droppable(event)) return;
    event.preventDefault();
    clearTimeout(leaving);
    const region = event.dataTransfer.files.length > 1 ? null : target(event);
    over();
    const files = [...event.dataTransfer.files];
    const [dropped] = files;
    const style = event.dataTransfer.getData(STYLE);
    if (region) studio.select(region);
    if (region && style) room()?.gallery.choose(region, style);
    else if (region && dropped) room()?.gallery.add(region, dropped);
    else if (dropped) open(files);
  });
}
