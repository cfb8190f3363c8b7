from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from styfie.colour import recolour
from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.painting import Painting, sharpen_alpha
from styfie.regions import Regions
from styfie.segmentation import colours

ROUNDING = 2 / 255  # own colours are kept in steps of 8 bits


def make(halves: Regions, **looks: Look) -> Painting:
    generator = torch.Generator().manual_seed(0)
    photo, layers = torch.rand(1, 3, 48, 64, generator=generator), torch.rand(2, 3, 48, 64, generator=generator)
    return Painting(photo, halves, layers, looks, {"settings": {"radius": 3.0}})


def styled(strength: float = 1.0) -> Look:
    return Look((Style("s", torch.rand(1, 3, 32, 32)),), strength)


def test_render_is_the_weighted_sum(halves: Regions) -> None:
    painting = make(halves, subject=styled(0.25), background=styled())
    alpha, colours, layers = halves.alpha, painting.colours, painting.layers
    share = alpha**2 / (alpha**2).sum(0)  # two painted regions meet more sharply than their mattes
    strength = torch.tensor([0.25, 1.0]).view(2, 1, 1, 1)
    gains = strength * (layers - colours)
    wanted = painting.photo + (alpha * gains + 0.25 * (share - alpha) * (colours + gains)).sum(0)  # 0.25: the least
    assert torch.allclose(painting.render(), wanted.clamp(0, 1), atol=ROUNDING)
    full = make(halves, subject=styled(), background=styled())
    assert torch.allclose(
        full.render(), (full.photo + (share * layers - alpha * colours).sum(0)).clamp(0, 1), atol=ROUNDING
    )
    assert torch.allclose(painting.weights, share, atol=1e-6)


@pytest.mark.parametrize("strengths", [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0)])
def test_no_rim_between_unequal_strengths(halves: Regions, strengths: tuple[float, float]) -> None:
    """Where photo and layers are all alike so is the picture, whatever the strengths."""
    flat = torch.full((2, 3, 48, 64), 0.8)
    looks = {n: styled(s) for n, s in zip(("subject", "background"), strengths, strict=True)}
    found = Painting(flat[:1], halves, flat, looks).render()
    assert torch.allclose(found, flat[:1], atol=1e-5)


def test_a_matte_beside_the_photo_stays_as_soft_as_it_is(halves: Regions) -> None:
    painting = make(halves, subject=styled())
    gain = halves.alpha[:1] * (painting.layers[:1] - painting.colours[:1])
    assert torch.allclose(painting.render(), (painting.photo + gain).clamp(0, 1), atol=ROUNDING)
    assert torch.equal(painting.weights, halves.alpha)


def test_crisp_keeps_the_sum_and_moves_each_pixel_to_its_larger_part() -> None:
    alpha = torch.rand(3, 1, 20, 20, generator=torch.Generator().manual_seed(1)) / 3
    found = sharpen_alpha(alpha)
    assert torch.allclose(found.sum(0), alpha.sum(0), atol=1e-6)
    largest = alpha.argmax(0, keepdim=True)
    assert bool((found.gather(0, largest) >= alpha.gather(0, largest) - 1e-7).all())
    certain = torch.tensor([1.0, 0.0, 0.0]).view(3, 1, 1, 1)
    assert torch.equal(sharpen_alpha(certain), certain)
    assert torch.equal(sharpen_alpha(torch.zeros(3, 1, 2, 2)), torch.zeros(3, 1, 2, 2))


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


def depth_falloff(painting: Painting, depth: Tensor | None, share: float) -> Tensor:
    looks = {name: replace(look, depth_falloff=share) for name, look in painting.looks.items()}
    return replace(painting, regions=replace(painting.regions, depth=depth)).render(looks)


