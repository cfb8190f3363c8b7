from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.errors import InputError, NoPersonError
from styfie.evaluation.parts import UNLABELLED
from styfie.evaluation.segmenter import WORST, WORST_SIZE, Scored, evaluate_segmenter, person_of
from styfie.regions import Regions


@dataclass(frozen=True)
class Known:
    name: str
    image: NDArray[np.uint8]
    matte: NDArray[np.uint8]
    parts: NDArray[np.uint8]


def portrait(name: str, share: int, side: int = 20, label: int = UNLABELLED) -> Known:
    """The person is the left `share` columns, and white on black."""
    matte = np.zeros((side, side), np.uint8)
    matte[:, :share] = 255
    return Known(name, np.repeat(matte[..., None], 3, 2), matte, np.full((side, side), label, np.uint8))


def left_half(photo: Tensor) -> Tensor:
    found = torch.zeros_like(photo[:, :1])
    found[..., : photo.shape[-1] // 2] = 1
    return found


def white(photo: Tensor) -> Tensor:
    return photo[:, :1]


THREE: Sequence[Known] = [portrait("a_1", 10), portrait("b_1", 5), portrait("a_2", 20)]


def test_rows_sources_and_constant() -> None:
    evaluation = evaluate_segmenter(THREE, left_half)
    assert [(row.name, row.source) for row in evaluation.rows] == [("a_1", "a"), ("b_1", "b"), ("a_2", "a")]
    assert [row.score.iou for row in evaluation.rows] == pytest.approx([1, 1 / 2, 1 / 2])
    assert evaluation.overall().iou == pytest.approx(2 / 3)
    assert {name: s.iou for name, s in evaluation.sources().items()} == pytest.approx({"a": 3 / 4, "b": 1 / 2})
    assert evaluation.constant.iou == pytest.approx((1 / 2 + 1 / 4 + 1) / 3)
    assert evaluation.parts is None
    assert set(evaluate_segmenter(THREE, left_half, sources=["c", "c", "d"]).sources()) == {"c", "d"}


def test_a_perfect_predictor_is_perfect() -> None:
    overall = evaluate_segmenter(THREE, white).overall()
    assert (overall.iou, overall.mean_iou, overall.boundary_f) == (1, 1, 1)
    assert (overall.mae, overall.sad, overall.gradient) == (0, 0, 0)


def test_small_masks_are_brought_to_the_truth() -> None:
    found = evaluate_segmenter(THREE[:1], lambda photo: torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]]))
    assert found.overall().iou == 1


def test_progress_is_told_as_values() -> None:
    seen: list[Scored] = []
    evaluation = evaluate_segmenter(THREE, white, on_progress=seen.append)
    assert [(s.done, s.total) for s in seen] == [(1, 3), (2, 3), (3, 3)]
    assert tuple(s.row for s in seen) == evaluation.rows


def test_keeps_the_worst_small() -> None:
    many = [portrait(f"s_{share}", share, side=400) for share in range(200, 200 + 10 * (WORST + 2), 10)]
    worst = evaluate_segmenter(many, left_half).worst
    assert [shown.row.name for shown in worst] == [p.name for p in reversed(many)][:WORST]
    assert worst[0].photo.shape == (1, 3, WORST_SIZE, WORST_SIZE)
    assert worst[0].truth.shape == worst[0].found.shape == (1, 1, WORST_SIZE, WORST_SIZE)


def test_parts_are_pooled_where_labelled() -> None:
    some = [portrait("a_1", 10, label=2), portrait("a_2", 10, side=40, label=1), portrait("a_3", 10)]

    def always_hair(photo: Tensor) -> Tensor:
        return torch.eye(5)[2].view(1, 5, 1, 1).expand(1, 5, 3, 3)

    parts = evaluate_segmenter(some, white, always_hair).parts
    assert parts is not None
    assert parts["hair"] == pytest.approx(400 / 2000)
    assert parts["skin"] == 0
    assert parts["clothes"] is None
    assert parts["mean"] == pytest.approx(0.1)
    assert evaluate_segmenter(some[2:], white, always_hair).parts is None


def test_the_person_is_what_is_not_background() -> None:
    def segmenter(photo: Tensor) -> Regions:
        if float(photo.mean()) > 0.9:
            raise NoPersonError("No person was found.")
        return Regions.of_subject(photo[:, :1]).split("subject", "hair", torch.full_like(photo[:, :1], 0.5))

    predict = person_of(segmenter)
    photo = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.8
    assert torch.allclose(predict(photo), photo[:, :1])
    assert not predict(torch.ones(1, 3, 8, 8)).any(), "nobody found is an empty mask"


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(InputError, match="no portrait"):
        evaluate_segmenter([], white)


def test_sixteen_of_the_worst_are_kept_at_320_pixels() -> None:
    many = [portrait(f"s_{share}", share, side=400) for share in range(200, 380, 9)]
    worst = evaluate_segmenter(many, left_half).worst
    assert len(many) == 20 and len(worst) == 16
    assert {tuple(shown.photo.shape) for shown in worst} == {(1, 3, 320, 320)}
    (small,) = evaluate_segmenter([portrait("a", 5)], left_half).worst
    assert small.photo.shape == (1, 3, 20, 20), "none is enlarged"
    assert float(small.photo.max()) == 1 and torch.equal(small.photo[:, :1], small.truth)


def test_grey_is_grey_in_photo_and_truth() -> None:
    """Eight bits are divided by 255: half a matte is half a pixel of person in the sum of differences."""
    grey = np.full((10, 10), 51, np.uint8)
    known = Known("a_1", np.repeat(grey[..., None], 3, 2), grey, np.full((10, 10), 255, np.uint8))
    score = evaluate_segmenter([known], lambda photo: torch.zeros_like(photo[:, :1])).rows[0].score
    assert score.mae == pytest.approx(0.2) and score.sad == pytest.approx(0.02)
    assert evaluate_segmenter([known], white).rows[0].score.mae == pytest.approx(0, abs=1e-7)


def test_255_is_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """As data sets mark what nobody has labelled: the largest value of eight bits."""
    hair = portrait("a_1", 10, label=2)
    half = Known("a_1", hair.image, hair.matte, np.where(hair.matte > 0, hair.parts, np.uint8(255)))
    parts = evaluate_segmenter([half], white, lambda photo: torch.eye(5)[2].view(1, 5, 1, 1).expand(1, 5, 3, 3)).parts
    assert parts is not None and parts["hair"] == 1
    odd = Known("a_1", hair.image, hair.matte, np.full_like(hair.parts, 127))
    assert evaluate_segmenter([odd], white, lambda photo: torch.ones(1, 5, 2, 2)).parts is not None
