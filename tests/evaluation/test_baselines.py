from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.errors import MissingError
from styfie.evaluation import baselines
from styfie.evaluation.baselines import BASELINES, geodesic, grabcut, parts, patches
from styfie.evaluation.clicks import Find, Mask
from styfie.segmentation.prediction import Prediction

Method = Callable[[Tensor], Find]
DISC, BOX, GROUND = (20.5, 30.5), (60.5, 30.5), (40.5, 5.5)  # points on them


@pytest.fixture
def two_things() -> Tensor:
    """A red disc and a blue box on grey, all a little noisy."""
    photo = torch.full((1, 3, 60, 80), 0.55)
    photo[0, :, torch.from_numpy(disc())] = torch.tensor([[0.8], [0.15], [0.1]])
    photo[0, :, torch.from_numpy(box())] = torch.tensor([[0.1], [0.2], [0.7]])
    noise = 0.01 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    return (photo + noise).clamp(0, 1)


def disc() -> Mask:
    y, x = np.mgrid[:60, :80]
    return np.hypot(y - 30, x - 20) < 11


def box() -> Mask:
    mask = np.zeros((60, 80), np.bool_)
    mask[20:42, 50:72] = True
    return mask


def iou(found: Mask, truth: Mask) -> float:
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize("method", [geodesic, grabcut, patches])
def test_a_thing_of_one_colour_is_found_by_a_click_and_another_by_its_own(two_things: Tensor, method: Method) -> None:
    find = method(two_things)
    for point, truth in ((DISC, disc()), (BOX, box())):
        found = find([point], [GROUND])
        assert found.shape == (60, 80) and found.dtype == np.bool_
        assert iou(found, truth) > 0.9
    assert iou(find([DISC, BOX], [GROUND]), disc() | box()) > 0.9


def test_what_is_nearer_to_the_edge_is_background() -> None:
    """On plain ground: half-way to the picture's edge and no farther, and half-way to a click beside."""
    plain = torch.full((1, 3, 41, 41), 0.5)
    found = geodesic(plain)([(20.5, 20.5)], [])
    assert found[20, 20:31].sum() == 10 and not found[20, 31:].any()
    found = geodesic(plain)([(20.5, 20.5)], [(24.5, 20.5)])
    assert found[20, 21] and not found[20, 22:].any()


def test_parts_are_those_clicked_on(two_things: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person on the left, hair over clothes, and another beside, of whom only clothes are seen."""
    matte, likely = torch.zeros(1, 1, 60, 80), torch.full((1, 5, 60, 80), 0.05)
    matte[..., 10:60, 5:35] = matte[..., 30:60, 50:75] = 1
    likely[:, 2, :30], likely[:, 3, 30:] = 0.9, 0.9
    monkeypatch.setattr(baselines, "predict", lambda photo, _network: Prediction(photo, matte, likely))
    find = parts(two_things)
    hair, clothes = np.zeros((60, 80), np.bool_), np.zeros((60, 80), np.bool_)
    hair[10:30, 5:35] = clothes[30:60, 5:35] = True
    assert (find([(20.5, 20.5)], []) == hair).all()
    assert (find([(20.5, 20.5), (20.5, 50.5)], []) == (hair | clothes)).all()
    assert (find([(20.5, 20.5)], [(10.5, 15.5)]) == hair).all(), "pieces are not divided"
    assert (find([(1.5, 1.5)], [])[:, 45] == np.ones(60)).all(), "the background"


def test_without_opencv_it_is_said_what_to_install(two_things: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingError, match=r"styfie\[video\]"):
        BASELINES["GrabCut"](two_things)
