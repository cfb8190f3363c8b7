"""Parts of the engine of strokes by hand and by closed form: levels, places, first shapes, limits, palettes, SVG."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor

from styfie.engines.palette import palette_of
from styfie.engines.strokes.brushes import BRUSHES
from styfie.engines.strokes.drawing import Drawing, Strokes
from styfie.engines.strokes.export import to_svg
from styfie.engines.strokes.optimise import clamp_shape
from styfie.engines.strokes.palette import calmed, eroded
from styfie.engines.strokes.placing import demand, initial_shapes, plan_levels, scatter
from styfie.looks import Style

SVG = "{http://www.w3.org/2000/svg}"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_levels_by_hand() -> None:
    """Counts are shares of all, widths fall by one ratio, and the first level's strokes cover the area 2.2 times."""
    levels = plan_levels(1000, 0.75, 0.0, 1.0)
    assert [level.count for level in levels] == [60, 130, 220, 280, 310]
    assert [b.width / a.width for a, b in pairwise(levels)] == pytest.approx([0.62] * 4)
    assert 60 * levels[0].width * 3 * levels[0].width == pytest.approx(2.2 * 0.75), "three times as long as wide"
    assert [level.count for level in plan_levels(1, 1.0, 0.0, 0.0)] == [1] * 5, "no level is empty"


def test_half_of_the_strokes_are_for_a_face_of_full_likeness_in_widths_of_its_own() -> None:
    levels = plan_levels(120, 1.0, 0.01, 1.0)
    faces = [level for level in levels if level.face]
    assert [level.count for level in faces] == [20, 20, 20]
    assert sum(level.count for level in levels if not level.face) == pytest.approx(60, abs=2)
    assert [0.1 / level.width for level in faces] == pytest.approx([12, 18, 28]), "of a side of a tenth"
    large = [level.width for level in plan_levels(120, 1.0, 0.01, 1.0, stroke=1.5) if level.face]
    assert large == pytest.approx([1.5 * level.width for level in faces])
    finest = plan_levels(1200, 0.01, 0.01, 1.0)  # all of it is face: never coarser than what goes before
    assert [level.width for level in finest[5:]] == pytest.approx([finest[4].width * 0.62**i for i in range(3)])
    assert sum(level.count for level in plan_levels(120, 1.0, 0.01, 0.5) if level.face) == 30


def test_demand_of_a_wall_and_of_what_is_seen() -> None:
    wall, face = torch.full((1, 3, 64, 64), 0.5), torch.zeros(1, 1, 64, 64)
    face[..., :32] = 1
    found = demand(wall, face)
    torch.testing.assert_close(found, 0.4 + 3 * face, atol=1e-4, rtol=0)
    noise = torch.rand(1, 3, 64, 64, generator=seeded())
    assert float(demand(noise, 0 * face).mean()) == pytest.approx(1.4, abs=1e-3), "0.4, and contrast in its own means"
    half = torch.cat([noise[..., :32], wall[..., :32]], 3)
    assert float(demand(half, 0 * face)[..., -16:].max()) == pytest.approx(0.4, abs=0.01)


def test_a_greater_power_keeps_nearer_to_the_weight() -> None:
    weight = torch.linspace(0.1, 1, 120).expand(80, 120).contiguous()
    right = [float(scatter(weight, 60, 4.0, seeded(3), power)[:, 0].mean()) for power in (0.0, 1.0, 4.0)]
    assert 50 < right[0] < 70 < right[1] < right[2]
    places = scatter(weight, 60, 4.0, seeded(), 1.0)
    assert bool(((places - 0.5) == (places - 0.5).round()).all()), "the middles of pixels"
    few = scatter(torch.ones(4, 4), 100, 3.0, seeded(), 1.0)
    assert len(few) == len({tuple(place) for place in few.tolist()}) <= 16


@pytest.mark.parametrize("brush", ["oil", "tape", "marker", "watercolour"])
@pytest.mark.parametrize("angle", [0.0, 0.5, 2.0])
def test_a_stroke_begins_three_times_as_long_as_wide(brush: str, angle: float) -> None:
    kind, width = BRUSHES[brush], 0.02
    (shape,) = initial_shapes(kind, torch.tensor([[0.3, 0.4]]), torch.tensor([angle]), width)
    if kind.family == "bar" or len(shape) == 6:
        assert shape.tolist() == pytest.approx([0.3, 0.4, 0.06, 0.02, angle, 0.0])
        return
    ends, radii = shape[:6].reshape(3, 2), shape[6:]
    assert radii.tolist() == pytest.approx([0.01, 0.01])
    assert ends[1].tolist() == pytest.approx([0.3, 0.4])
    along = (ends[2] - ends[0]).tolist()  # round ends add a width
    assert along == pytest.approx([0.04 * math.cos(angle), 0.04 * math.sin(angle)], abs=1e-6)
    assert (ends[0] + ends[2]).tolist() == pytest.approx([0.6, 0.8])


