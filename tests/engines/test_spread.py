"""Where a layer's style is asked for: plain places more, and windows by themselves."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.encoders.loss_weights import THIN, Weights
from styfie.encoders.plain import PlainEncoder
from styfie.engines.measure import Measure
from styfie.engines.objective import TERMS, Objective
from styfie.engines.spread import Goal, emphasised, plainness, with_windows
from styfie.looks import Look
from styfie.losses import load_loss
from tests.engines.conftest import BLUE, RED


def half_busy(side: int) -> Tensor:
    """Flat on the left, and a chequered board on the right."""
    picture = torch.full((1, 3, side, side), 0.5)
    board = (torch.arange(side)[:, None] + torch.arange(side)) % 2
    picture[..., side // 2 :] = board[:, side // 2 :].float()
    return picture


@pytest.mark.parametrize("side", [48, 200, 700])
def test_plain_places_are_told_from_busy_ones(side: int) -> None:
    found = plainness(half_busy(side))
    assert found.shape == (1, 1, side, side)
    assert float(found[..., : side // 4].min()) > 0.9
    if side <= 512:  # of a larger picture the finest board is grey when it is looked at
        assert float(found[..., -side // 4 :].max()) < 0.05


def test_slow_changes_of_light_are_plain() -> None:
    ramp = torch.linspace(0, 1, 256).expand(1, 3, 256, 256)
    assert float(plainness(ramp)[..., 32:-32, 32:-32].min()) > 0.9


def test_a_plain_place_counts_as_often_as_is_said() -> None:
    photo, alpha = half_busy(128), torch.full((1, 1, 128, 128), 0.6)
    face = torch.zeros_like(alpha)
    face[..., :20, -20:] = 0.5  # features, as likely as not to stay themselves
    face[..., :20, :20] = 0.5  # and skin
    (goal,), content = emphasised([Goal(alpha, {})], photo, 3.0, face)
    assert torch.equal(goal.alpha[..., 30:, :], content[..., 30:, :]), "without a face both are the same"
    features, skin = (content[0, 0, 5, at] / goal.alpha[0, 0, 5, at] for at in (-5, 5))
    assert float(features) == pytest.approx(2.5, rel=0.05)  # (1 + 3 / 2) for 1
    assert float(skin) == pytest.approx(1.6, rel=0.05)  # (1 + 3) for (1 + 3 / 2)
    left, right = float(goal.alpha[0, 0, 64, 10]), float(goal.alpha[0, 0, 64, -10])
    assert left == pytest.approx(0.6, rel=0.02)
    assert left / right == pytest.approx(4.0, rel=0.1)


def test_windows_share_what_they_are_given_and_lie_where_the_layer_is() -> None:
    alpha = torch.zeros(1, 1, 60, 90)
    alpha[..., :45] = 1
    whole, *windows = with_windows([Goal(alpha, {"tap": [(0.25, "red"), (0.75, "blue")]})], 0.4)
    assert torch.equal(whole.alpha, alpha)
    assert whole.targets == {"tap": [(0.6 * 0.25, "red"), (0.6 * 0.75, "blue")]}
    assert len(windows) == 6  # the right third of nine holds nothing
    assert sum(share for goal in windows for share, _ in goal.targets["tap"]) == pytest.approx(0.4)
    together = torch.stack([goal.alpha for goal in windows]).sum(0)
    assert torch.allclose(together[..., :44], alpha[..., :44], atol=0.02)
    assert float(together[..., 45:].max()) == 0


def test_a_layer_within_one_window_is_asked_for_once() -> None:
    alpha = torch.zeros(1, 1, 90, 90)
    alpha[..., 42:48, 42:48] = 1
    assert len(with_windows([Goal(alpha, {})], 0.5)) == 1


def test_what_is_painted_in_one_corner_alone_is_dearer_by_windows(photo: Tensor, encoder: PlainEncoder) -> None:
    """Two pictures of the same statistics: one mixes the style's two halves, the other holds them side by side."""
    measure = Measure(encoder, load_loss("gram"), Weights(**{**vars(THIN), "content": 0.0, "total_variation": 0.0}))
    everywhere = torch.ones_like(photo[:, :1])
    goal = Goal(everywhere, measure.targets(Look((RED, BLUE)), 64, photo.device))
    apart = torch.cat([RED.picture[..., :48, :32], BLUE.picture[..., :48, :32]], 3)
    mixed = torch.cat([apart[..., i::4] for i in range(4)], 3)  # columns of both, everywhere

    def style(picture: Tensor, windows: float) -> float:
        objective = Objective(photo, [goal], measure, 0 * everywhere, {"conv4": torch.tensor(0.1)}, windows=windows)
        return float(objective(picture)[0][TERMS.index("style")])

    whole, parts = ([style(picture, share) for picture in (apart, mixed)] for share in (0.0, 0.9))
    assert parts[0] / whole[0] > 1.02 * parts[1] / whole[1]
