from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from styfie.segmentation.unet88 import UNet88, _conv


def narrow() -> UNet88:
    torch.manual_seed(0)
    return UNet88((4, 4, 4, 6, 8))


def test_counts_are_the_reported_ones() -> None:
    with torch.device("meta"):
        network = UNet88()
    statistics = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
    assert sum(p.numel() for p in network.parameters()) == 88_069_569
    assert statistics == 23_040
    assert sum(isinstance(m, nn.Conv2d) for m in network.modules()) == 32
    blocks = sum(isinstance(m, nn.Conv2d) for one in (network.down, network.up) for m in one.modules())
    assert (blocks, len(network.down), len(network.doubling)) == (26, 5, 5), "36 layers, by the paper's way to count"


@pytest.mark.parametrize("size", [(64, 96), (67, 45)])
def test_logits_at_the_pictures_size_and_batched_equals_unbatched(size: tuple[int, int]) -> None:
    network, pictures = narrow().eval(), torch.rand(2, 3, *size)
    with torch.no_grad():
        both, one = network(pictures), network(pictures[1:])
    assert both.shape == (2, 1, *size)
    torch.testing.assert_close(both[1:], one, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_padding_keeps_the_size_and_stands_right_and_below(size: int) -> None:
    """A kernel of ones sums the window that starts (size - 1) // 2 before the pixel."""
    layer = _conv(1, 1, size)
    picture = torch.rand(1, 1, 5, 6)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(1 if weight.ndim > 1 else 0)
        found = layer(picture)[0, 0]
    before = (size - 1) // 2
    for y in range(5):
        for x in range(6):
            top, left = y - before, x - before
            window = picture[0, 0, max(top, 0) : top + size, max(left, 0) : left + size]
            torch.testing.assert_close(found[y, x], window.sum())


def test_norm_comes_after_relu_and_counts_as_keras_does() -> None:
    for block in [*narrow().down, *narrow().up]:
        assert isinstance(block, nn.Sequential)
        for before, layer in zip(block, list(block)[1:], strict=False):
            if isinstance(layer, nn.BatchNorm2d):
                assert isinstance(before, nn.ReLU)
                assert (layer.eps, layer.momentum) == (1e-3, 0.01)


def test_dropout_varies_training_only() -> None:
    network, picture = narrow(), torch.rand(2, 3, 64, 64)

    def twice() -> list[Tensor]:
        with torch.no_grad():
            return [network(picture), network(picture)]

    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.track_running_stats = False  # so that only dropout differs between two calls
    first, second = twice()
    assert not torch.equal(first, second)
    network.eval()
    first, second = twice()
    assert torch.equal(first, second)


def test_fine_detail_comes_across_by_concatenation() -> None:
    """A change of one pixel moves the logit there most, in spite of five poolings."""
    network, picture = narrow().eval(), torch.full((1, 3, 64, 64), 0.5)
    other = picture.clone()
    other[..., 30, 21] = 1
    with torch.no_grad():
        moved = (network(other) - network(picture)).abs()[0, 0]
    row, column = divmod(int(moved.argmax()), 64)
    assert abs(row - 30) <= 6
    assert abs(column - 21) <= 6
