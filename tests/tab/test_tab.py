"""The site of `make tab` in a real browser: served from a folder, then with its server gone."""

from __future__ import annotations

import base64
import gzip
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import styfie
from styfie.export import export
from styfie.gallery import BUILT_IN
from styfie.gallery.masters import master_file
from styfie.pipeline import read_photo
from styfie.segmentation.portrait import PortraitSegmenter, load_shipped
from styfie.settings import Settings
from styfie.storage.xmp import SourceType, xmp_packet
from tests.browsers import CHROMIUM, PIXELS
from tests.tab.serving import Server

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
RUNTIME = ROOT / "node_modules" / "onnxruntime-web"
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the tab is not tested")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found: the tab is not tested in a browser"),
    pytest.mark.skipif(NODE is None or not RUNTIME.exists(), reason="no ONNX Runtime from npm: the tab is not tested"),
]
PORTRAIT = Path(styfie.__file__).parent / "assets" / "portrait.jpg"
STYLES = ("great-wave", "kiss", "autumn", "night", "ink")
MOST = 18e6  # bytes of a first visit, compressed
CLOSE = 2.0  # levels of 8 bits, in the mean
SIZE = 384


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with three styles."""
    folder = tmp_path_factory.mktemp("tab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("styfie.export.tab.BUILT_IN", {name: BUILT_IN[name] for name in STYLES})
        patch.setattr("styfie.export.tab.PAIRS", (("kiss", "great-wave"),))
        export("tab", folder / "models")
    assert NODE is not None
    command = [NODE, str(ROOT / "tab" / "build.mjs"), str(folder / "models"), str(folder / "on" / "styfie")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "on" / "styfie"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Tab:
    """The page, all that it asked for, and what went wrong in it."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**options)
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def until(self, what: str, seconds: float = 240) -> None:
        """Wait until a JavaScript expression is true; the page loads itself anew once."""
        end = time.monotonic() + seconds
        while True:
            try:
                if self.page.evaluate(f"() => Boolean({what})"):
                    return
            except sync_api.Error as error:
                assert "context" in str(error) or "navigat" in str(error), error
            said = "() => [...document.querySelectorAll('.error:not([hidden])')].map((one) => one.textContent)"
            late = time.monotonic() > end and [*self.wrong, *self.page.evaluate(said)]
            assert late is False, f"{what} did not come true; {late}"
            self.page.wait_for_timeout(50)

    def visit(self) -> None:
        self.page.goto(self.address, wait_until="domcontentloaded")
        self.until("document.documentElement.dataset.kept")

    def settle(self) -> None:
        self.until("styfie.studio.scene && !styfie.studio.busy.size && !styfie.studio.running")

    def open(self) -> None:
        self.page.click("#sample")
        self.settle()

    def style(self, region: str, style: str) -> None:
        self.page.click(f'#regions [data-name="{region}"]')
        self.page.click(f'#styles [data-style="{style}"]')
        self.settle()
        self.until("!styfie.studio.busy.size && styfie.studio.current")

    def paint(self, size: int) -> None:
        self.page.evaluate("(size) => styfie.studio.paint({size})", size)
        self.until("['done', 'failed'].includes(styfie.studio.job.state)")
        self.settle()
        assert self.page.evaluate("() => styfie.studio.job.error") == ""

    def shown(self) -> NDArray[np.float32]:
        """What the page blended, RGB in levels of 8 bits."""
        width, height, data = self.page.evaluate(PIXELS)
        pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
        return pixels[..., :3].astype(np.float32)

    def inside(self) -> NDArray[np.bool_]:
        """Where the person is."""
        found = self.page.evaluate("() => [...styfie.studio.scene.soft.owner]")
        width = self.page.evaluate("() => styfie.studio.scene.width")
        owner: NDArray[np.uint8] = np.array(found, np.uint8).reshape(-1, width)
        within: NDArray[np.bool_] = owner == 0
        return within


