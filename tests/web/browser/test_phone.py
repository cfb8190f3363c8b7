"""From the QR code on the computer to a picture saved on a phone, which is another computer of the network.

The phone is a browser in a network namespace of its own, joined to this computer by a cable of two ends. Where a
namespace may not be made, it is a browser of this computer that goes by this computer's own address.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from styfie.web.network import own_addresses
from tests.browsers import CHROMIUM
from tests.web.browser.servers import serving
from tests.web.browser.visits import PHONE, PORTRAIT, Visit
from tests.web.tokens import TOKEN

pytestmark = pytest.mark.slow
pytest.importorskip("segno")
pytest.importorskip("ifaddr")


@pytest.fixture
def cable() -> Iterator[tuple[str, str] | None]:
    """Two namespaces, a computer's and a phone's, that reach each other and nothing else; None where none may be made.

    The computer is in one, too: a cable that comes to this process's own network is a change of it, at which the
    browsers of other tests give up what they load.
    """
    computer, phone = f"styfie{os.getpid()}c", f"styfie{os.getpid()}p"
    commands = [
        f"ip netns add {computer}",
        f"ip netns add {phone}",
        f"ip -n {computer} link add cable type veth peer name cable netns {phone}",
        f"ip -n {computer} address add 198.18.7.1/30 dev cable",
        f"ip -n {phone} address add 198.18.7.2/30 dev cable",
        *(f"ip -n {name} link set {end} up" for name in (computer, phone) for end in ("lo", "cable")),
        f"ip -n {phone} route add default via 198.18.7.1",
    ]
    ip = shutil.which("ip")
    made = ip is not None and all(not subprocess.run(c.split(), capture_output=True).returncode for c in commands)
    try:
        yield (computer, phone) if made else None
    finally:
        for name in (computer, phone) if ip else ():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)  # and the cable with it


def browser_in(name: str, chromium: Any, folder: Path) -> Any:
    """A browser in a namespace."""
    wrapper = folder / f"chromium-{name}"
    wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {name} {CHROMIUM} "$@"\n')
    wrapper.chmod(0o755)
    return chromium.browser_type.launch(executable_path=str(wrapper), args=["--no-sandbox"])


@pytest.fixture
def ends(
    chromium: Any, cable: tuple[str, str] | None, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Visit, Visit]]:
    """The page on the computer, and a small touch screen that has never been here."""
    if cable is None and own_addresses("0.0.0.0") == [socket.gethostname()]:
        pytest.skip("this computer has no address in a network")
    with ExitStack() as stack:
        browsers = [chromium, chromium]
        if cable:
            address = stack.enter_context(serving(tmp_path, "ip", "netns", "exec", cable[0]))
            browsers = [browser_in(name, chromium, tmp_path) for name in cable]
            for browser in browsers:
                stack.callback(browser.close)
        else:
            address = request.getfixturevalue("address")
        computer = Visit(browsers[0], address, viewport={"width": 1280, "height": 800})
        phone = Visit(browsers[1], address, viewport=PHONE, has_touch=True, is_mobile=True)
        phone.context.clear_cookies()
        yield computer, phone
        computer.close()
        phone.close()


STATUSES = """
import sys, urllib.error, urllib.request
for line in sys.stdin.read().splitlines():
    address, _, token = line.partition(" ")
    try:
        asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"} if token else {})
        print(urllib.request.urlopen(asked, timeout=30).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def statuses(cable: tuple[str, str] | None, *asked: str) -> list[int]:
    """What is answered on the phone to addresses, each with a token after it or with none."""
    before = ["ip", "netns", "exec", cable[1]] if cable else []
    command = [*before, sys.executable, "-I", "-c", STATUSES]
    done = subprocess.run(command, input="\n".join(asked), capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


def code_in(screenshot: bytes) -> str:
    """What a phone's camera would read, near or far: of some addresses the detector misses the code at one size."""
    cv2 = pytest.importorskip("cv2")
    code = Image.open(io.BytesIO(screenshot)).convert("L")
    for times in (1, 2, 3, 1.5):
        picture = np.asarray(code.resize((round(times * code.width), round(times * code.height))))
        text, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
        if text:
            return str(text)
    return ""


def test_from_the_code_to_a_saved_picture(
    ends: tuple[Visit, Visit], cable: tuple[str, str] | None, tmp_path: Path
) -> None:
    visit, phone = ends
    visit.home()
    assert visit.page.locator("#where").inner_text() == "Nothing leaves this computer."
    visit.page.click("#open-phone")
    visit.until("document.getElementById('phone-code').naturalWidth")
    address = code_in(visit.page.locator("#phone-code").screenshot())
    assert address == visit.page.locator("#phone-address").inner_text()
    home, token = address.split("/?token=")
    assert token == TOKEN and "127.0.0.1" not in home
    phone.address = home

    paths = ("/", "/api/v1/jobs", "/?token=another", "/page.css", "/api/v1/phone.svg")
    assert statuses(cable, *(home + path for path in paths), f"{home}/api/v1/jobs {TOKEN}x") == [401] * 6

    photo = tmp_path / "selfie.jpg"
    Image.open(PORTRAIT).resize((128, 128)).save(photo)
    page = phone.page
    page.goto(address, wait_until="domcontentloaded")
    assert page.url == f"{home}/", "the token is seen no more"
    phone.until("document.getElementById('where').textContent")  # a script's, after the page is there
    where = page.locator("#where").inner_text()
    assert socket.gethostname() in where and "network" in where and "not encrypted" in where
    assert page.locator("#open-live").is_hidden(), "over plain http there is no camera"
    with page.expect_file_chooser() as chosen:
        page.tap("#take")
    assert chosen.value.element.get_attribute("capture") == "user"
    chosen.value.set_files(photo)
    phone.until("styfie.studio.layers.size === 2")
    phone.settle()
    page.tap("#save")
    phone.until("!document.getElementById('export-sizes').textContent.includes('…')")
    with page.expect_download() as found:
        page.tap("#export-save")
    with Image.open(found.value.path()) as saved:
        painted = np.asarray(saved.convert("RGB").resize((64, 64)), float)
    with Image.open(photo) as selfie:
        before = np.asarray(selfie.resize((64, 64)), float)
    assert found.value.suggested_filename == "selfie - painted.jpg"
    assert 8 < np.abs(painted - before).mean() < 90, "it is painted, and still she"


def test_the_network_is_let_in_by_a_press(visit: Visit) -> None:
    """Whatever the server of the other tests lets in: what it answers is said by the test."""
    page = visit.page
    answers = {
        "GET": {"addresses": [], "can_open": True},
        "POST": {"addresses": ["http://192.168.1.7:8790/?token=x"], "can_open": False},
    }
    page.route("**/api/v1/phone", lambda route: route.fulfill(json=answers[route.request.method]))
    visit.home()
    page.click("#open-phone")
    button = page.get_by_role("button", name="Allow devices in your network")
    button.wait_for()
    text = page.locator("#phone").inner_text()
    assert "Only this computer" in text and "not encrypted" in text
    assert not re.search(r"styfie web|--|Ctrl", text), "no command line in the page"
    button.click()
    page.wait_for_selector("#phone-code:not([hidden])")
    assert page.locator("#phone-address").inner_text() == "http://192.168.1.7:8790/?token=x"
    assert button.is_hidden() and page.locator("#phone-alone").is_hidden()
    assert page.evaluate("() => document.activeElement.id") == "phone-address"
    answers["GET"]["can_open"] = False
    page.click("#phone [data-close]")
    page.click("#open-phone")
    visit.until("document.getElementById('phone-alone').textContent.includes('cannot be let in')")
    assert button.is_hidden()
