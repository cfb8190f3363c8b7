"""The page's times in headless Chromium: first painted picture, previews of one's own face, sliders, long tasks.

PYTHONPATH=. python benchmarks/page.py
"""

from __future__ import annotations

import io
import json
import statistics
import time
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browsers import CHROMIUM
from tests.web.browser.visits import PORTRAIT, Visit

from web import serving, until

FACES = "document.querySelectorAll('#suggestions img:not([hidden])').length"
SKETCH = "document.getElementById('badge').textContent === 'Sketch'"
STYLES = {"subject": "ink", "background": "night", "hair": "glass"}
LOOKS = {name: {"styles": [{"name": style}]} for name, style in STYLES.items()}
WATCH = """() => {
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration)))
    .observe({type: "longtask"});
}"""
SLIDE = """async () => {
  const {studio} = styfie;
  const times = [];
  const slider = document.getElementById("strength");
  for (let n = 0; n < 24; n++) {
    const start = performance.now();
    const shown = new Promise((done) => studio.addEventListener("picture", done, {once: true}));
    slider.value = String(40 + 2 * n);
    slider.dispatchEvent(new Event("input"));
    await shown;
    times.push(performance.now() - start);
    await new Promise(requestAnimationFrame);
  }
  return times;
}"""


def first_picture(browser: Any, address: str) -> None:
    """From the drop to the first painted picture, and to six faces."""
    visit = Visit(browser, address, faces=True, viewport={"width": 1280, "height": 800})
    visit.home()
    visit.page.mouse.move(300, 300)  # whoever drops something has come near
    visit.page.wait_for_timeout(1500)
    began = time.monotonic()
    visit.drop(PORTRAIT)
    visit.until(f"{SKETCH} && (styfie.studio.first || styfie.studio.layers.size === 2)")
    print(f"drop to the first painted picture, rough: {time.monotonic() - began:.2f} s (bar 2.5)", flush=True)
    visit.until(f"{SKETCH} && styfie.studio.layers.size === 2 && !styfie.studio.busy.has('preview')")
    print(f"the whole sketch: {time.monotonic() - began:.2f} s after the drop", flush=True)
    visit.until(f"{FACES} >= 6", 240)
    print(f"six previews of one's own face: {time.monotonic() - began:.2f} s after the drop (bar 8)", flush=True)
    visit.context.close()


def sliders(browser: Any, address: str, size: int) -> None:
    """A slider with three regions, and the longest task meanwhile."""
    visit = Visit(browser, address, viewport={"width": 1280, "height": 800})
    visit.page.add_init_script(f"({WATCH})()")
    form = {
        "photo": {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": large()},
        "request": json.dumps({"looks": LOOKS, "settings": {"size": size, "engine": "fast"}}),
    }
    job = visit.context.request.post(f"{address}/api/v1/jobs", multipart=form, timeout=120_000).json()["id"]
    until(lambda: visit.context.request.get(f"{address}/api/v1/jobs/{job}").json()["state"] in ("done", "failed"))
    visit.page.goto(f"{address}/#{job}")
    visit.until("styfie.studio.layers.size === 3", 240)
    visit.settle()
    opened = visit.page.evaluate("() => window.long.splice(0)")
    times = visit.page.evaluate(SLIDE)
    sliding = visit.page.evaluate("() => window.long")
    median, most = statistics.median(times), max(times)
    print(f"{size} px, three regions: slider {median:.0f} ms median, {most:.0f} at most (bar 50 at 1024)")
    tasks = f"{max(opened, default=0):.0f} ms while it opens, {max(sliding, default=0):.0f} while it slides"
    print(f"    longest task {tasks} (bar 100)", flush=True)
    visit.context.close()


def large() -> bytes:
    """The portrait, enlarged to 2048 pixels."""
    held = io.BytesIO()
    with Image.open(PORTRAIT) as image:
        image.resize((2048, 2048)).save(held, "JPEG", quality=90)
    return held.getvalue()


def main() -> None:
    with serving() as (client, _), sync_playwright() as playwright:
        address = str(client.base_url).partition("/api")[0]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        first_picture(browser, address)
        for size in (1024, 2048):
            sliders(browser, address, size)
        browser.close()


if __name__ == "__main__":
    main()
