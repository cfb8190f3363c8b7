"""Fields against themselves by other means: noise on meshes and at points, cells by brute force, bands and wholes."""

from __future__ import annotations

import numpy as np
import pytest

from styfie.gallery import canvas
from styfie.gallery.canvas import Array, Grid, cells, drawn, grid_of, light, mix, neighbours, noise, ramp


@pytest.mark.parametrize("scale", [(3.0, 3.0), (0.4, 55.0), (120.0, 7.3)])
def test_noise_on_a_mesh_is_noise_at_its_points(scale: tuple[float, float]) -> None:
    grid = grid_of(37, 61)
    x, y = scale[0] * (grid.x - 0.5), scale[1] * (grid.y - 0.5)
    every = noise(x + 0 * y, y + 0 * x, 5)
    assert np.abs(noise(x, y, 5) - every).max() < 1e-4
    assert every.std() > 0.1


def test_noise_of_no_points() -> None:
    grid = grid_of(5, 4)
    assert noise(grid.x, grid.y[:0], 5).shape == (0, 4)


def test_cells_are_those_of_brute_force() -> None:
    seeds = np.random.default_rng(2).random((90, 2)).astype(np.float32)
    grid = grid_of(40, 52)
    x, y = grid.x + 0 * grid.y, grid.y + 0 * grid.x
    found = cells(grid, x, y, seeds, neighbours(seeds, 14))
    points = np.stack([x, y], -1).astype(np.float64)
    away = np.hypot(*np.moveaxis(points[:, :, None] - seeds, -1, 0))
    assert np.array_equal(found.owner, away.argmin(-1))
    # The border with another seed lies half way to it, seen from the owner.
    owner, other = (seeds[away.argsort(-1)[..., i]] for i in (0, 1))
    apart = np.linalg.norm(other - owner, axis=-1)
    edge = (((owner + other) / 2 - points) * (other - owner)).sum(-1) / apart
    assert np.abs(found.edge - edge).max() < 1e-4


@pytest.mark.parametrize("margin", [0.0, 0.03])
def test_bands_join_without_a_trace(margin: float) -> None:
    def design(grid: Grid) -> Array:
        hills = 0.2 * noise(20 * grid.x, 20 * grid.y, 3)
        shade = light(hills, grid.pixel, 0.4, blur=0.006) if margin else 1 + hills
        return 0.5 * shade[..., None] * np.array([1, 0.8, 0.3], np.float32)

    for samples in (1, 2):
        whole = drawn(samples, margin, band=10**9)(design)(90, 70)
        assert np.abs(drawn(samples, margin, band=10 * 70 * samples**2)(design)(90, 70) - whole).max() < 1e-5


def test_samples_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    def stripes(grid: Grid) -> Array:
        hard = (40 * grid.x + 30 * grid.y) % 1 > 0.5
        return np.repeat(hard[..., None], 3, -1).astype(np.float32)

    once, thrice = drawn()(stripes), drawn(3)(stripes)
    means = once(3 * 20, 3 * 30).reshape(20, 3, 30, 3, 3).mean((1, 3))
    assert np.allclose(thrice(20, 30), means, atol=1e-6)
    # Not where that would be more points than are allowed along the longest side.
    monkeypatch.setattr(canvas, "FINEST", 31)
    assert np.array_equal(thrice(20, 30), once(20, 30))


def test_mix_and_ramp() -> None:
    palette = np.array([[0, 0, 0], [1, 0.5, 0], [1, 1, 1]], np.float32)
    position = np.array([[-1.0, 0.25], [0.75, 2.0]], np.float32)
    expected = np.stack([np.interp(position, [0, 0.5, 1], palette[:, i]) for i in range(3)], -1)
    colours = ramp(palette, position)
    assert np.allclose(colours, expected)
    share = np.array([[0.0, 1.0], [0.5, 0.25]], np.float32)
    assert np.allclose(
        mix(colours, palette[1], share), colours * (1 - share[..., None]) + palette[1] * share[..., None]
    )
