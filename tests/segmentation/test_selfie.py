from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.segmentation.selfie import Bottleneck, Gate, SelfieNet, UpBlock


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def same(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """A depthwise convolution as TensorFlow documents "same": ceil(n / stride) values, the odd zero after the end."""
    size, length = weight.shape[-1], -(-x.shape[-1] // stride)
    missing = max((length - 1) * stride + size - x.shape[-1], 0)
    values = np.pad(x.numpy(), ((0, 0), (0, 0), *[(missing // 2, missing - missing // 2)] * 2))
    found = np.zeros((*x.shape[:2], length, length), np.float32)
    for row in range(length):
        for column in range(length):
            window = values[..., row * stride : row * stride + size, column * stride : column * stride + size]
            found[..., row, column] = (window * weight.numpy()[:, 0]).sum((2, 3))
    return torch.from_numpy(found)


def test_it_is_as_large_as_what_is_published() -> None:
    assert sum(parameter.numel() for parameter in SelfieNet().parameters()) == 106_401


def test_each_pixel_has_its_answer() -> None:
    assert SelfieNet().eval()(torch.rand(2, 3, 64, 96)).shape == (2, 1, 64, 96)


@torch.no_grad()
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_borders_are_filled_as_tensorflow_fills_them(size: int, stride: int) -> None:
    block = Bottleneck(4, 4, 4, size, stride)
    x = torch.randn(1, 4, 8, 8)
    inner = F.hardswish(block.expand(x))
    assert block.depthwise.bias is not None
    wanted = F.hardswish(same(inner, block.depthwise.weight, stride) + block.depthwise.bias[:, None, None])
    wanted = block.project(wanted) + (x if stride == 1 else 0)
    torch.testing.assert_close(block(x), wanted, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_gate_sees_means_alone() -> None:
    gate, x = Gate(6, 3), torch.randn(1, 6, 4, 4)
    shuffled = x.flatten(2)[..., torch.randperm(16)].unflatten(2, (4, 4))
    found = gate(x)
    assert found.shape == (1, 6, 1, 1)
    assert ((found > 0) & (found < 1)).all()
    torch.testing.assert_close(gate(shuffled), found)


@torch.no_grad()
def test_a_step_of_the_decoder_is_a_gated_sum() -> None:
    block, coarse, skip = UpBlock(5, 3), torch.randn(1, 5, 2, 2), torch.randn(1, 3, 4, 4)
    for layer in (block.mix, block.depthwise):
        torch.nn.init.zeros_(layer.weight)
    block.mix.weight[:, :, 0, 0] = torch.eye(3)
    assert block.mix.bias is not None and block.depthwise.bias is not None
    block.mix.bias[:], block.depthwise.bias[:] = 9, 0
    up = F.interpolate(block.narrow(coarse), (4, 4), mode="bilinear")  # a 1x1 convolution commutes with it
    torch.testing.assert_close(block(coarse, skip), skip * block.gate(skip + up) + up + 9)
