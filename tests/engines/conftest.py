from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.encoders.plain import PlainEncoder
from styfie.looks import Style


@pytest.fixture(scope="module")
def encoder() -> PlainEncoder:
    torch.manual_seed(0)
    return PlainEncoder((8, 8, 16, 16)).requires_grad_(False)


@pytest.fixture(scope="module")
def photo() -> Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 6, 48), torch.linspace(0, 8, 64), indexing="ij")
    return (0.5 + 0.4 * torch.stack([x.sin(), y.cos(), (x + y).sin()]))[None]


def stripes(period: int, colour: tuple[float, float, float]) -> Style:
    wave = ((torch.arange(64) // period) % 2).float().expand(1, 1, 64, 64)
    return Style("stripes", wave * torch.tensor(colour).view(1, 3, 1, 1))


RED, BLUE = stripes(3, (1.0, 0.2, 0.1)), stripes(5, (0.1, 0.3, 1.0))
