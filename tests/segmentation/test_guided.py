from __future__ import annotations

import torch
from torch import Tensor, nn

from styfie.images import resize
from styfie.segmentation import load_segmenter
from styfie.segmentation.files import read_network
from styfie.segmentation.guided import SURE, GuidedNet
from styfie.segmentation.networks import PARTS
from styfie.segmentation.pose import PoseNet
from styfie.weights import check_packaged


def small() -> GuidedNet:
    torch.manual_seed(0)
    return GuidedNet(16, 16, (16, 12, 8))


@torch.no_grad()
def test_it_answers_as_network_and_guide_together() -> None:
    guided, plain = small().eval(), PoseNet(16, 16, (16, 12, 8)).eval()
    plain.load_state_dict({name: value for name, value in guided.state_dict().items() if name in plain.state_dict()})
    assert guided.guide.head.bias is not None
    nn.init.constant_(guided.guide.head.bias, 100)  # sure of everything
    picture = torch.rand(1, 3, 64, 64)
    (logits, parts), (own, own_parts) = guided.both(picture), plain.both(picture)
    torch.testing.assert_close(logits, own + SURE)
    torch.testing.assert_close(parts, own_parts)
    assert parts.shape == (1, PARTS, 32, 32)


def test_the_guide_does_not_learn() -> None:
    guided = small()
    guided.both(torch.rand(2, 3, 64, 64))[0].sum().backward()
    assert guided.head[1].weight.grad is not None
    assert all(parameter.grad is None for parameter in guided.guide.parameters())


@torch.no_grad()
def test_the_guide_that_ships_finds_the_person_by_itself(portrait: Tensor) -> None:
    """Its weights fit its layers as they are put together here: else it would see noise."""
    network = read_network(check_packaged("segmenter"))[0]
    assert isinstance(network, GuidedNet)
    alone = network.guide(resize(portrait, (256, 256))) > 0
    person = load_segmenter("portrait")(portrait)["subject"] > 0.5
    assert float((alone & person).sum() / (alone | person).sum()) > 0.75  # she holds a helmet, which one of them keeps
