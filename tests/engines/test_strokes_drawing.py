"""Strokes as a value: drawn at any size, whole or in part, written and read back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.engines.strokes.brushes import BRUSHES, brush_for, load_brush
from styfie.engines.strokes.drawing import PARTS, Drawing, Strokes, _lengths, _milestones, _scatter, lay, lit, widths_of
from styfie.engines.strokes.export import from_json, to_json, to_svg
from styfie.engines.strokes.raster import BAR, locate
from styfie.errors import InputError
from styfie.images import resize
from styfie.looks import Style
from tests.conftest import fingerprint

SVG = "{http://www.w3.org/2000/svg}"


def some(brush: str, count: int = 60, extent: tuple[float, float] = (0.75, 1.0), seed: int = 0) -> Strokes:
    """Strokes anywhere, of three levels, each narrower than the one before."""
    rng = torch.Generator().manual_seed(seed)
    level = torch.arange(count) * 3 // count
    place = torch.rand(count, 2, generator=rng) * torch.tensor([extent[1], extent[0]])
    angle, width = torch.rand(count, 1, generator=rng) * math.pi, 0.12 * 0.6 ** level[:, None]
    if BRUSHES[brush].family == BAR:
        shape = torch.cat([place, 3 * width, width, angle, 0.1 - 0.2 * torch.rand(count, 1, generator=rng)], 1)
    else:
        half = torch.cat([angle.cos(), angle.sin()], 1) * width
        radii = width * (0.4 + 0.2 * torch.rand(count, 2, generator=rng))
        shape = torch.cat([place - half, place + 0.3 * half.flip(1), place + half, radii], 1)
    start, end = (torch.rand(count, 3, generator=rng) for _ in range(2))
    return Strokes(brush, extent, torch.tensor([0.8, 0.7, 0.6]), shape, start, end, torch.full((count,), 0.9), level)


def psnr(one: Tensor, other: Tensor) -> float:
    return float(-10 * (one - other).square().mean().log10())


@pytest.mark.parametrize("brush", BRUSHES)
def test_the_same_at_four_times_the_size(brush: str) -> None:
    strokes = some(brush)
    small, large = strokes.render((96, 128)), strokes.render((384, 512))
    assert psnr(resize(large, (96, 128)), small) >= 30


@pytest.mark.parametrize("brush", BRUSHES)
@pytest.mark.parametrize("size", [(33, 44), (101, 135)])
def test_any_size_and_always_the_same(brush: str, size: tuple[int, int]) -> None:
    strokes = some(brush)
    picture = strokes.render(size)
    assert picture.shape == (1, 3, *size)
    assert float(picture.min()) >= 0 and float(picture.max()) <= 1
    assert torch.equal(picture, strokes.render(size))


def test_one_stroke_covers_what_it_should_in_its_colours() -> None:
    shape = torch.tensor([[0.5, 0.5, 0.6, 0.2, 0.0, 0.0]])
    red, blue = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 0, 1]])
    strokes = Strokes("tape", (1.0, 1.0), torch.ones(3), shape, red, blue, torch.ones(1), torch.zeros(1).long())
    canvas = lay(strokes, (100, 100))[0]
    torch.testing.assert_close(canvas[:3, 45:55, 25].mean(1), torch.tensor([0.909, 0.0, 0.091]), atol=0.02, rtol=0)
    torch.testing.assert_close(canvas[:3, 45:55, 74].mean(1), torch.tensor([0.091, 0.0, 0.909]), atol=0.02, rtol=0)
    outside = torch.ones(100, 100, dtype=torch.bool)
    outside[38:62, 18:82] = False
    assert float((canvas[:3, outside] - 1).abs().max()) < 1e-3


def test_bristles_show_where_pixels_can_and_not_where_they_cannot() -> None:
    grey = torch.full((1, 3), 0.5)
    shape = torch.tensor([[0.5, 0.5, 0.9, 0.3, 0.0, 0.0]])
    strokes = Strokes(
        "oil", (1.0, 1.0), torch.ones(3), shape, grey, grey, torch.full((1,), 0.98), torch.zeros(1).long()
    )
    middle = {side: strokes.render((side, side))[0, 0, 4 * side // 10 : 6 * side // 10] for side in (20, 400)}
    columns = middle[400][:, 160:240]
    across, along = columns.diff(dim=0).abs().mean(), columns.diff(dim=1).abs().mean()
    assert float(columns.std()) > 0.01
    assert float(across) > 3 * float(along), "hairs run along the stroke"
    assert float(middle[20][:, 8:12].std()) < 0.5 * float(columns.std())


@pytest.mark.parametrize("brush", BRUSHES)
def test_frames_grow_to_the_whole_from_coarse_to_fine(brush: str) -> None:
    strokes = some(brush)
    size, finished = (48, 64), strokes.render((48, 64))
    frames = [frame["subject"] for frame in Drawing({"subject": strokes}).frames(size, 9)]
    torch.testing.assert_close(frames[-1], finished, atol=1e-5, rtol=0)
    torch.testing.assert_close(frames[2], strokes.first(20).render(size), atol=1e-5, rtol=0)  # the first level
    torch.testing.assert_close(frames[5], strokes.first(40).render(size), atol=1e-5, rtol=0)
    changed = [float((b - a).abs().mean()) for a, b in pairwise(frames)]
    assert min(changed) > 0 and sum(changed[:2]) > sum(changed[-2:]), "broad strokes change more than fine ones"


@pytest.mark.parametrize("brush", BRUSHES)
def test_json_is_read_back(brush: str) -> None:
    drawing = Drawing({"background": some(brush), "subject": some("tape", seed=1)})
    text = to_json(drawing)
    found = from_json(text)
    assert list(found.regions) == ["background", "subject"] and to_json(found) == text
    for name, strokes in drawing.regions.items():
        other = found.regions[name]
        assert other.brush == strokes.brush and other.extent == pytest.approx(strokes.extent)
        for part in (*PARTS, "ground"):
            torch.testing.assert_close(getattr(other, part), getattr(strokes, part), atol=1e-6, rtol=0)
        assert psnr(other.render((48, 64)), strokes.render((48, 64))) > 50
    row = json.loads(text)["regions"]["subject"]
    assert row["columns"][:4] == ["x", "y", "length", "width"] and len(row["strokes"]) == 60


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "other"}', '{"format": "styfie-strokes-1", "regions": 3}']
)
def test_what_is_no_drawing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="wanted"):
        from_json(text)


def test_svg_has_a_path_for_each_stroke_and_a_mask_for_what_lies_over_another() -> None:
    drawing = Drawing({"subject": some("watercolour"), "background": some("oil", seed=1)})
    half = torch.zeros(1, 1, 48, 64)
    half[..., :32] = 1
    root = ElementTree.fromstring(to_svg(drawing, {"subject": half, "background": 1 - half}))
    assert root.get("viewBox") == "0 0 64 48"
    groups = root.findall(f"{SVG}g")
    assert [g.get("id") for g in groups] == ["subject", "background"]
    assert [len(g.findall(f"{SVG}path")) for g in groups] == [60, 60]
    assert groups[1].get("mask") == "url(#m1)" and root.find(f"{SVG}mask[@id='m1']") is not None
    assert root.find(f"{SVG}image") is None, "no photo where all is painted"
    photo = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    root = ElementTree.fromstring(to_svg(Drawing({"subject": some("tape")}), {"subject": half}, photo))
    image = root.find(f"{SVG}image")
    assert image is not None and (image.get("href") or "").startswith("data:image/png;base64,")


def test_a_bars_path_is_its_middle_line() -> None:
    strokes = some("tape", 1, (1.0, 1.0))
    root = ElementTree.fromstring(to_svg(Drawing({"subject": strokes}), {"subject": torch.ones(1, 1, 100, 100)}))
    path = root.find(f"{SVG}g/{SVG}path")
    assert path is not None
    x0, y0, cx, cy, x2, y2 = (float(v) for v in (path.get("d") or "")[1:].replace("Q", " ").split())
    assert float(path.get("stroke-width") or 0) == pytest.approx(100 * float(strokes.shape[0, 3]), abs=0.1)
    t = torch.linspace(0.02, 0.98, 9)[:, None]
    line = (
        (1 - t) ** 2 * torch.tensor([x0, y0])
        + 2 * t * (1 - t) * torch.tensor([cx, cy])
        + t * t * torch.tensor([x2, y2])
    )
    across = locate(BAR, strokes.shape[None], line[None] / 100).across
    assert float(across.abs().max()) < 0.05


def test_strokes_check_their_shapes_and_brush() -> None:
    strokes = some("oil")
    with pytest.raises(InputError, match="shape"):
        Strokes("marker", (1.0, 1.0), strokes.ground, *(getattr(strokes, part) for part in PARTS))
    with pytest.raises(InputError, match="broom"):
        Strokes("broom", (1.0, 1.0), strokes.ground, *(getattr(strokes, part) for part in PARTS))
    with pytest.raises(InputError, match="oil, tape, marker, watercolour"):
        load_brush("broom")


def test_the_brush_suits_the_heaviest_style() -> None:
    plain = torch.full((1, 3, 8, 8), 0.4) * torch.tensor([1.0, 0.5, 0.2]).view(1, 3, 1, 1)
    assert brush_for([Style("glass", plain)]) == "tape"
    assert brush_for([Style("glass", plain, 0.5), Style("a photo", plain)]) == "oil"
    pale = torch.tensor([0.95, 0.85, 0.8]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert brush_for([Style("a sheet", pale)]) == "watercolour"
    assert brush_for([Style("a drawing", torch.rand(1, 1, 8, 8).expand(1, 3, 8, 8))]) == "marker"


def relief(height: Tensor, level: float = 1.0) -> Tensor:
    """Paint of one grey on which heights (H, W) stand, lit."""
    canvas = torch.cat([torch.full((1, 3, *height.shape), level), height[None, None]], 1)
    return lit(replace(BRUSHES["oil"], relief=1.0), canvas)[0, 0]


def test_what_faces_the_upper_left_is_bright() -> None:
    rise = torch.linspace(0, 0.6, 21).expand(21, 21)  # higher to the right, and so turned to the left
    for one in (rise, rise.mT.contiguous()):
        assert float(relief(one, 0.5)[10, 10]) > 0.5 > float(relief(-one, 0.5)[10, 10])


def test_relief_is_lit_by_one_light_of_length_one() -> None:
    """A slope across counts 3 where one down counts 4: the light's direction is (3, 4) / 5, slopes of it being 1."""
    rise = torch.linspace(0, 0.6, 21).expand(21, 21)
    across, down = (0.5 - float(relief(one, 0.5)[10, 10]) for one in (rise, rise.mT.contiguous()))
    assert across == pytest.approx(0.75 * down, abs=1e-5) and abs(down) > 0
    assert 0.5 - float(relief(-rise, 0.5)[10, 10]) == pytest.approx(-across, abs=1e-5), (
        "what falls is lit the other way"
    )
    assert across**2 + down**2 == pytest.approx((0.16 * 0.675 * 0.03) ** 2, rel=1e-3), "0.03 a pixel of height"


