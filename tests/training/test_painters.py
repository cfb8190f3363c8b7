"""Teaching the networks that paint in one pass: they learn, start again where they stopped, and say what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from styfie.encoders import load_encoder
from styfie.encoders.plain import PlainEncoder
from styfie.engines.fast.network import draw_noise, load_fast
from styfie.engines.fast.paint import FastPainter
from styfie.engines.onepass import paint_layers
from styfie.errors import InputError
from styfie.gallery import draw
from styfie.images import resize
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.training import fast as fast_training
from styfie.training import style as style_training
from styfie.training.fast import Material, Pair, train_fast
from styfie.training.loop import Schedule
from styfie.training.pictures import PictureSet
from styfie.training.style import train_style
from styfie.weights import load_packaged

pytestmark = pytest.mark.slow

SHORT = Schedule(steps=6, batch=2, accumulate=2, learning_rate=1e-3, log_every=2, save_every=3, average=0.5)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fast_training, "MIN_PHOTO_SIDE", 32)
    monkeypatch.setattr(style_training, "MIN_PHOTO_SIDE", 32)
    for module in (fast_training, style_training):
        monkeypatch.setattr(module, "SIDES", (32, 48))
    monkeypatch.setattr(fast_training, "GALLERY", ("pop", "ink"))  # drawing all of it takes longer than all the rest
    monkeypatch.setattr(fast_training, "DRAWN", 96)
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(30):
        pixels = np.kron(rng.integers(0, 256, (7, 8, 3)), np.ones((10, 10, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
    return folder


def test_small_pictures_are_left_out(photos: Path) -> None:
    Image.new("RGB", (20, 100)).save(photos / "narrow.png")
    assert not [name for name in PictureSet(photos, least=32).names if "narrow" in name]
    with pytest.raises(InputError, match="80"):
        PictureSet(photos, least=80)


def test_pictures_left_out_are_neither_photos_nor_styles(photos: Path) -> None:
    material = Material([photos], [photos], SHORT, leave_out=["1"])
    for pictures in (*material.photos, *material.paintings):
        names = [Path(name).stem for name in pictures.names]
        assert names and not [name for name in names if "1" in name]


def test_a_pair_depends_on_step_and_row_alone(photos: Path) -> None:
    first, second = (Material([photos], [photos], SHORT).pair(2, range(1, 2)) for _ in range(2))
    assert torch.equal(first.photo, second.photo) and torch.equal(first.style, second.style)
    other = Material([photos], [photos], SHORT).pair(2, range(1))
    assert not torch.equal(first.photo, other.photo)
    assert first.photo.shape == (1, 3, 32, 32)
    assert Material([photos], [photos], SHORT).pair(5, range(1)).photo.shape == (1, 3, 48, 48)


def test_every_eighth_pair_is_its_own_style(photos: Path) -> None:
    material = Material([photos], [photos], SHORT)
    same = [material.pair(step, range(row, row + 1)) for step in range(8) for row in range(2)]
    assert [pair.same for pair in same] == [n % 8 == 7 for n in range(16)]
    assert all(torch.equal(pair.photo, pair.style) == pair.same for pair in same)


def test_most_pairs_begin_from_the_same_at_half_their_size(photos: Path) -> None:
    material = Material([photos], [photos], SHORT)
    pairs = [material.pair(0, range(row, row + 1)) for row in range(100)]
    assert 15 < sum(pair.straight for pair in pairs) < 45
    pair = pairs[0]
    half = pair.half()
    assert torch.allclose(half.photo[..., 3, 5], pair.photo[..., 6:8, 10:12].mean((2, 3)), atol=1e-6)
    assert [one.shape for one in half.noise] == [one.shape for one in draw_noise((16, 16), 0)]


def test_what_is_taught_begins_as_what_is_painted(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the engine, at twice its native size: the noise is another, and statistics are of fewer positions there."""
    style = draw("glass", 96)[..., :96, :96]
    portrait = resize(portrait, (96, 96))
    pair = Pair(portrait, style, draw_noise((96, 96), 0), straight=False)
    encoder = load_encoder("styfie-2")
    assert isinstance(encoder, PlainEncoder)
    content = fast_training._begun(load_fast(load_packaged("fast")), encoder, pair)
    monkeypatch.setattr(FastPainter, "native", 48)
    paint, begun = FastPainter.paint, []

    def watched(painter: FastPainter, content: Tensor, band: Tensor, look: Look) -> Tensor:
        begun.append(content)
        return paint(painter, content, band, look)

    monkeypatch.setattr(FastPainter, "paint", watched)
    whole = Regions(("all",), torch.ones_like(portrait[:, :1]), (1.0,))
    paint_layers(FastPainter({"all": Look((Style("glass", style),))}, Settings()), portrait, whole)
    apart = (content - begun[1]).abs().mean()
    assert len(begun) == 2
    assert float(apart) < 0.4 * float((content - portrait).abs().mean())


