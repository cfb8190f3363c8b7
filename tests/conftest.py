"""Every test runs without a network: opening a connection fails."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
import torch
import typer
from PIL import Image
from torch import Tensor, nn

from styfie import devices
from styfie import styles as styles_module
from styfie.engines import optimise as optimise_module
from styfie.engines.fast import paint as fast_paint
from styfie.gallery import draw
from styfie.images import read_picture
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.segmentation import portrait as portrait_module
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.networks import PyramidNet
from styfie.settings import Settings


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

    connect = socket.socket.connect

    def stay_here(own: socket.socket, address: Any) -> None:
        """Sockets of the file system are between processes of this machine, and no network."""
        return connect(own, address) if own.family == getattr(socket, "AF_UNIX", None) else refuse()

    monkeypatch.setattr(socket.socket, "connect", stay_here)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def own_cache(same_place: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield


@pytest.fixture(scope="session", autouse=True)
def asked_once() -> Iterator[None]:
    """What is the same each time is computed once for all tests of a process: it would be a quarter of their time.

    That is what the packaged segmentation network says of a picture, the gallery's drawings as styles, the seconds that
    a step takes here, and the command line's own parser.
    """
    load, predict = portrait_module.load_shipped, portrait_module._predict_once
    step_seconds, get_command = optimise_module._step_seconds, typer.main.get_command
    drawn = cache(draw)
    packaged: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()
    seen: dict[tuple[object, ...], tuple[Tensor, Tensor]] = {}
    seconds: dict[tuple[str, ...], float] = {}

    def loaded(own_parts: bool = False) -> tuple[PyramidNet, int, Calibration]:
        found = load(own_parts)
        packaged[found[0]] = own_parts
        return found

    def predicted(
        photo: Tensor, network: nn.Module, side: int, mirrored: bool, parts: bool = True
    ) -> tuple[Tensor, Tensor]:
        if network not in packaged or photo.device.type != "cpu":
            return predict(photo, network, side, mirrored, parts)
        changed = sum(value._version for value in network.state_dict().values())
        pixels = hashlib.sha256(photo.detach().numpy().tobytes()).digest()
        lowered = devices.has_bf16(photo.device)
        key = (packaged[network], changed, photo.shape, photo.dtype, pixels, side, mirrored, parts, lowered)
        if key not in seen:
            seen[key] = predict(photo, network, side, mirrored, parts)
        matte, likely = seen[key]
        return matte.clone(), likely.clone()

    def timed(settings: Settings) -> float:
        key = (settings.device, settings.encoder, settings.loss)
        if key not in seconds:
            seconds[key] = step_seconds(settings)
        return seconds[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portrait_module, "load_shipped", loaded)
        patch.setattr(portrait_module, "_predict_once", predicted)
        patch.setattr(optimise_module, "_step_seconds", timed)
        patch.setattr(styles_module, "draw", lambda *asked: drawn(*asked).clone())
        patch.setattr(typer.main, "get_command", cache(get_command))
        yield


@pytest.fixture
def heeded() -> Iterator[None]:
    """Ctrl-C as Python has it, though the tests may run where it is ignored, as shells do in the background."""
    usual: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {one: signal.signal(one, handler) for one, handler in usual.items()}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks as they are where the processor has no bfloat16, for what is compared closely or with what it was.

    Those that tests before this one read in bfloat16 are not used again, nor are these by tests after it.
    """
    monkeypatch.setattr(devices, "has_bf16", lambda _: False)
    monkeypatch.setattr(fast_paint, "_networks", cache(fast_paint._networks.__wrapped__))
    monkeypatch.setattr(fast_paint, "_cached", OrderedDict())


@pytest.fixture(scope="session")
def portrait() -> Tensor:
    """The built-in portrait at 256 pixels."""
    return read_picture(PORTRAIT, 256)


@pytest.fixture
def halves() -> Regions:
    """Left half subject, right half background, 48 x 64, with a soft seam of eight pixels."""
    ramp = ((32 + 4 - torch.arange(64.0)) / 8).clamp(0, 1)
    return Regions.of_subject(ramp.expand(1, 1, 48, 64).clone())