def test_graded_strength_rises_with_depth(halves: Regions) -> None:
    painting = make(halves, background=styled(0.8))
    depth = torch.linspace(0, 1, 48).view(1, 1, 48, 1).expand(1, 1, 48, 64)
    behind = halves["background"][0, 0, 0] == 1
    photo, layer = painting.photo[..., behind], painting.layers[1:][..., behind]
    share = (0.8 * (1 - 0.75 * (1 - depth)))[..., behind]  # 0.2 at the nearest, 0.8 at the farthest
    found = depth_falloff(painting, depth, 0.75)
    assert torch.allclose(found[..., behind], photo + share * (layer - photo), atol=1e-6)
    inside = (halves["subject"] == 1).expand_as(found)
    assert torch.equal(found[inside], painting.photo[inside])


def test_grading_by_nothing_changes_no_bit(halves: Regions) -> None:
    painting = make(halves, subject=styled(0.3), background=styled())
    plain = painting.render()
    assert torch.equal(depth_falloff(painting, None, 1.0), plain), "no depth is known"
    assert torch.equal(depth_falloff(painting, torch.rand(1, 1, 48, 64), 0.0), plain), "none is asked for"
    assert torch.equal(depth_falloff(painting, torch.ones(1, 1, 48, 64), 1.0), plain), "all is farthest"
    assert torch.equal(depth_falloff(painting, torch.zeros(1, 1, 48, 64), 1.0), painting.photo), "all is nearest"


def test_regions_painted_alone_are_shown_where_not_all_are(halves: Regions) -> None:
    together = make(halves, subject=styled(), background=styled())
    alone = 1 - together.layers
    both = replace(together, alone=alone)
    assert torch.equal(both.render(), together.render())
    assert torch.equal(both.render(only=halves.names), together.render())
    for name in halves.names:
        expected = replace(together, layers=alone).render(only=[name])
        assert torch.equal(both.render(only=[name]), expected)
        assert not torch.equal(expected, together.render(only=[name]))


def test_unknown_regions_are_refused(halves: Regions) -> None:
    with pytest.raises(InputError, match="hat"):
        make(halves, subject=styled()).render(only={"hat"})


def test_matte_is_all_but_the_background(halves: Regions) -> None:
    assert torch.allclose(make(halves).matte, halves["subject"])


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_strength_is_a_share(strength: float) -> None:
    with pytest.raises(InputError, match="strength"):
        Look(strength=strength)


@pytest.mark.parametrize("color", ["style", "keep", "luma"])
def test_any_colour_is_blended_over_the_regions_own(halves: Regions, color: str) -> None:
    painting = make(halves, background=replace(styled(0.7), color=color))
    own, alpha = painting.colours[1:], halves.alpha[1:]
    layer = recolour(painting.layers[1:], torch.where(alpha > 0, own, painting.photo), alpha, color)
    wanted = (painting.photo + 0.7 * alpha * (layer - own)).clamp(0, 1)
    assert torch.allclose(painting.render(), wanted, atol=ROUNDING)


def test_a_painting_made_of_another_does_not_look_for_its_colours_again(
    halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting = make(halves, subject=styled())
    painting.render()
    other = replace(painting, looks={"background": styled()})
    wanted = Painting(painting.photo, halves, painting.layers, other.looks).render()
    monkeypatch.setattr(colours, "foregrounds_at", None)
    assert torch.equal(other.render(), wanted)


def test_whoever_imports_paintings_alone_can_read_and_write_them(tmp_path: Path) -> None:
    """A process that has never heard of storage: the web server's workers are such ones."""
    code = (
        "import sys, torch; from styfie.painting import Painting; from styfie.regions import Regions;"
        "photo = torch.rand(1, 3, 32, 32); regions = Regions.of_subject(torch.ones(1, 1, 32, 32));"
        "Painting(photo, regions, photo.repeat(2, 1, 1, 1), {}, {}).save(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=True, timeout=120)
    read = "import sys; from styfie.painting import Painting; print(Painting.load(sys.argv[1]).regions.names)"
    file = str(tmp_path / "out" / "painting.ora")
    found = subprocess.run([sys.executable, "-c", read, file], check=True, timeout=120, capture_output=True, text=True)
    assert "subject" in found.stdout
