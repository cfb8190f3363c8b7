"""Statistics of batch norm are those of the averaged weights, by sums over the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from styfie.training.batchnorm import measure_statistics
from styfie.training.loop import fit
from tests.training.test_loop import SHARED, brightness_loss, rows_at


def normed_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2, momentum=0.3), nn.Conv2d(2, 1, 1))


def statistics_of(network: nn.Sequential, batches: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Means over batches of the mean and of the unbiased variance of what the first layer gives, by NumPy."""
    given = [network[0](one).detach().double().numpy().transpose(1, 0, 2, 3).reshape(2, -1) for one in batches]
    mean, variance = (
        np.mean(values, 0) for values in ([one.mean(1) for one in given], [one.var(1, ddof=1) for one in given])
    )
    return torch.from_numpy(mean).float(), torch.from_numpy(variance).float()


def test_each_batch_counts_alike_and_nothing_else_changes() -> None:
    network, batches = normed_network(), [torch.rand(4, 3, 5, 5) * n for n in (1, 2, 5)]
    before = {name: one.clone() for name, one in network.state_dict().items() if "running" not in name}
    measure_statistics(network, lambda learner, batch: learner(batch), batches)
    norm = network[1]
    mean, variance = statistics_of(network, batches)
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)
    assert norm.momentum == 0.3 and not network.training and not norm.training
    assert all(torch.equal(network.state_dict()[n], one) for n, one in before.items() if "batches" not in n)


def test_a_network_without_batch_norm_sees_nothing() -> None:
    def never() -> Iterator[Tensor]:
        raise AssertionError("a batch was asked for")
        yield

    network = nn.Conv2d(3, 1, 1)
    measure_statistics(network, lambda learner, batch: learner(batch), never())
    assert not network.training


@pytest.mark.parametrize("average", [0.5, 0.0])
def test_what_is_learned_has_the_statistics_of_its_own_weights(tmp_path: Path, average: float) -> None:
    """Of the averaged weights; without averaging they are those that the training gathered."""
    schedule, network = replace(SHARED, average=average), normed_network()
    found = fit(network, rows_at, brightness_loss, schedule, tmp_path)
    assert isinstance(found, nn.Sequential)
    mean, _ = statistics_of(found, [rows_at(step, range(schedule.batch)) for step in range(schedule.steps)])
    own, gathered = (one.state_dict()["1.running_mean"] for one in (found, network))
    assert torch.allclose(own, mean) == bool(average)
    assert torch.equal(own, gathered) != bool(average)
