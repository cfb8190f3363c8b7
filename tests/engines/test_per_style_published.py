"""The network as published: its parameters counted by hand, its size, its file, and the engine that paints with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from styfie.engines.per_style.files import read_per_style, save_per_style
from styfie.engines.per_style.paint import PerStylePainter
from styfie.engines.per_style.published import PublishedNet
from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.settings import Settings


def test_it_has_the_published_parameters() -> None:
    with torch.device("meta"):
        network = PublishedNet()
    assert sum(one.numel() for one in network.parameters()) == 1_679_235


@pytest.mark.parametrize("size", [(64, 96), (61, 47), (33, 40)])
def test_the_result_has_the_pictures_size_and_range(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = PublishedNet(0.125).eval()
    with torch.no_grad():
        painted = network(torch.rand(1, 3, *size))
        for weight in network.last.parameters():
            weight.fill_(1e3 if weight.ndim > 1 else 0)
        wide = network(torch.rand(1, 3, *size))
    assert painted.shape == (1, 3, *size)
    middle = torch.tensor([123.68, 116.779, 103.939])[:, None, None] / 255
    assert float((wide - middle).abs().max()) <= 150 / 255 + 1e-5, "a tanh around the mean colour"


def test_what_it_sees_is_not_moved() -> None:
    """A change of one pixel moves the result around it, in spite of all that is padded and cut off."""
    torch.manual_seed(1)
    network, picture = PublishedNet(0.125).eval(), torch.rand(1, 3, 96, 96)
    other = picture.clone()
    other[..., 30, 61] += 3
    with torch.no_grad():
        moved = (network(other) - network(picture)).abs().sum(1)[0]
    row, column = divmod(int(moved.argmax()), 96)
    assert abs(row - 30) <= 8 and abs(column - 61) <= 8


def test_a_file_of_it_is_read_and_painted_with(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network, picture = PublishedNet(0.125).eval(), torch.rand(1, 3, 40, 50)
    file = save_per_style(network, picture, tmp_path / "mine.safetensors")
    read = read_per_style(file)
    assert isinstance(read.network, PublishedNet)
    look = Look((Style("mine", read.picture, network=file),))
    painter = PerStylePainter({"subject": look}, Settings(device="cpu"))
    photo = torch.rand(1, 3, 48, 56)
    with torch.no_grad():
        painted, expected = painter.paint(photo, torch.ones(1, 1, 48, 56), look), network(photo)
    assert float((painted.float() - expected).abs().max()) < 0.05, "weights are kept in float16"


def test_it_is_not_exported(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from styfie.export import export

    file = save_per_style(PublishedNet(0.125), torch.rand(1, 3, 40, 50), tmp_path / "mine.safetensors")
    with pytest.raises(InputError, match="--encoder vgg16"):
        export(str(file), tmp_path / "mine.onnx")
