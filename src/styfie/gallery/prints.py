"""Printed pictures: woodblock, engraving, halftone."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from styfie.gallery.brush import Easel, Strokes, plain
from styfie.gallery.canvas import (
    WIDE_BAND,
    Array,
    Grid,
    bend,
    bubbles,
    colours,
    drawn,
    dyed,
    fractal,
    fraction,
    inside,
    length,
    line,
    mix,
    noise,
    ramp,
    scatter,
    sheet,
    smoothstep,
    uniform,
)
from styfie.gallery.entry import GalleryEntry

# --- waves ------------------------------------------------------------------------------------------------------------

WATERS = colours("12305a", "2b5f8c", "7fb0bc", "e6e2cc")
"""Prussian blue, two thinner printings of it, bare paper."""
CRESTS = (
    (0.45, 0.06, 0.17, 0.30, 0.20),
    (0.52, 0.10, 0.29, 0.62, 0.28),
    (0.61, 0.11, 0.36, 0.10, 0.30),
    (0.80, 0.46, 1.15, 0.66, 0.24),
    (0.82, 0.13, 0.42, 0.36, 0.30),
    (0.95, 0.16, 0.55, 0.84, 0.30),
    (1.05, 0.12, 0.38, 0.10, 0.30),
)
"""Rows of waves from far to near: level of the troughs, height, wavelength, phase, overhang in wavelengths."""
BUBBLE = 1 / 62
"""Mean distance between the bubbles of foam."""


@drawn(2)
def waves(grid: Grid) -> Array:
    """Cresting waves in the manner of a Japanese woodblock print: few blocks, grain of the cherry wood."""
    x, y = grid.x, grid.y
    picture = sheet(grid.shape)
    above = slice(0, int(np.searchsorted(y[:, 0], 0.5)))
    far = Grid(x, y[above], grid.pixel)
    picture[above] = _snow_peak(_woodblock_sky(far), far)
    unrest = np.stack([noise(14 * x, 14 * y, 100), noise(6 * x, 6 * y, 110)])
    wobble = np.stack([0.4 * noise(24 * x, 24 * y, 94), 0.4 * noise(24 * x, 24 * y, 95)])
    # The same unrest mirrored, or neighbouring rows would tremble together.
    shapes = [_swell(grid, crest, unrest[0] * (-1) ** i) for i, crest in enumerate(CRESTS)]
    clear = np.ones(grid.shape, bool)
    seen = []
    # From the nearest row to the farthest: the points where it shows.
    for _, swell, depth in reversed(shapes):
        seen.append(np.nonzero(clear & (depth > -0.07 * swell - 0.004 - grid.pixel)))
        clear &= depth < 0.004 + grid.pixel
    for i, (crest, shape, at) in enumerate(zip(CRESTS, shapes, reversed(seen), strict=True)):
        if at[0].size:
            flat = at[0] * grid.shape[1] + at[1]
            to_x, to_y, restless, turn, swell, depth = (f.ravel().take(flat) for f in (*wobble, unrest[1], *shape))
            foam = BUBBLE * bubbles(x[0].take(at[1]) / BUBBLE + to_x, y[:, 0].take(at[0]) / BUBBLE + to_y, 90)
            wave = _Wave(turn, swell, depth, foam, restless * (-1) ** i)
            picture[at] = _wave(picture[at], wave, crest[1], grid.pixel)
    grain = noise(9 * x, 130 * y + 5 * noise(2 * x, 3 * y, 91), 92)
    worn = 1 + 0.05 * grain + 0.04 * fractal(60 * x, 60 * y, 93, 2)
    return picture * worn[..., None]


def _ink(picture: Array, colour: Array, share: Array) -> Array:
    """One block printed over a picture (H, W, 3): a flat colour (3,) where there is ink."""
    return mix(picture, colour, share)


def _woodblock_sky(grid: Grid) -> Array:
    """Paper darkened by hand-wiped ink at the top (bokashi), bars of cloud, a red sun, fine lines of wind."""
    x, y = grid.x, grid.y
    picture = ramp(
        colours("3f5a74", "8a927f", "d9bd86", "eed39a", "f2b98a"), y / 0.42 + 0.03 * noise(3 * x, 40 * y, 96)
    )
    sun = length(x - 0.76, y - 0.16) - 0.10
    picture = mix(picture, ramp(colours("bf2a1c", "e8683a"), (y - 0.06) / 0.20), inside(sun, grid.pixel))
    wind = fraction((y + 0.006 * np.sin(11 * x)) / 0.0125 + 0.5 * noise(3 * x, 9 * y, 97)) - 0.5
    picture = _ink(picture, WATERS[0], 0.34 * line(wind * 0.0125, 0.0032, grid.pixel))
    bars = ((0.10, 0.0, 0.45), (0.165, 0.48, 0.97), (0.22, -0.1, 0.42), (0.285, 0.52, 1.1), (0.04, 0.50, 1.1))
    for i, (cy, low, high) in enumerate(bars):
        middle = cy + 0.008 * np.sin(14 * x + 2 * i)
        bar = np.abs(y - middle) - 0.021 * smoothstep(0, 0.16, np.minimum(x - low, high - x)) * (
            0.8 + 0.3 * np.sin(31 * x)
        )
        picture = _ink(picture, WATERS[3], inside(bar, grid.pixel))
        picture = _ink(picture, WATERS[1], line(np.maximum(bar, -0.004) + 0.001, 0.0035, grid.pixel) * (bar > -0.003))
    return picture


def _snow_peak(picture: Array, grid: Grid) -> Array:
    """A far mountain with a cap of snow over the sky."""
    x, y = grid.x, grid.y
    aside = np.abs(x - 0.60 + 0.01 * noise(9 * x, 30 * y, 98))
    flank = y - 0.235 - 0.20 * (aside / 0.32) ** 0.8 - 0.004 * noise(60 * x, 5 * y, 99)
    cap = y - 0.315 - 0.028 * np.sin(75 * x + 3 * np.sin(20 * x))
    body = ramp(WATERS[:3], 0.35 + 0.5 * np.sign(np.sin(420 * (y + 0.5 * aside))) * smoothstep(0.25, 0.42, y))
    picture = mix(picture, body, inside(-flank, grid.pixel))
    picture = _ink(picture, WATERS[3], inside(np.maximum(-flank + 0.004, cap), grid.pixel))
    return _ink(picture, WATERS[0], line(flank, 0.004, grid.pixel))


class _Wave(NamedTuple):
    """Points (N,) of a row of waves."""

    turn: Array
    """Phase along the row."""
    swell: Array
    """0 in the troughs, 1 on the crests."""
    depth: Array
    """Below the water line."""
    foam: Array
    """Distance to the nearest bubble's middle."""
    unrest: Array


