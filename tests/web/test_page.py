"""The page in a real browser: the system's Chromium, the server on loopback, the built-in portrait."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import styfie
from tests.browsers import CHROMIUM, PIXELS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page is not tested")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found: the page is not tested in a browser"),
]

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


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own."""
    command = [
        sys.executable,
        "-m",
        "styfie",
        "web",
        str(tmp_path_factory.mktemp("web")),
        "--port",
        "0",
        "--no-browser",
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http")).rstrip("/")
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout:
            server.stdout.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser with a camera that shows a test picture."""
    arguments = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Visit:
    """A page, what it asked for, and what went wrong in it."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.asked: list[tuple[str, str]] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append((request.method, request.url)))
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    @classmethod
    def beside(cls, visit: Visit) -> Visit:
        """Another tab of the same browser, at the same picture."""
        found = cls.__new__(cls)
        found.address, found.context, found.asked, found.wrong = visit.address, visit.context, visit.asked, visit.wrong
        found.page = visit.context.new_page()
        found.page.set_default_timeout(90_000)
        found.page.on("console", lambda m: visit.wrong.append(m.text) if m.type in ("error", "warning") else None)
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

    def open(self, size: int = 160, asked: dict[str, Any] | None = None) -> None:
        """The portrait as a job of few pixels, which are enough for what the page does with them."""
        form = {
            "photo": {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()},
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
        self.until(
            f"styfie.studio.look('{region}').styles[0]?.name === '{style}' && styfie.studio.layers.has('{region}')"
        )
        self.settle()

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
        """What the library renders, RGB."""
        self.page.evaluate("() => styfie.studio.saveLooks.now()")
        reply = self.context.request.get(f"{self.address}/api/v1/jobs/{self.job()['id']}/pictures/{name}.png")
        assert reply.ok, reply.text()
        return np.asarray(Image.open(io.BytesIO(reply.body())).convert("RGB")).astype(np.int16)

    def close(self) -> None:
        """Leave; nothing went wrong, and nothing was asked of anybody else."""
        self.context.close()
        assert not self.wrong, self.wrong
        inside = (self.address, "blob:", "data:")
        assert not [url for _, url in self.asked if not url.startswith(inside)]


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Visit]:
    found = Visit(chromium, address, viewport={"width": 1280, "height": 800}, permissions=["camera"])
    yield found
    found.close()


def alike(visit: Visit) -> None:
    """The page's picture is the library's, within 2/255."""
    difference = np.abs(visit.shown() - visit.rendered())
    assert difference.max() <= 2, (difference.max(), (difference > 2).mean())


def test_the_whole_path_from_a_drop_to_the_painting(visit: Visit) -> None:
    page = visit.page
    visit.home()
    visit.drop(PORTRAIT)
    visit.until("styfie.studio.layers.size === 2")  # a suggested pair, sketched at once
    visit.settle()
    assert page.locator("#badge").inner_text() == "Sketch"
    alike(visit)
    page.click("#undo")
    visit.until("!styfie.studio.shown.length")
    visit.settle()
    photo = visit.shown()
    assert page.locator("#badge").is_hidden()
    box = page.locator("#canvas").bounding_box()
    page.mouse.click(box["x"] + 0.03 * box["width"], box["y"] + 0.5 * box["height"])  # a corner: the background
    assert page.get_attribute('#regions [data-name="background"]', "aria-checked") == "true"
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    assert page.get_attribute('#regions [data-name="subject"]', "aria-checked") == "true"
    assert page.locator("#name-tag").inner_text() == "Person"

    visit.style("subject", "mosaic")
    assert page.locator("#badge").inner_text() == "Sketch"
    assert np.abs(visit.shown() - photo)[200:400, 150:300].mean() > 10
    assert np.abs(visit.shown() - photo)[:300, :8].max() <= 4  # the background is not painted
    visit.style("background", "night")
    alike(visit)

    visit.paint(96, 2)
    visit.until("styfie.studio.job.state === 'done'")
    visit.settle()
    assert page.locator("#badge").inner_text() == "Painted"
    assert visit.shown().shape == (96, 96, 3)
    alike(visit)

    before = len([one for one in visit.asked if one[0] == "POST"])
    page.fill("#strength", "35")
    page.click('#color [data-value="keep"]')
    visit.settle()
    page.wait_for_timeout(500)
    alike(visit)
    assert len([one for one in visit.asked if one[0] == "POST"]) == before  # no run, no sketch

    page.click("#compare")
    for _ in range(30):
        page.press("#divider", "ArrowLeft")
    assert page.get_attribute("#divider", "aria-valuenow") == "0"


def test_three_regions_blend_as_the_library_does(visit: Visit) -> None:
    visit.open()
    visit.page.click("#parts button:has-text('Hair')")
    visit.until("styfie.studio.names.includes('hair')")
    visit.settle()
    visit.style("hair", "waves")
    visit.style("subject", "glass")
    visit.page.fill("#strength", "60")
    visit.style("background", "autumn")
    visit.page.click('#color [data-value="luma"]')
    visit.settle()
    alike(visit)
    visit.page.fill("#blur", "3")
    visit.page.click('#bokeh [data-value="disc"]')
    visit.settle()
    alike(visit)
    visit.page.click('#styles [data-style=""]')  # out of focus only
    visit.until("!styfie.studio.look('background').styles.length")
    visit.settle()
    alike(visit)


def test_the_page_keeps_the_settings_that_it_has_no_fields_for(visit: Visit) -> None:
    """And shows those that it has fields for as they are, also when it is loaded anew."""
    page = visit.page
    asked = {"settings": {"size": 96, "steps": 2, "engine": "fast", "seed": 7}}
    visit.open(asked=asked)
    assert (page.input_value("#size"), page.input_value("#steps")) == ("96", "2")
    visit.style("subject", "ink")
    page.click(".more summary")
    page.select_option("#steps", "draft")
    visit.until("styfie.studio.job.settings.quality === 'draft'")
    page.reload()
    visit.settle()
    assert (page.input_value("#size"), page.input_value("#steps")) == ("96", "draft")
    page.click("#paint")
    visit.until("styfie.studio.job.state === 'done'")
    settings = visit.job()["settings"]
    assert {name: settings[name] for name in asked["settings"]} == {**asked["settings"], "steps": 0}
    visit.settle()


def test_two_tabs_join_what_was_changed_in_each(visit: Visit) -> None:
    """Also at the same time; a style that the other chose is sketched, and shown."""
    visit.open()
    other = Visit.beside(visit)
    visit.style("subject", "mosaic")
    other.until("styfie.studio.look('subject').styles[0]?.name === 'mosaic' && styfie.studio.layers.has('subject')")
    other.settle()
    other.page.click('#regions [data-name="background"]')
    visit.page.fill("#strength", "40")
    other.page.fill("#blur", "3")
    for one in (visit, other):
        one.until("styfie.studio.look('subject').strength === 0.4 && styfie.studio.look('background').blur > 0")
        one.settle()
    visit.until("styfie.studio.job.looks.background?.blur > 0 && styfie.studio.job.looks.subject.strength === 0.4")
    alike(visit)
    other.wrong = visit.wrong = [line for line in visit.wrong if "409" not in line]  # the browser notes it itself
    other.page.close()


def test_more_tabs_than_connections(visit: Visit) -> None:
    visit.open()
    others = [Visit.beside(visit) for _ in range(6)]
    visit.style("background", "waves")
    for other in others:
        other.until("styfie.studio.look('background').styles[0]?.name === 'waves'")
        other.page.close()


def test_a_picture_that_is_deleted_elsewhere(visit: Visit) -> None:
    visit.open()
    reply = visit.context.request.delete(f"{visit.address}/api/v1/jobs/{visit.job()['id']}")
    assert reply.status == 204
    visit.page.wait_for_selector("#start-error:not([hidden])")
    assert "deleted" in visit.page.locator("#start-error").inner_text()
    visit.wrong = [line for line in visit.wrong if "404" not in line]  # the browser notes it itself


def test_deleting_can_be_undone(visit: Visit) -> None:
    page = visit.page
    visit.open()
    name = visit.job()["id"]
    page.click("#open-history")
    page.wait_for_selector("#history-list li")
    count = page.locator("#history-list li").count()
    page.locator("#history-list .recent-remove").first.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {count - 1}")
    page.click("#history-undo button")
    visit.until(f"document.querySelectorAll('#history-list li').length === {count}")
    assert visit.context.request.get(f"{visit.address}/api/v1/jobs/{name}").status == 200
    page.locator("#history-list .recent-remove").first.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {count - 1}")
    visit.home()  # who leaves the page has not undone it
    for _ in range(100):
        if visit.context.request.get(f"{visit.address}/api/v1/jobs/{name}").status == 404:
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError("it is still there")


def test_a_style_of_ones_own_is_there_when_the_page_is_loaded_anew(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    visit.open()
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "image.png")
    page.set_input_files("#style-file", tmp_path / "image.png")
    visit.until("styfie.studio.look('subject').styles[0]?.name === 'image.png'")
    visit.settle()
    page.set_input_files("#style-file", tmp_path / "image.png")
    visit.until("styfie.studio.look('subject').styles[0]?.name === 'image (2).png'")
    visit.settle()
    page.reload()
    visit.settle()
    for name in ("image.png", "image (2).png"):
        tile = page.locator(f'#styles [data-style="{name}"] img')
        visit.until(f"""document.querySelector('#styles [data-style="{name}"] img').naturalWidth > 0""")
        assert tile.get_attribute("src").startswith("/api/v1/jobs/")


def test_only_a_sketch_is_called_one(visit: Visit) -> None:
    """Looks that come by the interface are sketched, and before that the photo is not said to be a sketch."""
    visit.open()
    held: list[Any] = []
    visit.page.route("**/preview", lambda one: held.append(one))
    looks = {"subject": {"styles": [{"name": "ink"}]}}
    reply = visit.context.request.put(f"{visit.address}/api/v1/jobs/{visit.job()['id']}/looks", data=looks)
    assert reply.ok
    visit.until("styfie.studio.busy.has('preview')")
    assert visit.page.locator("#badge").inner_text() == "Sketching…"
    while not held:
        visit.page.wait_for_timeout(30)
    held[0].continue_()
    visit.until("styfie.studio.layers.has('subject')")
    visit.settle()
    assert visit.page.locator("#badge").inner_text() == "Sketch"
    alike(visit)


def test_where_nobody_is_found_somebody_can_be_brushed(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    Image.effect_noise((96, 96), 80).convert("RGB").save(tmp_path / "noise.png")
    visit.home()
    visit.drop(tmp_path / "noise.png", "image/png")
    visit.settle()
    assert visit.page.evaluate("() => styfie.studio.names") == ["background"]
    assert "brush" in page.locator("#note").inner_text()
    box = page.locator("#canvas").bounding_box()
    page.click('[data-tool="brush"]')
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    visit.until("styfie.studio.names.includes('subject')")
    visit.settle()
    areas = {region["name"]: region["area"] for region in visit.job()["regions"]}
    assert 0.005 < areas["subject"] < 0.3 and page.locator("#note").is_hidden()


def test_stop_keeps_the_best(visit: Visit) -> None:
    visit.open()
    visit.style("subject", "ink")
    visit.paint(128, 1000)
    visit.until("styfie.studio.job.progress?.preview > 1")
    assert visit.page.locator("#stop").is_visible()
    assert "left" in visit.page.locator("#progress-left").inner_text()
    visit.page.click("#stop")
    visit.until("styfie.studio.job.state === 'stopped'")
    visit.settle()
    assert "Stopped" in visit.page.locator("#status").inner_text()
    alike(visit)


def test_brush_eraser_undo_and_redo(visit: Visit) -> None:
    page = visit.page
    visit.open()
    area = "styfie.studio.job.regions[0].area"
    first = page.evaluate(f"() => {area}")
    box = page.locator("#canvas").bounding_box()
    page.click('[data-tool="brush"]')
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.6 * box["height"], steps=5)
    page.mouse.up()
    visit.until(f"{area} > {first + 0.005}")
    visit.settle()
    more = page.evaluate(f"() => {area}")
    page.keyboard.press("Control+z")
    visit.until(f"Math.abs({area} - {first}) < 1e-4")
    visit.settle()
    page.click("#redo")
    visit.until(f"Math.abs({area} - {more}) < 1e-4")
    visit.settle()
    page.click('[data-tool="eraser"]')
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.7 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.7 * box["height"], steps=5)
    page.mouse.up()
    visit.until(f"{area} < {more - 0.002}")
    visit.settle()


