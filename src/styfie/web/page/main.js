// @ts-check
// Styfie's page: puts its parts together.

import * as api from "./api.js";
import { setUpTools } from "./brush.js";
import { setUpCamera } from "./camera.js";
import { setUpDivider } from "./divider.js";
import { $, complain, el } from "./dom.js";
import { Gallery } from "./gallery.js";
import { setUpHistory } from "./history.js";
import { setUpLook } from "./look.js";
import { setUpPhotos } from "./photos.js";
import { setUpRegions } from "./regions.js";
import { setUpRun } from "./run.js";
import { setUpDownloads } from "./downloads.js";
import { Stage } from "./stage.js";
import { Studio } from "./studio.js";
import { setUpTheme } from "./theme.js";
import { days, isHere } from "./names.js";

/** @import { AboutResponse } from "./types.d.ts" */

const studio = new Studio();
const stage = new Stage(studio);
const gallery = new Gallery(studio);
/** @type {AboutResponse | undefined} */
let about;

/** @param {"start" | "studio"} name */
function showView(name) {
  for (const view of ["start", "studio"]) $(view).hidden = view !== name;
  $("new-photo").hidden = name === "start";
  if (name === "studio") stage.fit();
}

/**
 * A photo from wherever: shown at once, sent, and looked at; with `like`, painted as the job of that id.
 *
 * @param {File} file @param {string | null} like
 */
async function open(file, like = null) {
  for (const id of ["start-error", "stage-error", "action-error"]) complain($(id));
  const most = about?.limits.bytes;
  try {
    if (most && file.size > most) throw new Error(`The photo has ${Math.ceil(file.size / 1e6)} MB: at most ${Math.floor(most / 1e6)} MB are taken.`);
    const cameFrom = $("start").hidden ? "stage-error" : "start-error";
    studio.leave();
    gallery.forget();
    showView("studio");
    await Promise.all([stage.showFile(file), studio.open(file, like).catch((error) => {
      if (cameFrom === "start-error") home();
      throw error;
    })]);
    if (studio.job) history.replaceState(null, "", `#${studio.job.id}`);
    $("studio-title").focus({ preventScroll: true });
  } catch (error) {
    complain($($("start").hidden ? "stage-error" : "start-error"), error);
  }
}

/** @param {string} id of a job */
async function reopen(id) {
  try {
    studio.leave();
    gallery.forget();
    stage.clear();
    const job = await api.job(id);
    history.replaceState(null, "", `#${id}`);
    showView("studio");
    await studio.use(job);
    $("studio-title").focus({ preventScroll: true });
  } catch (error) {
    home();
    complain($("start-error"), error);
  }
}

function home() {
  studio.leave();
  stage.clear();
  history.replaceState(null, "", location.pathname);
  showView("start");
  recents.recent();
}

const recents = setUpHistory(studio, reopen, home);
studio.on("deleted", () => {
  home();
  complain($("start-error"), "This picture was deleted, in another window or because nobody used it for long.");
});
const offerLooks = setUpLook(studio);
const offerCamera = setUpCamera(gallery, open);
setUpTheme();
setUpTools(studio, stage);
setUpDivider(studio, stage);
setUpRegions(studio, stage, gallery);
setUpRun(studio, stage, (file) => open(file, studio.job?.id));
setUpDownloads(studio);
setUpPhotos(studio, stage, gallery, open);

$("home").addEventListener("click", (event) => {
  event.preventDefault();
  home();
});
$("sample").addEventListener("click", async () => {
  try {
    open(new File([await api.portrait()], "portrait.jpg", { type: "image/jpeg" }));
  } catch (error) {
    complain($("start-error"), error);
  }
});
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
}
// How fast things are, for who wants to know.
Object.defineProperty(window, "styfie", { value: { studio, stage } });

$("where").textContent = isHere() ? "Nothing leaves this computer."
  : `Your photos go to the computer that runs Styfie (${location.hostname}) and to nobody else; the connection is not encrypted.`;
try {
  $("sample-picture").src = api.portraitURL;
  [about] = await Promise.all([api.about(), gallery.load()]);
  offerLooks(about);
  offerCamera("autumn", "night");
  $("wall").replaceChildren(...gallery.styles.map((one) => el("img", { src: api.styleURL(one.name), alt: "", width: 60, height: 60 })));
  const { hours } = about.limits;
  if (hours) $("retention").textContent = `A picture is kept until Styfie has run for ${days(hours)} without its being used, or until you delete it.`;
} catch (error) {
  complain($("start-error"), error);
}
/** The address says which picture is open. */
function goTo() {
  const id = location.hash.slice(1);
  if (id === (studio.job?.id ?? "")) return null;
  return /^[\w-]{8,}$/.test(id) ? reopen(id) : home();
}
window.addEventListener("hashchange", goTo);
if (location.hash.length > 1) await goTo();
else await recents.recent();
