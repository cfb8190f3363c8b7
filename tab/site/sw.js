// @ts-check
// The service worker: keeps the page and its networks, so that it works without a network, and isolates the page, so
// that WebAssembly has threads. It stores what came from this folder, and nothing else.

/// <reference lib="webworker" />

const VERSION = "@version@"; // of all files' contents, written when the site is built
/** @type {string[]} */
const FIRST = ["@first@"]; // what is kept at once: the page and its code; networks and styles when they are first used

const scope = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const NAME = `styfie-${VERSION}`;

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FIRST)).then(() => scope.skipWaiting()));
});

scope.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("styfie-") && name !== NAME) await caches.delete(name);
    await scope.clients.claim();
  })());
});

/** The same with the headers of isolation. @param {Response} reply */
function isolated(reply) {
  const headers = new Headers(reply.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(reply.body, { status: reply.status, statusText: reply.statusText, headers });
}

/** @param {Request} request */
async function answer(request) {
  const cache = await caches.open(NAME);
  const known = await cache.match(request, { ignoreSearch: true });
  if (known) return isolated(known);
  const reply = await fetch(request);
  if (reply.ok && reply.status === 200) await cache.put(request, reply.clone());
  return isolated(reply);
}

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});