@pytest.fixture
def tab(chromium: Any, site: Path) -> Iterator[Tab]:
    server = Server(site)
    tab = Tab(chromium, server.address, viewport={"width": 1280, "height": 900})
    tab.visit()
    yield tab
    tab.context.close()
    server.stop()


def test_a_first_visit_is_small(site: Path) -> None:
    runtime = max(packed(site / "ort" / f"ort-wasm-simd-threaded{kind}.wasm") for kind in ("", ".asyncify"))
    networks = sum(packed(file) for file in (site / "models").glob("*.onnx") if file.stem != "clicks")  # comes later
    page = sum(packed(file) for file in site.rglob("*") if file.suffix in (".js", ".mjs", ".css", ".html", ".png"))
    small = len(BUILT_IN) * max(file.stat().st_size for file in site.rglob("*.small.webp"))
    styles = 2 * max(file.stat().st_size for file in (site / "models" / "styles").glob("*.jpg"))
    assert runtime + networks + page + small + styles < MOST


def packed(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 6))


@pytest.mark.usefixtures("float32")
def test_paints_as_the_library_does_and_without_a_network(chromium: Any, site: Path) -> None:
    server = Server(site)
    tab = Tab(chromium, server.address, viewport={"width": 1280, "height": 900})
    tab.visit()
    server.stop()
    tab.context.set_offline(True)
    assert tab.page.evaluate("() => crossOriginIsolated")  # so that there are threads
    tab.page.reload(wait_until="domcontentloaded")
    tab.until("document.documentElement.dataset.runs")
    tab.open()
    tab.style("subject", "great-wave")
    with tab.page.expect_file_chooser() as chosen:
        tab.page.click('#styles [title="Use a picture of your own"]')
    chosen.value.set_files(master_file("kiss"))
    tab.until("styfie.studio.look('subject').styles[0]?.name === 'kiss'")
    tab.settle()
    tab.style("background", "great-wave")
    tab.paint(SIZE)
    settings = Settings(size=SIZE, engine="fast", device="cpu")
    wanted = styfie.paint(PORTRAIT, subject=master_file("kiss"), background="great-wave", settings=settings)
    shown, library = tab.shown(), wanted.render()[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(shown - library).mean() < CLOSE
    mine, theirs = tab.inside(), wanted.regions["subject"][0, 0].numpy() > 0.5
    assert (mine & theirs).sum() / (mine | theirs).sum() > 0.99
    tab.page.evaluate("() => styfie.studio.set('background', {strength: 0.5})")
    half = wanted.render({**wanted.looks, "background": replace(wanted.looks["background"], strength=0.5)})
    assert np.abs(tab.shown() - half[0].permute(1, 2, 0).numpy() * 255).mean() < CLOSE
    tab.page.evaluate("() => styfie.studio.set('background', {strength: 1, blur: 6})")
    tab.settle()
    soft = wanted.render({**wanted.looks, "background": replace(wanted.looks["background"], blur=6)})
    assert np.abs(tab.shown() - soft[0].permute(1, 2, 0).numpy() * 255).mean() < CLOSE
    for kind, name in (("webp", "portrait.webp"), ("png", "portrait.png"), ("jpeg", "portrait.jpg")):
        save(tab, kind, name, SIZE)
    draws_as_the_library_does(tab)
    origins = {urlsplit(address)[:2] for address in tab.asked if not address.startswith(("blob:", "data:"))}
    assert origins == {urlsplit(server.address)[:2]} and not tab.wrong
    tab.context.close()


def draws_as_the_library_does(tab: Tab) -> None:
    """The same photo drawn by filters, the person at half strength after the fact."""
    tab.page.keyboard.press("Escape")
    tab.page.evaluate("() => (document.querySelector('details:has(#paint-kind)').open = true)")
    tab.page.select_option("#paint-kind", "drawing")
    tab.page.evaluate("() => styfie.studio.set('background', {blur: 0})")
    tab.style("subject", "ink")
    tab.paint(SIZE)
    settings = Settings(size=SIZE, engine="filters", device="cpu")
    wanted = styfie.paint(PORTRAIT, subject="ink", background="great-wave", settings=settings)
    assert np.abs(tab.shown() - wanted.render()[0].permute(1, 2, 0).numpy() * 255).mean() < CLOSE
    tab.page.evaluate("() => styfie.studio.set('subject', {strength: 0.5})")
    half = wanted.render({**wanted.looks, "subject": replace(wanted.looks["subject"], strength=0.5)})
    assert np.abs(tab.shown() - half[0].permute(1, 2, 0).numpy() * 255).mean() < CLOSE


def save(tab: Tab, kind: str, name: str, size: int) -> None:
    """Save the painting, and read it again: its size, and that it says that it was changed."""
    tab.page.click("#save")
    tab.page.click(f'#export-kind [data-value="{kind}"]')
    with tab.page.expect_download() as download:
        tab.page.click("#export-save")
    assert download.value.suggested_filename == name
    with Image.open(download.value.path()) as image:
        assert image.format == kind.upper() and max(image.size) == size
        assert image.info["xmp"] == xmp_packet(SourceType.PAINTED)
        shown = tab.shown() if kind == "png" else None
        assert shown is None or np.array_equal(np.asarray(image.convert("RGB")), shown)


def test_each_of_two_people_can_be_painted(tab: Tab, tmp_path: Path) -> None:
    with Image.open(PORTRAIT) as image:
        # Without the things held, which are somebody's or nobody's by how a processor rounds.
        half = image.convert("RGB").crop((60, 0, 360, 300)).resize((192, 192))
    both = Image.new("RGB", (384, 192))
    both.paste(half, (0, 0))
    both.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (192, 0))
    both.save(tmp_path / "two.png")
    tab.page.set_input_files("#file", tmp_path / "two.png")
    tab.settle()
    tab.page.click("#parts button >> text=Person 2")
    tab.until("styfie.studio.names.includes('person-2')")
    tab.settle()
    tab.page.click("#parts button >> text=Hair of person 2")
    tab.until("styfie.studio.names.includes('person-2-hair')")
    tab.settle()
    width = tab.page.evaluate("() => styfie.studio.scene.width")
    names = tab.page.evaluate("() => styfie.studio.names")
    owner = np.array(tab.page.evaluate("() => [...styfie.studio.scene.soft.owner]"), np.uint8).reshape(-1, width)
    photo = read_photo(tmp_path / "two.png", width)
    regions = PortraitSegmenter(*load_shipped()).fast()(photo, ["person-2", "person-2-hair"])
    for name in ("person-2", "person-2-hair"):
        theirs = regions[name][0, 0].numpy() > 0.5
        mine = owner == names.index(name)
        assert (mine & theirs).sum() / (mine | theirs).sum() > 0.96


