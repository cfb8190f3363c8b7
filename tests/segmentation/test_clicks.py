from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.encoders.plain import load_styfie_2
from styfie.errors import InputError
from styfie.segmentation import clicks as clicks_module
from styfie.segmentation.clickmaps import MAPS, ClickMaps
from styfie.segmentation.clicks import ClickedPhoto, ClickNet, region_at, segment_at
from styfie.segmentation.portrait import predict


@pytest.fixture(scope="module")
def two_things() -> Tensor:
    """A red disc and a blue box on grey, none of them a person."""
    photo = torch.full((1, 3, 120, 160), 0.55)
    photo += 0.02 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    y, x = torch.meshgrid(torch.arange(120), torch.arange(160), indexing="ij")
    disc = (y - 60) ** 2 + (x - 45) ** 2 < 28**2
    photo[0, :, disc] = torch.tensor([[0.8], [0.15], [0.1]])
    photo[0, :, 35:95, 100:145] = torch.tensor([0.1, 0.2, 0.7])[:, None, None]
    return photo


def iou(found: Tensor, truth: Tensor) -> float:
    a, b = found > 0.5, truth > 0.5
    return float((a & b).sum() / (a | b).sum())


def test_one_click_finds_the_thing_that_is_clicked_on(two_things: Tensor) -> None:
    box = torch.zeros(1, 1, 120, 160)
    box[..., 35:95, 100:145] = 1
    assert iou(segment_at(two_things, [(122.0, 65.0)]), box) > 0.8
    assert iou(segment_at(two_things, [(45.0, 60.0)]), box) < 0.05


def test_clicks_are_taken_at_their_word(two_things: Tensor) -> None:
    found = segment_at(two_things, [(45.0, 60.0), (122.0, 65.0)], [(80.0, 10.0)])
    assert float(found[0, 0, 60, 45]) > 0.9 and float(found[0, 0, 65, 122]) > 0.9
    assert float(found[0, 0, 10, 80]) < 0.1
    assert found.shape == (1, 1, 120, 160) and float(found.min()) >= 0 and float(found.max()) <= 1


def test_it_is_a_region_with_a_name_of_ones_own(two_things: Tensor) -> None:
    regions = region_at(two_things, "ball", [(45.0, 60.0)])
    assert regions.names == ("ball", "background") and not regions.doubtful
    assert torch.allclose(regions.alpha.sum(0), torch.ones(1, 120, 160))


def test_pieces_without_a_click_are_dropped(two_things: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that takes all that is not grey: only the piece that is clicked on stays."""
    net = ClickNet()
    photo = ClickedPhoto(two_things, net)
    coloured = photo.maps.lab[None, 1:].norm(dim=1, keepdim=True) > 0.1
    monkeypatch.setattr(net, "forward", lambda _maps: coloured.float() * 20 - 10)
    found = photo.found([(45.0, 60.0)])
    assert found[60, 45] and not found[65, 122]
    both = photo.found([(45.0, 60.0), (122.0, 65.0)])
    assert both[60, 45] and both[65, 122]


def test_a_photo_is_looked_at_once(two_things: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def counted(*given: Any, **named: Any) -> Any:
        looks.append(1)
        return predict(*given, **named)

    monkeypatch.setattr(clicks_module, "predict", counted)
    photo = ClickedPhoto(two_things, ClickNet())
    photo.coarse([(45.0, 60.0)])
    photo.coarse([(45.0, 60.0)], [(5.0, 5.0)])
    assert len(looks) == 1


@pytest.mark.parametrize("point", [(-1.0, 5.0), (160.0, 5.0), (5.0, 120.0)])
def test_points_outside_are_refused(two_things: Tensor, point: tuple[float, float]) -> None:
    for add, remove in (([point], []), ([(5.0, 5.0)], [point])):
        with pytest.raises(InputError, match=r"outside the photo of 160 x 120"):
            segment_at(two_things, add, remove)
    with pytest.raises(InputError, match="No point"):
        segment_at(two_things, [])


def test_maps_say_how_far_and_how_like(two_things: Tensor) -> None:
    nobody = torch.zeros(1, 1, 8, 8), torch.full((1, 5, 8, 8), 0.2)
    with torch.no_grad():
        maps = ClickMaps(two_things, load_styfie_2(), *nobody)
        found = maps.at([(122.0, 65.0)], [(45.0, 60.0)])
        again = maps.at([(122.0, 65.0)])
    assert found.shape == again.shape == (MAPS, 72, 96) and found.dtype == np.float32
    assert np.isfinite(found).all()
    (y, x), (v, u) = maps.pixels([(122.0, 65.0)])[0], maps.pixels([(45.0, 60.0)])[0]
    assert (y, x) == (39, 73) and (v, u) == (36, 27)
    assert found[0, y, x] == 0 and found[3, v, u] == 0, "no way to the click itself"
    assert found[0, y, x + 5] < found[0, 5, x], "an edge is far"
    straight = float(np.hypot(y - 2, x - 3)) / 96
    assert found[10, 2, 3] == pytest.approx(straight, abs=1e-5)
    assert found[14, y, x] == pytest.approx(1, abs=1e-4), "like itself"
    assert (again[3] == 3).all() and (again[11] == 1.5).all(), "no click beside it is far away"
    assert found[28, y, x + 3] > found[28, v, u], "its colour is likelier here"


def test_a_picture_of_any_size_is_decided_at_its_own() -> None:
    """What is padded to whole cells of the coarsest size is cut off again."""
    network = ClickNet().eval()
    for size in ((64, 96), (37, 50), (8, 9)):
        assert network(torch.randn(2, MAPS, *size)).shape == (2, 1, *size)
    assert sum(one.numel() for one in network.parameters()) == 413_329