def test_bars_are_held_within_what_the_brush_can_do() -> None:
    widths = torch.full((4,), 0.1)
    rows = [
        [0, 0, 9.0, 0.01, 0.3, 0.9],
        [0, 0, 0.01, 0.9, 0.3, -0.9],
        [0, 0, 0.3, 0.1, 7.0, 0.05],
        [1, 2, 0.0, 0.05, 0, 0],
    ]
    kind = replace(BRUSHES["oil"], length=(2.0, 6.0), bend=0.12)
    found = clamp_shape(kind, torch.tensor(rows), widths)
    assert found[:, 3].tolist() == pytest.approx([0.05, 0.16, 0.1, 0.05])
    assert found[:, 2].tolist() == pytest.approx([0.6, 0.32, 0.3, 0.1])
    assert found[:, 5].tolist() == pytest.approx([0.12, -0.12, 0.05, 0.0])
    assert found[:, [0, 1, 4]].tolist() == [
        [0, 0, pytest.approx(0.3)],
        [0, 0, pytest.approx(0.3)],
        [0, 0, 7.0],
        [1, 2, 0],
    ]


def test_curves_are_held_within_what_the_brush_can_do() -> None:
    widths = torch.full((3,), 0.1)
    rows = [
        [0.0, 0, 1, 1, 2, 0, 0.001, 0.9],
        [0, 0, 0.01, 0, 0.02, 0, 0.05, 0.05],
        [0, 0, 0.2, 0.1, 0.4, 0, 0.04, 0.06],
    ]
    kind = replace(BRUSHES["watercolour"], length=(1.5, 6.0))
    found = clamp_shape(kind, torch.tensor(rows), widths)
    assert found[:, 6:].flatten().tolist() == pytest.approx([0.02, 0.08, 0.05, 0.05, 0.04, 0.06])
    ends = found[:, :6].reshape(3, 3, 2)
    chords = (ends[:, 2] - ends[:, 0]).norm(dim=1)
    assert chords.tolist() == pytest.approx([0.5, 0.05, 0.4]), "at most 5 widths and at least half, between round ends"
    middles = torch.tensor(rows)[:, :6].reshape(3, 3, 2).mean(1)
    torch.testing.assert_close(ends.mean(1), middles)
    one = clamp_shape(replace(kind, two_colours=False), torch.tensor(rows), widths)
    assert one[:, 6:].flatten().tolist() == pytest.approx([0.05, 0.05, 0.05, 0.05, 0.05, 0.05]), "one width all along"


def grey(level: float, name: str = "a", weight: float = 1.0, alpha: Tensor | None = None) -> Style:
    return Style(name, torch.full((1, 3, 20, 30), level), weight, alpha)


def test_a_palette_counts_styles_by_their_weights_however_much_of_them_counts() -> None:
    half = torch.zeros(1, 1, 20, 30)
    half[..., :15] = 1
    pictures, counts = palette_of((grey(0.2, weight=3.0), grey(0.8, "b", 1.0, half)))
    assert pictures.shape == (1, 3, 256, 512) and counts.shape == (1, 1, 256, 512)
    left, right = counts[..., :256], counts[..., 256:]
    assert float(left.mean()) == pytest.approx(3) and float(right.mean()) == pytest.approx(1)
    assert float(right[..., 140:].max()) < 1e-6 and float(right[..., :110].min()) == pytest.approx(2, rel=1e-3)


def test_a_region_is_narrowed_by_three_pixels_of_500_if_anything_is_left() -> None:
    alpha = torch.zeros(1, 1, 500, 300)
    alpha[..., 100:200, 100:200] = 1
    assert float(eroded(alpha).sum()) == 94 * 94
    hair = torch.zeros(1, 1, 500, 300)
    hair[..., 100:103] = 1
    assert torch.equal(eroded(hair), hair)
    small = torch.zeros(1, 1, 20, 20)
    small[..., 5:15, 5:15] = 1
    assert float(eroded(small).sum()) == 64, "by one pixel at least"


