"""Strokes composited from the top down, against a painter who lays one over the other, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from styfie.gallery import brush
from styfie.gallery.brush import Easel, Manner, Strokes, bristles, plain
from styfie.gallery.canvas import Array, Grid, grid_of

SIDE = 48


def strokes(count: int, seed: int) -> Strokes:
    rng = np.random.default_rng(seed)
    x, y, angle, length, width, bend = rng.random((6, count))
    shape = (0.03 + 0.4 * length, 0.005 + 0.1 * width)
    return Strokes(1.2 * x - 0.1, 1.2 * y - 0.1, 7 * angle, *shape, 8 * bend - 4, rng.random((count, 3)))


def laid(canvas: Array, grid: Grid, all_: Strokes, manner: Manner) -> Array:
    """The canvas with the strokes over it in order, each computed on the whole grid in float64."""
    hairs = np.random.default_rng(manner.seed).random((97, 24), dtype=np.float32)
    for i in range(len(all_.x)):
        one = all_.take(slice(i, i + 1))
        dx, dy = grid.x.astype(np.float64) - one.x, grid.y.astype(np.float64) - one.y
        along = dx * np.cos(one.angle) + dy * np.sin(one.angle)
        across = dy * np.cos(one.angle) - dx * np.sin(one.angle) - one.bend / 2 * along**2
        u, v = np.clip(2 * along / one.length, -1, 1), np.clip(2 * across / one.width, -1, 1)
        streaks = np.interp((v + 1) / 2 * (24 - 1.001), np.arange(24), hairs[i % 97])
        core = np.maximum(one.length - one.width, 0) / 2 * (1 - manner.rough * streaks)
        thick = one.width / 2 * (1 - manner.taper * u**2)
        distance = np.hypot(np.maximum(np.abs(along) - core, 0), across) - np.maximum(thick, grid.pixel / 2)
        alpha = np.clip(0.5 - distance / grid.pixel, 0, 1) * np.minimum(1, 2 * thick / grid.pixel)
        tone, height = manner.mark(u, v, streaks)
        layer = np.concatenate([one.colour * (1 + tone[..., None]), height[..., None]], -1)
        canvas = canvas + alpha[..., None] * (layer - canvas)
    return canvas


@pytest.mark.parametrize("together", [50, 2**17])
@pytest.mark.parametrize("rows", [slice(None), slice(11, 30)])
def test_same_as_one_over_the_other(monkeypatch: pytest.MonkeyPatch, together: int, rows: slice) -> None:
    monkeypatch.setattr(brush, "FRAGMENTS", together)
    grid = grid_of(SIDE, SIDE - 7)
    grid = Grid(grid.x, grid.y[rows], grid.pixel)
    below, above = strokes(60, 1), strokes(40, 2)
    easel = Easel(np.array([0.1, 0.5, 0.9], np.float32))
    easel.paint(below, bristles, seed=3, taper=0.4, rough=0.3)
    easel.paint(above, plain, seed=4, taper=0.8)
    expected = np.broadcast_to([*easel.ground, 0], (*grid.shape, 4))
    expected = laid(expected, grid, below, Manner(bristles, 3, 0.4, 0.3))
    expected = laid(expected, grid, above, Manner(plain, 4, 0.8, 0.0))
    assert np.abs(easel.done().canvas(grid) - expected).max() < 2 * brush.HIDDEN


def test_bare_easel_shows_its_ground() -> None:
    ground = np.array([0.2, 0.4, 0.6], np.float32)
    assert np.array_equal(Easel(ground).done().canvas(grid_of(5, 7)), np.broadcast_to([*ground, 0], (5, 7, 4)))
