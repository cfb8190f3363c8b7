from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.images import read_picture, resize
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.segmentation import load_segmenter
from styfie.segmentation import portrait as portrait_module
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.portrait import PortraitSegmenter, predict
from styfie.segmentation.prediction import PART_NAMES, Prediction
from tests.conftest import fingerprint


def test_finds_the_astronaut(portrait: Tensor) -> None:
    regions = load_segmenter("auto")(portrait)
    matte = regions["subject"][0, 0]
    assert matte.shape == (256, 256)
    assert float(matte[50:90, 100:125].mean()) > 0.95, "the face"
    assert float(matte[200:, 50:140].mean()) > 0.9, "the suit"
    assert float(matte[:40, :30].mean()) < 0.1, "the flag's corner"
    assert float(matte[:60, 230:].mean()) < 0.1, "the shuttle's corner"
    assert regions.score[0] > 0.5


def test_on_stated_terms_masks_are_the_same_and_parts_the_networks_own(portrait: Tensor) -> None:
    usual, free = (load_segmenter(name)(portrait, ["clothes"]) for name in ("portrait", "portrait-free"))
    apart = (usual.side("subject") - free.side("subject")).abs()
    assert float(apart.mean()) < 1e-3 and float(apart.max()) < 0.2, "but for where hair is told, and so its strands"
    both, either = (pick(usual["clothes"], free["clothes"]).sum() for pick in (torch.minimum, torch.maximum))
    assert 0.8 < float(both / either) < 0.999


