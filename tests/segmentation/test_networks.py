from __future__ import annotations

import torch

from styfie.encoders.plain import WIDTHS
from styfie.segmentation.networks import PARTS, PartsHead, PortraitNet


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


def test_a_head_takes_the_place_of_a_networks_own_parts() -> None:
    torch.manual_seed(0)
    network, picture = PortraitNet().eval(), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        matte, own = network.both(picture)
        network.parts = head = PartsHead().eval()
        same, parts = network.both(picture)
        assert torch.equal(matte, same) and not torch.equal(own, parts)
        taps = network.encode(picture)
        torch.testing.assert_close(parts, head(taps, network.levels(taps)))
    assert parts.shape == own.shape == (1, PARTS, 32, 48)


def test_a_head_looks_at_every_level_and_tap() -> None:
    head = PartsHead((8, 6, 4, 2), 8).eval()
    levels = [torch.rand(1, width, 4 << n, 4 << n, requires_grad=True) for n, width in enumerate((8, 6, 4, 2))]
    taps = [torch.rand(1, width, 64 >> n, 64 >> n, requires_grad=True) for n, width in enumerate(WIDTHS)]
    head(taps, levels).square().sum().backward()
    for seen in (*levels, *taps[1:]):
        assert seen.grad is not None and bool(seen.grad.any())
