"""The rasteriser against hard shapes drawn 16 times as large, dense searches, and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from styfie.engines.strokes import raster
from styfie.engines.strokes.raster import BAR, CURVE, SHARP, Tiles, blend, coverage, locate, reached

FINER = 16
SIDE = 48
Points = list[tuple[float, float]]


def bars(count: int, bend: float, seed: int = 0) -> Tensor:
    r = torch.rand(count, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    low = torch.tensor([0.3, 0.3, 0.2, 0.06, 0, -bend], dtype=torch.float64)
    high = torch.tensor([0.7, 0.7, 0.5, 0.16, math.pi, bend], dtype=torch.float64)
    return low + r * (high - low)


def curves(count: int, seed: int = 0) -> Tensor:
    r = torch.rand(count, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([0.15 + 0.7 * r[:, :6], 0.03 + 0.06 * r[:, 6:]], 1)


def outline(bar: list[float]) -> Points:
    """A bar's outline in pixels of the large picture: its two sides, parabolas, each of 60 points."""
    x, y, length, width, angle, bend = bar
    along = np.linspace(-length / 2, length / 2, 60)
    middle = bend * length * (2 * along / length) ** 2
    sides = [np.stack([along, middle + sign * width / 2]) for sign in (1, -1)]
    ring = np.concatenate([sides[0], sides[1][:, ::-1]], 1)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return [(px, py) for px, py in ((turn @ ring).T + np.array([x, y])) * (SIDE * FINER)]


def shrunk(image: Image.Image) -> Tensor:
    hard = torch.from_numpy(np.asarray(image, np.float64) / 255)
    return hard.reshape(SIDE, FINER, SIDE, FINER).mean((1, 3))


def drawn(family: str, shape: Tensor) -> Tensor:
    """Alphas (N, SIDE, SIDE)."""
    tiles = Tiles((SIDE, SIDE), SIDE)
    points = tiles.points(torch.zeros(1, dtype=torch.long)).double()
    return coverage(locate(family, shape[None], points).distance, SHARP / SIDE)[0].reshape(-1, SIDE, SIDE)


@pytest.mark.parametrize("bend", [0.0, 0.12])
def test_bars_cover_what_polygons_do(bend: float) -> None:
    shape = bars(12, bend)
    for bar, alpha in zip(shape.tolist(), drawn(BAR, shape), strict=True):
        image = Image.new("L", (SIDE * FINER, SIDE * FINER))
        ImageDraw.Draw(image).polygon([(px - 0.5, py - 0.5) for px, py in outline(bar)], fill=255)
        hard = shrunk(image)
        apart = (alpha - hard).abs()
        assert float(apart.mean()) <= 0.01
        assert float(apart.sum()) <= 0.1 * float(hard.sum()), "nor is it hidden by the empty rest of the picture"


def test_curves_cover_what_a_swept_disc_does() -> None:
    shape = curves(12)
    for curve, alpha in zip(shape, drawn(CURVE, shape), strict=True):
        image = Image.new("L", (SIDE * FINER, SIDE * FINER))
        pen = ImageDraw.Draw(image)
        p, radii = curve[:6].reshape(3, 2) * (SIDE * FINER), curve[6:] * (SIDE * FINER)
        for t in np.linspace(0, 1, 400).tolist():
            x, y = ((1 - t) ** 2 * p[0] + 2 * t * (1 - t) * p[1] + t * t * p[2]).tolist()
            r = float(radii[0] + (radii[1] - radii[0]) * t)
            pen.ellipse([x - r - 0.5, y - r - 0.5, x + r - 0.5, y + r - 0.5], fill=255)
        hard = shrunk(image)
        apart = (alpha - hard).abs()
        assert float(apart.mean()) <= 0.01
        assert float(apart.sum()) <= 0.1 * float(hard.sum())


