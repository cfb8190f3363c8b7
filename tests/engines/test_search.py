from __future__ import annotations

import itertools
from typing import cast

import pytest
import torch
from torch import Tensor

from styfie.engines.objective import TERMS, Objective
from styfie.engines.search import search, still


def test_a_search_gone_astray_ends_with_the_best(photo: Tensor) -> None:
    """A bowl that gives no number from the fifth evaluation on."""
    calls = itertools.count()

    def bowl(image: Tensor) -> tuple[Tensor, Tensor]:
        broken = float("nan") if next(calls) >= 4 else 1.0
        terms = torch.zeros(len(TERMS))
        terms[0] = broken * (image - photo).square().mean()
        return terms, broken * 2 * (image - photo) / image.numel()

    found = list(search(cast(Objective, bowl), torch.zeros_like(photo), 10, 4))
    assert bool(torch.isfinite(found[-1][0]).all())
    assert torch.equal(found[-1][0], found[3][1])
    assert float(found[-1][2].sum()) <= float(found[0][2].sum())


@pytest.mark.parametrize("onto", [False, True])
def test_the_best_is_kept_in_the_start_where_memory_is_dear(photo: Tensor, onto: bool) -> None:
    """The same pictures either way, and the start itself is one of them."""

    def bowl(image: Tensor) -> tuple[Tensor, Tensor]:
        terms = torch.zeros(len(TERMS))
        terms[0] = (image - photo).square().sum()
        return terms, 2 * (image - photo)

    start = torch.zeros_like(photo)
    *_, (best, _, terms) = search(cast(Objective, bowl), start, 10, 2, onto)
    assert (best is start) == onto
    assert float(terms.sum()) < 1e-3
    assert float((best - photo).abs().max()) < 0.05


def test_a_change_that_nobody_sees_is_none(photo: Tensor) -> None:
    assert still(photo, photo + 0.2 / 255) and not still(photo, photo + 0.5 / 255)