@pytest.mark.parametrize(("contrast", "least", "most"), [(0.004, 0.0, 0.35), (0.02, 0.4, 0.9), (0.2, 0.97, 1.01)])
def test_grain_is_kept_by_its_contrast(contrast: float, least: float, most: float) -> None:
    """Half of it goes where it is as strong as what counts as faint, summed over colours."""
    grain = torch.randn(1, 3, 200, 200, generator=seeded()) * contrast / 3**0.5
    kept = float(calmed(0.5 + grain).std() / (0.5 + grain).std())
    assert least < kept < most


def square(brush: str, shape: list[float], start: list[float], end: list[float]) -> Strokes:
    table = torch.tensor([shape])
    colours = (torch.tensor([start]), torch.tensor([end]))
    level = torch.zeros(1, dtype=torch.long)
    return Strokes(brush, (1.0, 1.0), torch.tensor([1.0, 0.5, 0.0]), table, *colours, torch.tensor([0.9]), level)


def drawn(strokes: Strokes) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(Drawing({"a": strokes}), {"a": torch.ones(1, 1, 100, 100)}))


def test_a_bar_in_svg_by_hand() -> None:
    red = [1.0, 0.0, 0.0]
    root = drawn(square("tape", [0.5, 0.4, 0.2, 0.1, 0.0, 0.0], red, red))
    rect, path = root.find(f"{SVG}g/{SVG}rect"), root.find(f"{SVG}g/{SVG}path")
    assert rect is not None and rect.get("fill") == "#ff8000"
    assert path is not None and path.get("d") == "M40.0 40.0Q50.0 40.0 60.0 40.0"
    assert (path.get("stroke"), path.get("stroke-width"), path.get("opacity")) == ("#ff0000", "10.0", "0.90")
    assert path.get("stroke-linecap") is None
    bent = drawn(square("tape", [0.5, 0.4, 0.2, 0.1, 0.0, 0.1], red, red)).find(f"{SVG}g/{SVG}path")
    assert bent is not None and bent.get("d") == "M40.0 42.0Q50.0 38.0 60.0 42.0"
    turned = drawn(square("tape", [0.5, 0.4, 0.2, 0.1, math.pi / 2, 0.1], red, red)).find(f"{SVG}g/{SVG}path")
    assert turned is not None and turned.get("d") == "M48.0 30.0Q52.0 40.0 48.0 50.0"


def test_two_colours_are_a_gradient_along_the_stroke_if_they_can_be_told_apart() -> None:
    shape = [0.5, 0.4, 0.2, 0.1, 0.0, 0.0]
    root = drawn(square("oil", shape, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]))
    gradient = root.find(f"{SVG}g/{SVG}linearGradient")
    assert gradient is not None
    assert [gradient.get(name) for name in ("x1", "y1", "x2", "y2")] == ["40.0", "40.0", "60.0", "40.0"]
    assert [stop.get("stop-color") for stop in gradient] == ["#ff0000", "#0000ff"]
    alike = drawn(square("oil", shape, [0.5, 0.5, 0.5], [0.5 + 1.5 / 255] * 3))
    assert alike.find(f"{SVG}g/{SVG}linearGradient") is None, "less than two of 255"
    apart = drawn(square("oil", shape, [0.5, 0.5, 0.5], [0.5 + 2.5 / 255] * 3))
    assert apart.find(f"{SVG}g/{SVG}linearGradient") is not None


def test_a_stroke_of_one_width_is_a_line_and_of_two_an_outline() -> None:
    grey_ = [0.5, 0.5, 0.5]
    even = drawn(square("marker", [0.2, 0.5, 0.5, 0.5, 0.8, 0.5, 0.05, 0.05], grey_, grey_)).find(f"{SVG}g/{SVG}path")
    assert even is not None and even.get("stroke-width") == "10.0" and even.get("stroke-linecap") == "round"
    thinner = drawn(square("marker", [0.2, 0.5, 0.5, 0.5, 0.8, 0.5, 0.1, 0.05], grey_, grey_)).find(f"{SVG}g/{SVG}path")
    assert thinner is not None and thinner.get("stroke") is None
    outline = (thinner.get("d") or "").replace("Z", "")
    left, middle, right = outline.replace("M", "").split("A")[0], *outline.split("A")[1:]
    points = [tuple(float(v) for v in pair.split()) for pair in left.split("L")]
    assert points[0] == (20.0, 60.0) and points[-1] == (80.0, 55.0), "a radius beside the middle line at either end"
    assert len(points) == 9 and points[4] == (50.0, 57.5)
    assert middle.startswith("5.0 5.0 0 0 0 80.0 45.0L") and right == "10.0 10.0 0 0 0 20.0 60.0"
    assert middle.rstrip().endswith("20.0 40.0")
