from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions


def make(halves: Regions, **looks: Look) -> Painting:
    generator = torch.Generator().manual_seed(0)
    photo, layers = torch.rand(1, 3, 48, 64, generator=generator), torch.rand(2, 3, 48, 64, generator=generator)
    return Painting(photo, halves, layers, looks, {"settings": {"radius": 3.0}})


def styled(strength: float = 1.0) -> Look:
    return Look((Style("s", torch.rand(1, 3, 32, 32)),), strength)


def test_render_is_the_weighted_sum(halves: Regions) -> None:
    painting = make(halves, subject=styled(0.25), background=styled())
    alpha, colours, layers = halves.alpha, painting.colours, painting.layers
    wanted = alpha[:1] * (0.75 * colours[:1] + 0.25 * layers[:1]) + alpha[1:] * layers[1:]
    left = painting.photo - (alpha * colours).sum(0)  # what the estimated colours do not explain
    assert torch.allclose(painting.render(), (wanted + left).clamp(0, 1), atol=1e-6)


def test_replacing_one_region_leaves_no_rim_of_it(halves: Regions) -> None:
    red, green, blue = (torch.eye(3)[i].view(1, 3, 1, 1).expand(1, 3, 48, 64) for i in range(3))
    photo = halves["subject"] * red + halves["background"] * green
    painting = Painting(photo, halves, torch.cat([red, blue]), {"background": styled()})
    wanted = halves["subject"] * red + halves["background"] * blue
    assert float((painting.render() - wanted).abs().max()) < 0.02
    halo = photo + halves["background"] * (blue - photo)
    assert float((halo - wanted).abs().max()) > 0.2, "what blending over the photo itself would leave"


def test_an_unpainted_region_is_the_photo_to_the_bit(halves: Regions) -> None:
    painting = make(halves, subject=styled(), background=styled())
    only: Tensor = painting.render(only={"subject"})
    outside = (halves["background"] == 1).expand_as(only)
    assert torch.equal(only[outside], painting.photo[outside])
    assert torch.equal(make(halves, background=styled()).render(only={"subject"}), painting.photo)
    assert torch.equal(painting.render(only=()), painting.photo)


def test_other_strengths_without_another_run(halves: Regions) -> None:
    painting = make(halves, subject=styled(), background=styled())
    none = {name: replace(look, strength=0.0) for name, look in painting.looks.items()}
    assert torch.equal(painting.render(none), painting.photo)


def test_unknown_regions_are_refused(halves: Regions) -> None:
    with pytest.raises(InputError, match="hat"):
        make(halves, subject=styled()).render(only={"hat"})


def test_matte_is_all_but_the_background(halves: Regions) -> None:
    assert torch.allclose(make(halves).matte, halves["subject"])


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_strength_is_a_share(strength: float) -> None:
    with pytest.raises(InputError, match="strength"):
        Look(strength=strength)
