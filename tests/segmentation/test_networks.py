from __future__ import annotations

import torch
from torch import nn

from styfie.segmentation.networks import PortraitNet, Residual, conv_bn, fuse


def test_size_fits_the_package() -> None:
    count = sum(parameter.numel() for parameter in PortraitNet().parameters())
    assert 2 * count < 8_000_000, "fp16 under 8 MB"


def test_logits_at_the_pictures_size_and_batched_equals_unbatched() -> None:
    torch.manual_seed(0)
    network = PortraitNet().eval()
    pictures = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        both, one = network(pictures), network(pictures[1:])
    assert both.shape == (2, 1, 64, 96)
    assert torch.allclose(both[1:], one, atol=1e-5)


@torch.no_grad()
def test_fused_a_network_says_the_same_without_batch_norms() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(conv_bn(3, 8), Residual(8), nn.Conv2d(8, 2, 1))
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                assert values is not None
                values.uniform_(0.5, 2)
    picture = torch.rand(1, 3, 16, 24)
    before = network.eval()(picture)
    fuse(network)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    torch.testing.assert_close(network(picture), before, atol=1e-4, rtol=1e-5)
