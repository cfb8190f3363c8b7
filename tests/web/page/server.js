// A server that answers what a test says, in place of `fetch`, and as much of a document as modules without one need.

globalThis.CustomEvent ??= class extends Event { // in Node since version 19
  constructor(name, { detail } = {}) {
    super(name);
    this.detail = detail;
  }
};
globalThis.document ??= { hidden: false, addEventListener() {}, removeEventListener() {} };

/** Answer each request by `reply(path, options)`; gives back what was asked: `[method, path, options]` each. */
export function serve(reply) {
  const asked = [];
  globalThis.fetch = async (address, options = {}) => {
    const path = address.replace("/api/v1", "");
    asked.push([options.method ?? "GET", path, options]);
    return reply(path, options);
  };
  return asked;
}

export const json = (body, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

/** A job as the server describes one that was read. */
export const job = (id, more = {}) => ({
  id, name: "me.jpg", state: "ready", note: "", error: "", error_code: "", created: 0, width: 4, height: 3,
  regions: ["subject", "background"].map((name) => ({ name, side: name, score: 1, doubtful: false, area: 0.5 })),
  looks: {}, settings: { size: 512, quality: "standard", steps: 0 }, styles: [], previews: 0, painted: [], sketched: [],
  parts: [], heads: {}, undo: 0, redo: 0, progress: null, queue: 0, pictures: [], versions: [], batch: "", version: 1, ...more,
});

/** Until all that can go on has gone on. */
export const quiet = () => new Promise((done) => setTimeout(done, 20));
