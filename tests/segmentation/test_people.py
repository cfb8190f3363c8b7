from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.regions import Regions
from styfie.segmentation.people import find_faces, split_people, without_specks
from styfie.segmentation.portrait import PortraitSegmenter
from styfie.segmentation.prediction import PART_NAMES, Prediction
from styfie.segmentation.splitting import split_off
from tests.conftest import fingerprint

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


def test_a_part_of_one_person_is_taken_from_whoever_holds_it() -> None:
    """Whatever was split off before, and it goes back to that person."""
    matte, parts, photo = figures([30, 100])
    seen = Prediction(photo.expand(1, 3, -1, -1), matte, parts)
    whole = Regions.of_subject(matte)
    both = [
        split_off(whole, seen, ["person-2-hair"]),
        split_off(split_off(whole, seen, ["hair"]), seen, ["person-2-hair"]),
    ]
    both.append(split_off(split_off(whole, seen, ["person-2"]), seen, ["person-2-hair"]))
    both.append(split_off(whole, seen, ["person-2", "hair", "person-2-hair"]))
    for regions in both:
        hair = regions["person-2-hair"][0, 0]
        assert float(hair[29, 100]) > 0.8 and float(hair[29, 30]) < 0.05 and float(hair[110, 100]) < 0.05
        assert torch.allclose(regions.alpha.sum(0), torch.ones(1, SIZE, SIZE), atol=1e-4)
    assert float(both[3]["hair"][0, 0, 29, 30]) > 0.8 and float(both[3]["hair"][0, 0, 29, 100]) < 0.05
    assert [one.rest_of("person-2-hair") for one in both] == ["subject", "subject", "person-2", "person-2"]
    with pytest.raises(InputError, match="no accessories"):
        split_off(whole, seen, ["person-2-accessories"])
    with pytest.raises(InputError, match="no person-3"):
        split_off(whole, seen, ["person-3-hair"])


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


