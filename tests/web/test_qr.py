"""QR codes, read by another program than the one that drew them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from styfie.web.qr import QUIET, qr_svg, qr_text

pytest.importorskip("segno")
ADDRESS = f"http://192.168.178.117:8790/?token={'aB3-_' * 8}xyz#{'C' * 22}"


def read(picture: np.ndarray) -> str:
    cv2 = pytest.importorskip("cv2")
    text, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(text)


def drawn(svg: str) -> np.ndarray:
    """The picture of an SVG of horizontal strokes, black on a white square, as segno writes it."""
    side, scale = (int(re.search(rf'{name}[="(]+(\d+)', svg)[1]) for name in ("width", "scale"))  # type: ignore[index]
    assert re.search(r'<path fill="#fff" d="M0 0h(\d+)v\1h-\1z"/>', svg)[1] == str(side // scale)  # type: ignore[index]
    picture, x, y = np.full((side // scale, side // scale), 255, np.uint8), 0, 0.0
    path = re.search(r'stroke="#000" d="([^"]+)"', svg)[1]  # type: ignore[index]
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if command == "h":
            picture[int(y), x : x + int(first)] = 0
            x += int(first)
        else:
            x, y = (int(first), float(second)) if command == "M" else (x + int(first), y + float(second))
    return np.kron(picture, np.ones((scale, scale), np.uint8))


def test_the_pages_code_is_read() -> None:
    picture = drawn(qr_svg(ADDRESS).decode())
    edge = 6 * QUIET
    assert picture[:edge].min() == picture[:, -edge:].min() == 255, "its quiet zone"
    assert read(picture) == ADDRESS


def test_the_terminals_code_is_read_on_dark_and_light() -> None:
    """Colours are said: what is drawn is white on black, whatever the terminal has."""
    rows = []
    for line in qr_text(ADDRESS).splitlines():
        colours, letters = re.fullmatch(r"\x1b\[([\d;]+)m(.+)\x1b\[0m", line).groups()  # type: ignore[union-attr]
        assert colours == "40;97"
        rows += [[{"█": 255, "▀": 255, "▄": 0, " ": 0}[one] for one in letters]]
        rows += [[{"█": 255, "▀": 0, "▄": 255, " ": 0}[one] for one in letters]]
    assert max(len(row) for row in rows) <= 80, "of a terminal's columns"
    picture = np.kron(np.array(rows, np.uint8), np.ones((6, 6), np.uint8))
    assert read(picture) == ADDRESS
