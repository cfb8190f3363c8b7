from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.segmentation.people import find_faces, split_people

SIZE = 128


def figures(middles: list[int], arm: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Matte, parts and photo of people like chess pieces: a hair cap, a face, a body as wide as the gaps."""
    rows, columns = np.ogrid[:SIZE, :SIZE]
    labels = np.zeros((SIZE, SIZE), int)
    for middle in middles:
        labels[np.broadcast_to((rows > 50) & (abs(columns - middle) < 22), labels.shape)] = 3
        labels[np.hypot(rows - 40, columns - middle) < 14] = 2
        labels[np.hypot(rows - 44, columns - middle) < 10] = 1
        if arm:
            labels[np.broadcast_to((abs(rows - 90) < 7) & (abs(columns - middle) < 20), labels.shape)] = 1
    parts = torch.nn.functional.one_hot(torch.from_numpy(labels), 5).permute(2, 0, 1)[None].float()
    photo = (labels[None, None] / 4 * np.ones((1, 3, 1, 1))).astype(np.float32)
    return torch.from_numpy((labels > 0).astype(np.float32))[None, None], parts, torch.from_numpy(photo)


@pytest.mark.parametrize("middles", [[64], [40, 84], [30, 100], [20, 64, 108]])
@pytest.mark.parametrize("arm", [False, True])
def test_counts_people_and_orders_them_from_the_left(middles: list[int], arm: bool) -> None:
    matte, parts, photo = figures(middles, arm)
    people = split_people(matte, parts, photo)
    assert len(people) == len(middles)
    everybody = torch.cat([person.share for person in people]).sum(0)
    assert torch.allclose(everybody, torch.ones_like(everybody), atol=1e-5)
    for middle, person in zip(middles, people, strict=True):
        assert float(person.share[0, 0, 44, middle]) > 0.99, "the face"
        assert float(person.share[0, 0, 110, middle]) > 0.99, "the body under it"


def test_touching_people_part_between_their_faces() -> None:
    matte, parts, photo = figures([42, 84])
    left, right = split_people(matte, parts, photo)
    columns = torch.arange(SIZE)
    assert float(left.share[0, 0, 100, columns < 60].min()) > 0.9
    assert float(right.share[0, 0, 100, columns > 66].min()) > 0.9
    assert left.score < 1.0, "touching people are less clear"


def test_people_apart_are_certain_even_without_faces() -> None:
    matte, parts, photo = figures([30, 100])
    parts[:, 3] += parts[:, 1] + parts[:, 2]
    parts[:, 1:3] = 0
    people = split_people(matte, parts, photo)
    assert [person.score for person in people] == [1.0, 1.0]


def test_skin_without_hair_over_it_is_no_face() -> None:
    skin, hair = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    skin[20:40, 20:40] = True
    assert find_faces(skin, hair) == []
    hair[5:20, 15:45] = True
    assert len(find_faces(skin, hair)) == 1


def test_nobody_is_nobody() -> None:
    empty = torch.zeros(1, 1, 32, 32)
    assert split_people(empty, torch.zeros(1, 5, 16, 16), torch.zeros(1, 3, 32, 32)) == []
