"""The engine of strokes on small pictures."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from styfie.engines.progress import Progress
from styfie.engines.strokes import OPTIONS, StrokeOptions, strokes, to_json
from styfie.engines.strokes.brushes import BRUSHES, SUITED
from styfie.engines.strokes.fields import directions, filled
from styfie.engines.strokes.paint import Easel
from styfie.engines.strokes.palette import calmed, recoloured
from styfie.engines.strokes.placing import demand, lattice, plan_levels, scatter
from styfie.gallery import GALLERY
from styfie.images import resize
from styfie.looks import BRUSHES as ASKED
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from tests.conftest import fingerprint
from tests.engines.conftest import BLUE, RED

SETTINGS = Settings(steps=2, device="cpu")
FEW = replace(OPTIONS, strokes=60)


def last(photo: Tensor, regions: Regions, looks: dict[str, Look], settings: Settings = SETTINGS) -> Progress:
    *_, progress = strokes(photo, regions, looks, settings, options=FEW)
    return progress


def whole(photo: Tensor, face: Tensor | None = None) -> Regions:
    return Regions(("subject",), torch.ones_like(photo[:, :1]), (1.0,), face=face)


def reproduced(photo: Tensor, count: int, options: StrokeOptions = OPTIONS) -> float:
    """Decibels of a photo painted in its own colours."""
    look, ones = Look((RED,), likeness=0, brush="oil"), torch.ones_like(photo[:, :1])
    easel = Easel(photo, ones, whole(photo), 0 * ones, look, count, Settings(steps=3), options)
    for _ in easel.paint():
        pass
    return float(-10 * (easel.strokes.render(easel.size) - photo).square().mean().log10())


def test_more_strokes_are_nearer_to_the_photo_and_optimised_ones_much_nearer(portrait: Tensor) -> None:
    photo = resize(portrait, (64, 64))
    few, many = (reproduced(photo, count) for count in (30, 120))
    as_placed = reproduced(photo, 120, replace(OPTIONS, shift=0.0, tint=0.0))
    assert many > few + 1.5 and many > as_placed + 1.5 and many > 15.5


def test_layers_are_painted_within_their_regions_in_the_styles_colours(photo: Tensor, halves: Regions) -> None:
    found = last(photo, halves, {"subject": Look((RED,)), "background": Look((BLUE,))})
    assert found.layers.shape == (2, 3, 48, 64) and found.step == found.steps
    assert float(found.layers.min()) >= 0 and float(found.layers.max()) <= 1
    means = [(found.layers[i] * halves.alpha[i]).sum((1, 2)) / halves.alpha[i].sum() for i in (0, 1)]
    assert means[0][0] > means[0][2] and means[1][2] > means[1][0]
    assert found.strokes is not None and list(found.strokes.regions) == ["subject", "background"]


def test_an_unpainted_region_stays_photo_and_far_away_so_does_a_painted_one(photo: Tensor, halves: Regions) -> None:
    found = last(photo, halves, {"subject": Look((RED,)), "background": Look()})
    assert torch.equal(found.layers[1], photo[0])
    assert torch.equal(found.layers[0, :, :, -8:], photo[0, :, :, -8:])
    assert not torch.equal(found.layers[0, :, :, :8], photo[0, :, :, :8])
    nothing = last(photo, halves, {"subject": Look()})
    assert nothing.steps == 0 and torch.equal(nothing.layers, photo.expand(2, -1, -1, -1))


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(photo: Tensor, halves: Regions) -> None:
    looks = {"subject": Look((RED,))}
    one, again = (last(photo, halves, looks) for _ in range(2))
    assert torch.equal(one.layers, again.layers) and one.losses == again.losses
    assert one.strokes is not None and again.strokes is not None
    assert to_json(one.strokes) == to_json(again.strokes)
    assert not torch.equal(one.layers, last(photo, halves, looks, replace(SETTINGS, seed=1)).layers)


@pytest.mark.parametrize("size", [(32, 32), (97, 41), (33, 64)])
def test_any_size(size: tuple[int, int]) -> None:
    photo = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    found = last(photo, whole(photo), {"subject": Look((BLUE,))}, replace(SETTINGS, steps=1))
    assert found.layers.shape == (1, 3, *size) and bool(torch.isfinite(found.layers).all())


def test_steps_are_counted_and_stopping_the_iteration_stops_the_painting(photo: Tensor, halves: Regions) -> None:
    looks = {"subject": Look((RED,)), "background": Look((BLUE,))}
    every = list(strokes(photo, halves, looks, SETTINGS, options=FEW))
    assert [p.step for p in every] == list(range(1, every[0].steps + 1)) and len({p.steps for p in every}) == 1
    assert all(p.strokes is None for p in every[:-1])
    assert every[0].layers.shape[:2] == (2, 3)
    running = strokes(photo, halves, looks, SETTINGS, options=FEW)
    first = next(running)
    running.close()  # type: ignore[attr-defined]
    torch.testing.assert_close(first.layers, every[0].layers)


def test_each_region_has_its_own_brush_and_a_style_its_own(photo: Tensor, halves: Regions) -> None:
    looks = {"subject": Look((replace(RED, name="watercolour"),)), "background": Look((BLUE,), brush="marker")}
    found = last(photo, halves, looks, replace(SETTINGS, steps=1)).strokes
    assert found is not None
    assert {name: s.brush for name, s in found.regions.items()} == {"subject": "watercolour", "background": "marker"}


@pytest.mark.parametrize("brush", ["oil", "tape", "marker", "watercolour"])
def test_nothing_is_left_bare(photo: Tensor, brush: str) -> None:
    """On a ground of another colour, that colour is nowhere to be seen as it is."""
    found = last(photo, whole(photo), {"subject": Look((RED,), brush=brush)}).strokes
    assert found is not None
    painted = found.regions["subject"]
    black, white = (replace(painted, ground=torch.full((3,), v)).render((48, 64)) for v in (0.0, 1.0))
    seen = (white - black).mean(1)
    assert float((seen > 0.6).double().mean()) < 0.01


def test_finer_strokes_are_more_and_smaller(photo: Tensor) -> None:
    sizes = {}
    for stroke in (0.7, 1.0, 2.0):
        found = last(photo, whole(photo), {"subject": Look((RED,), stroke=stroke)}, replace(SETTINGS, steps=1)).strokes
        assert found is not None
        sizes[stroke] = len(found.regions["subject"]), float(found.regions["subject"].shape[:, 3].mean())
    assert sizes[0.7][0] > sizes[1.0][0] > sizes[2.0][0]
    assert sizes[0.7][1] < sizes[1.0][1] < sizes[2.0][1]


def test_faces_get_more_and_finer_strokes_the_liker_they_are_to_be() -> None:
    photo = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    face = torch.zeros(1, 1, 64, 64)
    face[..., 16:32, 24:40] = 1
    inside = {}
    for likeness in (0.0, 1.0):
        look = Look((RED,), likeness=likeness, brush="oil")
        painted = last(photo, whole(photo, face), {"subject": look}, replace(SETTINGS, steps=1)).strokes
        assert painted is not None
        shape = painted.regions["subject"].shape
        x, y = shape[:, 0] * 64, shape[:, 1] * 64
        there = (x > 22) & (x < 42) & (y > 14) & (y < 34)
        inside[likeness] = int(there.sum()) / len(shape), float(shape[there, 3].min())
    assert inside[1.0][0] > 1.5 * inside[0.0][0]
    assert inside[1.0][1] < inside[0.0][1]


def test_levels_grow_finer_and_share_all_strokes() -> None:
    levels = plan_levels(1000, 0.75, 0.04, 1.0)
    assert sum(level.count for level in levels) == pytest.approx(1000, abs=4)
    widths = [level.width for level in levels]
    assert widths == sorted(widths, reverse=True)
    assert [level.face for level in levels] == [False] * 5 + [True] * 3
    assert 3 * widths[0] ** 2 * levels[0].count > 2 * 0.75, "the first one covers everything twice"
    assert not any(level.face for level in plan_levels(1000, 0.75, 0.04, 0.0))


@pytest.mark.parametrize("degrees", [0, 30, 90, 140])
def test_directions_follow_stripes(degrees: float) -> None:
    turn = torch.deg2rad(torch.tensor(float(degrees)))
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    stripes = (0.5 + 0.5 * torch.sin((-x * turn.sin() + y * turn.cos()) * 0.8)).expand(1, 3, -1, -1)
    angle = directions(stripes, 3.0)
    middle = (slice(10, 38), slice(10, 38))
    assert float((angle - turn).sin().abs()[middle].max()) < 0.1


def test_directions_go_on_where_nothing_is_to_be_seen() -> None:
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(96.0), indexing="ij")
    slanted = torch.where(x < 40, 0.5 + 0.4 * torch.sin(0.6 * (y - x)), 0.5)
    grain = 0.004 * torch.randn(3, 48, 96, generator=torch.Generator().manual_seed(0))
    angle = directions((slanted + grain)[None], 2.0)
    turned = (angle - 0.7854)[8:40, 50:90]
    assert float((2 * turned).cos().mean()) > 0.9, "mostly as in the stripes beside it"


def test_more_strokes_are_wanted_where_there_is_more_to_paint(portrait: Tensor) -> None:
    plain = torch.cat([portrait, torch.full_like(portrait, 0.5)], 3)
    face = torch.zeros_like(plain[:, :1])
    face[..., :20, -20:] = 1
    wanted = demand(plain, face)[0, 0]
    half = portrait.shape[-1]
    assert float(wanted[:, :half].mean()) > 2 * float(wanted[30:, half + 10 :].mean()) > 0
    assert float(wanted[:20, -20:].mean()) > 2 * float(wanted[30:, half + 10 :].mean())


def test_places_are_apart_and_where_the_weight_is() -> None:
    weight = torch.zeros(40, 60)
    weight[:, 30:] = 1
    rng = torch.Generator().manual_seed(0)
    places = scatter(weight, 30, 6.0, rng, 2.0)
    assert len(places) == 30 and float(places[:, 0].min()) >= 30
    near = (places[:, None] - places[None]).norm(dim=-1) + 1e9 * torch.eye(30)
    assert float(near.min(1).values.median()) > 3
    even = lattice(weight, 20, rng)
    assert 15 <= len(even) <= 40 and float(even[:, 0].min()) > 20


def test_colours_are_spread_beyond_a_border_and_kept_within(photo: Tensor) -> None:
    alpha = torch.zeros_like(photo[:, :1])
    alpha[..., :20] = 1
    red_left = torch.where(alpha > 0, torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1), photo)
    found = filled(red_left, alpha)
    torch.testing.assert_close(found, torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand_as(photo), atol=1e-4, rtol=0)
    assert torch.equal(filled(photo, torch.ones_like(alpha)), photo)


def test_faint_grain_goes_and_what_is_strong_stays() -> None:
    rng = torch.Generator().manual_seed(0)
    faint = 0.5 + 0.005 * torch.randn(1, 3, 128, 128, generator=rng)
    assert float(calmed(faint).std()) < 0.6 * float(faint.std())
    edge = torch.zeros(1, 3, 128, 128)
    edge[..., 64:] = 1
    assert float((calmed(edge) - edge).abs().max()) < 0.02


def test_colours_move_to_all_styles_by_their_weights(photo: Tensor) -> None:
    ones = torch.ones_like(photo[:, :1])
    red, blue = (Style(n, torch.tensor(c).view(1, 3, 1, 1).expand(1, 3, 32, 32)) for n, c in COLOURS)
    found = recoloured(photo, ones, (replace(red, weight=3.0), blue)).mean((0, 2, 3))
    torch.testing.assert_close(found, torch.tensor([0.75, 0.0, 0.25]), atol=0.08, rtol=0)


COLOURS = (("red", (1.0, 0.0, 0.0)), ("blue", (0.0, 0.0, 1.0)))


def test_every_brush_can_be_asked_for_and_every_gallery_picture_has_one() -> None:
    assert ("auto", *BRUSHES) == ASKED
    assert SUITED.keys() == GALLERY.keys() and set(SUITED.values()) <= set(BRUSHES)


PAINTED = {
    "oil": [0.3312, 0.0278, 0.0196, 0.3592, 0.3689, 0.3508, 0.2459],
    "tape": [0.3248, 0.0251, 0.0168, 0.3567, 0.3658, 0.3477, 0.229],
    "marker": [0.3249, 0.0253, 0.017, 0.3589, 0.3674, 0.3474, 0.2258],
    "watercolour": [0.3407, 0.0306, 0.0223, 0.3551, 0.3647, 0.3525, 0.2904],
}


@pytest.mark.parametrize("brush", BRUSHES)
def test_it_paints_as_it_did(photo: Tensor, halves: Regions, brush: str) -> None:
    """What is painted with a recipe is painted so again, but for roundings."""
    look = {"subject": Look((RED,), brush=brush, likeness=1.0), "background": Look((BLUE,), brush=brush, stroke=1.5)}
    faced = replace(halves, face=halves.alpha[:1])
    found = last(photo, faced, look)
    assert fingerprint(found.layers) == pytest.approx(PAINTED[brush], abs=2e-3)
