"""Looks as things: saved, copied, for several photos that come together, and for a clip."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.web.browser.visits import PORTRAIT, Visit, alike, saved

pytestmark = pytest.mark.slow


def test_a_look_is_saved_and_taken_by_another_picture(visit: Visit) -> None:
    page = visit.page
    visit.open(96)
    visit.style("subject", "ink")
    page.click("#look-save")
    assert page.input_value("#look-name") == "Pen and ink"
    page.fill("#look-name", "Evening")
    page.click("#look-form button[type=submit]")
    visit.until("document.querySelectorAll('#presets li').length === 1")
    page.click("#look-copy")
    visit.until("!document.getElementById('look-paste').hidden")
    for press in ("#presets .preset", "#look-paste"):
        visit.style("subject", "glass")
        page.click(press)
        visit.shows("subject", "ink")
    alike(visit)
    page.click("#undo")
    visit.until("styfie.studio.look('subject').styles[0].name === 'glass'")
    page.click("#presets .region-merge")
    visit.until("!document.querySelectorAll('#presets li').length")
    page.click("#presets-undo button")
    visit.until("document.querySelectorAll('#presets li').length === 1")
    visit.settle()


def test_photos_that_come_together_are_painted_in_one_look(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    files = [tmp_path / "image.jpg", tmp_path / "b.jpg"]
    with Image.open(PORTRAIT) as portrait:
        for n, file in enumerate(files):
            portrait.rotate(5 * n).resize((96, 96)).save(file)
    visit.home()
    page.set_input_files("#file", files)
    page.wait_for_selector("#many-looks button")
    page.evaluate("() => document.getElementById('many-size').add(new Option('96', '96', true, true))")
    page.locator("#many-looks button", has_text="Pen and ink before").first.click()
    page.click("#many-paint")
    page.wait_for_selector("#many-zip:not([hidden])")
    assert page.locator("#many-list small").all_inner_texts() == ["Painted"] * 2
    page.reload()
    page.wait_for_selector("#many-zip:not([hidden])")
    archive = zipfile.ZipFile(io.BytesIO(saved(visit, "#many-zip")["styfie.zip"]))
    assert archive.namelist() == ["image - painted.jpg", "b - painted.jpg"]
    with Image.open(archive.open("b - painted.jpg")) as painted:
        assert max(painted.size) == 96
    (sheet,) = saved(visit, "#many-sheet").values()
    assert Image.open(io.BytesIO(sheet)).width > 2 * 90
    page.click("#many-list button >> nth=1")
    visit.settle()
    assert visit.job()["name"] == "b.jpg" and visit.job()["state"] == "done"


def test_a_clip_becomes_a_film(visit: Visit, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "me.mp4"), "w") as container, Image.open(PORTRAIT) as portrait:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 96
        small = portrait.convert("RGB").resize((96, 96))
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_image(small)))
        container.mux(stream.encode())
    page = visit.page
    visit.home()
    page.set_input_files("#file", tmp_path / "me.mp4")
    page.wait_for_selector("#clip-looks button")
    page.evaluate("() => document.getElementById('clip-size').add(new Option('64', '64', true, true))")
    page.click("#clip-paint")
    page.wait_for_selector("#clip-save:not([hidden])")
    assert page.locator("#clip-status").inner_text() == "Painted: 3 frames."
    film = saved(visit, "#clip-save")["me - painted.mp4"]
    with av.open(io.BytesIO(film)) as opened:
        assert [frame.width for frame in opened.decode(video=0)] == [64] * 3
    page.click("#clip-delete")
    page.click("#clip-undo button")
    page.wait_for_selector("#clip-save:not([hidden])")
