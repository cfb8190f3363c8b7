"""Losses of the whole painting: transport against linear programming, style against what it is to bring nearer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from torch import Tensor

from styfie.encoders.plain import PlainEncoder
from styfie.engines.strokes import OPTIONS, strokes
from styfie.engines.strokes.whole import grid_cost, style_of, transport_cost, transport_to
from styfie.looks import Look
from styfie.regions import Regions
from styfie.settings import Settings
from tests.engines.conftest import BLUE, RED


def exact(mass: Tensor, other: Tensor, cost: Tensor) -> float:
    """By linear programming: a plan whose rows sum to one mass and whose columns to the other."""
    n = len(mass)
    rows, columns = np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))
    sums = torch.cat([mass, other]).numpy()
    sides = np.concatenate([rows, columns])[:-1]  # the last one follows from the others
    found = linprog(cost.numpy().ravel(), A_eq=sides, b_eq=sums[:-1])
    assert found.fun is not None
    return float(found.fun)


@pytest.mark.parametrize("seed", range(4))
def test_transport_costs_what_linear_programming_finds(seed: int) -> None:
    """On 6 x 6 cells within 5 %: blobs in opposite corners, as a stroke and where it is to go."""
    rng = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    masses = []
    for corner in (1.0, 4.0):
        place = corner + torch.rand(2, generator=rng, dtype=torch.float64) - 0.5
        blob = torch.exp(-((y - place[0]).square() + (x - place[1]).square())).double() + 0.01
        masses.append((blob / blob.sum()).flatten())
    cost = grid_cost(6, 6).double()
    found = transport_cost(masses[0][None], masses[1][None], cost, epsilon=0.002, turns=200)
    assert float(found) == pytest.approx(exact(masses[0], masses[1], cost), rel=0.05)


def test_transport_pulls_where_nothing_overlaps() -> None:
    """A dot is drawn towards another: mass beside it, on the way, costs less than mass on the other side."""
    wanted, picture = torch.zeros(1, 3, 24, 24), torch.zeros(1, 3, 24, 24)
    wanted[..., 12, 18], picture[..., 12, 6] = 1, 1
    loss = transport_to(wanted, torch.ones(1, 1, 24, 24), 1.0)
    (slope,) = torch.autograd.grad(loss(picture.requires_grad_()), picture)
    assert float(slope[..., 12, 8].sum()) < float(slope[..., 12, 6].sum()) < float(slope[..., 12, 4].sum())


def test_a_style_is_no_way_off_from_itself(encoder: PlainEncoder) -> None:
    ones = torch.ones_like(RED.picture[:, :1])
    loss = style_of((RED,), encoder, ones, 1.0)
    assert float(loss(RED.picture)) < 1e-6 < float(loss(BLUE.picture))
    both = style_of((replace(RED, weight=3.0), BLUE), encoder, ones, 1.0)
    assert float(both(RED.picture)) < float(both(BLUE.picture))


@pytest.mark.slow
@pytest.mark.parametrize("option", ["transport", "style"])
def test_either_is_an_option_that_brings_its_loss_down(photo: Tensor, option: str) -> None:
    looks, settings = {"subject": Look((RED,), likeness=0, brush="oil")}, Settings(steps=4, device="cpu")
    regions = Regions(("subject",), torch.ones_like(photo[:, :1]), (1.0,))
    without = replace(OPTIONS, strokes=60)
    asked = replace(without, transport=1.0) if option == "transport" else replace(without, style=1.0)
    ends = [list(strokes(photo, regions, looks, settings, options=one))[-1].layers for one in (without, asked)]
    assert not torch.equal(*ends)
    if option == "style":
        from styfie.encoders import load_encoder

        loss = style_of((RED,), load_encoder("styfie-1"), torch.ones_like(photo[:, :1]), 1.0)
        with torch.no_grad():
            assert float(loss(ends[1])) < float(loss(ends[0]))
