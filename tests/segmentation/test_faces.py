from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.segmentation import load_segmenter
from styfie.segmentation.faces import face_map, grow

SIZE, EYES = (160, 128), ((62, 54), (62, 74))
ROWS, COLUMNS = np.ogrid[: SIZE[0], : SIZE[1]]


def ellipse(y: float, x: float, high: float, wide: float) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.hypot((ROWS - y) / high, (COLUMNS - x) / wide) <= 1
    return found


FACE = ellipse(68, 64, 27, 21)


def person(hat: bool = False, hand: bool = False) -> NDArray[np.int_]:
    """Labels of background, skin, hair, clothes, accessories: a face with glasses, and a neck."""
    labels = np.zeros(SIZE, int)
    labels[ellipse(58, 64, 34, 30)] = 2
    labels[(ROWS > 80) & (ROWS < 125) & (abs(COLUMNS - 64) < 15)] = 1
    labels[(ROWS > 115) & (abs(COLUMNS - 64) < 50)] = 3
    labels[FACE] = 1
    if hat:
        labels[(ROWS < 52) & (labels > 0)] = 4
    for y, x in EYES:
        labels[ellipse(y, x, 5, 7)] = 4
    if hand:
        labels[ellipse(140, 20, 9, 9)] = 1
    return labels


def found(labels: NDArray[np.int_], size: tuple[int, int] = SIZE, square: int = 128) -> Tensor | None:
    """The map from what a network would see of these labels: stretched to squares."""
    parts = torch.from_numpy(np.eye(5, dtype=np.float32)[labels]).permute(2, 0, 1)[None]
    seen = torch.nn.functional.interpolate(parts, (square, square), mode="bilinear", align_corners=False)
    return face_map(1 - seen[:, :1], seen, size)


@pytest.mark.parametrize("hand", [False, True])
def test_the_map_is_the_face_with_its_eyes_and_without_the_neck(hand: bool) -> None:
    soft = found(person(hand=hand))
    assert soft is not None and soft.shape == (1, 1, *SIZE)
    face = soft[0, 0].numpy()
    assert face.min() >= 0 and face.max() <= 1
    overlap = ((face > 0.5) & FACE).sum() / ((face > 0.5) | FACE).sum()
    assert overlap > 0.88
    assert all(face[y, x] > 0.95 for y, x in EYES), "eyes and glasses"
    assert face[102:, :].max() < 0.05, "neck, clothes and hand"
    assert face[:34].max() < 0.05, "hair"
    assert np.abs(np.diff(face, axis=0)).max() < 0.4 and np.abs(np.diff(face, axis=1)).max() < 0.4, "no hard rim"


def test_holes_in_a_face_are_filled() -> None:
    """Eyes and a strand of hair that are taken for something else."""
    labels = person()
    labels[ellipse(*EYES[0], 5, 7)] = 3
    labels[(abs(COLUMNS - 76) < 2) & FACE] = 2
    parts = np.eye(5, dtype=np.float32)[labels].transpose(2, 0, 1)
    face = grow((74, 64, 17.0), parts, labels > 0)
    whole = grow((74, 64, 17.0), np.eye(5, dtype=np.float32)[person()].transpose(2, 0, 1), person() > 0)
    assert (face & whole).sum() > 0.93 * whole.sum()
    assert face[62, 54] and face[70, 76], "the eye and the strand"


def test_a_hat_is_no_face() -> None:
    soft = found(person(hat=True))
    assert soft is not None
    assert float(soft[0, 0, 60:85, 52:76].min()) > 0.95
    assert float(soft[0, 0, :44].max()) < 0.3


def test_the_map_is_of_the_size_asked_for_whatever_that_is() -> None:
    small, large = found(person()), found(person(), (480, 384))
    assert small is not None and large is not None and large.shape == (1, 1, 480, 384)
    assert abs(float(small.mean()) - float(large.mean())) < 0.01


def test_two_people_have_two_faces() -> None:
    labels = np.concatenate([person(), person()], 1)
    soft = found(labels, (160, 256))
    assert soft is not None
    assert float(soft[0, 0, 70, 64]) > 0.95 and float(soft[0, 0, 70, 192]) > 0.95
    assert float(soft[0, 0, :, 128].max()) < 0.05


def test_no_face_is_none() -> None:
    labels = person()
    labels[labels > 0] = 3
    assert found(labels) is None
    assert found(np.zeros(SIZE, int)) is None


def test_the_astronauts_face(portrait: Tensor) -> None:
    regions = load_segmenter("portrait")(portrait, ["skin"])
    assert regions.face is not None and regions.face.shape == (1, 1, 256, 256)
    face = regions.face[0, 0]
    assert float(face[46:76, 96:128].min()) > 0.85, "from eyes to mouth"
    assert float(face[96:].max()) < 0.05, "the suit"
    assert float(face[:29].max()) < 0.05, "the hair"
    assert 0.02 < float(face.mean()) < 0.045
    outside = face * (1 - regions.side("subject")[0, 0])
    assert float(outside.sum()) < 0.02 * float(face.sum()), "inside the person"