@pytest.mark.parametrize(("level", "most"), [(0.0, 0.056), (0.5, 0.108), (1.0, 0.16)])
def test_the_steepest_relief_lightens_and_darkens_so_much(level: float, most: float) -> None:
    wall = torch.zeros(9, 40)
    wall[:, 15:25] = 50
    change = relief(wall, level) - level
    assert float(change.max()) == pytest.approx(min(most, 1 - level), abs=1e-5)
    assert float(change.min()) == pytest.approx(max(-most, -level), abs=1e-5)


def test_relief_looks_the_same_at_any_size() -> None:
    """The same slope beside the picture's longer side, at a size where it is seen over one pixel and over three."""
    one, three = (relief(torch.linspace(0, 3, side).expand(8, side), 0.5)[4, side // 2] for side in (700, 2100))
    assert float(one - 0.5) == pytest.approx(float(three - 0.5), rel=0.02) and abs(float(one - 0.5)) > 1e-5


def test_lengths_and_widths_of_strokes() -> None:
    bar = torch.tensor([[0.5, 0.5, 0.3, 0.1, 1.0, 0.2]])  # x, y, length, width, …
    curve = torch.tensor([[0.0, 0.0, 0.3, 0.4, 0.3, 1.0, 0.02, 0.05]])  # three points and two radii
    assert float(_lengths(BRUSHES["oil"], bar)) == pytest.approx(0.3)
    assert float(_lengths(BRUSHES["marker"], curve)) == pytest.approx(0.5 + 0.6)
    assert float(widths_of(BRUSHES["oil"], bar)) == pytest.approx(0.1)
    assert float(widths_of(BRUSHES["marker"], curve)) == pytest.approx(0.07)


def test_each_level_has_its_share_of_the_frames() -> None:
    level = torch.tensor([0, 0, 1, 1, 1, 1])
    assert _milestones(level, 4) == [1, 2, 4, 6]
    assert _milestones(level, 2) == [2, 6] and _milestones(level, 1) == [6]
    assert _milestones(torch.tensor([0, 1, 1, 1, 1, 1, 1, 1]), 4) == [0, 1, 4, 8]
    assert _milestones(torch.zeros(0, dtype=torch.long), 3) == [0, 0, 0]


def test_bristles_are_read_at_places_of_the_plastic_sequence() -> None:
    """Its number is the root of p**3 = p + 1: multiples of 1 / p and 1 / p**2 lie evenly in the square."""
    plastic = next(root.real for root in np.roots([1, 0, -1, -1]) if abs(root.imag) < 1e-9)
    number = np.arange(1, 5)
    expected = np.stack([number / plastic, number / plastic**2], 1) % 1
    assert np.abs(_scatter(torch.arange(4)).numpy() - expected).max() < 1e-6


LOOKS = {
    "oil": [
        [0.5665, 0.0315, 0.0312, 0.5642, 0.5942, 0.539, 0.5684],
        [0.5659, 0.011, 0.0112, 0.5639, 0.5944, 0.5384, 0.567],
    ],
    "tape": [
        [0.5681, 0.028, 0.0283, 0.5655, 0.5943, 0.5427, 0.5697],
        [0.5681, 0.008, 0.008, 0.5654, 0.5947, 0.5426, 0.5697],
    ],
    "marker": [
        [0.5842, 0.0305, 0.0309, 0.5489, 0.626, 0.5941, 0.5676],
        [0.5842, 0.0087, 0.0089, 0.5493, 0.6261, 0.5939, 0.5676],
    ],
    "watercolour": [
        [0.5841, 0.0374, 0.0376, 0.5507, 0.6252, 0.5928, 0.5679],
        [0.5891, 0.0166, 0.0166, 0.5556, 0.6305, 0.5986, 0.5718],
    ],
}


@pytest.mark.parametrize("brush", BRUSHES)
def test_a_stored_drawing_looks_as_it_did(brush: str) -> None:
    """Whoever has kept a `strokes.json` gets the picture that was shown: another look is another brush."""
    for size, expected in zip(((96, 128), (384, 512)), LOOKS[brush], strict=True):
        assert fingerprint(some(brush).render(size)) == pytest.approx(expected, abs=4e-4)
