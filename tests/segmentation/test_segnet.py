from __future__ import annotations

from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.evaluation.masks import boundary_f
from styfie.segmentation.segnet import SLIM, WIDTHS, Place, SegNet

NARROW = (12, 12, 12, 12, 12)


def top_left(places: list[Place]) -> list[Place]:
    """The same poolings, but every maximum is said to have stood at the top left of its window."""
    fixed: list[Place] = []
    for indices, size in places:
        rows, columns = torch.arange(indices.shape[-2])[:, None], torch.arange(indices.shape[-1])
        fixed.append(((2 * rows * size[1] + 2 * columns).expand_as(indices).contiguous(), size))
    return fixed


def rectangles(count: int, rng: torch.Generator, side: int = 32) -> tuple[Tensor, Tensor]:
    """Bright rectangles anywhere on plain grounds, and where they are."""
    mattes = torch.zeros(count, 1, side, side)
    for matte in mattes:
        top, left, height, width = (int(torch.randint(1, 16, (), generator=rng)) for _ in range(4))
        matte[:, top : top + 7 + height // 2, left : left + 7 + width // 2] = 1
    ground = 0.4 * torch.rand(count, 3, 1, 1, generator=rng)
    return ground + mattes * (0.9 - ground), mattes


def found(network: SegNet, pictures: Tensor, *, known: bool) -> Tensor:
    """Scores with the maxima's places known, or taken to be the top left."""
    deep, places = network.encode(pictures)
    return network.decode(deep, places if known else top_left(places))


def overlap(scores: Tensor, mattes: Tensor) -> float:
    person = scores[:, 1:] > scores[:, :1]
    return float((person & (mattes > 0.5)).sum() / (person | (mattes > 0.5)).sum())


@cache
def taught(known: bool) -> SegNet:
    """A very narrow network that has seen 640 rectangles, with or without the places of the maxima."""
    torch.manual_seed(0)
    network, rng = SegNet(NARROW), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(network.parameters(), 2e-2)
    for _ in range(80):
        pictures, mattes = rectangles(8, rng)
        optimiser.zero_grad()
        F.cross_entropy(found(network, pictures, known=known), mattes[:, 0].long()).backward()
        optimiser.step()
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("widths", "parameters", "statistics"), [(WIDTHS, 29_444_162, 15_872), (SLIM, 7_367_714, 7_936)]
)
def test_counts(widths: tuple[int, int, int, int, int], parameters: int, statistics: int) -> None:
    with torch.device("meta"):
        network = SegNet(widths)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert sum(b.numel() for name, b in network.named_buffers() if "running" in name) == statistics
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 26, "thirteen down, thirteen up"


def test_the_start_keeps_the_variance() -> None:
    """He et al.: the weights' standard deviation is sqrt(2 / fan in)."""
    torch.manual_seed(0)
    for layer in SegNet((32, 32, 32, 32, 32)).modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.in_channels > 3:
            fan_in = 9 * layer.in_channels
            torch.testing.assert_close(layer.weight.std(), torch.tensor((2 / fan_in) ** 0.5), rtol=0.15, atol=0)


@pytest.mark.parametrize("size", [(64, 96), (67, 33)])
def test_logits_at_the_pictures_size_and_batched_equals_unbatched(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = SegNet((4, 4, 4, 4, 4)).eval()
    pictures = torch.rand(2, 3, *size)
    with torch.no_grad():
        both, one = network(pictures), network(pictures[1:])
    assert both.shape == (2, 1, *size)
    torch.testing.assert_close(both[1:], one, atol=1e-5, rtol=1e-4)


def test_the_logits_sigmoid_is_the_softmax() -> None:
    network, pictures = SegNet((4, 4, 4, 4, 4)).eval(), torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network(pictures).sigmoid(), network.scores(pictures).softmax(1)[:, 1:])


def test_unpooling_puts_every_maximum_back_and_zero_elsewhere() -> None:
    """What the first block on the way up is given, by brute force from what the last one on the way down gave."""
    torch.manual_seed(0)
    network = SegNet((4, 4, 4, 4, 4)).eval()
    seen: dict[str, Tensor] = {}
    network.down[0].register_forward_hook(lambda _m, _i, out: seen.update(full=out))
    network.up[0].register_forward_hook(lambda _m, given, _o: seen.update(back=given[0]))
    with torch.no_grad():
        deep, places = network.encode(torch.rand(1, 3, 32, 34))
        network.decode(deep, places)
    full, back, indices = seen["full"], seen["back"], places[0][0]
    assert back.shape == full.shape
    for channel in range(4):
        for y in range(0, 32, 2):
            for x in range(0, 34, 2):
                at = int(full[0, channel, y : y + 2, x : x + 2].argmax())
                row, column = y + at // 2, x + at % 2
                assert indices[0, channel, y // 2, x // 2] == 34 * row + column
                window = back[0, channel, y : y + 2, x : x + 2].clone().flatten()
                window[at] = 0
                assert not window.any()


def test_a_maximum_comes_back_whole() -> None:
    """Pooling what was unpooled gives what was pooled."""
    x = torch.randn(2, 3, 8, 10)
    pooled, indices = F.max_pool2d(x, 2, return_indices=True)
    back = F.max_unpool2d(pooled, indices, [2, 2], output_size=(8, 10))
    torch.testing.assert_close(back.flatten(2).gather(2, indices.flatten(2)), pooled.flatten(2))
    assert torch.equal(back != 0, (back != 0) & (back == x))
    assert int((back != 0).sum()) == pooled.numel()


def test_the_way_up_needs_the_places() -> None:
    """Taught with them, then told that every maximum stood at the top left, the same network finds little."""
    network, pictures = taught(True), rectangles(16, torch.Generator().manual_seed(1))
    known = overlap(found(network, pictures[0], known=True), pictures[1])
    blind = overlap(found(network, pictures[0], known=False), pictures[1])
    assert known > 0.7
    assert blind < 0.5 * known


def test_a_network_taught_without_the_places_loses_the_outline() -> None:
    """It may make up for them elsewhere, and still cannot place an edge within a window."""
    pictures, mattes = rectangles(16, torch.Generator().manual_seed(1))

    def outline(known: bool) -> float:
        scores = found(taught(known), pictures, known=known)
        people = (scores[:, 1] > scores[:, 0]).numpy()
        truths = (mattes[:, 0] > 0.5).numpy()
        return sum(boundary_f(a, b, 1e-9) for a, b in zip(people, truths, strict=True)) / len(truths)

    assert outline(True) > outline(False) + 0.2


def test_eight_pictures_can_be_learned_by_heart() -> None:
    torch.manual_seed(0)
    network = SegNet(NARROW)
    pictures, mattes = rectangles(8, torch.Generator().manual_seed(2))
    optimiser = torch.optim.Adam(network.parameters(), 2e-2)
    for _ in range(100):
        optimiser.zero_grad()
        F.cross_entropy(network.scores(pictures), mattes[:, 0].long()).backward()
        optimiser.step()
    with torch.no_grad():
        assert overlap(network.eval().scores(pictures), mattes) > 0.98
