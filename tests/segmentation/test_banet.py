from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.losses.masks import draw_outline
from styfie.segmentation.banet import BANet


def discs(side: int = 48) -> tuple[Tensor, Tensor]:
    """Eight bright discs on dark grounds, and where they are."""
    rng = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    centre = side * (0.3 + 0.4 * torch.rand(8, 2, 1, 1, generator=rng))
    radius = side * (0.15 + 0.15 * torch.rand(8, 1, 1, generator=rng))
    mattes = ((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2 < radius**2).float()[:, None]
    ground = 0.5 * torch.rand(8, 3, 1, 1, generator=rng)
    return ground + mattes * (0.9 - ground), mattes


def test_counts() -> None:
    with torch.device("meta"):
        network = BANet()
    assert sum(p.numel() for p in network.parameters()) == 142_746
    assert 4 * 142_746 < 620_000, "within the published 0.62 MB"


@pytest.mark.parametrize("size", [(64, 96), (67, 45)])
def test_logits_at_the_pictures_size_and_batched_equals_unbatched(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = BANet().eval()
    pictures = torch.rand(2, 3, *size)
    with torch.no_grad():
        both, one = network(pictures), network(pictures[1:])
        person, outline = network.both(pictures)
    assert both.shape == outline.shape == (2, 1, *size)
    assert torch.equal(person, both)
    torch.testing.assert_close(both[1:], one, atol=1e-5, rtol=1e-4)


def test_the_semantic_branch_works_at_a_quarter_and_sees_the_whole_picture() -> None:
    torch.manual_seed(0)
    network, picture = BANet().eval(), torch.rand(1, 3, 128, 128)
    seen: dict[str, Tensor] = {}
    network.down[-1].register_forward_hook(lambda _m, _i, out: seen.update(deep=out))
    network.context.register_forward_hook(lambda _m, given, _o: seen.update(context=given[0]))
    with torch.no_grad():
        features = network.semantics(picture)
        network.context.weight.neg_()
        changed = network.semantics(picture)
    assert features.shape == (1, 64, 32, 32)
    assert seen["deep"].shape == (1, 64, 4, 4)
    torch.testing.assert_close(seen["context"][0, :, 0, 0], seen["deep"][0].flatten(1).mean(1))
    assert (features != changed).flatten(2).any(1).all(), "the mean reaches every place"


def test_attention_reaches_the_mask() -> None:
    """The mask's loss teaches the attention map too, which is an input of the fine branch."""
    network = BANet(16, 8)
    network(torch.rand(2, 3, 64, 64)).mean().backward()
    gradient = network.attention.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_eight_pictures_can_be_learned_by_heart() -> None:
    torch.manual_seed(0)
    network, (pictures, mattes) = BANet(16, 8), discs()
    outlines = draw_outline(mattes, torch.full((8,), 2.0))
    optimiser = torch.optim.Adam(network.parameters(), 2e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-2, total_steps=50)
    for _ in range(50):
        person, outline = network.both(pictures)
        loss = F.binary_cross_entropy_with_logits(person, mattes)
        loss = loss + 0.5 * F.binary_cross_entropy_with_logits(outline, outlines)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    with torch.no_grad():
        person, outline = network.eval().both(pictures)
    found, truth = person > 0, mattes > 0.5
    assert float((found & truth).sum() / (found | truth).sum()) > 0.98
    on, off = outline[outlines == 1].mean(), outline[outlines == 0].mean()
    assert on > off + 1.5, "attention is where the outline is"
