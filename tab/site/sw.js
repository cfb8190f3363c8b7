// @ts-check
// The service worker: keeps the page and its networks, so that it works without a network, and isolates the page, so
// that WebAssembly has threads. It stores what came from this folder, and nothing else.
//
// A new version is stored beside the old one, and takes its place when the page asks for it, or all of its windows are
// closed: a page never gets files of two versions.

/// <reference lib="webworker" />

const VERSION = "@version@"; // of all files' contents, written when the site is built
/** @type {string[]} */
const FIRST = ["@first@"]; // what is kept at once: the page and its code; networks and styles when they are first used

const scope = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const NAME = `styfie-${VERSION}`;

/** Asked of the host, whatever the browser has of an earlier version. @param {string | Request} file */
const asked = (file) => new Request(file, { cache: "no-cache" });

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FIRST.map(asked))));
});

scope.addEventListener("message", ({ data }) => {
  if (data === "take over") scope.skipWaiting();
});

scope.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("styfie-") && name !== NAME) await caches.delete(name);
    await scope.clients.claim();
  })());
});

/**
 * The same with the headers of isolation. Its body is read here, for one that a page does not read to its end would
 * keep this worker from giving way to a newer one.
 *
 * @param {Response} reply
 */
async function isolated(reply) {
  if (reply.type === "opaqueredirect") return reply;
  const headers = new Headers(reply.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  const body = reply.body && await reply.arrayBuffer();
  return new Response(body, { status: reply.status, statusText: reply.statusText, headers });
}

/** @param {FetchEvent} event */
async function answer(event) {
  const { request } = event;
  const page = request.mode === "navigate"; // there is one, whatever it is called
  const there = await caches.has(NAME); // not when it was deleted: then nothing is stored any more
  const cache = there ? await caches.open(NAME) : null;
  const known = await cache?.match(page ? "./" : request, { ignoreSearch: true });
  if (known) return isolated(known);
  const reply = await fetch(page ? request : asked(request));
  if (cache && reply.status === 200 && !page) event.waitUntil(cache.put(request, reply.clone()).catch(() => {})); // no room is no fault
  return isolated(reply);
}

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(event));
});
