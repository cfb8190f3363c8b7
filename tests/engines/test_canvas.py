from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.engines.canvas import Canvas, Source
from styfie.engines.layers import group
from styfie.looks import Look
from styfie.regions import Regions
from styfie.segmentation.foreground import estimate_foregrounds
from tests.engines.conftest import BLUE, RED


def test_colours_that_were_let_go_are_found_again(photo: Tensor, halves: Regions) -> None:
    source = Source(photo, halves, group(halves, {"subject": Look((RED,)), "background": Look((BLUE,))}))
    source.forget_colours()  # of which there are none yet
    before = source.colours
    assert source.colours is before
    assert before.dtype == torch.float16 and before.shape == (2, 3, *photo.shape[-2:])
    source.forget_colours()
    assert source.colours is not before
    assert torch.equal(source.colours, before)


def test_two_layers_that_are_all_of_the_photo_are_solved_for_at_once(
    photo: Tensor, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved: list[int] = []

    def counted(photo: Tensor, alpha: Tensor) -> Tensor:
        solved.append(len(alpha))
        return estimate_foregrounds(photo, alpha)

    monkeypatch.setattr("styfie.segmentation.colours.estimate_foregrounds", counted)
    looks = {"subject": Look((RED,)), "background": Look((BLUE,))}
    both = Source(photo, halves, group(halves, looks)).colours
    one = Source(photo, halves, group(halves, {"subject": looks["subject"]})).colours
    assert solved == [2, 2]  # what no layer paints is a region of its own
    assert len(both) == 2 and len(one) == 1
    assert (both[0] - one[0]).abs().max() < 1e-3


def test_a_canvas_lets_go_of_faces_and_colours_and_still_shows(photo: Tensor, halves: Regions) -> None:
    source = Source(photo, halves, group(halves, {"subject": Look((RED,)), "background": Look((BLUE,))}))
    held = source.colours
    face = torch.ones_like(photo[:, :1])
    canvas = Canvas(source, photo, torch.ones(2, 1, *photo.shape[-2:]), face, face, None, None)
    canvas.forget_faces_and_colours()
    assert source.colours is not held
    assert canvas.face.numel() == 0 and canvas.faces is None
    assert canvas.photo is photo and canvas.bands.shape == (2, 1, *photo.shape[-2:])
