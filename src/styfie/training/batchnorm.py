"""Batch norm's statistics of averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

BATCHES = 16  # that they are measured on


@torch.no_grad()
def measure_statistics(network: nn.Module, see: Callable[[nn.Module, Any], object], batches: Iterable[Any]) -> None:
    """Measure the means and variances of a network's batch norms anew; `see` passes a batch through it.

    Averaged weights make a network that has seen no picture yet: statistics that were averaged along with them are of
    none (Izmailov et al. 2018), and for hundreds of steps such a network may find nothing at all. Each batch counts
    alike. The network is in evaluation mode afterwards; one without batch norm sees no batch.
    """
    network.eval()
    normed = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    if not normed:
        return
    momenta = [layer.momentum for layer in normed]
    for layer in normed:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over what it sees
        layer.train()
    for batch in batches:
        see(network, batch)
    for layer, momentum in zip(normed, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
