from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.segmentation.calibration import Calibration
from styfie.segmentation.doubt import without_wide_doubt
from styfie.segmentation.prediction import Prediction


def body(thing: float = 0.0, halo: float = 0.0) -> Tensor:
    """A person (1, 1, 256, 256) of columns 50 to 150, a thing 40 px wide beside, and 5 px of hair on the left."""
    matte = torch.zeros(1, 1, 256, 256)
    matte[..., 20:, 50:150] = 1
    matte[..., 100:200, 150:190] = thing
    matte[..., 20:, 45:50] = halo
    return matte


@pytest.mark.parametrize(("thing", "answer"), [(0.2, 0), (0.55, 0), (0.65, 1), (0.8, 1)])
def test_a_wide_place_of_doubt_gets_one_answer(thing: float, answer: int) -> None:
    found = without_wide_doubt(body(thing, 0.4))
    assert found[..., 104:196, 154:186].sub(answer).abs().max() < 1e-3
    assert torch.equal(found[..., :140], body(thing, 0.4)[..., :140]), "hair and what is sure stay"
    edge = slice(148, 152) if answer == 0 else slice(188, 192)  # the body's, or its own
    assert ((found[0, 0, 150, edge] > 0.01) & (found[0, 0, 150, edge] < 0.99)).all(), "on both sides it is soft"


def test_a_place_of_several_probabilities_gets_the_answer_of_its_mean() -> None:
    matte = body(0.85)
    matte[..., 100:200, 150:180] = 0.3  # three quarters of it
    assert without_wide_doubt(matte)[..., 104:196, 154:186].max() < 1e-3
    matte[..., 100:200, 150:160] = 0.3
    matte[..., 100:200, 160:190] = 0.85
    assert without_wide_doubt(matte)[..., 104:196, 154:186].min() > 0.999


def test_what_is_narrow_or_sure_stays_as_it_is() -> None:
    for matte in (body(), body(0.05, 0.5), body(1.0, 0.5)):
        assert torch.equal(without_wide_doubt(matte), matte)


def test_width_is_told_in_shares_of_the_side() -> None:
    matte = torch.zeros(1, 1, 512, 512)
    matte[..., 100:110, 50:400] = 0.5  # five pixels of 256
    assert torch.equal(without_wide_doubt(matte), matte)
    matte[..., 100:130, 50:400] = 0.5
    assert without_wide_doubt(matte).max() < 0.1


def test_an_answer_makes_nothing_surer() -> None:
    matte, parts = body(0.55), torch.zeros(1, 5, 128, 128)
    parts[:, 3] = 0.9
    parts[..., 50:100, 75:95] = 0.3
    seen = Prediction(torch.zeros(1, 3, 64, 64), matte, parts, Calibration())
    decided = seen.decided()
    assert not torch.equal(decided.matte, seen.matte)
    assert (decided.sure, decided.score, decided.clarity) == (seen.sure, seen.score, seen.clarity)


def test_specks_that_are_left_of_a_thing_go_with_it() -> None:
    matte = body(0.5)
    matte[..., 140:146, 170:176] = 1
    assert without_wide_doubt(matte)[..., 143, 173] > 0.9
    decided = Prediction(torch.zeros(1, 3, 64, 64), matte, torch.zeros(1, 5, 128, 128)).decided()
    assert decided.matte[..., 104:196, 156:186].max() < 0.1