@pytest.mark.parametrize("width", [SIZE, 2 * SIZE, SIZE // 2])
def test_a_head_is_a_square_of_the_photo_around_face_and_hair(width: int) -> None:
    matte, parts, photo = figures([30, 100])
    stretched = torch.nn.functional.interpolate(photo, (SIZE, width))
    for middle, person in zip([30, 100], split_people(matte, parts, stretched), strict=True):
        assert person.head is not None
        top, left, bottom, right = person.head
        assert (bottom - top) * SIZE == pytest.approx((right - left) * width, abs=1e-6), "a square"
        assert min(person.head) >= 0 and max(person.head) <= 1
        assert top * SIZE < 34 and bottom * SIZE > 52 and left * SIZE < middle - 9 and right * SIZE > middle + 9
        assert abs((left + right) / 2 * SIZE - middle) < 4 or min(left, 1 - right) < 1e-9, (
            "in the middle, or at the edge"
        )
        assert (bottom - top) * SIZE < 100, "not all of somebody"


def test_where_no_face_is_seen_the_head_is_the_upper_end() -> None:
    matte, parts, photo = figures([30, 100])
    parts[:, 3] += parts[:, 1] + parts[:, 2]
    parts[:, 1:3] = 0
    for middle, person in zip([30, 100], split_people(matte, parts, photo), strict=True):
        assert person.head is not None
        top, left, bottom, right = (SIZE * edge for edge in person.head)
        assert 16 < top <= 27 and 40 < bottom < 64, "the cap begins at 26"
        assert abs((left + right) / 2 - middle) < 3


def test_what_may_be_split_off_comes_with_the_heads_of_several_people(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = PortraitSegmenter(torch.nn.Identity())
    for middles in ([30, 100], [64]):
        matte, parts, photo = figures(middles)
        seen = Prediction(photo.expand(1, 3, -1, -1), matte, parts)
        monkeypatch.setattr(segmenter, "_glance", lambda _photo, seen=seen: seen)
        found = segmenter.parts(photo)
        people = [f"person-{n}" for n in (1, 2) if len(middles) > 1]
        theirs = [f"{one}-{part}" for one in people for part in PART_NAMES]
        assert list(found) == [*PART_NAMES, *people, *theirs]
        assert [name for name, head in found.items() if head] == people


def head(hair_over: int, worn_over: int = 0, body_over: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Parts and body of a face with so many rows of hair, of hat and of clothes above it."""
    labels = np.zeros((96, 64), int)
    top = 60
    labels[top : top + 20, 20:40] = 1
    for label, rows in ((2, hair_over), (4, worn_over), (3, body_over)):
        labels[top - rows : top, 18:42] = label
        top -= rows
    return np.eye(5, dtype=np.float32)[labels].transpose(2, 0, 1), labels > 0


@pytest.mark.parametrize(
    ("hair", "worn", "clothes", "faces"),
    [(0, 0, 0, 0), (12, 0, 0, 1), (0, 12, 0, 1), (0, 8, 50, 0), (12, 0, 40, 1)],
    ids=["bare", "hair", "hat", "watch", "child before somebody"],
)
def test_a_face_has_hair_or_a_hat_over_it(hair: int, worn: int, clothes: int, faces: int) -> None:
    assert len(find_faces(*head(hair, worn, clothes))) == faces


@pytest.mark.parametrize(("over", "faces"), [(0, 1), (40, 0)], ids=["bald", "a hand before somebody"])
def test_a_bald_head_is_a_face_above_clothes(over: int, faces: int) -> None:
    labels = np.zeros((128, 64), int)
    rows, columns = np.ogrid[:128, :64]
    labels[np.broadcast_to((rows > 70 - over) & (abs(columns - 32) < 25), labels.shape)] = 3
    labels[np.hypot(rows - 60, columns - 32) < 12] = 1
    found = find_faces(np.eye(5, dtype=np.float32)[labels].transpose(2, 0, 1), labels > 0)
    assert len(found) == faces
    assert all(np.hypot(y - 60, x - 32) < 2 and abs(radius - 12) < 2 for y, x, radius in found)


def test_nobody_is_nobody() -> None:
    empty = torch.zeros(1, 1, 32, 32)
    assert split_people(empty, torch.zeros(1, 5, 16, 16), torch.zeros(1, 3, 32, 32)) == []


def test_specks_go_and_people_stay() -> None:
    matte = torch.zeros(1, 1, 64, 64)
    matte[..., 10:40, 5:25] = 0.9  # somebody
    matte[..., 10:25, 35:50] = 0.8  # somebody smaller
    alone = matte.clone()
    matte[..., 50:54, 50:54] = 0.7
    matte[..., 49, 49:55] = 0.3  # its haze
    assert torch.equal(without_specks(matte), alone)
    assert torch.equal(without_specks(alone), alone)


@pytest.mark.parametrize(("share", "faces"), [(0.3, 1), (0.5, 2)])
def test_a_face_is_no_smaller_than_two_fifths_of_the_largest(share: float, faces: int) -> None:
    """Somebody far behind counts as nobody: a portrait's pattern or picture on the wall does too."""
    labels = np.zeros((160, 200), int)
    rows, columns = np.ogrid[:160, :200]
    for middle, radius in ((60, 30), (150, round(30 * share))):
        labels[np.hypot(rows - 80 + radius // 2, columns - middle) < 1.4 * radius] = 2
        labels[np.hypot(rows - 80, columns - middle) < radius] = 1
    found = find_faces(np.eye(5, dtype=np.float32)[labels].transpose(2, 0, 1), labels > 0)
    assert len(found) == faces
    assert all(abs(x - middle) < 3 for (_, x, _), middle in zip(found, (60, 150), strict=False))


def test_people_are_parted_as_they_were() -> None:
    people = split_people(*figures([30, 78], arm=True))
    left, right = [[0.4297, 0.0079, 0.0, 0.8594, 0.0, 0.8594, 0.0], [0.5703, 0.0079, 0.0, 0.1406, 1.0, 0.1406, 1.0]]
    assert fingerprint(people[0].share) == pytest.approx(left, abs=1e-3)
    assert fingerprint(people[1].share) == pytest.approx(right, abs=1e-3)


def test_a_face_is_found_under_a_hat_that_is_larger() -> None:
    """Together their largest disc is not mostly skin: a face that widens up to the brim has none of its own there."""
    rows, columns = np.ogrid[:SIZE, :SIZE]
    labels = np.zeros((SIZE, SIZE), int)
    labels[np.broadcast_to((rows > 74) & (abs(columns - 64) < 30), labels.shape)] = 3
    chin = (rows > 40) & (rows < 76) & (abs(columns - 64) < 0.55 * (80 - rows))
    labels[np.broadcast_to(chin, labels.shape)] = 1
    labels[np.broadcast_to((rows > 14) & (rows < 47) & (abs(columns - 64) < 24), labels.shape)] = 4
    parts = np.eye(5, dtype=np.float32)[labels].transpose(2, 0, 1)
    ((y, x, radius),) = find_faces(parts, labels > 0)
    assert abs(x - 64) < 3 and 50 < y < 62 and radius < 14
