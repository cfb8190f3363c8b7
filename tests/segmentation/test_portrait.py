from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.segmentation import load_segmenter
from styfie.segmentation.portrait import find_person


def test_finds_the_astronaut(portrait: Tensor) -> None:
    regions = load_segmenter("auto")(portrait)
    matte = regions["subject"][0, 0]
    assert matte.shape == (256, 256)
    assert float(matte[50:90, 100:125].mean()) > 0.95, "the face"
    assert float(matte[200:, 50:140].mean()) > 0.9, "the suit"
    assert float(matte[:40, :30].mean()) < 0.1, "the flag's corner"
    assert float(matte[:60, 230:].mean()) < 0.1, "the shuttle's corner"
    assert regions.score[0] > 0.5


def test_mirrored_photo_mirrored_mask(portrait: Tensor) -> None:
    segmenter = load_segmenter("portrait")
    straight, mirrored = segmenter(portrait)["subject"], segmenter(portrait.flip(3))["subject"]
    assert float((straight - mirrored.flip(3)).abs().mean()) < 1e-3


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_no_person_is_one_sentence(level: float) -> None:
    with pytest.raises(InputError, match="No person"):
        find_person(torch.full((1, 3, 96, 128), level))


def test_unknown_segmenter_is_answered_with_the_known() -> None:
    with pytest.raises(InputError, match="portrait"):
        load_segmenter("magic")
