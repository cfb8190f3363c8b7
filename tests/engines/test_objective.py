from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.encoders.loss_weights import THIN, Weights
from styfie.encoders.plain import PlainEncoder
from styfie.engines.measure import Measure
from styfie.engines.objective import TERMS, Objective
from styfie.engines.spread import Goal
from styfie.looks import Look, Style
from styfie.losses import load_loss
from styfie.losses.functional import gram, relative_gram_loss
from tests.engines.conftest import BLUE, RED

CONTRAST = {"conv4": torch.tensor(0.1)}


def build(
    photo: Tensor, look: Look, encoder: PlainEncoder, loss: str = "gram", side: int = 0, **changes: float
) -> Objective:
    measure = Measure(encoder, load_loss(loss), Weights(**{**vars(THIN), **changes}), side)
    alpha = torch.linspace(0, 1, photo.shape[-1]).expand_as(photo[:, :1]).clone()
    face = alpha.flip(3)
    targets = Measure(encoder, load_loss(loss), THIN).targets(look, 64, photo.device)
    return Objective(photo, [Goal(alpha, targets)], measure, face, CONTRAST)


@pytest.mark.parametrize("loss", ["gram", "wasserstein"])
@pytest.mark.parametrize("size", [(48, 64), (45, 61)])
def test_tiles_change_neither_loss_nor_gradient(
    photo: Tensor, encoder: PlainEncoder, loss: str, size: tuple[int, int]
) -> None:
    cut, noise = photo[..., : size[0], : size[1]], torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    whole = build(cut, Look((RED, BLUE)), encoder, loss)(noise)
    tiled = build(cut, Look((RED, BLUE)), encoder, loss, side=16)
    assert len(tiled.parts) == 12
    for one, other in zip(tiled(noise), whole, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_style_term_is_the_formula(photo: Tensor, encoder: PlainEncoder) -> None:
    """Two styles, one to three, one of them masked, over a region that is the whole picture."""
    left = torch.zeros_like(BLUE.picture[:, :1])
    left[..., :32] = 1
    styles = (Style("red", RED.picture), Style("blue", BLUE.picture, 3.0, left))
    measure = Measure(encoder, load_loss("gram"), THIN)
    everywhere, nowhere = torch.ones_like(photo[:, :1]), torch.zeros_like(photo[:, :1])
    targets = measure.targets(Look(styles), 64, photo.device)
    terms, _ = Objective(photo, [Goal(everywhere, targets)], measure, nowhere, CONTRAST)(photo)
    maps, red, blue = encoder(photo), encoder(RED.picture), encoder(BLUE.picture)
    expected = 0.0
    for tap in encoder.style_taps:
        mask = torch.zeros_like(blue[tap][:, :1])
        mask[..., : mask.shape[-1] // 2] = 1
        expected += 0.25 * float(relative_gram_loss(gram(maps[tap]), gram(red[tap])))
        expected += 0.75 * float(relative_gram_loss(gram(maps[tap]), gram(blue[tap], mask)))
    assert dict(zip(TERMS, terms.tolist(), strict=True)) == pytest.approx(
        dict.fromkeys(TERMS, 0) | {"style": expected, "smooth": float(terms[TERMS.index("smooth")])}, rel=1e-4, abs=1e-6
    )


def test_the_photo_as_its_own_style_is_the_minimum(photo: Tensor, encoder: PlainEncoder) -> None:
    measure = Measure(encoder, load_loss("gram"), Weights(total_variation=0.0))
    everywhere = torch.ones_like(photo[:, :1])
    targets = measure.targets(Look((Style("itself", photo),)), 64, photo.device)
    terms, gradient = Objective(photo, [Goal(everywhere, targets)], measure, everywhere, CONTRAST)(photo)
    assert float(terms.abs().max()) < 1e-9
    assert float(gradient.abs().max()) < 1e-6


def test_likeness_makes_changes_of_a_face_dearer(photo: Tensor, encoder: PlainEncoder) -> None:
    noise = torch.rand(photo.shape, generator=torch.Generator().manual_seed(0))
    measure = Measure(encoder, load_loss("gram"), THIN)
    targets = measure.targets(Look((RED,)), 64, photo.device)
    everywhere = torch.ones_like(photo[:, :1])
    found = [
        dict(
            zip(
                TERMS,
                Objective(photo, [Goal(everywhere, targets)], measure, f, CONTRAST)(noise)[0].tolist(),
                strict=True,
            )
        )
        for f in (0 * everywhere, 0.5 * everywhere, everywhere)
    ]
    assert found[0]["edges"] == 0
    assert found[1]["edges"] == pytest.approx(0.5**3 * found[2]["edges"])
    assert found[2]["content"] == pytest.approx((1 + THIN.face) * found[0]["content"], rel=1e-3)
    assert found[0]["style"] == pytest.approx(found[2]["style"])


def test_the_stroke_is_the_size_at_which_a_style_is_seen(encoder: PlainEncoder) -> None:
    measure = Measure(encoder, load_loss("gram"), THIN)
    fine = measure.targets(Look((RED,), stroke=0.5), 128, torch.device("cpu"))
    known = measure.targets(Look((RED,)), 64, torch.device("cpu"))
    for tap in encoder.style_taps:
        (((_, (found, _)),), ((_, (wanted, _)),)) = fine[tap], known[tap]
        assert torch.equal(found, wanted)
