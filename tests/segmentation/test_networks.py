from __future__ import annotations

import torch

from styfie.segmentation.networks import PortraitNet


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