def _swell(grid: Grid, crest: tuple[float, float, float, float, float], unrest: Array) -> tuple[Array, Array, Array]:
    """Phase, swell and depth, (H, W) each, of a row of waves."""
    level, height, span, phase, lean = crest
    up = np.clip((level - grid.y) / height, 0, 1.3)
    # Sheared by the square of its height, the crest hangs over.
    turn = np.float32(2 * np.pi) * ((grid.x - lean * span * up**2) / span + phase)
    swell = (0.5 + 0.5 * np.cos(turn)) ** 1.4
    depth = (grid.y - level) + height * swell + 0.010 * unrest
    # Far above its crests a row is not there, whatever the shear made of it.
    return turn, swell, np.where(grid.y < level - 1.2 * height, np.float32(-9), depth)


def _wave(picture: Array, wave: _Wave, height: float, pixel: float) -> Array:
    """One row of waves over what is behind it (N, 3): spray, body ribbed along its form, scalloped foam, outlines."""
    turn, swell, depth, foam, unrest = wave
    picture = _ink(picture, WATERS[3], inside(foam - 0.0042 * swell, pixel) * (depth > -0.07 * swell) * (swell > 0.35))
    ribs = 30 * np.maximum(depth, 0) ** 0.85 + 0.8 * np.cos(turn - 1) + 0.5 * unrest
    place = fraction(ribs)
    body = dyed(WATERS, (place >= 0.46).view(np.uint8) + (place >= 0.72).view(np.uint8))
    body = _ink(body, WATERS[3], line(place - 0.86, 0.05, 30 * pixel))
    thick = 0.010 + 0.30 * height**0.7 * smoothstep(0.2, 1.0, swell) * (0.55 + 0.45 * np.sin(turn + 0.6))
    edge = depth - thick + 1.6 * (foam - 0.009)
    curls = np.maximum(line(foam - 0.0105, 0.0028, pixel), line(foam - 0.0045, 0.002, pixel) * 0.7)
    froth = _ink(WATERS[3], WATERS[1], curls * (depth > 0.006))
    body = mix(body, froth, inside(edge, pixel))
    body = _ink(body, WATERS[0], line(edge, 0.0045, pixel))
    return _ink(mix(picture, body, inside(-depth, pixel)), WATERS[0], line(depth, 0.0055, pixel))


# --- ink --------------------------------------------------------------------------------------------------------------


