from __future__ import annotations

import pytest
import torch

from styfie.errors import InputError
from styfie.regions import Regions
from styfie.segmentation.prediction import PART_NAMES, Prediction
from styfie.segmentation.splitting import split_off


@pytest.fixture
def sight() -> Prediction:
    """A person on the left half: skin above, clothes below, a little of each everywhere."""
    matte = torch.zeros(1, 1, 64, 64)
    matte[..., :32] = 1
    parts = torch.full((1, 5, 32, 32), 0.02)
    parts[:, 1, :16], parts[:, 3, 16:] = 0.92, 0.92
    return Prediction(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)), matte, parts)


def test_parts_fill_the_person_in_any_order(sight: Prediction) -> None:
    whole = Regions.of_subject(sight.matte)
    found = split_off(whole, sight, ["clothes", "skin"])
    again = split_off(whole, sight, ["skin", "clothes"])
    for name in ("skin", "clothes", "subject"):
        assert torch.allclose(found[name], again[name], atol=1e-5)
    assert float(found["skin"][0, 0, :28, :28].mean()) > 0.95
    assert float(found["clothes"][0, 0, 36:, :28].mean()) > 0.95
    assert float(found["subject"].mean()) < 0.05
    assert torch.equal(found["background"], whole["background"])


def test_a_part_that_is_not_there_is_one_sentence(sight: Prediction) -> None:
    with pytest.raises(InputError, match="sees no hair"):
        split_off(Regions.of_subject(sight.matte), sight, ["hair"])


def test_who_sees_nobody_has_no_parts_and_no_people(sight: Prediction) -> None:
    nobody = Prediction(sight.photo, torch.zeros_like(sight.matte), sight.parts)
    for name, says in (("hair", "sees no hair"), ("person-1", "no people were found")):
        with pytest.raises(InputError, match=says):
            split_off(Regions.of_subject(sight.matte), nobody, [name])


def test_names_nobody_knows_are_answered_with_the_known(sight: Prediction) -> None:
    with pytest.raises(InputError, match="accessories, person-1"):
        split_off(Regions.of_subject(sight.matte), sight, ["wings"])
    assert PART_NAMES[1] == "hair"
