from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.losses.masks import boundary_losses, matte_entropy, matte_loss
from styfie.segmentation.banet import BANet
from styfie.segmentation.guided import GuidedNet
from styfie.segmentation.networks import PARTS, PortraitNet
from styfie.segmentation.pose import PoseNet
from styfie.segmentation.segnet import SegNet
from styfie.segmentation.unet88 import UNet88
from styfie.training.architectures import ARCHITECTURES, load_architecture
from styfie.training.portraits import Batch

# The same networks, narrow.
SMALL: dict[str, Callable[[], nn.Module]] = {
    "portrait": lambda: PortraitNet(16, 16, (16, 12, 8)),
    "pose": lambda: PoseNet(16, 16, (16, 12, 8)),
    "guided": lambda: GuidedNet(16, 16, (16, 12, 8)),
    "segnet": lambda: SegNet((4, 4, 4, 4, 4)),
    "segnet-slim": lambda: SegNet((2, 2, 2, 2, 2)),
    "banet": lambda: BANet(16, 8),
    "unet88": lambda: UNet88((4, 4, 4, 4, 4)),
}


@pytest.fixture
def batch() -> Batch:
    rng = torch.Generator().manual_seed(0)
    mattes = torch.zeros(2, 1, 64, 64)
    mattes[0, :, 20:, 10:40], mattes[1, :, 30:, 20:] = 1, 0.7
    parts = torch.randint(PARTS, (2, 32, 32), generator=rng)
    parts[1] = UNLABELLED
    return Batch(torch.rand(2, 3, 64, 64, generator=rng), mattes, parts)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_are_counted_right(name: str) -> None:
    with torch.device("meta"):
        network = ARCHITECTURES[name].make()
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == ARCHITECTURES[name].parameters


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_loss_teaches_every_layer(name: str, batch: Batch) -> None:
    torch.manual_seed(0)
    network = SMALL[name]()
    terms = ARCHITECTURES[name].loss(network, batch, 1.0)
    assert len(terms) > 1
    assert all(term.ndim == 0 and term.isfinite() for term in terms.values())
    terms["total"].backward()
    learning = {key: parameter for key, parameter in network.named_parameters() if not key.startswith("guide.")}
    for key, parameter in learning.items():
        assert parameter.grad is not None, key
    for key, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and f"{key}.weight" in learning:
            assert layer.weight.grad is not None
            assert layer.weight.grad.any(), key


def test_the_losses_are_the_sums_they_say(batch: Batch) -> None:
    """By the networks' own outputs, in evaluation mode, where they are the same every time."""
    torch.manual_seed(0)
    nets = {name: make().eval().requires_grad_(False) for name, make in SMALL.items()}
    total = {name: ARCHITECTURES[name].loss(net, batch, 1.0)["total"] for name, net in nets.items()}
    for name in ("segnet", "segnet-slim", "unet88"):
        torch.testing.assert_close(total[name], matte_entropy(nets[name](batch.pictures), batch.mattes))
    portrait, banet = nets["portrait"], nets["banet"]
    assert isinstance(portrait, PortraitNet)
    assert isinstance(banet, BANet)
    logits, parts = portrait.both(batch.pictures)
    terms = matte_loss(logits, batch.mattes)
    labelled = F.cross_entropy(parts[:1], batch.parts[:1])
    torch.testing.assert_close(total["portrait"], terms["entropy"] + terms["jaccard"] + 0.3 * labelled)
    terms = boundary_losses(*banet.both(batch.pictures), batch.pictures, batch.mattes, 1.0)
    wanted = 0.6 * terms["entropy"] + 0.3 * terms["boundary"] + 0.1 * terms["refine"]
    torch.testing.assert_close(total["banet"], wanted)
    early = ARCHITECTURES["banet"].loss(banet, batch, 0.5)["total"]
    torch.testing.assert_close(early, 0.6 * terms["entropy"] + 0.3 * terms["boundary"])


def test_slim_is_segnet_at_half_the_channels() -> None:
    with torch.device("meta"):
        full, slim = ARCHITECTURES["segnet"].make(), ARCHITECTURES["segnet-slim"].make()
    widths = [
        [layer.out_channels for layer in net.modules() if isinstance(layer, nn.Conv2d)][:-1] for net in (full, slim)
    ]
    assert widths[0] == [2 * width for width in widths[1]]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    assert load_architecture("banet") is ARCHITECTURES["banet"]
    with pytest.raises(InputError, match=r"'bonnet'.*portrait, pose, guided, segnet, segnet-slim, banet, unet88"):
        load_architecture("bonnet")