def test_a_new_version_waits_until_the_page_asks_for_it(chromium: Any, site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    server = Server(copy)
    tab = Tab(chromium, server.address)
    tab.visit()
    (before,) = tab.page.evaluate("() => caches.keys()")
    worker, styles = copy / "sw.js", copy / "tab.css"
    styles.write_text(styles.read_text() + "\nbody { --new: yes }\n")
    worker.write_text(worker.read_text().replace(before.removeprefix("styfie-"), "0123456789ab"))
    new = "(document.body ? getComputedStyle(document.body).getPropertyValue('--new') : '')"
    tab.page.evaluate("async () => void await (await navigator.serviceWorker.getRegistration()).update()")
    tab.until("document.getElementById('update')")
    assert tab.page.evaluate(f"() => {new}") == ""
    assert tab.page.evaluate("() => caches.keys()") == [before, "styfie-0123456789ab"]
    tab.page.click("#update")
    tab.until(f"{new} === 'yes'")
    assert tab.page.evaluate("() => caches.keys()") == ["styfie-0123456789ab"]
    assert not tab.wrong
    tab.context.close()
    server.stop()


def test_parts_undo_and_brush(tab: Tab) -> None:
    tab.open()
    tab.page.click("#parts button >> text=Hair")
    tab.until("styfie.studio.names.includes('hair')")
    tab.settle()
    tab.page.click("#undo")
    tab.until("!styfie.studio.names.includes('hair')")
    tab.settle()
    before = tab.inside()
    tab.page.click('#regions [data-name="subject"]')
    tab.page.click('[data-tool="brush"]')
    box = tab.page.locator("#canvas").bounding_box()
    tab.page.mouse.click(box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"])
    tab.until("styfie.studio.job.undo === 1")
    tab.settle()
    after = tab.inside()
    assert after[int(0.1 * after.shape[0]), int(0.1 * after.shape[1])] and after.sum() > before.sum()


def test_says_what_it_stores_and_deletes_it(tab: Tab) -> None:
    tab.page.click("#storage-open")
    tab.until("/MB/.test(document.getElementById('storage-text').textContent)")
    tab.page.click("#storage-delete")
    tab.until("/Nothing is stored/.test(document.getElementById('storage-text').textContent)")
    tab.page.evaluate("() => fetch('models/portrait.jpg')")  # nor is it filled again as long as the page is open
    assert tab.page.evaluate("async () => (await caches.keys()).length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(chromium: Any, site: Path, scheme: str) -> None:
    import axe_playwright_python

    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    server = Server(site)
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    tab = Tab(chromium, server.address, color_scheme=scheme, bypass_csp=True, **phone)
    tab.visit()

    def faults(where: str) -> list[str]:
        tab.page.add_script_tag(content=axe)
        found = tab.page.evaluate("() => axe.run()")["violations"]
        return [
            f"{where}: {one['id']} {[node['html'] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    found = faults("start")
    tab.page.tap("#storage-open")
    tab.page.wait_for_timeout(300)
    found += faults("storage")
    tab.page.keyboard.press("Escape")
    tab.page.tap("#sample")
    tab.settle()
    tab.page.evaluate("() => (document.querySelector('details:has(#paint-kind)').open = true)")
    found += faults("studio")
    tab.page.tap("#save")
    tab.page.wait_for_timeout(300)
    found += faults("export")
    assert not found
    wide = tab.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    tab.context.close()
    server.stop()


FRAMES = """async () => {
  const api = await import(new URL("api.js", location.href));
  const canvas = new OffscreenCanvas(96, 72);
  const context = canvas.getContext("2d");
  const slope = context.createLinearGradient(0, 0, 96, 72);
  slope.addColorStop(0, "#204080");
  slope.addColorStop(1, "#e0c060");
  context.fillStyle = slope;
  context.fillRect(0, 0, 96, 72);
  const frame = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
  const pixels = async (blob) => {
    const bitmap = await createImageBitmap(blob);
    context.drawImage(bitmap, 0, 0);
    return [bitmap.width, bitmap.height, [...context.getImageData(0, 0, 96, 72).data]];
  };
  const all = [await pixels(frame)];
  for (const looks of [{}, { background: { styles: [{ name: "great-wave", weight: 1 }] } }]) {
    const { id } = await api.camera.open(looks, 96);
    all.push(await pixels((await api.camera.frame(id, frame)).picture));
    await api.camera.close(id);
  }
  return all;
}"""
"""A frame of a camera, and the same without looks and with one."""


def test_a_camera_s_frames_are_painted(tab: Tab) -> None:
    tab.page.click("#open-live")
    tab.until("!document.getElementById('live').hidden")
    assert tab.page.evaluate("() => Math.max(document.getElementById('live').width, 0)") > 0
    tab.page.keyboard.press("Escape")
    found = tab.page.evaluate(FRAMES)
    assert {(width, height) for width, height, _ in found} == {(96, 72)}
    frame, same, painted = (np.array(data, float) for _, _, data in found)
    assert np.abs(frame - same).mean() < 2 and np.abs(frame - painted).mean() > 10
