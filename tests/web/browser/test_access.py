"""The page by keyboard alone, for who cannot see well, and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.visits import PHONE, PORTRAIT, Visit

pytestmark = pytest.mark.slow


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


SCREENS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}},
    "dark, upright phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True, "color_scheme": "dark"},
    "forced colours, phone on its side": {"viewport": {"width": 844, "height": 390}, "forced_colors": "active"},
    "dark, calm, 200 %": {
        "viewport": {"width": 640, "height": 400},
        "device_scale_factor": 2,
        "color_scheme": "dark",
        "reduced_motion": "reduce",
    },
}


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_axe_finds_no_serious_fault(chromium: Any, address: str, screen: dict[str, Any]) -> None:
    import axe_playwright_python

    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    visit = Visit(chromium, address, bypass_csp=True, **screen)

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
    visit.open(96)
    visit.style("subject", "dots")
    visit.page.click(".more summary")
    visit.page.click('[data-tool="brush"]')
    visit.page.click("#compare")
    found += faults("studio")
    visit.page.click("#save")
    found += faults("export")
    visit.page.keyboard.press("Escape")
    visit.page.click("#look-save")
    found += faults("save the look")
    visit.page.keyboard.press("Escape")
    visit.page.click("#open-history")
    visit.page.wait_for_selector("#history-list li")
    found += faults("history")
    visit.page.keyboard.press("Escape")
    visit.page.set_input_files("#file", [PORTRAIT, PORTRAIT])
    visit.page.wait_for_selector("#many-looks button")
    found += faults("many photos")
    assert visit.page.evaluate("() => document.documentElement.scrollWidth") <= screen["viewport"]["width"]
    visit.page.click("#home")
    visit.page.click("#open-clips")
    visit.page.wait_for_selector("#clip-looks button")
    found += faults("clips")
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
    visit.shows("background", "linocut")
    assert page.locator("#paint").is_visible()
    assert page.locator("#canvas").is_visible()
    small = """() => [...document.querySelectorAll("button, select, input[type=range]")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width && Math.min(box.width, box.height) < 24;
    }).map((one) => one.outerHTML.slice(0, 120))"""
    assert page.evaluate(small) == []
    visit.close()