@pytest.mark.parametrize("straight", [True, False])
def test_a_lesson_is_the_same_with_an_encoder_in_bfloat16(portrait: Tensor, straight: bool) -> None:
    """With the network's convolutions in bfloat16, and in float32."""
    photo, style = resize(portrait, (64, 64)), draw("glass", 96)[..., :64, :64]
    pair = Pair(photo, style, draw_noise((64, 64), 0), straight=straight)
    network = load_fast(load_packaged("fast")).requires_grad_()

    def total(kind: torch.dtype, lowered: bool) -> float:
        encoder = load_encoder("styfie-2")
        assert isinstance(encoder, PlainEncoder)
        torch.manual_seed(0)
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
            found = fast_training.fast_loss(network, encoder.to(kind), pair, fast_training.LESSON)["total"]
        found.backward()
        assert all(one.grad is not None and one.grad.any() for one in network.parameters())
        return found.item()

    wanted = total(torch.float32, lowered=False)
    for lowered in (True, False):
        assert total(torch.bfloat16, lowered) == pytest.approx(wanted, rel=0.02)


def test_a_run_stopped_and_started_again_ends_with_the_same_weights(photos: Path, tmp_path: Path) -> None:
    whole = train_fast([photos], [photos], tmp_path / "whole", SHORT)

    def stop(line: dict[str, float] | object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fast([photos], [photos], tmp_path / "parts", replace(SHORT, log_every=4), on_log=stop)
    parts = train_fast([photos], [photos], tmp_path / "parts", replace(SHORT, log_every=4))
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", ["fast", "style"])
def test_a_run_without_some_pictures_does_not_go_on_with_them(photos: Path, tmp_path: Path, kind: str) -> None:
    def stop(line: dict[str, float] | object) -> None:
        raise KeyboardInterrupt

    def run(leave_out: list[str]) -> None:
        schedule, folder = replace(SHORT, log_every=4), tmp_path / "run"
        if kind == "fast":
            train_fast([photos], [photos], folder, schedule, on_log=stop, leave_out=leave_out)
        else:
            train_style([photos], [draw("pop", 64)], folder, schedule, 0.25, on_log=stop, leave_out=leave_out)

    with pytest.raises(KeyboardInterrupt):
        run(["1"])
    with pytest.raises(InputError, match="another"):
        run([])


def test_a_start_of_another_network_is_one_sentence(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another network"):
        train_fast([photos], [photos], tmp_path / "run", SHORT, start={"weight": torch.zeros(2)})


def test_a_style_goes_on_from_weights_of_an_earlier_run(photos: Path, tmp_path: Path) -> None:
    style = draw("pop", 64)
    first = train_style([photos], [style], tmp_path / "first", SHORT, 0.25).state_dict()
    still = replace(SHORT, steps=1, learning_rate=0.0)
    second = train_style([photos], [style], tmp_path / "second", still, 0.25, start=first).state_dict()
    assert all(torch.equal(first[name], value) for name, value in second.items())
    with pytest.raises(InputError, match="another network"):
        train_style([photos], [style], tmp_path / "third", SHORT, 0.5, start=first)


def test_one_style_is_learned(photos: Path, tmp_path: Path) -> None:
    lines: list[float] = []
    schedule = replace(SHORT, steps=60, log_every=5)
    style = draw("pop", 64)
    network = train_style([photos], [style], tmp_path, schedule, 0.25, on_log=lambda line: lines.append(line["style"]))
    assert network.styles == 1
    assert sum(lines[-3:]) < 0.7 * sum(lines[:3])


def test_several_styles_share_one_network(photos: Path, tmp_path: Path) -> None:
    network = train_style([photos], [draw("pop", 64), draw("ink", 64)], tmp_path, SHORT, 0.25)
    assert network.styles == 2
    assert float((network.colour[0] - draw("pop", 64).mean((0, 2, 3))).abs().max()) < 1e-5


def test_the_order_of_depths_counts_where_it_is_asked_for(photos: Path, tmp_path: Path) -> None:
    lines: list[dict[str, float]] = []

    def note(line: Any) -> None:
        lines.append(dict(line))

    few = replace(SHORT, steps=1, log_every=1)
    for depth in (0.0, 2.0):
        train_style([photos], [draw("pop", 64)], tmp_path / f"{depth}", few, 0.25, depth=depth, on_log=note)
    assert "depth" not in lines[0] and lines[1]["depth"] > 0
    assert lines[1]["total"] == pytest.approx(lines[0]["total"] + lines[1]["depth"], rel=1e-4)
