"""The site of `make tab` in headless Chromium beside the Python engine: time, memory, and whether either grows.

PYTHONPATH=. python benchmarks/tab.py [--photos 20] [--size 512] [--filters]

Each photo is opened, its person found, and painted in two styles; the first one with a browser that has just loaded
the page. *Person* and *painted* are seconds since the photo was given. Processor time is that of all of the browser's
processes, memory theirs, what they share counted once (PSS); both are read from /proc, so it wants Linux. With `--keep`
photos stay open, as they do for who paints many.
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import Error, Page, sync_playwright

import styfie
from styfie.pipeline import PORTRAIT
from styfie.settings import Settings
from tests.browsers import CHROMIUM

PAIRS = {"fast": ("great-wave", "kiss"), "filters": ("ink", "comic")}
PAINT = """async ([text, settings, pair, keep]) => {
  const api = await import(new URL("api.js", location.href));
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const start = performance.now();
  const { id } = await api.upload(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
  const opened = performance.now();
  const look = (name) => ({ styles: [{ name, weight: 1 }] });
  const { version } = await api.job(id);
  await api.looks(id, { subject: look(pair[0]), background: look(pair[1]) }, version);
  const ends = (resolve) => (job) => ["done", "failed"].includes(job.state) && resolve(job);
  const done = new Promise((resolve) => api.follow(id, ends(resolve), () => {}));
  await api.paint(id, settings);
  const { state, error } = await done;
  if (state !== "done") throw new Error(error);
  const painted = performance.now();
  if (!keep) await api.remove(id);
  return [(opened - start) / 1000, (painted - start) / 1000];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=Path("build/tab"))
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--one", action="store_true", help="one thread: the page is not isolated")
    parser.add_argument("--keep", action="store_true", help="photos stay open")
    parser.add_argument("--filters", dest="engine", action="store_const", const="filters", default="fast")
    options = parser.parse_args()
    print(f"what              person  painted  processor   memory, {options.size} px, {os.cpu_count()} processors")
    library(options.size, options.engine)
    with sync_playwright() as playwright:
        tab(playwright, options)


def library(size: int, engine: str) -> None:
    """Paint the portrait twice."""
    settings = Settings(size=size, engine=engine, device="cpu")
    person, behind = PAIRS[engine]
    for name in ("library, first", "library"):
        wall, busy = time.perf_counter(), time.process_time()
        styfie.paint(PORTRAIT, subject=person, background=behind, settings=settings)
        row(name, None, time.perf_counter() - wall, time.process_time() - busy, None)
    print(f"  PyTorch with {torch.get_num_threads()} threads")


def tab(playwright: Any, options: argparse.Namespace) -> None:
    """Paint the portrait again and again in one page."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    with Serving(options.site) as address:
        page = browser.new_context().new_page()
        if options.one:
            page.add_init_script("sessionStorage.setItem('isolated', 'tried')")
        page.goto(address)
        runs = ready(page)
        print(f"  {runs} threads; the page holds {memory():.0f} MB")
        text = base64.b64encode(PORTRAIT.read_bytes()).decode()
        for n in range(options.photos):
            busy = processor_time()
            settings = {"size": options.size, "engine": options.engine}
            opened, painted = page.evaluate(PAINT, [text, settings, PAIRS[options.engine], options.keep])
            row(f"tab, photo {n + 1}", opened, painted, processor_time() - busy, memory())
    browser.close()


def ready(page: Page) -> str:
    """Wait until all is stored, and say what the networks run on; the page loads itself anew once."""
    while True:
        try:
            kept, runs = page.evaluate("(({kept, runs}) => [kept, runs])(document.documentElement.dataset)")
        except Error:
            kept = None  # it is being loaded
        if kept:
            return str(runs)
        page.wait_for_timeout(200)


def row(name: str, person: float | None, painted: float, processor: float, size: float | None) -> None:
    first = f"{person:6.1f}s" if person else "       "
    last = f"{size:7.0f} MB" if size else ""
    print(f"{name:16}  {first}  {painted:6.1f}s  {processor:8.1f}s  {last}", flush=True)


class Serving:
    """A folder on loopback."""

    def __init__(self, folder: Path) -> None:
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

        handler = functools.partial(Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()


def browsers() -> Iterator[Path]:
    """The /proc folders of this process's descendants that are Chromium."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    for one in parents:
        above: int | None = one
        while above and above != os.getpid():
            above = parents.get(above)
        if above and one != os.getpid():
            yield Path("/proc") / str(one)


def over(read: Callable[[Path], float]) -> float:
    total = 0.0
    for folder in browsers():
        try:
            total += read(folder)
        except OSError:
            continue
    return total


def processor_time() -> float:
    """Seconds of all of the browser's processes."""

    def read(folder: Path) -> float:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    return over(read)


def memory() -> float:
    """Megabytes of all of the browser's processes: proportional set size."""

    def read(folder: Path) -> float:
        lines = (folder / "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3

    return over(read)


if __name__ == "__main__":
    main()