def ink_scene(x: Array, y: Array) -> tuple[Array, Array]:
    """Tone (0 paper, 1 black) and direction of the form's lines: mountains under clouds, a lake, a near slope."""
    billow = np.abs(fractal(3.2 * x, 5.5 * y, 120, 4))
    tone = 0.50 - 0.75 * billow + 0.30 * smoothstep(0.3, 0.0, y)
    angle = 1.1 * noise(2.5 * x, 3.5 * y, 121)
    for i, (level, rough) in enumerate(((0.46, 0.20), (0.58, 0.15))):
        ridge = level - rough * (0.55 + fractal(3.1 * x + 7 * i, 0.3 + 0 * x, 122 + i, 5))
        depth = y - ridge
        flank = noise(7 * x + 3.5 * depth, 3 * depth + i, 130 + i)
        here = depth > 0
        tone = np.where(here, 0.46 - 0.12 * i + 0.85 * flank + 0.5 * np.exp(-depth / 0.010), tone)
        angle = np.where(here, np.where(flank > 0, 1.05, 2.2) + 0.3 * noise(4 * x, 4 * y, 132), angle)
    lake = y > 0.60 + 0.01 * np.sin(9 * x)
    mirror = 0.34 + 0.55 * noise(4 * x, 26 * y, 124) - 0.3 * smoothstep(0.18, 0.0, np.abs(x - 0.55))
    tone, angle = np.where(lake, mirror, tone), np.where(lake, 0.02 * np.sin(30 * x), angle)
    slope = y - 0.76 + 0.17 * np.cos(4.2 * x + 0.3) - 0.02 * noise(9 * x, 0 * x, 125)
    near = slope > 0
    tufts = 0.60 + 0.62 * noise(10 * x, 16 * slope, 126)
    tone = np.where(near, tufts, tone)
    tone = np.maximum(tone, 0.17 + 0.08 * noise(5 * x, 5 * y, 129))
    return tone, np.where(near, 0.7 * np.sin(4.2 * x + 0.3) - 0.9 * noise(7 * x, 7 * y, 127) - 0.4, angle)


@drawn(band=WIDE_BAND)
def ink(grid: Grid) -> Array:
    """Mountains over a lake, pen hatching in black ink on cream paper."""
    stain = 1 + 0.035 * fractal(5 * grid.x, 5 * grid.y, 128, 6)
    return _ink_lines().canvas(grid)[..., :3] * stain[..., None]


@cache
def _ink_lines() -> Easel:
    """The pen's lines."""
    easel = Easel(colours("f3e8cf")[0])
    rng = np.random.default_rng(1643)
    for turn, count, threshold in ((0.0, 6800, 0.10), (0.95, 4900, 0.52), (-0.75, 4200, 0.82), (1.6, 2000, 1.02)):
        _hatch(easel, rng, turn, count, threshold)
    _firs(easel, rng)
    return easel.done()


def _hatch(easel: Easel, rng: np.random.Generator, turn: float, count: int, threshold: float) -> None:
    """One set of pen lines, crossing the form's lines at `turn`, where the tone is darker than a threshold."""
    x, y = scatter(rng, count)
    tone, angle = ink_scene(x, y)
    weight = np.clip((tone - threshold) / 0.4, 0, 1) ** 0.7

    def direction(x: Array, y: Array) -> Array:
        return ink_scene(x, y)[1]

    long = uniform(rng, 0.026, 0.050, len(x)) * (0.7 + 0.3 * weight)
    width = (0.0016 + 0.0034 * weight).astype(np.float32)
    colour = colours("1c1714", "3a2d24")[(rng.random(len(x)) < 0.3).astype(int)]
    angle = angle + turn + uniform(rng, -0.05, 0.05, len(x))
    dark = tone > threshold
    curve = np.zeros_like(x)
    curve[dark] = np.clip(bend(direction, x[dark], y[dark]), -9, 9)
    strokes = Strokes(x, y, angle, long, width, curve, colour).take(dark)
    easel.paint(strokes, plain, seed=10, taper=0.75)


FIRS = (
    (0.10, 0.86, 0.46),
    (0.20, 0.93, 0.36),
    (0.02, 0.95, 0.34),
    (0.86, 0.90, 0.40),
    (0.95, 0.97, 0.52),
    (0.75, 0.95, 0.22),
    (0.33, 0.97, 0.20),
)
"""x, y of the foot, height."""


def _firs(easel: Easel, rng: np.random.Generator) -> None:
    """Fir trees on the near slope: drooping twigs either side of a stem."""
    for cx, foot, tall in FIRS:
        share = np.sort(uniform(rng, 0.0, 1, 330))
        side = uniform(rng, -1, 1, 330)
        tiers = 0.75 + 0.25 * np.sin(60 * share * tall / 0.3)
        x = cx + side * 0.16 * tall * share * tiers
        y = foot - tall * (1 - share) + 0.035 * np.abs(side) * share
        angle = np.where(share < 0.05, np.pi / 2, np.sign(side) * (0.55 + 0.3 * share))
        bare = uniform(rng, 0, 1, 330) < 0.2
        colour = np.where(bare[:, None], colours("f3e8cf")[0], colours("14100e")[0])
        long, width = 0.012 + 0.022 * share, np.full(330, 0.0042, np.float32)
        twigs = Strokes(x, y, angle, long, width, 14 * np.sign(side), colour)
        easel.paint(twigs, plain, seed=11, taper=0.8)