def test_styles_are_dropped_on_regions(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    visit.open()
    page.drag_and_drop('#styles [data-style="deco"]', "#overlay", target_position={"x": 15, "y": 300})
    visit.until("styfie.studio.look('background').styles[0]?.name === 'deco'")
    visit.settle()
    own = tmp_path / "mine.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8)).save(own)
    visit.drop(own, "image/png", on="#overlay")
    visit.until("styfie.studio.look('background').styles[0]?.name.includes('mine')")
    visit.settle()
    assert visit.job()["state"] == "ready"
    assert page.locator("#styles [data-style^=mine]").count() == 1


def saved(visit: Visit, press: str) -> dict[str, bytes]:
    """What is downloaded by pressing something, by its name."""
    with visit.page.expect_download() as found:
        visit.page.click(press)
    return {found.value.suggested_filename: Path(found.value.path()).read_bytes()}


def test_everything_can_be_saved_and_used_again(visit: Visit) -> None:
    page = visit.page
    visit.open()
    visit.style("subject", "pop")
    visit.paint(96, 2)
    visit.until("styfie.studio.job.state === 'done'")
    visit.settle()
    names = ["both", "subject", "background", "cutout", "mask", "blur", "photo", "sheet"]
    page.click("#save")
    assert page.eval_on_selector_all("#export-what input", "(all) => all.map((one) => one.value)") == names
    page.click('#export-kind [data-value="webp"]')
    for name in names:
        page.set_checked(f'#export-what [value="{name}"]', True)
    files = saved(visit, "#export-save")
    several = zipfile.ZipFile(io.BytesIO(files["me.zip"]))
    assert {name.rpartition(".")[2] for name in several.namelist()} == {"webp"} and len(several.namelist()) == 8
    with Image.open(several.open("me - cut out.webp")) as whole, Image.open(PORTRAIT) as photo:
        assert whole.mode == "RGBA" and whole.size == photo.size, "the photo's own size"
    page.click("#save")
    page.click("#export .more summary")
    for link in ("all.zip", "painting.ora", "recipe.json"):
        files |= saved(visit, f'#export-more [href*="{link}"]')
    assert {f"{name}.png" for name in names} <= set(zipfile.ZipFile(io.BytesIO(files["styfie.zip"])).namelist())
    assert json.loads(files["recipe.json"])["looks"]["subject"]["styles"][0]["name"] == "pop"
    page.keyboard.press("Escape")

    first = visit.job()["id"]
    with page.expect_file_chooser() as chooser:
        page.click("#again")
    chooser.value.set_files(PORTRAIT)
    visit.until(f"styfie.studio.job && styfie.studio.job.id !== '{first}'")
    visit.until("styfie.studio.job.looks.subject?.styles[0].name === 'pop'")

    held: list[Any] = []
    page.route("**/growing.jpg*size=240*", lambda one: held.append(one))  # deleted while its picture is still to come
    page.click("#open-history")
    page.wait_for_selector("#history-list li")
    jobs = page.locator("#history-list li").count()
    page.locator("#history-list .recent-remove").last.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {jobs - 1}")
    assert len(held) >= jobs
    for one in held:
        one.continue_()
    visit.settle()


def test_what_is_no_photo_is_said_to_be_none(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("no picture at all, but long enough to look at")
    visit.home()
    visit.drop(file, "text/plain")
    visit.page.wait_for_selector("#start-error:not([hidden])")
    assert "picture" in visit.page.locator("#start-error").inner_text()
    visit.wrong = [line for line in visit.wrong if "422" not in line]  # the browser notes the refusal itself


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit.page
    visit.home()

    def tab_to(selector: str, most: int = 40) -> None:
        for _ in range(most):
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(
            f"{selector} was not reached; the focus is on {page.evaluate('document.activeElement.outerHTML')[:200]}"
        )

    tab_to("#sample")
    page.keyboard.press("Enter")
    visit.settle()
    tab_to("#regions [role=radio]")
    page.keyboard.press("ArrowDown")
    visit.until("styfie.studio.selected === 'background'")
    tab_to("#styles [role=radio]")
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    visit.until("styfie.studio.look('background').styles[0]?.name === 'waves'")
    visit.settle()
    tab_to("#strength")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("() => styfie.studio.look('background').strength") == 0.99
    tab_to("#paint")
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(chromium: Any, address: str, scheme: str) -> None:
    import axe_playwright_python

    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    visit = Visit(chromium, address, viewport={"width": 1280, "height": 800}, color_scheme=scheme, bypass_csp=True)

    def faults(where: str) -> list[str]:
        visit.page.add_script_tag(content=axe)
        found = visit.page.evaluate("() => axe.run()")["violations"]
        return [
            f"{where}: {one['id']} {[node['html'] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    visit.home()
    visit.page.wait_for_timeout(300)
    found = faults("start")
    visit.open()
    visit.style("subject", "dots")
    visit.page.click(".more summary")
    visit.page.click("#compare")
    found += faults("studio")
    visit.page.click("#save")
    found += faults("export")
    visit.page.keyboard.press("Escape")
    visit.page.click("#open-history")
    visit.page.wait_for_selector("#history-list li")
    found += faults("history")
    visit.close()
    assert not found


def test_on_a_phone(chromium: Any, address: str) -> None:
    visit = Visit(chromium, address, viewport=PHONE, has_touch=True, is_mobile=True)
    page = visit.page
    visit.open()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    box = page.locator("#canvas").bounding_box()
    page.touchscreen.tap(box["x"] + 10, box["y"] + box["height"] / 2)
    visit.until("styfie.studio.selected === 'background'")
    page.locator('#styles [data-style="linocut"]').tap()
    visit.until("styfie.studio.layers.has('background')")
    visit.settle()
    assert page.locator("#paint").is_visible()
    assert page.locator("#canvas").is_visible()
    small = """() => [...document.querySelectorAll("button, select, input[type=range]")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width && Math.min(box.width, box.height) < 24;
    }).map((one) => one.outerHTML.slice(0, 120))"""
    assert page.evaluate(small) == []
    visit.close()


def test_the_camera_is_painted_live(visit: Visit) -> None:
    page = visit.page
    visit.home()
    page.click("#open-live")
    page.wait_for_selector("#rate:not([hidden])")
    visit.until("/frames a second/.test(document.getElementById('rate').textContent)")
    page.click("#live-toggle")
    assert page.locator("#live").is_hidden()
    page.click("#shoot")
    visit.until("styfie.studio.job && styfie.studio.job.state !== 'reading'")
    assert visit.job()["width"] > 0
