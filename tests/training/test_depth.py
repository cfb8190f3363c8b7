"""The depth network learns which of two places is the farther one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from styfie.errors import InputError
from styfie.training import layered
from styfie.training.depth import Pairs, draw_pairs, order_terms, score_depth, share_right, train_depth
from styfie.training.layered import BEHIND, UNKNOWN, LayeredBatch, LayeredScenes
from tests.training.conftest import TINY


@pytest.fixture(autouse=True)
def few_textures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layered, "GALLERY", ("pop", "ink"))


def steps(side: int = 16) -> LayeredBatch:
    """Far on the left, two things of one depth in the middle, a near one on the right, and what is not known below."""
    depth, layers = torch.ones(1, side, side), torch.zeros(1, side, side, dtype=torch.long)
    depth[..., 4:12], depth[..., 12:] = 0.5, 0.1
    layers[..., 4:8], layers[..., 8:12], layers[..., 12:] = 1, 2, 3
    layers[:, 12:] = UNKNOWN
    return LayeredBatch(torch.rand(1, 3, side, side), depth, layers)


def test_pairs_have_the_order_of_their_depths() -> None:
    batch = steps()
    rows = torch.arange(16.0)
    places = (16 * rows[:, None] + rows)[None, None]  # each value says where it was taken
    pairs = draw_pairs(places, batch)
    (first, second), flat = ((one.long() for one in (pairs.first, pairs.second)), batch.depth.flatten())
    known = (first < 12 * 16) & (second < 12 * 16)
    assert torch.equal(pairs.sign, torch.where(known, (flat[second] - flat[first]).sign(), 0.0))
    layer = batch.layers.flatten()
    assert torch.equal(pairs.same, known & (layer[first] == layer[second]) & (layer[first] != BEHIND))
    assert bool((pairs.sign > 0).any()) and bool((pairs.sign < 0).any()) and bool(pairs.same.any())
    columns = (first % 16 - second % 16).abs()
    assert float(columns[:, ::2].max()) <= 2 and float(columns[:, 1::2].max()) > 10


def test_the_loss_is_that_of_chen_et_al() -> None:
    a, b = torch.tensor([[0.0, 2.0, 1.0, 5.0]]), torch.tensor([[1.0, 0.0, 4.0, 9.0]])
    pairs = Pairs(a, b, torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[False, False, True, False]]))
    terms = order_terms(pairs)
    assert float(terms["order"]) == pytest.approx((math.log1p(math.exp(-1)) + math.log1p(math.exp(2))) / 2)
    assert float(terms["alike"]) == pytest.approx(9)
    assert float(terms["total"]) == pytest.approx(float(terms["order"]) + 0.3 * 9)


def test_what_is_right_is_counted() -> None:
    batch = steps()
    assert share_right(batch.depth[None], batch) == 1
    assert share_right(-batch.depth[None], batch) == 0
    assert math.isnan(share_right(batch.depth[None], replace(batch, depth=torch.ones_like(batch.depth))))


@pytest.mark.slow
def test_it_learns_goes_on_and_is_scored(
    portraits: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styfie.training.depth.SCORED", 16)
    lines: list[float] = []
    schedule = replace(TINY, steps=30, batch=4, learning_rate=3e-3, log_every=5, save_every=15)

    def note(line: object) -> None:
        assert isinstance(line, dict)
        lines.append(line["order"])

    given = {"side": 32, "on_log": note}
    network = train_depth([portraits], [pictures], tmp_path / "whole", schedule, **given)
    assert sum(lines[-2:]) < 0.85 * sum(lines[:2])
    assert not network.training and not any(one.requires_grad for one in network.parameters())
    found = score_depth(network, LayeredScenes([portraits], [pictures], part="val", side=32))
    assert set(found) == {f"{kind}{rule}" for kind in ("scenes", "portraits") for rule in ("", ", lower is nearer")}
    assert found["scenes"] > 0.55
    assert all(0 <= one <= 1 for one in found.values())

    def stop(line: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_depth([portraits], [pictures], tmp_path / "parts", replace(schedule, log_every=20), side=32, on_log=stop)
    with pytest.raises(InputError, match="another"):
        train_depth([portraits], [pictures], tmp_path / "parts", replace(schedule, log_every=20), side=32, people=1)
    parts = train_depth([portraits], [pictures], tmp_path / "parts", replace(schedule, log_every=20), side=32)
    for a, b in zip(network.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)
