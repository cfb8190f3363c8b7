"""From a photo to a painting, and what is shown meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.web.browser.visits import PORTRAIT, Visit, alike

pytestmark = pytest.mark.slow

FRAMES = """() => {
  const [states, frames] = (window.frames_seen = [[], []]);
  const small = new OffscreenCanvas(24, 24).getContext("2d", {willReadFrequently: true});
  const look = () => {
    const {first, job} = styfie.studio;
    const state = first ? "first" : job?.state ?? "";
    if (state) {
      small.drawImage(document.getElementById("picture"), 0, 0, 24, 24);
      states.push(state);
      frames.push([...small.getImageData(0, 0, 24, 24).data]);
    }
    requestAnimationFrame(look);
  };
  look();
}"""  # what is on the canvas, small, frame by frame


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


def test_a_dropped_photo_is_seen_painted_while_it_is_read_and_never_as_it_was_again(visit: Visit) -> None:
    visit.home()
    visit.page.evaluate(FRAMES)
    visit.drop(PORTRAIT)
    visit.until("styfie.studio.first")
    assert visit.job()["state"] == "reading" and visit.page.locator("#badge").inner_text() == "Sketch"
    visit.until("styfie.studio.layers.size === 2")
    visit.current()
    states, frames = visit.page.evaluate("() => window.frames_seen")
    seen = np.array(frames, np.float64).reshape(len(frames), -1, 4)[..., :3]
    photo, whole = seen[states.index("reading")], seen[-1]
    after = [frame for state, frame in zip(states, seen, strict=True) if state == "first"]
    assert len(after) > 3 and visit.page.evaluate("() => styfie.studio.first === null")
    for frame in (after[0], after[-1], *seen[states.index("first") :]):
        assert np.abs(frame - whole).mean() < 0.6 * np.abs(frame - photo).mean(), "nearer to what it becomes"
    alike(visit)


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
    visit.shows("subject", "ink")
    assert visit.page.locator("#badge").inner_text() == "Sketch"
    alike(visit)


def test_a_large_picture_is_seen_roughly_before_the_whole_sketch(visit: Visit) -> None:
    visit.open(400)
    page, whole = visit.page, list[Any]()
    page.route("**/preview", lambda one: whole.append(one))  # not that of few pixels, whose address says how many
    page.evaluate("() => void styfie.studio.suggest(['ink', 'night'])")
    visit.until("styfie.studio.layers.size === 2 && styfie.studio.current")
    while not whole:
        page.wait_for_timeout(30)
    assert page.locator("#badge").inner_text() == "Sketch" and page.locator("#canvas.waiting").count() == 0
    assert page.locator("#status").inner_text() == "Sketching…", "and that it goes on is said"
    page.evaluate("() => styfie.studio.drawn()")
    rough = visit.shown()
    assert np.abs(rough - visit.rendered()).max() <= 2, "it is what the server has"
    whole[0].continue_()
    visit.current()
    alike(visit)
    finer, fine = (np.abs(np.diff(one.sum(2), axis=1)).mean() for one in (visit.shown(), rough))
    assert finer > 1.15 * fine, "with more detail"


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


def test_what_is_no_photo_is_said_to_be_none(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("no picture at all, but long enough to look at")
    visit.home()
    visit.drop(file, "text/plain")
    visit.page.wait_for_selector("#start-error:not([hidden])")
    assert "picture" in visit.page.locator("#start-error").inner_text()
    visit.wrong = [line for line in visit.wrong if "422" not in line]  # the browser notes the refusal itself


def test_the_camera_is_painted_live(visit: Visit) -> None:
    page = visit.page
    visit.home()
    page.click("#open-live")
    page.wait_for_selector("#rate:not([hidden])")
    visit.until("/frames per second/.test(document.getElementById('rate').textContent)")
    page.click("#live-toggle")
    assert page.locator("#live").is_hidden()
    page.click("#shoot")
    visit.until("styfie.studio.job && styfie.studio.job.state !== 'reading'")
    assert visit.job()["width"] > 0