# --- pop --------------------------------------------------------------------------------------------------------------

PANELS = (
    ("ff2e88", "ffe600", "00b7eb", "111111"),
    ("00c2a8", "ff5a1f", "fff04a", "111111"),
    ("ffd400", "7a2bff", "ff3b3b", "111111"),
    ("2b5bff", "ff8fd0", "b8ff2e", "111111"),
)
"""Four printings of one motif: ground, petals, dots, key."""


@drawn(3)
def pop(grid: Grid) -> Array:
    """One bloom in four loud printings: flat inks out of register, halftone dots, black keylines."""
    picture = sheet(grid.shape)
    for i, inks in enumerate(PANELS):
        left, top = (i % 2) / 2, (i // 2) / 2
        rows = slice(*np.searchsorted(grid.y[:, 0], (top, top + 0.5)))
        columns = slice(*np.searchsorted(grid.x[0], (left, left + 0.5)))
        if rows.start < rows.stop and columns.start < columns.stop:
            x, y = grid.x[:, columns] - left - 0.25, grid.y[rows] - top - 0.25
            picture[rows, columns] = _print(x, y, grid.pixel, colours(*inks), 0.35 * i)
    gutter = np.minimum(np.abs(grid.x - 0.5), np.abs(grid.y - 0.5)) - 0.006
    return mix(picture, colours("fffdf4")[0], inside(gutter, grid.pixel))


def halftone(x: Array, y: Array, tone: Array, pitch: float, angle: float, pixel: float) -> Array:
    """Coverage (H, W) by a screen of round dots whose area follows the tone in [0, 1]."""
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    u, v = x * cos + y * sin, y * cos - x * sin
    away = length(fraction(u / pitch) - 0.5, fraction(v / pitch) - 0.5) * pitch
    return inside(away - pitch * 0.72 * np.sqrt(np.clip(tone, 0, 1)), pixel)


def bloom(x: Array, y: Array, turn: float) -> tuple[Array, Array]:
    """Signed distance to a five-petalled flower 0.2 across, and its angle measured in petals."""
    angle = np.arctan2(y, x) + turn
    petal = np.abs(fraction(angle / (2 * np.pi) * 5) - 0.5) * 2
    return np.asarray(length(x, y) - 0.21 + 0.085 * petal**2.2), np.asarray(petal)


def _print(x: Array, y: Array, pixel: float, inks: Array, turn: float) -> Array:
    """One panel around its middle: rays, bloom, heart."""
    ground, petals, screen, key = inks
    far, angle = length(x, y), np.arctan2(y, x)
    ray = np.sin(14 * angle + 5 * turn)
    picture = mix(ground, screen, inside(-ray / 14, pixel / np.maximum(far, 0.05)))
    fade = smoothstep(0.14, 0.40, far)
    picture = mix(picture, 0.25 * ground + 0.75 * key, halftone(x, y, 0.05 + 0.45 * fade, 0.021, 0.4, pixel))
    # The petals' plate slipped a little against the key.
    slipped, _ = bloom(x - 0.006, y - 0.005, turn)
    picture = mix(picture, petals, inside(slipped, pixel))
    distance, petal = bloom(x, y, turn)
    shade = smoothstep(-0.16, 0.0, distance) * 0.5 + 0.2 * petal - 0.06
    picture = mix(picture, screen, halftone(x, y, shade, 0.0165, 0.95, pixel) * inside(slipped, pixel))
    veins = line(np.sin(15 * angle + 15 * turn) * far / 15, 0.0035, pixel)
    inner = inside(np.abs(distance + 0.075) - 0.035, pixel)
    picture = mix(picture, key, np.maximum(veins * inner, line(distance, 0.010, pixel)))
    heart = far - 0.047
    picture = mix(picture, ground, inside(heart, pixel))
    seeds = halftone(x, y, np.full_like(far, 0.26), 0.0145, 0.2, pixel) * inside(heart, pixel)
    return mix(picture, key, np.maximum(seeds, line(heart, 0.009, pixel)))


DRAWINGS = {
    "waves": GalleryEntry("Woodblock waves", waves, "Crests with claws of foam, in Prussian blue on old paper."),
    "ink": GalleryEntry("Pen and ink", ink, "Mountains over a lake, cross-hatched in black on cream."),
    "pop": GalleryEntry("Four blooms", pop, "One flower in four loud printings, with halftone dots."),
}
