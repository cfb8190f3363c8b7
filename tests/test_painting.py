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


def graded(painting: Painting, depth: Tensor | None, share: float) -> Tensor:
    looks = {name: replace(look, graded=share) for name, look in painting.looks.items()}
    return replace(painting, regions=replace(painting.regions, depth=depth)).render(looks)


def test_graded_strength_rises_with_depth(halves: Regions) -> None:
    painting = make(halves, background=styled(0.8))
    depth = torch.linspace(0, 1, 48).view(1, 1, 48, 1).expand(1, 1, 48, 64)
    behind = halves["background"][0, 0, 0] == 1
    photo, layer = painting.photo[..., behind], painting.layers[1:][..., behind]
    share = (0.8 * (1 - 0.75 * (1 - depth)))[..., behind]  # 0.2 at the nearest, 0.8 at the farthest
    found = graded(painting, depth, 0.75)
    assert torch.allclose(found[..., behind], photo + share * (layer - photo), atol=1e-6)
    inside = (halves["subject"] == 1).expand_as(found)
    assert torch.equal(found[inside], painting.photo[inside])


def test_grading_by_nothing_changes_no_bit(halves: Regions) -> None:
    painting = make(halves, subject=styled(0.3), background=styled())
    plain = painting.render()
    assert torch.equal(graded(painting, None, 1.0), plain), "no depth is known"
    assert torch.equal(graded(painting, torch.rand(1, 1, 48, 64), 0.0), plain), "none is asked for"
    assert torch.equal(graded(painting, torch.ones(1, 1, 48, 64), 1.0), plain), "all is farthest"
    assert torch.equal(graded(painting, torch.zeros(1, 1, 48, 64), 1.0), painting.photo), "all is nearest"


def test_unknown_regions_are_refused(halves: Regions) -> None:
    with pytest.raises(InputError, match="hat"):
        make(halves, subject=styled()).render(only={"hat"})


def test_matte_is_all_but_the_background(halves: Regions) -> None:
    assert torch.allclose(make(halves).matte, halves["subject"])


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_strength_is_a_share(strength: float) -> None:
    with pytest.raises(InputError, match="strength"):
        Look(strength=strength)
