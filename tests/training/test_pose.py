from __future__ import annotations

import pytest
import torch
from torch import nn

from styfie.segmentation.pose import PoseEncoder
from styfie.training.pose import settle


def published() -> PoseEncoder:
    """An encoder as its file has it: norms only add, inner inputs are large, one channel is dead."""
    torch.manual_seed(0)
    encoder = PoseEncoder().eval()
    for layer in encoder.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_var is not None
            layer.running_var.fill_(1 - layer.eps)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    state, block = encoder.state_dict(), "stages.0.0"
    state[f"{block}.expand.0.weight"][3], state[f"{block}.expand.1.bias"][3] = 0, -5
    state[f"{block}.depthwise.0.weight"][3] = 1e6
    state[f"{block}.project.0.weight"] *= 300
    return encoder


@torch.no_grad()
def test_maps_stay_but_for_their_scale() -> None:
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    encoder = published()
    before = encoder(pictures)
    settle(encoder, pictures)
    for was, now in zip(before, encoder(pictures), strict=True):
        size = float(was.square().mean().sqrt())
        torch.testing.assert_close(now * size, was, atol=1e-3 * size, rtol=1e-3)
        assert float(now.square().mean().sqrt()) == pytest.approx(1, rel=1e-3)


@torch.no_grad()
def test_batch_norms_have_the_statistics_of_the_pictures() -> None:
    """So the encoder learns on from the same maps: trained mode and evaluation are alike on them, and weights fit."""
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    encoder = published()
    settle(encoder, pictures)
    told = encoder(pictures)
    for layer in encoder.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0
    for seen, wanted in zip(encoder.train()(pictures), told, strict=True):
        torch.testing.assert_close(seen, wanted, atol=2e-3, rtol=0)
    assert not encoder.state_dict()["stages.0.0.depthwise.0.weight"][3].any(), "dead channels are constants"
    assert all(float(p.abs().max()) < 1000 for p in encoder.parameters()), "all fit half precision"
