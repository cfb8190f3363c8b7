// @ts-check
// Styfie's page: puts its parts together.

import * as api from "./api.js";
import { $, complain } from "./dom.js";
import { setUpHero } from "./hero.js";
import { setUpHistory } from "./history.js";
import { days, isHere, whereTo } from "./names.js";
import { setUpPhotos } from "./photos.js";
import { Studio } from "./studio.js";
import { t } from "./text.js";
import { setUpTheme } from "./theme.js";

/**
 * @import { AboutResponse } from "./types.d.ts"
 * @import { Workroom } from "./workroom.js"
 */

const studio = new Studio();
/** @type {Promise<AboutResponse> | undefined} */
let asked;
/** @type {Promise<Workroom> | undefined} */
let entered;
/** @type {Workroom | undefined} */
let room;

/** What the server is, asked for once. */
const about = () => (asked ??= api.about().catch((error) => {
  asked = undefined;
  throw error;
}));

/** What photos are worked on with, fetched once. */
const enter = () => (entered ??= Promise.all([import("./workroom.js"), about()])
  .then(([{ setUp }, known]) => setUp(studio, known, open))
  .then((found) => (room = found))
  .catch((error) => {
    entered = undefined;
    throw error;
  }));

/** Photos that came together, and clips: fetched when the first ones come. @type {Promise<Together> | undefined} */
let together;

/**
 * @typedef {object} Together
 * @property {ReturnType<typeof import("./many.js").setUpMany>} many
 * @property {ReturnType<typeof import("./clip.js").setUpClip>} clip
 */

const gather = () => (together ??= Promise.all([import("./many.js"), import("./clip.js")])
  .then(([{ setUpMany }, { setUpClip }]) => ({ many: setUpMany(studio, reopen), clip: setUpClip(studio) }))
  .catch((error) => {
    together = undefined;
    throw error;
  }));

/** The look of the open picture, if it has one. */
async function currentLook() {
  const { job } = studio;
  if (!job || !studio.names.some((name) => studio.look(name).styles.length)) return null;
  await studio.saveLooks.now();
  return (await api.presets?.of(job.id)) ?? null;
}

/**
 * What came: one photo, a clip, or several photos that are painted in one look.
 *
 * @param {File[]} files
 */
async function take(files) {
  const { isClip } = await import("./clip.js");
  const film = files.find(isClip);
  const photos = files.filter((one) => !isClip(one));
  if (film && !photos.length && api.clips) return attempt(async () => (await gather()).clip(film, await about(), await currentLook()))();
  if (photos.length < 2 || !api.batches) return open(photos[0] ?? files[0]);
  await attempt(async () => {
    const [{ many }, known, look] = await Promise.all([gather(), about(), currentLook()]);
    studio.leave();
    room?.stage.clear();
    showView("many");
    await many.start(photos, known, look);
    $("many-title").focus();
  })();
}

/** @param {string} name of a batch */
async function reopenMany(name) {
  try {
    const { many } = await gather();
    studio.leave();
    showView("many");
    await many.reopen(name);
  } catch (error) {
    home();
    complain($("start-error"), error);
  }
}

/** @param {"start" | "studio" | "many"} name */
function showView(name) {
  for (const view of ["start", "studio", "many"]) $(view).hidden = view !== name;
  if (name !== "many") together?.then(({ many }) => many.forget());
  $("new-photo").hidden = name === "start";
  if (name === "studio") room?.stage.fit();
}

/**
 * A photo from wherever: shown at once, sent, and looked at; with `like`, painted as the job of that id.
 *
 * @param {File} file @param {string | null} like
 */
async function open(file, like = null) {
  for (const id of ["start-error", "stage-error", "action-error"]) complain($(id));
  const cameFrom = $("start").hidden ? "stage-error" : "start-error";
  try {
    const [{ stage, gallery }, { limits: { bytes: most } }] = await Promise.all([enter(), about()]);
    if (file.size > most) throw new Error(t("error.photo_bytes", { size: Math.ceil(file.size / 1e6), most: Math.floor(most / 1e6) }));
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
    const { stage, gallery } = await enter();
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
  room?.stage.clear();
  history.replaceState(null, "", location.pathname);
  showView("start");
  recents.recent();
}

const recents = setUpHistory(studio, reopen, home);
studio.on("deleted", () => {
  home();
  complain($("start-error"), t("error.picture_gone"));
});
setUpTheme();
setUpHero();
setUpPhotos(studio, () => room, take);

$("home").addEventListener("click", (event) => {
  event.preventDefault();
  home();
});
/** @param {() => Promise<unknown>} call */
const attempt = (call) => async () => {
  try {
    await call();
  } catch (error) {
    complain($($("start").hidden ? "stage-error" : "start-error"), error);
  }
};
$("sample").addEventListener("click", attempt(async () =>
  open(new File([await api.portrait()], "portrait.jpg", { type: "image/jpeg" }))));
$("take").addEventListener("click", attempt(async () => {
  if (navigator.mediaDevices) (await enter()).camera.open(false);
  else $("capture-file").click(); // plain http from another computer: the phone's own camera takes it
}));
$("capture-file").addEventListener("change", () => {
  const photos = [...$("capture-file").files ?? []];
  $("capture-file").value = "";
  if (photos.length) take(photos);
});
$("open-live").hidden = !navigator.mediaDevices;
$("open-live").addEventListener("click", attempt(async () => (await enter()).camera.open(true)));
$("open-clips").addEventListener("click", attempt(async () => (await gather()).clip(null, await about(), await currentLook())));
$("drop-more").hidden = !api.clips;
$("open-phone").hidden = !api.phone || matchMedia("(pointer: coarse)").matches;
$("open-phone").addEventListener("click", attempt(async () => (await import("./phone.js")).openPhone(studio.job?.id ?? "")));
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
}
// Whoever comes near means to do something: what that needs is then there.
for (const event of ["pointermove", "pointerdown", "keydown", "dragenter"]) {
  addEventListener(event, () => void enter().catch(() => {}), { once: true, passive: true });
}
// How fast things are, for who wants to know.
Object.defineProperty(window, "styfie", { value: { studio, enter, get stage() { return room?.stage; } } });

if (isHere()) $("where").textContent = t("start.private_here");
try {
  const { computer, limits: { hours } } = await about();
  if (!isHere()) $("where").textContent = whereTo(computer, location.protocol);
  if (hours) $("retention").textContent = t("start.retention", { time: days(hours) });
} catch (error) {
  complain($("start-error"), error);
}
/** The address says which picture is open. */
function goTo() {
  const id = location.hash.slice(1);
  if (id === (studio.job?.id ?? "")) return null;
  if (id.startsWith("many-") && api.batches) return reopenMany(id);
  return /^[\w-]{8,}$/.test(id) ? reopen(id) : home();
}
window.addEventListener("hashchange", goTo);
if (location.hash.length > 1) await goTo();
else await recents.recent();
