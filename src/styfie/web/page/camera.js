// @ts-check
// The camera: take a photo, or see oneself painted live by the fast engine.

import * as api from "./api.js";
import { $, complain, contextOf, el, say } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { Gallery } from "./gallery.js"
 *
 * @typedef {{ id: string | null, stopped: boolean }} Live the server's camera that frames go to, once it is there
 */

const LIVE = 320; // longest side in pixels at which frames are painted

/** @type {Record<string, string>} */
const WHY = {
  NotAllowedError: t("camera.not_allowed"), NotFoundError: t("camera.not_found"), NotReadableError: t("camera.in_use"),
};

/** @param {Gallery} gallery @param {(photo: File) => void} take */
export function setUpCamera(gallery, take) {
  const dialog = $("camera");
  const video = $("video");
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {Live | null} */
  let live = null;

  /** @param {boolean} paintLive */
  async function open(paintLive) {
    complain($("camera-error"));
    $("shoot").disabled = $("live-toggle").disabled = true;
    dialog.showModal();
    try {
      if (!navigator.mediaDevices) throw new Error(t("camera.insecure"));
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1440 } } });
      if (!dialog.open) return close();
      video.srcObject = stream;
      await video.play();
      $("shoot").disabled = $("live-toggle").disabled = false;
      if (paintLive) await start();
    } catch (error) {
      complain($("camera-error"), (error instanceof DOMException && WHY[error.name]) || error);
    }
  }

  function close() {
    stop();
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
  }

  /**
   * What the camera sees now, as a JPEG of at most so many pixels.
   *
   * @param {number} longest @param {number} quality 0 to 1
   */
  function frame(longest, quality = 0.92) {
    const scale = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight));
    const canvas = new OffscreenCanvas(Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale));
    const context = contextOf(canvas);
    context.setTransform(-1, 0, 0, 1, canvas.width, 0); // as in a mirror, which is what the page shows
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas.convertToBlob({ type: "image/jpeg", quality });
  }

  async function start() {
    stop();
    /** @type {Live} */
    const mine = { id: null, stopped: false };
    live = mine;
    $("live-toggle").setAttribute("aria-pressed", "true");
    say($("live-toggle"), t("camera.stop"));
    $("live-styles").hidden = false;
    try {
      /** @param {string} name */
      const styled = (name) => ({ styles: name ? [{ name, weight: 1 }] : [] });
      const looks = { subject: styled($("live-subject").value), background: styled($("live-background").value) };
      const { id } = await api.camera.open(looks, LIVE);
      mine.id = id;
      while (!mine.stopped) {
        const { picture, rate } = await api.camera.frame(id, await frame(LIVE, 0.85));
        if (mine.stopped) break;
        await showFrame(picture, rate);
      }
    } catch (error) {
      if (!mine.stopped) {
        stop();
        complain($("camera-error"), error);
      }
    }
    if (mine.id) await api.camera.close(mine.id).catch(() => {});
  }

  /** @param {Blob} picture @param {number} rate frames a second */
  async function showFrame(picture, rate) {
    const bitmap = await createImageBitmap(picture);
    const canvas = $("live");
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    contextOf(canvas).drawImage(bitmap, 0, 0);
    bitmap.close();
    canvas.hidden = $("rate").hidden = $("live-save").hidden = false;
    video.classList.add("sr");
    if (rate) say($("rate"), t("camera.rate", { rate: rate.toFixed(1) }));
  }

  function stop() {
    if (live) live.stopped = true;
    live = null;
    $("live-toggle").setAttribute("aria-pressed", "false");
    say($("live-toggle"), t("camera.start"));
    $("live").hidden = $("rate").hidden = $("live-styles").hidden = $("live-save").hidden = true;
    video.classList.remove("sr");
  }

  $("shoot").addEventListener("click", async () => {
    const photo = await frame(4096);
    dialog.close();
    take(new File([photo], "camera.jpg", { type: "image/jpeg" }));
  });
  $("live-toggle").addEventListener("click", () => (live ? stop() : start()));
  for (const id of /** @type {const} */ (["live-subject", "live-background"])) {
    $(id).addEventListener("change", () => live && start());
  }
  $("live-save").addEventListener("click", () => {
    $("live").toBlob((blob) => {
      if (!blob) return;
      const link = el("a", { href: URL.createObjectURL(blob), download: "live.png" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  });
  dialog.addEventListener("close", close);

  /** The gallery's styles, of which one is chosen for each. @param {string} subject @param {string} background */
  function styles(subject, background) {
    const both = /** @type {const} */ ([["live-subject", subject], ["live-background", background]]);
    for (const [id, chosen] of both) {
      $(id).replaceChildren(el("option", { value: "" }, t("camera.plain")),
        ...gallery.styles.map((one) => el("option", { value: one.name, selected: one.name === chosen }, one.title)));
    }
  }
  return { open, styles };
}
