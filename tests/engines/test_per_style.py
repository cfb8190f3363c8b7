"""Networks taught a style: the published sizes, any picture size, blends, and files that say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from styfie.colour import match_colours
from styfie.engines import load_engine
from styfie.engines.per_style.files import read_gallery, read_per_style, save_per_style
from styfie.engines.per_style.network import TransformNet, load_transform
from styfie.errors import InputError, MissingError
from styfie.gallery import GALLERY, draw
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.styles import load_style
from styfie.weights import ASSETS, save_weights
from tests.conftest import fingerprint
from tests.engines.test_fast import style_distance

SETTINGS = Settings(size=96, device="cpu")


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(ASSETS / "portrait.jpg", 96)


def whole(photo: Tensor) -> Regions:
    return Regions(("all",), torch.ones_like(photo[:, :1]), (1.0,))


def paint(photo: Tensor, *styles: Style) -> Tensor:
    (only,) = load_engine("per-style")(photo, whole(photo), {"all": Look(styles)}, SETTINGS)
    return only.layers


@pytest.mark.parametrize(("width", "count"), [(1.0, 1_679_235), (0.5, 424_899), (0.25, 108_771)])
def test_parameters_are_as_many_as_published(width: float, count: int) -> None:
    assert sum(p.numel() for p in TransformNet(width).parameters()) == count


@pytest.mark.parametrize("size", [(32, 32), (37, 50), (129, 34)])
def test_any_size(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = TransformNet(0.25, 2).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, *size), torch.tensor([0.5, 0.5])).shape == (1, 3, *size)


def test_no_normalisation_by_others_or_by_the_past() -> None:
    """Instance normalisation: a picture's brightness and contrast do not reach the layers after it."""
    torch.manual_seed(0)
    network, picture = TransformNet(0.25).eval(), 0.3 + 0.4 * torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        network.last.weight.normal_(std=0.1)
        base = [network(one, torch.ones(1)) - network._coloured(one, torch.ones(1)) for one in (picture, 0.5 * picture)]
    assert torch.allclose(base[0], base[1], atol=2e-2)


def test_the_shipped_network_knows_the_gallery() -> None:
    portrait = read_picture(ASSETS / "portrait.jpg", 192)  # about the size that it was taught at
    network, names = read_gallery()
    assert names == tuple(GALLERY)[: network.styles]
    assert network.styles == len(GALLERY)
    for name in ("waves", "glass", "ink"):
        style = Style(name, draw(name, 192))
        coloured = match_colours(portrait, style.picture, torch.ones_like(portrait[:, :1]), None)
        assert style_distance(paint(portrait, style), style.picture) < 0.7 * style_distance(coloured, style.picture)


def test_blends_by_weight(portrait: Tensor) -> None:
    a, b = Style("waves", draw("waves", 96), weight=1e-3), Style("glass", draw("glass", 96))
    apart = (paint(portrait, a, b) - paint(portrait, b)).abs().mean()
    assert float(apart) < 2 / 255


def test_a_style_that_was_not_taught_is_said(portrait: Tensor) -> None:
    with pytest.raises(InputError, match="has no network of 'mine'"):
        paint(portrait, Style("mine", draw("waves", 96)))
    with pytest.raises(InputError, match="a part of waves"):
        paint(portrait, Style("waves", draw("waves", 96), mask=torch.ones(1, 1, 96, 96)))


def test_a_file_holds_network_and_picture(portrait: Tensor, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TransformNet(0.25)
    network.know([draw("pop", 96)])
    file = save_per_style(network, draw("pop", 96), tmp_path / "mine.safetensors")
    style = load_style(file, 64)
    assert style.network == file
    assert float((style.picture - draw("pop", 96)).abs().max()) <= 0.5 / 255 + 1e-6
    found = paint(portrait, style)
    with torch.no_grad():
        wanted = load_transform(network.half().float().state_dict())(portrait, torch.ones(1)).clamp(0, 1)
    assert float((found - wanted).abs().mean()) < 2 / 255


def test_other_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no style"):
        read_per_style(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="no per-style network"):
        read_per_style(tmp_path / "bad.safetensors")
    with pytest.raises(InputError, match="no per-style network"):
        read_per_style(ASSETS / "encoder.safetensors")


@pytest.mark.parametrize(
    "picture",
    [
        torch.zeros(3, 32, 32, dtype=torch.uint8),
        torch.zeros(1, 1, 32, 32, dtype=torch.uint8),
        torch.zeros(1, 3, 0, 32, dtype=torch.uint8),
        torch.zeros(1, 3, 32, 32),
        torch.zeros(1, 3, 32, 4000, dtype=torch.uint8),
        torch.tensor(3),
    ],
    ids=lambda picture: "x".join(map(str, picture.shape)),
)
def test_a_malformed_picture_of_a_style_is_one_sentence(tmp_path: Path, picture: Tensor) -> None:
    save_weights({**TransformNet(0.25).state_dict(), "picture": picture}, tmp_path / "own.safetensors", half=False)
    with pytest.raises(InputError, match="styfie train style"):
        read_per_style(tmp_path / "own.safetensors")


def test_weights_that_are_no_numbers_are_one_sentence(tmp_path: Path) -> None:
    network = TransformNet(0.25)
    network.last.weight.data[0] = torch.nan
    save_per_style(network, torch.rand(1, 3, 40, 40), tmp_path / "own.safetensors")
    with pytest.raises(InputError, match="styfie train style"):
        load_style(tmp_path / "own.safetensors", 64)


def test_the_gallery_is_painted_as_it_was_taught(portrait: Tensor) -> None:
    one, two = (Style(name, load_style(name, 96).picture) for name in ("ink", "waves"))
    found = torch.cat([paint(portrait, one), paint(portrait, one, two)])
    assert fingerprint(found) == pytest.approx([0.489, 0.1006, 0.1353, 0.474, 0.5632, 0.5324, 0.3865], abs=4e-3)
