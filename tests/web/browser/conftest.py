"""One browser and one server for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browsers import CHROMIUM
from tests.web.browser.servers import serving
from tests.web.browser.visits import Visit


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, without its token: visits have that as a cookie."""
    with serving(tmp_path_factory.mktemp("web")) as address:
        yield address


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser with a camera that shows a test picture."""
    arguments = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page is not tested")
    if CHROMIUM is None:
        pytest.skip("no Chromium was found: the page is not tested in a browser")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Visit]:
    found = Visit(chromium, address, viewport={"width": 1280, "height": 800}, permissions=["camera"])
    yield found
    found.close()
