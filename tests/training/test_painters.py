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
from styfie.training.fast import (
    Material,
    gram,
    gram_distance,
    painting_terms,
    texture_distance,
    tile_covariances,
    train_fast,
)
from styfie.training.loop import Schedule
from styfie.training.pictures import PictureSet
from styfie.training.style import train_style

SHORT = Schedule(steps=6, batch=2, accumulate=2, learning_rate=1e-3, log_every=2, save_every=3, average=0.5)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fast_training, "LEAST", 32)
    monkeypatch.setattr(style_training, "LEAST", 32)
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


def test_terms_are_nothing_for_the_picture_itself() -> None:
    picture = torch.full((1, 3, 8, 8), 0.5)
    features = torch.rand(1, 4, 5, 5)
    style = gram_distance(gram(features), gram(features))
    terms = painting_terms(style, features, features, picture, fast_training.LESSON)
    assert float(terms["total"]) == 0
    assert float(gram_distance(2 * gram(features), gram(features))) == pytest.approx(1)


def test_texture_is_wanted_in_every_tile() -> None:
    features = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    tiles = tile_covariances(features)
    assert tiles.shape == (16, 4, 4)
    corner = features[0, :, :8, :8].flatten(1)
    assert torch.allclose(tiles[0], torch.cov(corner, correction=0), atol=1e-5)
    even = features[..., :8, :8].repeat(1, 1, 4, 4)
    assert float(texture_distance({"a": even}, {"a": even})) == pytest.approx(0, abs=1e-6)
    assert float(texture_distance({"a": 0 * even + 3}, {"a": even})) == pytest.approx(1), "a bare wall, however bright"
    half = even.clone()
    half[..., :16] = 0.5
    assert float(texture_distance({"a": half}, {"a": even})) == pytest.approx(0.5), "half a bare wall"
    assert tile_covariances(features[..., :5, :9]).shape == (1, 4, 4)


def test_a_run_stopped_and_started_again_ends_with_the_same_weights(photos: Path, tmp_path: Path) -> None:
    whole = train_fast([photos], [photos], tmp_path / "whole", SHORT)

    def stop(line: dict[str, float] | object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fast([photos], [photos], tmp_path / "parts", replace(SHORT, log_every=4), on_log=stop)
    parts = train_fast([photos], [photos], tmp_path / "parts", replace(SHORT, log_every=4))
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_start_of_another_network_is_one_sentence(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another network"):
        train_fast([photos], [photos], tmp_path / "run", SHORT, start={"weight": torch.zeros(2)})


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
