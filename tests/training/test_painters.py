"""Teaching the networks that paint in one pass: they learn, start again where they stopped, and say what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.gallery import draw
from styfie.training import fast as fast_training
from styfie.training import style as style_training
from styfie.training.fast import Material, train_fast
from styfie.training.loop import Schedule
from styfie.training.pictures import PictureSet
from styfie.training.style import train_style

pytestmark = pytest.mark.slow

SHORT = Schedule(steps=6, batch=2, accumulate=2, learning_rate=1e-3, log_every=2, save_every=3, average=0.5)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fast_training, "MIN_PHOTO_SIDE", 32)
    monkeypatch.setattr(style_training, "MIN_PHOTO_SIDE", 32)
    for module in (fast_training, style_training):
        monkeypatch.setattr(module, "SIDES", (32, 48))
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
