from __future__ import annotations

import pytest
import torch
from torch import nn

from styfie.segmentation.networks import PARTS
from styfie.segmentation.pose import OWN, POSE_WIDTHS, STAGES, Inverted, PartsHead, PoseEncoder, PoseNet, make_stage


@torch.no_grad()
def test_maps_halve_and_have_their_channels() -> None:
    encoder = PoseEncoder().eval()
    maps = encoder(torch.rand(1, 3, 64, 96))
    assert [tuple(one.shape) for one in maps] == [(1, width, 32 >> n, 48 >> n) for n, width in enumerate(POSE_WIDTHS)]


def test_the_encoder_is_of_the_published_size() -> None:
    """Counted in the published file: all that leads to the deepest map, biases being the batch norms' here."""
    convs = [layer for layer in PoseEncoder().modules() if isinstance(layer, nn.Conv2d)]
    assert sum(conv.weight.numel() + conv.out_channels for conv in convs) == 1_407_272


@pytest.mark.parametrize("training", [True, False])
def test_a_residual_adds_to_what_it_was_given(training: bool) -> None:
    """Blocks after the first of a stage do, the first ones, which change size or width, do not."""
    torch.manual_seed(0)
    for n, (out, *_) in enumerate(STAGES):
        first, *others = make_stage(n)
        assert isinstance(first, Inverted) and not first.residual
        x = torch.rand(2, out, 8, 8)
        for block in others:
            assert isinstance(block, Inverted)
            block.train(training)
            for value in block.project.parameters():
                nn.init.zeros_(value)
            assert torch.equal(block(x), x)


@torch.no_grad()
def test_a_head_takes_the_place_of_a_networks_own_parts() -> None:
    torch.manual_seed(0)
    network, picture = PoseNet().eval(), torch.rand(1, 3, 64, 96)
    matte, own = network.both(picture)
    network.parts = head = PartsHead().eval()
    same, parts = network.both(picture)
    assert torch.equal(matte, same) and not torch.equal(own, parts)
    taps = network.encode(picture)
    torch.testing.assert_close(parts, head(taps, network.levels(taps)))
    assert parts.shape == own.shape == (1, PARTS, 32, 48)


def test_a_head_looks_at_every_level_and_at_the_first_maps() -> None:
    head = PartsHead((12, 10, 8, 6, 4), (8, 6, 4, 2)).eval()
    levels = [torch.rand(1, width, 4 << n, 4 << n, requires_grad=True) for n, width in enumerate((8, 6, 4, 2))]
    taps = [torch.rand(1, width, 32 >> n, 32 >> n, requires_grad=True) for n, width in enumerate(POSE_WIDTHS)]
    head(taps, levels).square().sum().backward()
    for seen in (*levels, *taps[: OWN + 1]):
        assert seen.grad is not None and bool(seen.grad.any())
    assert all(tap.grad is None for tap in taps[OWN + 1 :]), "deeper ones are its own"
