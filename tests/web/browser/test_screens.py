"""The page on screens of every shape: nothing is out of reach, and what is chosen can be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.browser.visits import Visit

pytestmark = pytest.mark.slow

OUTSIDE = """() => {
  const tools = [...document.querySelectorAll("#tools :is(button, input), #action-buttons button")];
  return tools.filter((one) => one.getClientRects().length).map((one) => {
    const box = one.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return [one.id || one.dataset.tool, box.left >= 0 && box.right <= innerWidth && (top === one || one.contains(top))];
  }).filter(([, there]) => !there).map(([name]) => name);
}"""


@pytest.mark.parametrize(
    "size", [(412, 915), (320, 640), (915, 412), (844, 390), (640, 400)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_every_tool_can_be_tapped_while_brushing(chromium: Any, address: str, size: tuple[int, int]) -> None:
    visit = Visit(chromium, address, viewport={"width": size[0], "height": size[1]}, has_touch=True, is_mobile=True)
    visit.open(96)
    visit.page.tap('[data-tool="brush"]')
    assert visit.page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
    assert visit.page.evaluate(OUTSIDE) == []
    low = size[1] < size[0]
    room = visit.page.locator(".panel-scroll").bounding_box()["height"]
    assert room >= (200 if low else 400), "what the panel holds must be seen"
    assert visit.page.locator("#canvas").bounding_box()["height"] >= (150 if low else 200)
    visit.close()


def test_what_is_chosen_is_seen_in_forced_colours(chromium: Any, address: str) -> None:
    """By a colour of the system's own, as tints and shadows are taken away."""
    visit = Visit(chromium, address, viewport={"width": 1280, "height": 800}, forced_colors="active")
    visit.open(96)
    look = """(selector) => {
      const {backgroundColor, outlineStyle, outlineColor} = getComputedStyle(document.querySelector(selector));
      return [backgroundColor, outlineStyle === "none" ? "" : outlineColor].join();
    }"""
    visit.page.click('[data-tool="brush"]')
    visit.page.mouse.move(5, 5)
    for group in ("#tools [data-tool]", "#regions [role=radio]", "#styles [role=radio]", "#color [role=radio]"):
        chosen, other = (visit.page.evaluate(look, f'{group}[aria-checked="{is_}"]') for is_ in ("true", "false"))
        assert chosen != other, group
    visit.close()


def test_recent_pictures_do_not_end(chromium: Any, address: str) -> None:
    visit = Visit(chromium, address, viewport={"width": 1280, "height": 800})
    visit.open(96)
    one = visit.job()
    names = [f"{number:022}" for number in range(130)]

    def answer(route: Any) -> None:
        query = dict(part.split("=") for part in route.request.url.partition("?")[2].split("&"))
        first = int(query["skip"])
        some = names[first : first + int(query["most"])]
        route.fulfill(status=200, content_type="application/json", body=json.dumps([one | {"id": n} for n in some]))

    visit.page.route("**/api/v1/jobs?*", answer)
    visit.page.route("**/growing.jpg*", lambda route: route.fulfill(status=200, content_type="image/gif", body=GIF))
    visit.page.click("#open-history")
    visit.page.wait_for_selector("#history-list li")
    for _ in range(5):
        if not visit.page.locator("#history-more").is_visible():
            break
        count = visit.page.locator("#history-list li").count()
        visit.page.click("#history-more")
        visit.until(f"document.querySelectorAll('#history-list li').length > {count}")
    assert visit.page.eval_on_selector_all("#history-list li", "(all) => all.map((one) => one.dataset.id)") == names
    visit.close()


GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
