// @ts-check
// The page in a tab: the server's page, with all that it asks for computed here; what is stored, and how to delete it.

import "./main.js";
import * as api from "./api.js";
import { $, complain, el, say } from "./dom.js";

const worker = navigator.serviceWorker;

$("where").textContent = "Nothing leaves this device: everything is computed in this tab.";
$("retention").textContent = "Photos and paintings are kept in memory only, and gone when the tab is closed.";

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

async function storage() {
  const names = await caches.keys();
  const { usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  return { names, usage };
}

async function showStorage() {
  const { names, usage } = await storage();
  say($("storage-text"), names.length
    ? `So that Styfie works without a network, this browser keeps the page and its networks: ${megabytes(usage)}. No photo and no painting is among them.`
    : "Nothing is stored. Styfie then needs the network the next time it is opened.");
  $("storage-delete").hidden = !names.length;
}

async function deleteAll() {
  try {
    for (const name of await caches.keys()) await caches.delete(name);
    for (const one of await worker.getRegistrations()) await one.unregister();
    localStorage.clear();
    await showStorage();
    $("storage-text").focus();
  } catch (error) {
    complain($("storage-error"), error);
  }
}

function setUpStorage() {
  const open = el("button", { type: "button", className: "linked", id: "storage-open", onclick: async () => {
    /** @type {HTMLDialogElement} */ (document.getElementById("storage")).showModal();
    await showStorage();
  } }, "What is stored?");
  document.querySelector(".privacy")?.append(" ", open);
  $("storage-delete").addEventListener("click", deleteAll);
}

/** Cached for the next visit, without a network; and threads, for which pages must be isolated. */
async function setUpWorker() {
  if (!worker || location.protocol === "file:") return;
  const registration = await worker.register("sw.js");
  if (registration.waiting && worker.controller && !location.hash) await takeOver(registration.waiting);
  followUpdates(registration);
  await worker.ready;
  // The worker adds the headers that isolation needs: pages that were loaded without it are loaded once more.
  if (!crossOriginIsolated && registration.active && !sessionStorage.getItem("isolated")) {
    sessionStorage.setItem("isolated", "tried");
    if (!location.hash) location.reload();
  }
}

/** Without a photo: a page that begins takes what waits, while a busy one would hold the old worker. */
function reload() {
  history.replaceState(null, "", location.pathname);
  location.reload();
}

/** The page is loaded anew by a newer worker. @param {ServiceWorker} newer @returns {Promise<never>} */
function takeOver(newer) {
  worker.addEventListener("controllerchange", () => location.reload(), { once: true });
  newer.postMessage("take over");
  return new Promise(() => {});
}

/** A new version that is stored while this one is open is offered, for photos would be lost by it. @param {ServiceWorkerRegistration} registration */
function followUpdates(registration) {
  registration.addEventListener("updatefound", () => {
    const newer = registration.installing;
    newer?.addEventListener("statechange", () => {
      if (newer.state !== "installed" || !worker.controller || document.getElementById("update")) return;
      const update = el("button", { type: "button", className: "linked", id: "update", onclick: reload }, "Load the new version");
      document.querySelector(".privacy")?.append(" ", update);
    });
  });
}

/** The network for clicks, the portrait and all styles, one after the other, when the networks are there: so that they work without a network. */
async function keepPictures() {
  const { styles } = await (await fetch("models/gallery.json")).json();
  const files = styles.flatMap((/** @type {{ file: string, small: string }} */ one) => [`styles/${one.small}`, `styles/${one.file}`]);
  for (const file of worker?.controller ? ["clicks.onnx", "portrait.jpg", ...files] : []) await fetch(`models/${file}`, { priority: "low" });
  document.documentElement.dataset.kept = "all";
}

setUpStorage();
if (worker) await setUpWorker().catch(() => {}); // as in a private window: it works without
api.ready().then(({ provider, threads }) => {
  document.documentElement.dataset.runs = `${provider} ${threads}`;
  keepPictures().catch(() => {}); // another time
}, (error) => complain($("start-error"), error));
