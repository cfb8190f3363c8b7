"""Belief propagation against Viterbi on chains and against every labelling of small grids."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.engines.components.belief import belief_propagation, descend, energy

Tables = tuple[Tensor, Tensor, Tensor]


def tables(height: int, width: int, count: int, seed: int, weight: float = 1.0) -> Tables:
    rng = torch.Generator().manual_seed(seed)
    unary = torch.rand(height, width, count, generator=rng)
    across = weight * torch.rand(height, width - 1, count, count, generator=rng)
    down = weight * torch.rand(height - 1, width, count, count, generator=rng)
    return unary, across, down


def viterbi(unary: np.ndarray, pairs: np.ndarray) -> list[int]:
    """The cheapest labels of a chain: unary (N, K), pairs (N-1, K, K)."""
    best, back = unary[0], []
    for own, pair in zip(unary[1:], pairs, strict=True):
        ways = best[:, None] + pair
        back.append(ways.argmin(0))
        best = ways.min(0) + own
    labels = [int(best.argmin())]
    for step in reversed(back):
        labels.append(int(step[labels[-1]]))
    return labels[::-1]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("upright", [False, True])
def test_on_a_chain_it_is_viterbi(seed: int, upright: bool) -> None:
    unary, pairs, _ = tables(1, 23, 5, seed, 2.0)
    wanted = viterbi(unary[0].double().numpy(), pairs[0].double().numpy())
    if upright:
        chain = unary.transpose(0, 1), torch.zeros(23, 0, 5, 5), pairs.transpose(0, 1)
    else:
        chain = unary, pairs, torch.zeros(0, 23, 5, 5)
    assert belief_propagation(*chain, rounds=1).flatten().tolist() == wanted


def written_out(unary: Tensor, across: Tensor, down: Tensor, labels: Tensor) -> float:
    height, width = labels.shape
    total = 0.0
    for y, x in itertools.product(range(height), range(width)):
        total += float(unary[y, x, labels[y, x]])
        if x + 1 < width:
            total += float(across[y, x, labels[y, x], labels[y, x + 1]])
        if y + 1 < height:
            total += float(down[y, x, labels[y, x], labels[y + 1, x]])
    return total


def test_the_energy_is_its_sum_written_out() -> None:
    costs = tables(3, 4, 5, 1)
    labels = torch.randint(5, (3, 4), generator=torch.Generator().manual_seed(2))
    assert energy(*costs, labels) == pytest.approx(written_out(*costs, labels), rel=1e-6)


def least(unary: Tensor, across: Tensor, down: Tensor) -> float:
    """The energy of the best of all labellings of a 3 x 3 grid: one axis for each node, every cost along its own."""
    count = unary.shape[2]
    total = np.zeros((count,) * 9)

    def along(costs: Tensor, *nodes: int) -> np.ndarray:
        return costs.double().numpy().reshape([count if n in nodes else 1 for n in range(9)])

    for n in range(9):
        y, x = divmod(n, 3)
        total += along(unary[y, x], n)
        if x < 2:
            total += along(across[y, x], n, n + 1)
        if y < 2:
            total += along(down[y, x], n, n + 3)
    return float(total.min())


def test_on_small_grids_it_is_hardly_ever_above_the_least_energy() -> None:
    near = []
    for seed in range(100):
        costs = tables(3, 3, 4, seed)
        found, best = energy(*costs, belief_propagation(*costs, rounds=15)), least(*costs)
        assert found >= best - 1e-5
        near.append(found <= 1.02 * best)
    assert sum(near) >= 95


@pytest.mark.parametrize("seed", range(3))
def test_it_is_better_than_looking_at_each_node_alone(seed: int) -> None:
    unary, across, down = tables(12, 15, 6, seed)
    greedy = unary.argmin(2)
    alone = descend(unary, across, down, greedy)
    found = belief_propagation(unary, across, down, 10)
    energies = [energy(unary, across, down, labels) for labels in (found, alone, greedy)]
    assert energies[0] < energies[1] < energies[2]


def test_more_rounds_cost_nothing_and_a_single_node_is_no_trouble() -> None:
    costs = tables(6, 7, 5, 3)
    energies = [energy(*costs, belief_propagation(*costs, rounds=n)) for n in (1, 5, 20)]
    assert energies[2] <= energies[0]
    unary, across, down = tables(1, 1, 4, 5)
    assert belief_propagation(unary, across, down, 3).tolist() == [[int(unary.argmin())]]
