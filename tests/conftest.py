"""Every test runs without a network: opening a connection fails."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from styfie.images import read_picture
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions


def opened(file: Path) -> Image.Image:
    """A picture file, loaded and closed again."""
    with Image.open(file) as image:
        image.load()
        return image.copy()


def fingerprint(picture: Tensor) -> list[float]:
    """What a picture (…, H, W) looks like in short: its mean, that of its changes right and down, its quarters'."""
    picture = picture.float()
    quarters = [half for row in picture.chunk(2, -2) for half in row.chunk(2, -1)]
    found = [picture, picture.diff(dim=-1).abs(), picture.diff(dim=-2).abs(), *quarters]
    return [round(float(one.mean()), 4) for one in found]


@pytest.fixture(autouse=True)
def same_place() -> Iterator[None]:
    """A test ends in the folder in which it began, since those after it name files from there."""
    before = Path.cwd()
    yield
    after = Path.cwd()
    os.chdir(before)
    assert after == before, f"left in {after}"


@pytest.fixture(autouse=True)
def no_network(same_place: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a test tried to open a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def own_cache(same_place: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield


@pytest.fixture(scope="session")
def portrait() -> Tensor:
    """The built-in portrait at 256 pixels."""
    return read_picture(PORTRAIT, 256)


@pytest.fixture
def halves() -> Regions:
    """Left half subject, right half background, 48 x 64, with a soft seam of eight pixels."""
    ramp = ((32 + 4 - torch.arange(64.0)) / 8).clamp(0, 1)
    return Regions.of_subject(ramp.expand(1, 1, 48, 64).clone())
