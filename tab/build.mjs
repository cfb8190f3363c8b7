// Builds the site of `make tab`: the server's page, what replaces parts of it in a tab, ONNX Runtime, and the models
// that `styfie export tab` wrote. Copies alone: nothing is bundled.
//
//   node tab/build.mjs MODELS FOLDER
//   node tab/build.mjs --modules FOLDER     only the JavaScript, with its types, to be checked

import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import messages from "../src/styfie/web/page/messages.js";

const HERE = dirname(fileURLToPath(import.meta.url));
const [PAGE, SITE] = [join(HERE, "../src/styfie/web/page"), join(HERE, "site")];
const RUNTIME = join(HERE, "../node_modules/onnxruntime-web/dist");
const SHADOWS = new Set(["api.js", "names.js"]); // of the page's own, which are then NAME.page.js
// The runtime with WebGPU, which needs a larger WebAssembly, is loaded where there is WebGPU alone.
const ORT = {
  "ort.wasm.min.mjs": "ort.wasm.mjs", "ort.webgpu.min.mjs": "ort.webgpu.mjs",
  "ort-wasm-simd-threaded.mjs": "", "ort-wasm-simd-threaded.wasm": "",
  "ort-wasm-simd-threaded.asyncify.mjs": "", "ort-wasm-simd-threaded.asyncify.wasm": "",
};

/** @param {string} text @param {[string | RegExp, string][]} changes each of which must be there */
function changed(text, changes) {
  return changes.reduce((before, [from, to]) => {
    const after = before.replace(from, to);
    if (after === before) throw new Error(`The page has no ${from} any more: tab/build.mjs must follow it.`);
    return after;
  }, text);
}

const STORAGE = `<dialog id="storage" class="sheet" aria-labelledby="storage-title">
  <div class="sheet-head"><h2 id="storage-title">What is stored</h2><button class="quiet round" type="button" data-close aria-label="Close"><svg class="icon" aria-hidden="true"><use href="#i-close"/></svg></button></div>
  <p id="storage-text" tabindex="-1" role="status"></p>
  <p class="error" id="storage-error" role="alert" hidden></p>
  <div class="action-buttons"><button type="button" id="storage-delete"><svg class="icon" aria-hidden="true"><use href="#i-trash"/></svg>Delete it</button></div>
</dialog>

<dialog id="camera"`;

/** The page with its sentences in it. @param {string} page */
const filled = (page) => page.replace(/\{\{([\w.]+)\}\}/g, (_, key) =>
  messages[key].replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;"));

/** @param {string} page */
const index = (page) => changed(filled(page), [
  ['<meta name="referrer"', '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'; script-src \'self\' \'wasm-unsafe-eval\'; worker-src \'self\' blob:; img-src \'self\' blob: data:; media-src \'self\' blob:; connect-src \'self\' blob:; style-src \'self\' \'unsafe-inline\'; base-uri \'none\'; form-action \'none\'; object-src \'none\'">\n<meta name="referrer"'],
  ['<script type="module" src="main.js"></script>', '<link rel="stylesheet" href="tab.css">\n<script type="module" src="tab.js"></script>'],
  ['<dialog id="camera"', STORAGE],
]);

/** @param {string} folder @returns {string[]} */
const filesIn = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((one) => one.isFile()).map((one) => relative(folder, join(one.parentPath, one.name))).sort();

/** The page's modules and the tab's own, which replace some of them. @param {string} folder @param {boolean} types */
function copyModules(folder, types) {
  rmSync(folder, { recursive: true, force: true });
  for (const file of readdirSync(PAGE).filter((one) => types || !one.endsWith(".d.ts"))) {
    cpSync(join(PAGE, file), join(folder, SHADOWS.has(file) ? file.replace(".js", ".page.js") : file));
  }
  for (const file of filesIn(SITE)) {
    if (existsSync(join(folder, file))) throw new Error(`Both the page and the tab have ${file}.`);
    cpSync(join(SITE, file), join(folder, file));
  }
}

/** @param {string} models @param {string} folder */
function build(models, folder) {
  if (!existsSync(RUNTIME)) throw new Error("ONNX Runtime is not there: npm ci");
  copyModules(folder, false);
  writeFileSync(join(folder, "index.html"), index(readFileSync(join(PAGE, "index.html"), "utf8")));
  for (const [file, name] of Object.entries(ORT)) cpSync(join(RUNTIME, file), join(folder, "ort", name || file));
  cpSync(models, join(folder, "models"), { recursive: true });
  writeServiceWorker(folder);
  const bytes = filesIn(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  console.log(`Wrote ${folder}: ${(bytes / 1e6).toFixed(0)} MB. Serve it as it is, for instance: python3 -m http.server -d ${folder}`);
}

/** It knows the files to keep at once, and their version. @param {string} folder */
function writeServiceWorker(folder) {
  const files = filesIn(folder).filter((file) => file !== "sw.js");
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
  const first = ["./", ...files.filter((file) => !/^(models|ort)\//.test(file) && file !== "index.html"), "models/gallery.json"];
  const text = changed(readFileSync(join(folder, "sw.js"), "utf8"), [
    ["@version@", hash.digest("hex").slice(0, 12)], ['["@first@"]', JSON.stringify(first)],
  ]);
  writeFileSync(join(folder, "sw.js"), text);
}

const [models, folder] = process.argv.slice(2);
if (models === "--modules") copyModules(folder, true);
else build(models, folder);
