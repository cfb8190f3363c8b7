"""Batch norm's statistics of averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import update_bn

BATCHES = 16  # that they are measured on


class _Pass(nn.Module):
    """What passes a batch through a network, as a network."""

    def __init__(self, network: nn.Module, see: Callable[[nn.Module, Any], object]) -> None:
        super().__init__()
        self.network, self.see = network, see

    def forward(self, batch: Any) -> object:
        return self.see(self.network, batch)


@torch.no_grad()
def measure_statistics(network: nn.Module, see: Callable[[nn.Module, Any], object], batches: Iterable[Any]) -> None:
    """Measure the means and variances of a network's batch norms anew; `see` passes a batch through it.

    Averaged weights make a network that has seen no picture yet: statistics that were averaged along with them are of
    none (Izmailov et al. 2018), and for hundreds of steps such a network may find nothing at all. Each batch counts
    alike. The network is in evaluation mode afterwards; one without batch norm sees no batch.
    """
    update_bn(batches, _Pass(network, see))
    network.eval()
