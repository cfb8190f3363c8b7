"""What a person does with the page: looks by one press, undo, zoom, clicks, versions, export at a size."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.browser.visits import Visit, alike

pytestmark = pytest.mark.slow

WEIGHT, REQUESTS = 150_000, 32  # of the start page, packed
FACES = "document.querySelectorAll('#suggestions img:not([hidden])').length"


def test_the_start_page_is_light(visit: Visit) -> None:
    visit.home()
    visit.page.wait_for_load_state("networkidle")
    sizes = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter((one) => !one.name.includes("/jobs/")).map((one) => one.transferSize)"""  # not one's own pictures
    found = visit.page.evaluate(sizes)
    assert 10 < len(found) <= REQUESTS and sum(found) <= WEIGHT
    kept = visit.context.request.get(f"{visit.address}/")
    assert 'src="page/' in kept.text(), "files are named by what is in them"


def test_looks_are_shown_on_ones_own_face_and_taken_by_one_press(chromium: Any, address: str) -> None:
    visit = Visit(chromium, address, faces=True, viewport={"width": 1280, "height": 800})
    page = visit.page
    visit.open(96)
    visit.until(f"{FACES} >= 3", 240)
    assert page.evaluate("() => document.querySelector('#suggestions img').naturalWidth") >= 256
    page.click("#suggestions button >> nth=2")
    visit.until("styfie.studio.look('subject').styles[0]?.name === 'ink' && styfie.studio.layers.size === 2")
    visit.settle()
    assert page.get_attribute("#suggestions button >> nth=2", "aria-checked") == "true"
    alike(visit)
    page.fill("#strength", "40")
    for _ in range(2):
        page.click("#undo")
    visit.until("!styfie.studio.shown.length")
    page.click("#redo")
    page.click("#redo")
    visit.until("styfie.studio.look('subject').strength === 0.4 && styfie.studio.layers.size === 2")
    visit.settle()
    alike(visit)
    visit.close()


def test_zoom_pan_and_the_photo_while_space_is_held(visit: Visit) -> None:
    page = visit.page
    visit.open(96, asked={"looks": {"subject": {"styles": [{"name": "ink"}]}}, "settings": {"size": 96, "steps": 1}})
    width = page.locator("#canvas").bounding_box()["width"]
    box = page.locator("#frame").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    point = {"clientX": middle[0] + 60, "clientY": middle[1] + 20}
    place = f"() => styfie.stage.place({json.dumps(point)})"
    before = page.evaluate(place)
    page.mouse.move(middle[0] + 60, middle[1] + 20)
    page.mouse.wheel(0, -500)
    visit.until("styfie.stage.view.zoom > 2")
    assert page.evaluate(place) == pytest.approx(before, abs=0.5), "what is under the pointer stays there"
    assert page.locator("#canvas").bounding_box()["width"] > 2 * width
    selected = page.evaluate("() => styfie.studio.selected")
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] - 30, steps=4)
    page.mouse.up()
    assert page.evaluate(place) != pytest.approx(before, abs=0.5)
    assert page.evaluate("() => styfie.studio.selected") == selected, "a drag is no click"
    page.keyboard.press("0")
    assert page.locator("#canvas").bounding_box()["width"] == width
    pixel = """() => {
      const canvas = new OffscreenCanvas(1, 1);
      const context = canvas.getContext("2d", {willReadFrequently: true});
      context.drawImage(document.getElementById("picture"), 48, 60, 1, 1, 0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].join();
    }"""
    photo = "() => [...styfie.studio.scene.photo.slice(4 * (60 * 96 + 48), 4 * (60 * 96 + 48) + 4)].join()"
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.down(" ")
    assert page.evaluate(pixel) == page.evaluate(photo)
    page.keyboard.up(" ")
    assert page.evaluate(pixel) != page.evaluate(photo)


def test_a_click_says_who_it_is_where_nobody_was_found(visit: Visit, tmp_path: Path) -> None:
    picture = Image.new("RGB", (96, 96), "#404048")
    picture.paste("#e0c040", (30, 30, 66, 66))
    picture.save(tmp_path / "box.png")
    visit.home()
    visit.drop(tmp_path / "box.png", "image/png")
    visit.settle()
    page = visit.page
    assert visit.page.evaluate("() => styfie.studio.names") == ["background"]
    assert page.get_attribute('#tool-kind [data-tool="click"]', "aria-checked") == "true"
    box = page.locator("#canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.until("styfie.studio.names.includes('subject')")
    visit.settle()
    area = "styfie.studio.job.regions.find((one) => one.name === 'subject').area"
    assert page.evaluate(f"() => {area}") == pytest.approx((36 / 96) ** 2, rel=0.4)
    assert page.locator("#note").is_hidden()
    page.click("#undo")
    visit.until("!styfie.studio.names.includes('subject')")


def test_paintings_are_versions_and_a_size_is_painted_before_it_is_saved(visit: Visit) -> None:
    page = visit.page
    visit.open(96, asked={"settings": {"size": 96, "steps": 1, "engine": "fast"}})
    visit.style("subject", "ink")
    page.click("#paint")
    visit.until("styfie.studio.job.versions.length === 1 && !styfie.studio.running")
    visit.settle()
    visit.style("subject", "waves")
    page.click("#save")
    visit.until("!document.getElementById('export-sizes').textContent.includes('…')")
    page.click('#export-sizes [data-size="512"]')
    assert "512" in page.locator("#export-save").inner_text()
    with page.expect_download() as found:
        page.click("#export-save")
    picture = Image.open(io.BytesIO(Path(found.value.path()).read_bytes()))
    assert (picture.format, max(picture.size), found.value.suggested_filename) == ("JPEG", 512, "me - painted.jpg")
    visit.settle()
    assert visit.job()["versions"] == [1, 2]
    page.click('#versions [data-number="1"]')
    visit.until("styfie.stage.other && styfie.stage.compared === 0.5")
    page.select_option("#compare-with", "2")
    visit.until("styfie.stage.after")
    assert page.locator("#before-words, #after-words").all_inner_texts() == ["Version 1", "Version 2"]
    page.click("#put-back")
    visit.until("styfie.studio.look('subject').styles[0].name === 'ink' && styfie.studio.scene.width === 96")
    visit.settle()
    assert page.locator("#badge").inner_text() == "Painted"
    alike(visit)
    page.click('#versions [data-number="2"]')
    page.click("#version-delete")
    visit.until("styfie.studio.job.versions.length === 1")
    page.click("#versions-undo button")
    visit.until("styfie.studio.job.versions.length === 2")


def test_two_styles_are_mixed(visit: Visit) -> None:
    page = visit.page
    visit.open(96)
    visit.style("subject", "ink")
    page.click("#mix-more")
    page.click('#styles [data-style="waves"]')
    visit.until("styfie.studio.look('subject').styles.length === 2")
    visit.settle()
    assert page.locator("#mix output").all_inner_texts() == ["50 %", "50 %"]
    page.locator("#mix input").first.fill("80")
    visit.until("styfie.studio.look('subject').styles[0].weight > 3 * styfie.studio.look('subject').styles[1].weight")
    visit.settle()
    alike(visit)
    page.click("#mix button >> nth=0")
    visit.until("styfie.studio.look('subject').styles.length === 1")
