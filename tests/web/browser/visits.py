"""A visit of the page in a real browser: the system's Chromium, the server on loopback, the built-in portrait."""

from __future__ import annotations

import base64
import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import styfie
from tests.browsers import PIXELS
from tests.web.tokens import cookie_of

PORTRAIT = Path(styfie.__file__).parent / "assets" / "portrait.jpg"
PHONE = {"width": 390, "height": 844}
DROP = """([selector, name, kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type: kind}));
  const target = document.querySelector(selector);
  const box = target.getBoundingClientRect();
  for (const type of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, {
      bubbles: true, cancelable: true, dataTransfer: transfer,
      clientX: box.left + box.width * 0.05, clientY: box.top + box.height * 0.5,
    }));
  }
}"""
NO_FACES = """() => {
  const asked = window.fetch;
  window.fetch = (what, ...more) => {
    if (!String(what?.url ?? what).includes("/face.jpg")) return asked(what, ...more);
    const canvas = new OffscreenCanvas(8, 8);
    canvas.getContext("2d");
    return canvas.convertToBlob().then((blob) => new Response(blob));
  };
}"""  # looks on one's own face are painted in the time that is free: of tests that look at something else there is none


class Visit:
    """A page, what it asked for, and what went wrong in it; looks on one's own `faces` are painted if asked for."""

    def __init__(self, browser: Any, address: str, faces: bool = False, **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**options)
        self.context.add_cookies([cookie_of(address)])
        if not faces:
            self.context.add_init_script(f"({NO_FACES})()")
        self.page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.asked: list[tuple[str, str]] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append((request.method, request.url)))
        self.page.on(
            "console",
            lambda m: self.wrong.append(f"{m.text} {m.location['url']}") if m.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    @classmethod
    def beside(cls, visit: Visit) -> Visit:
        """Another tab of the same browser, at the same picture."""
        found = cls.__new__(cls)
        found.address, found.context, found.asked, found.wrong = visit.address, visit.context, visit.asked, visit.wrong
        found.page = visit.context.new_page()
        found.page.set_default_timeout(90_000)
        found.page.on(
            "console",
            lambda m: visit.wrong.append(f"{m.text} {m.location['url']}") if m.type in ("error", "warning") else None,
        )
        found.page.goto(visit.page.url, wait_until="domcontentloaded")
        found.settle()
        return found

    def until(self, what: str, seconds: float = 120) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"() => Boolean({what})"):
            state = self.page.evaluate("() => JSON.stringify(styfie.studio.job)") if time.monotonic() > end else ""
            assert not state, f"{what} did not come true; {state}; {self.wrong}"
            self.page.wait_for_timeout(30)

    def drop(self, file: Path, kind: str = "image/jpeg", on: str = "#drop") -> None:
        """Drop a file, on the left side of what is chosen."""
        data = base64.b64encode(file.read_bytes()).decode()
        self.page.evaluate(DROP, [on, file.name, kind, data])

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self.until("styfie.studio.scene && !styfie.studio.busy.size && !styfie.studio.running")

    def home(self) -> None:
        """The start page."""
        self.page.goto(self.address, wait_until="domcontentloaded")
        self.page.wait_for_selector("#hero img")

    def open(self, size: int = 160, asked: dict[str, Any] | None = None, photo: Path = PORTRAIT) -> None:
        """A photo as a job of few pixels, which are enough for what the page does with them."""
        form = {
            "photo": {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photo.read_bytes()},
            "request": json.dumps(asked or {"settings": {"size": size}}),
        }
        reply = self.context.request.post(f"{self.address}/api/v1/jobs", multipart=form, timeout=120_000)
        assert reply.ok, reply.text()
        self.page.goto(f"{self.address}/#{reply.json()['id']}", wait_until="domcontentloaded")
        self.settle()

    def style(self, region: str, style: str) -> None:
        """Choose a region and a style for it, and wait for the sketch."""
        self.page.click(f'#regions [data-name="{region}"]')
        self.page.click(f'#styles [data-style="{style}"]')
        self.shows(region, style)

    def shows(self, region: str, style: str) -> None:
        """Wait until the region has that style, and the picture is of it and of all else that is asked."""
        self.until(f"styfie.studio.look('{region}').styles[0]?.name === '{style}'")
        self.current()

    def current(self) -> None:
        """Wait until nothing is under way, the server knows the looks, and the picture is of what they ask."""
        self.page.evaluate("() => styfie.studio.saveLooks.now()")
        self.settle()
        self.until("!styfie.studio.busy.size && styfie.studio.current")

    def paint(self, size: int, steps: int) -> None:
        """Press the button, with fewer pixels and steps than it offers."""
        more = "([id, value]) => document.getElementById(id).add(new Option(value, value, true, true))"
        self.page.evaluate(more, ["size", size])
        self.page.evaluate(more, ["steps", steps])
        self.page.click("#paint")

    def job(self) -> dict[str, Any]:
        """The job as the page knows it."""
        found: dict[str, Any] = self.page.evaluate("() => styfie.studio.job")
        return found

    def shown(self) -> NDArray[np.int16]:
        """What the page blended, RGB."""
        width, height, text = self.page.evaluate(PIXELS)
        pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
        return pixels[..., :3].astype(np.int16)

    def rendered(self, name: str = "both") -> NDArray[np.int16]:
        """What the library renders of the looks that the server knows, RGB."""
        reply = self.context.request.get(f"{self.address}/api/v1/jobs/{self.job()['id']}/pictures/{name}.png")
        assert reply.ok, reply.text()
        return np.asarray(Image.open(io.BytesIO(reply.body())).convert("RGB")).astype(np.int16)

    def close(self) -> None:
        """Leave; nothing went wrong, and nothing was asked of anybody else."""
        self.context.close()
        assert not self.wrong, self.wrong
        inside = (self.address, "blob:", "data:")
        assert not [url for _, url in self.asked if not url.startswith(inside)]


def alike(visit: Visit) -> None:
    """The page's picture is the library's, within 2/255, both of the last change."""
    visit.current()
    difference = np.abs(visit.shown() - visit.rendered())
    assert difference.max() <= 2, (difference.max(), (difference > 2).mean())


def saved(visit: Visit, press: str) -> dict[str, bytes]:
    """What is downloaded by pressing something, by its name."""
    with visit.page.expect_download() as found:
        visit.page.click(press)
    return {found.value.suggested_filename: Path(found.value.path()).read_bytes()}
