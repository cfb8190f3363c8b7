"""Regions by brush and eraser, and styles of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.web.browser.visits import Visit

pytestmark = pytest.mark.slow


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


def test_a_box_makes_a_region_and_a_soft_brush_has_keys(visit: Visit) -> None:
    page = visit.page
    visit.open()
    box = page.locator("#canvas").bounding_box()
    page.click("#region-add")
    assert "box" in page.locator("#status").inner_text()
    page.keyboard.press("m")
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    page.mouse.up()
    visit.until("styfie.studio.names.includes('part-1')")
    visit.settle()
    assert page.get_attribute('#regions [data-name="part-1"]', "aria-checked") == "true"
    area = next(one["area"] for one in visit.job()["regions"] if one["name"] == "part-1")
    assert 0.01 < area < 0.3
    page.keyboard.press("b")
    brush = ("#width", "#softness")
    before = [int(page.input_value(name)) for name in brush]
    for key in ("]", "}"):
        page.keyboard.press(key)
    assert [int(page.input_value(name)) for name in brush] == [before[0] + 6, before[1] + 10]
    page.click("#undo")
    visit.until("!styfie.studio.names.includes('part-1')")
    visit.settle()