def test_the_nearest_point_of_a_curve_is_the_one_a_dense_search_finds() -> None:
    shape = curves(40)
    points = torch.rand(1, 50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = locate(CURVE, shape[None], points).distance[0]
    t = torch.linspace(0, 1, 4001, dtype=torch.float64)[:, None]
    apart, outside = [], []
    for curve, distances in zip(shape, found, strict=True):
        p = curve[:6].reshape(3, 2)
        line = (1 - t) ** 2 * p[0] + 2 * t * (1 - t) * p[1] + t * t * p[2]
        away = (points[0][None] - line[:, None]).norm(dim=-1) - (curve[6] + (curve[7] - curve[6]) * t)
        apart.append(distances - away.amin(0))
        outside.append(away.amin(0) > 0)
    error, out = torch.cat(apart).abs(), torch.cat(outside)
    assert float(error.median()) < 1e-6
    assert float(error[out].max()) < 5e-3, "beyond a stroke's edge"
    assert float((error > 1e-3).double().mean()) < 0.005, "within one, where it hardly matters, hardly ever"


@pytest.mark.parametrize("family", [BAR, CURVE])
def test_gradients_are_finite_differences(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "TURNS", 6)  # to all digits of float64
    shape = bars(3, 0.1, 3) if family == BAR else curves(3, 3)
    if family == CURVE:  # as strokes are, no hairpins
        shape[:, 2:4] = (shape[:, :2] + shape[:, 4:6]) / 2 + 0.1 * (shape[:, 2:4] - 0.5)
    points = torch.rand(1, 30, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    def alpha(free: Tensor) -> Tensor:
        return coverage(locate(family, free[None], points).distance, 0.05)

    assert torch.autograd.gradcheck(alpha, (shape.requires_grad_(),))


def test_blending_is_one_stroke_over_another_and_its_gradient_a_finite_difference() -> None:
    rng = torch.Generator().manual_seed(0)
    canvas, alpha, start, end, along = (
        torch.rand(*size, dtype=torch.float64, generator=rng)
        for size in ((2, 3, 5), (2, 4, 5), (2, 4, 3), (2, 4, 3), (2, 4, 5))
    )
    wanted = canvas
    for k in reversed(range(4)):  # the last one is the lowest
        colour = start[:, k, :, None] + (end - start)[:, k, :, None] * along[:, k, None]
        wanted = wanted * (1 - alpha[:, k, None]) + colour * alpha[:, k, None]
    found, seen = blend(canvas, alpha, start, end, along)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(seen.sum(1), 1 - (1 - alpha).prod(1))
    given = tuple(one.requires_grad_() for one in (canvas, alpha, start, end, along))
    assert torch.autograd.gradcheck(lambda *g: blend(*g)[0], given)


@pytest.mark.parametrize("size", [(32, 48), (33, 50), (7, 90)])
def test_tiles_join_to_what_was_cut(size: tuple[int, int]) -> None:
    picture = torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(0))
    tiles = Tiles(size, 8)
    parts = tiles.cut(picture)
    assert parts.shape == (tiles.rows * tiles.columns, 2, 64)
    assert torch.equal(tiles.join(parts), picture)
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    middles = (torch.stack([x, y])[None] + 0.5) / max(size)
    places = tiles.join(tiles.points(torch.arange(tiles.rows * tiles.columns)).transpose(1, 2))
    torch.testing.assert_close(places, middles)


@pytest.mark.parametrize("family", [BAR, CURVE])
def test_a_stroke_is_in_every_tile_that_it_covers_and_order_is_kept(family: str) -> None:
    shape = bars(30, 0.1, 5) if family == BAR else curves(30, 5)
    tiles = Tiles((40, 56), 8)
    every = torch.arange(tiles.rows * tiles.columns)
    alpha = coverage(locate(family, shape.float(), tiles.points(every)).distance, SHARP * tiles.pixel)
    covered = {(int(t), int(k)) for t, k in (alpha.amax(-1) > 0.01).nonzero()}
    batches = reached(family, shape.float(), tiles, 2.0)
    listed = {(int(t), int(k)) for b in batches for t, row in zip(b.tiles, b.strokes, strict=True) for k in row}
    assert covered <= listed
    assert len({int(t) for b in batches for t in b.tiles}) == sum(len(b.tiles) for b in batches), "no tile comes twice"
    for batch in batches:
        for row in batch.strokes.tolist():
            strokes = [k for k in row if k >= 0]
            assert strokes == sorted(strokes, reverse=True) and row[: len(strokes)] == strokes
