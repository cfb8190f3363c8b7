"""Regions by brush and eraser, and styles of one's own."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.web.browser.visits import PORTRAIT, Visit

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


def test_people_of_one_photo_are_told_apart_by_their_heads(visit: Visit, tmp_path: Path) -> None:
    page, file = visit.page, tmp_path / "two.jpg"
    with Image.open(PORTRAIT) as image:
        left = image.convert("RGB").resize((256, 256)).crop((20, 0, 190, 256))
    both = Image.new("RGB", (340, 256))
    both.paste(left, (0, 0))
    both.paste(ImageOps.mirror(left), (170, 0))
    both.save(file, quality=95)
    visit.open(photo=file)
    people, faces = ("person-1", "person-2"), ((92, 62), (248, 62))  # x and y where the eyes are
    heads = {name: visit.job()["heads"][name] for name in people}
    for (x, y), (top, left_, bottom, right) in zip(faces, heads.values(), strict=True):
        assert left_ < x / 340 < right and top < y / 256 < bottom and right - left_ < 0.45
    for number, (top, left_, bottom, right) in enumerate(heads.values(), 1):
        chip = page.get_by_role("button", name=f"Person {number}", exact=True)
        assert chip.get_attribute("title") == f"Give person {number} a look of its own"
        data = chip.locator("canvas.face").evaluate("(canvas) => canvas.toDataURL().split(',')[1]")
        shown = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        wanted = both.crop((round(left_ * 340), round(top * 256), round(right * 340), round(bottom * 256)))
        small = [np.asarray(one.resize((12, 12), Image.Resampling.BOX)).astype(int) for one in (shown, wanted)]
        assert np.abs(small[0] - small[1]).mean() < 12
    page.emulate_media(forced_colors="active")
    assert page.locator("#parts canvas.face").first.bounding_box()["width"] >= 24
    page.emulate_media(forced_colors="none")
    page.get_by_role("button", name="Person 2", exact=True).click()
    visit.until("styfie.studio.names.includes('person-2')")
    visit.settle()
    assert page.locator('#regions [data-name="person-2"] canvas.face').count() == 1
    hair = page.get_by_role("button", name="Hair of person 2", exact=True)
    assert hair.locator("canvas.face").count() == 1, "whose hair it is"
