from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from styfie.encoders.loss_weights import THIN
from styfie.encoders.plain import PlainEncoder
from styfie.engines.measure import Measure, styles_at, within_frame
from styfie.looks import Look, Style
from styfie.losses import load_loss
from tests.engines.conftest import BLUE, RED


@pytest.mark.parametrize(
    ("longest", "stroke", "wanted"), [(48, 1.0, 48), (512, 1.0, 128), (1024, 1.0, 256), (512, 3.0, 384)]
)
def test_a_small_style_is_enlarged_so_far_and_no_farther(longest: int, stroke: float, wanted: int) -> None:
    """Twice up to 512 pixels, and on with the painting and the stroke: a large painting begins as the small one."""
    look = Look((Style("small", torch.rand(1, 3, 64, 40)),), stroke=stroke)
    ((_, style),) = styles_at(look, longest, torch.device("cpu"), 2.0)
    assert max(style.picture.shape[-2:]) == wanted
    ((_, style),) = styles_at(look, longest, torch.device("cpu"), THIN.enlarged)
    assert max(style.picture.shape[-2:]) == round(stroke * longest)


def test_the_contrast_of_styles_is_their_mean_by_weight(encoder: PlainEncoder) -> None:
    measure = Measure(encoder, load_loss("gram"), THIN)
    device = torch.device("cpu")
    found = measure.contrast_of_styles(Look((RED, Style("blue", BLUE.picture, 3.0))), 64, device)["conv4"]
    red, blue = (encoder(style.picture)["conv4"].var((0, 2, 3), correction=0).mean() for style in (RED, BLUE))
    assert float(found) == pytest.approx(float(0.25 * red + 0.75 * blue), rel=1e-3)


def test_the_frame_of_a_style_is_left_out_where_most_of_the_mask_stays() -> None:
    inside = torch.ones(1, 1, 40, 60)
    kept = within_frame(inside, 0.1)
    assert float(kept.sum()) == 32 * 48 and float(kept[..., 4:-4, 6:-6].min()) == 1
    edge = torch.zeros(1, 1, 40, 60)
    edge[..., :5, :] = 1  # of the user's own: what is asked for is the edge
    assert torch.equal(within_frame(edge, 0.1), edge)
    assert torch.equal(within_frame(inside, 0.0), inside)


def test_what_runs_along_a_styles_edge_is_not_asked_for(encoder: PlainEncoder) -> None:
    """The style framed in white asks for nearly the same as without; with its frame counted, for something else."""
    framed = RED.picture.clone()
    framed[..., -3:] = 1.0

    def change(share: float) -> float:
        measure = Measure(encoder, load_loss("gram"), replace(THIN, frame=share))
        plain, other = (
            measure.targets(Look((Style("s", x),)), 64, torch.device("cpu"))["conv1"][0][1][0]
            for x in (RED.picture, framed)
        )
        return float((plain - other).norm() / plain.norm())

    assert change(0.1) < 1e-5 < 1e-2 < change(0.0)