def test_a_brief_look_finds_the_same_person(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = load_segmenter("auto")
    assert isinstance(segmenter, PortraitSegmenter)
    whole = segmenter(portrait)["subject"] > 0.5
    looks, once = [], portrait_module._predict_once

    def counted(*given: Any, **named: Any) -> tuple[Tensor, Tensor]:
        looks.append(given)
        return once(*given, **named)

    monkeypatch.setattr(portrait_module, "_predict_once", counted)
    fast = segmenter.fast()(portrait)["subject"] > 0.5
    assert len(looks) == 1
    assert float((whole & fast).sum() / (whole | fast).sum()) > 0.95


def test_splits_the_astronaut_into_parts(portrait: Tensor) -> None:
    regions = load_segmenter("auto")(portrait, ["clothes", "skin", "hair"])
    assert set(regions.names) == {"subject", "background", "skin", "hair", "clothes"}
    assert torch.allclose(regions.alpha.sum(0), torch.ones(1, 256, 256), atol=1e-4)
    assert float(regions["skin"][0, 0, 65:80, 105:120].mean()) > 0.8, "the cheek"
    assert float(regions["hair"][0, 0, 25:40, 90:100].mean()) > 0.6, "the hair"
    assert float(regions["clothes"][0, 0, 210:240, 60:110].mean()) > 0.8, "the suit"


def test_what_was_seen_of_a_photo_says_what_its_parts_are(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose regions were just found; of another photo it takes a look of its own."""
    segmenter = load_segmenter("auto")
    regions, glances = segmenter(portrait), list[Tensor]()
    assert isinstance(segmenter, PortraitSegmenter) and load_segmenter("auto") is segmenter, "read once"
    glance = segmenter._glance

    def counted(photo: Tensor) -> Prediction:
        glances.append(photo)
        return glance(photo)

    monkeypatch.setattr(segmenter, "_glance", counted)
    assert list(segmenter.parts(portrait)) == list(PART_NAMES) and not glances
    assert list(segmenter.parts(portrait.clone())) == list(PART_NAMES) and len(glances) == 1
    assert torch.equal(segmenter(portrait)["subject"], regions["subject"])


def test_one_person_is_person_1(portrait: Tensor) -> None:
    segmenter = load_segmenter("portrait")
    regions = segmenter(portrait, ["person-1"])
    whole = segmenter(portrait)["subject"]
    assert float((regions["person-1"] - whole).abs().mean()) < 0.02
    with pytest.raises(InputError, match="person-2: one person was found"):
        segmenter(portrait, ["person-2"])


def test_mirrored_photo_mirrored_mask(portrait: Tensor) -> None:
    segmenter = load_segmenter("portrait")
    straight, mirrored = segmenter(portrait)["subject"], segmenter(portrait.flip(3))["subject"]
    assert float((straight - mirrored.flip(3)).abs().mean()) < 3e-3


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_no_person_is_one_sentence(level: float) -> None:
    with pytest.raises(InputError, match="No person"):
        load_segmenter("portrait")(torch.full((1, 3, 96, 128), level))


def test_faces_are_found_whatever_the_mask_and_by_one_look(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[int, ...]] = []

    def look_at(photo: Tensor, *given: Any, **named: Any) -> Prediction:
        looks.append(tuple(photo.shape))
        return look(photo, *given, **named)

    look = portrait_module.predict
    monkeypatch.setattr(portrait_module, "predict", look_at)
    segmenter, bust = load_segmenter("portrait"), portrait[..., :160, :]  # of which it is sure
    face = segmenter(bust, ["skin", "person-1"]).face
    sky = torch.zeros_like(bust[:, :1])
    sky[..., :30, :30] = 1
    masked = segmenter.split(Regions.of_subject(sky), bust, [])
    assert len(looks) == 2
    assert face is not None and masked.face is not None and torch.equal(masked.face, face)
    assert torch.equal(masked["subject"], sky)


def test_a_person_far_away_is_looked_at_closer(portrait: Tensor) -> None:
    """The astronaut's head and shoulders, 64 pixels high before a plain wall of 480."""
    network, bust = portrait_module.load_shipped()[0], (..., slice(0, 180), slice(30, 210))
    person = load_segmenter("portrait")(portrait)["subject"]
    wall = torch.linspace(0.5, 0.65, 480).expand(1, 3, 480, 480).clone()
    truth = torch.zeros(1, 1, 480, 480)
    small, matte = (resize(one[bust], (64, 64)) for one in (portrait, person))
    here = (..., slice(300, 364), slice(200, 264))
    wall[here] = torch.lerp(wall[here], small, matte)
    truth[here] = matte
    plain, closer = (predict(wall, network, closer=closer) for closer in (False, True))
    assert plain.matte.shape[-1] == 256 and closer.matte.shape[-1] == 384 and closer.parts.shape[-1] == 192
    errors = [float((resize(one.matte, (480, 480)) - truth).abs().sum()) for one in (plain, closer)]
    assert errors[1] < 0.8 * errors[0]
    assert PortraitSegmenter(network)._predict(wall).matte.shape[-1] == 384
    assert PortraitSegmenter(network).fast()._predict(wall).matte.shape[-1] == 256, "in half the time it is one look"


def test_a_photo_upside_down_is_turned(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the network is less sure of it than of the photo turned, as here of one that knows upright people alone."""
    upright = load_segmenter("portrait")(portrait, ["hair"])
    once = portrait_module._predict_once

    def upright_alone(photo: Tensor, *given: Any, **named: Any) -> tuple[Tensor, Tensor]:
        matte, parts = once(photo, *given, **named)
        stands = float(matte[..., -40:, :].mean()) > float(matte[..., :40, :].mean())
        return (matte if stands else 0.7 * matte), parts

    monkeypatch.setattr(portrait_module, "_predict_once", upright_alone)
    found = load_segmenter("portrait")(portrait.flip(2, 3), ["hair"])
    for name in ("subject", "hair"):
        assert float((found[name].flip(2, 3) - upright[name]).abs().mean()) < 0.02
    plain = load_segmenter("portrait")(portrait)
    assert float((plain["subject"] - upright["subject"] - upright["hair"]).abs().mean()) < 0.02


@pytest.mark.parametrize("side", [128, 160])
def test_a_photo_is_not_read_upside_down_on_a_glance(side: int) -> None:
    """Of so few pixels the network is less sure; turned round, a glance is surer, and the same looks are not."""
    found = load_segmenter("portrait")(read_picture(PORTRAIT, side))["subject"]
    assert float(found[..., : side // 4, : side // 4].mean()) < 0.05, "the flag"
    assert 0.4 < float(found.mean()) < 0.6


def test_a_mask_of_something_without_a_face_is_taken_as_it_is() -> None:
    nothing, matte = torch.full((1, 3, 96, 128), 0.5), torch.zeros(1, 1, 96, 128)
    matte[..., 20:60, 30:90] = 1
    regions = load_segmenter("portrait").split(Regions.of_subject(matte), nothing, [])
    assert regions.face is None
    assert torch.equal(regions["subject"], matte)


def test_unknown_segmenter_is_answered_with_the_known() -> None:
    with pytest.raises(InputError, match="portrait"):
        load_segmenter("magic")


class Ramp(torch.nn.Module):
    """Sees a person more surely from left to right, whatever the photo."""

    def forward(self, pair: Tensor) -> Tensor:
        return torch.linspace(0.05, 0.95, pair.shape[-1]).logit().expand(len(pair), 1, *pair.shape[-2:])


def test_the_outer_parts_of_probabilities_are_haze() -> None:
    """Below 3/16 there is nothing and above 13/16 all of the person; between them the matte rises by 8/5."""
    sight = portrait_module.predict(torch.zeros(1, 3, 80, 100), Ramp(), 64, scales=(1.0,), mirrored=False)
    likely = torch.linspace(0.05, 0.95, 64)
    expected = ((likely - 3 / 16) / (10 / 16)).clamp(0, 1)
    assert torch.allclose(sight.matte, expected.expand_as(sight.matte), atol=1e-4)


def test_the_portrait_is_found_as_it_was(portrait: Tensor) -> None:
    """Where masks come from is part of every recipe; the network's own weights do not change."""
    regions = load_segmenter("portrait")(portrait, ["hair", "skin", "clothes"])
    assert regions.face is not None
    assert fingerprint(regions.side("subject")) == pytest.approx(
        [0.4282, 0.008, 0.0055, 0.4138, 0.1131, 0.902, 0.2838], abs=3e-3
    )
    means = [float(one.mean()) for one in regions.alpha]
    assert means == pytest.approx([0.007, 0.571, 0.0285, 0.0352, 0.3568], abs=4e-3)
    assert fingerprint(regions.face) == pytest.approx([0.0324, 0.0017, 0.0018, 0.1111, 0.0184, 0.0, 0.0], abs=1e-3)
    assert regions.score == pytest.approx([0.8863, 0.8863, 0.7483, 0.8891, 0.8891], abs=5e-3)


def test_what_has_no_clear_parts_is_nobody() -> None:
    """The same sure matte with parts that are clear, that are not, and of a network that knows none."""
    matte, clear = torch.zeros(1, 1, 64, 64), torch.full((1, 5, 32, 32), 0.02)
    matte[..., 20:60, 20:40], clear[:, 3] = 1, 0.92
    calibration = Calibration(clear=0.6)
    vague, none = torch.full((1, 5, 32, 32), 0.1), torch.zeros(1, 5, 32, 32)
    vague[:, 3] = 0.5
    found = [Prediction(torch.zeros(1, 3, 64, 64), matte, parts, calibration) for parts in (clear, vague, none)]
    assert [one.found for one in found] == [True, False, True]
    assert [one.clarity for one in found] == pytest.approx([0.92, 0.5, 1])


def test_parts_are_told_by_the_largest_look_and_asked_of_no_other(portrait: Tensor) -> None:
    network = portrait_module.load_shipped()[0]
    seen = portrait_module.predict(portrait, network, 64, scales=(1.0, 2.0))
    alone = portrait_module.predict(portrait, network, 64, scales=(2.0,))
    torch.testing.assert_close(seen.parts, alone.parts)
    assert not torch.allclose(seen.matte, alone.matte, atol=0.01)
    matte, none = portrait_module._predict_once(portrait, network, 64, True, parts=False)
    torch.testing.assert_close(matte, portrait_module._predict_once(portrait, network, 64, True)[0])
    assert not none.any()
