"""From the QR code on the computer to a picture saved on a phone, which is another computer of the network.

The phone is a browser in a network namespace of its own, joined to this computer by a cable of two ends. Where a
namespace may not be made, it is a browser of this computer that goes by this computer's own address.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from styfie.web.network import own_addresses
from tests.browsers import CHROMIUM
from tests.web.browser.visits import PHONE, PORTRAIT, Visit
from tests.web.tokens import TOKEN

pytestmark = pytest.mark.slow
pytest.importorskip("segno")
pytest.importorskip("ifaddr")


@pytest.fixture
def cable() -> Iterator[str | None]:
    """The name of a namespace that reaches this computer and nothing else; None where none may be made."""
    name, part = f"styfie{os.getpid()}", os.getpid() % 250
    here, there = f"s{os.getpid()}a", f"s{os.getpid()}b"
    commands = [
        f"ip netns add {name}",
        f"ip link add {here} type veth peer name {there} netns {name}",
        f"ip address add 198.18.{part}.1/30 dev {here}",
        f"ip link set {here} up",
        f"ip -n {name} address add 198.18.{part}.2/30 dev {there}",
        f"ip -n {name} link set {there} up",
        f"ip -n {name} link set lo up",
        f"ip -n {name} route add default via 198.18.{part}.1",
    ]
    ip = shutil.which("ip")
    made = ip is not None and all(not subprocess.run(c.split(), capture_output=True).returncode for c in commands)
    try:
        yield name if made else None
    finally:
        if ip:
            subprocess.run([ip, "netns", "delete", name], capture_output=True)  # and the cable with it


@pytest.fixture
def phone(chromium: Any, address: str, cable: str | None, tmp_path: Path) -> Iterator[Visit]:
    """A small touch screen that has never been here."""
    browser = chromium
    if cable:
        wrapper = tmp_path / "chromium-on-the-phone"
        wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {cable} {CHROMIUM} "$@"\n')
        wrapper.chmod(0o755)
        browser = chromium.browser_type.launch(executable_path=str(wrapper), args=["--no-sandbox"])
    elif own_addresses("0.0.0.0") == [socket.gethostname()]:
        pytest.skip("this computer has no address in a network")
    visit = Visit(browser, address, viewport=PHONE, has_touch=True, is_mobile=True)
    visit.context.clear_cookies()
    yield visit
    visit.close()
    if cable:
        browser.close()


def code_in(screenshot: bytes) -> str:
    """What a phone's camera would read."""
    cv2 = pytest.importorskip("cv2")
    picture = np.asarray(Image.open(io.BytesIO(screenshot)).convert("L"))
    text, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(text)


def test_from_the_code_to_a_saved_picture(visit: Visit, phone: Visit, tmp_path: Path) -> None:
    visit.home()
    assert visit.page.locator("#where").inner_text() == "Nothing leaves this computer."
    visit.page.click("#open-phone")
    visit.until("document.getElementById('phone-code').naturalWidth")
    address = code_in(visit.page.locator("#phone-code").screenshot())
    assert address == visit.page.locator("#phone-address").inner_text()
    home, token = address.split("/?token=")
    assert token == TOKEN and "127.0.0.1" not in home
    phone.address = home

    def status(path: str, **headers: str) -> int:
        found: int = phone.context.request.get(home + path, headers=headers).status
        return found

    assert [status(path) for path in ("/", "/api/v1/jobs", "/?token=another", "/page.css", "/api/v1/phone.svg")] == [
        401
    ] * 5
    assert status("/api/v1/jobs", authorization=f"Bearer {TOKEN}x") == 401

    photo = tmp_path / "selfie.jpg"
    Image.open(PORTRAIT).resize((128, 128)).save(photo)
    page = phone.page
    page.goto(address, wait_until="domcontentloaded")
    assert page.url == f"{home}/", "the token is seen no more"
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
