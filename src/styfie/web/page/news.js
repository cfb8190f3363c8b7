// @ts-check
// A shared worker: one stream of the server's news for all tabs, as a browser keeps six connections to a server.
// It tells each tab the ids of jobs that changed, and whether the stream is open. Its name is the stream's address.

/** @type {MessagePort[]} */
const tabs = [];
const stream = new EventSource(/** @type {{ name: string }} */ (/** @type {unknown} */ (self)).name);
const state = () => ({ open: stream.readyState === EventSource.OPEN });
/** @param {{ id: string } | { open: boolean }} news */
const tell = (news) => tabs.forEach((tab) => tab.postMessage(news));

stream.addEventListener("message", ({ data }) => tell({ id: data }));
for (const event of ["open", "error"]) stream.addEventListener(event, () => tell(state()));
self.addEventListener("connect", (event) => {
  const [tab] = /** @type {MessageEvent} */ (event).ports;
  tabs.push(tab);
  tab.postMessage(state());
});
