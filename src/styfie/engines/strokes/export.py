"""Strokes as text: JSON that is read back, SVG that any browser or drawing program shows.

The JSON names its columns: lengths and places are in shares of the picture's longest side, angles in radians, colours
in [0, 1]. In the SVG a stroke is a path of one colour or a gradient, without bristles, relief or grain, and a region is
a group under its mask.
"""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from styfie.engines.strokes.drawing import Drawing, Strokes
from styfie.engines.strokes.raster import BAR
from styfie.errors import InputError
from styfie.images import to_image

FORMAT = "styfie-strokes-1"
SHAPES = {
    "bar": ("x", "y", "length", "width", "angle", "bend"),
    "curve": ("x0", "y0", "x1", "y1", "x2", "y2", "r0", "r2"),
}
COLOURS = ("red0", "green0", "blue0", "red1", "green1", "blue1", "opacity", "level")
DIGITS = 6
STEPS = 8  # of the outline of a stroke that grows thinner, on each side
APART = 2 / 255  # by which a stroke's two colours must differ to be a gradient


def to_json(drawing: Drawing) -> str:
    """All strokes, one a line."""
    parts = []
    for name, strokes in drawing.regions.items():
        head = {
            "brush": strokes.brush,
            "extent": [round(side, DIGITS) for side in strokes.extent],
            "ground": [round(value, DIGITS) for value in strokes.ground.tolist()],
            "columns": [*SHAPES[strokes.kind.family], *COLOURS],
        }
        rows = ",\n".join(json.dumps([*(round(v, DIGITS) for v in row[:-1]), int(row[-1])]) for row in _rows(strokes))
        parts.append(f'{json.dumps(name)}: {json.dumps(head)[:-1]}, "strokes": [\n{rows}\n]}}')
    return f'{{"format": "{FORMAT}", "regions": {{\n' + ",\n".join(parts) + "\n}}\n"


def _rows(strokes: Strokes) -> list[list[float]]:
    columns = [strokes.shape, strokes.start, strokes.end, strokes.opacity[:, None], strokes.level[:, None]]
    found: list[list[float]] = torch.cat([c.double() for c in columns], 1).tolist()
    return found


def from_json(text: str) -> Drawing:
    """Read back what `to_json` wrote.

    Raises:
        InputError: something else, or another version's.
    """
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise InputError(f"The strokes are in format {found['format']!r}: {FORMAT} is wanted.")
        return Drawing({name: _strokes(part) for name, part in found["regions"].items()})
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise InputError("That is no drawing: the strokes.json that Styfie writes is wanted.") from None


def _strokes(part: Mapping[str, Any]) -> Strokes:
    columns, rows = part["columns"], part["strokes"]
    table = torch.tensor(rows, dtype=torch.float32).reshape(len(rows), len(columns))
    height, width = (float(side) for side in part["extent"])
    shape, start, end, opacity, level = table.split([len(columns) - len(COLOURS), 3, 3, 1, 1], 1)
    ground = torch.tensor(part["ground"], dtype=torch.float32)
    return Strokes(str(part["brush"]), (height, width), ground, shape, start, end, opacity[:, 0], level[:, 0].long())


def to_svg(drawing: Drawing, weights: Mapping[str, Tensor], photo: Tensor | None = None) -> str:
    """The picture as SVG, of the size of its regions' shares (1, 1, H, W).

    `weights` are what each painted region weighs, as `Painting.weights`. Where they sum to less than 1, `photo`
    (1, 3, H, W) shows; it is wanted only then.
    """
    size = next(iter(weights.values())).shape[-2:]
    height, width = int(size[0]), int(size[1])
    below = 1 - torch.cat([weights[name] for name in drawing.regions]).sum(0, keepdim=True)
    body = [] if photo is None else [f'<image width="{width}" height="{height}" href="{data_of(photo)}"/>']
    below = torch.zeros_like(below) if photo is None else below.clamp(0, 1)
    for number, (name, strokes) in enumerate(drawing.regions.items()):
        # Laid over the others one by one, so that in the end each has its share.
        below = below + weights[name]
        body += _group(number, name, strokes, max(height, width), weights[name] / below.clamp_min(1e-6))
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n{inner}\n</svg>\n'
    )


def data_of(picture: Tensor) -> str:
    """A picture (1, C, H, W) as the address of a PNG that holds itself."""
    file = io.BytesIO()
    to_image(picture).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _group(number: int, name: str, strokes: Strokes, scale: int, share: Tensor) -> Iterator[str]:
    """A region's strokes under its mask, which the lowest does without."""
    mask = ""
    if float(share.min()) < 0.999:
        size = f'width="{share.shape[-1]}" height="{share.shape[-2]}"'
        mask = f' mask="url(#m{number})"'
        yield f'<mask id="m{number}" maskUnits="userSpaceOnUse" x="0" y="0" {size}>'
        yield f'<image {size} href="{data_of(share)}"/></mask>'
    yield f'<g id="{name}"{mask}>'
    yield f'<rect width="100%" height="100%" fill="{hex_of(strokes.ground.tolist())}"/>'
    for i, row in enumerate(_rows(strokes)):
        yield from _path(f"g{number}-{i}", strokes.kind.family, row, scale)
    yield "</g>"


def _path(name: str, family: str, row: list[float], scale: int) -> Iterator[str]:
    """One stroke, with its gradient before it if it has one."""
    *shape, r0, g0, b0, r1, g1, b1, opacity, _level = row
    start, end = [r0, g0, b0], [r1, g1, b1]
    ends, widths = _spine(family, [value * scale if family != BAR else value for value in shape], scale)
    colour = hex_of([(a + b) / 2 for a, b in zip(start, end, strict=True)])
    if max(abs(a - b) for a, b in zip(start, end, strict=True)) > APART:
        (x1, y1), _, (x2, y2) = ends
        colour = f"url(#{name})"
        place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        stops = f'<stop stop-color="{hex_of(start)}"/><stop offset="1" stop-color="{hex_of(end)}"/>'
        yield f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" {place}>{stops}</linearGradient>'
    if max(widths) - min(widths) > 0.02 * max(widths):
        yield f'<path d="{_outline(ends, widths)}" fill="{colour}" opacity="{opacity:.2f}"/>'
        return
    (x0, y0), (cx, cy), (x2, y2) = ends
    line = f"M{x0:.1f} {y0:.1f}Q{cx:.1f} {cy:.1f} {x2:.1f} {y2:.1f}"
    cap = "" if family == BAR else ' stroke-linecap="round"'
    yield (
        f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="{sum(widths) / 2:.1f}"{cap} '
        f'opacity="{opacity:.2f}"/>'
    )


Spine = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


def _spine(family: str, shape: list[float], scale: int) -> tuple[Spine, tuple[float, float]]:
    """The three points of a stroke's middle line, a quadratic Bézier curve, and its widths at both ends, in pixels."""
    if family != BAR:
        x0, y0, x1, y1, x2, y2, r0, r2 = shape
        return ((x0, y0), (x1, y1), (x2, y2)), (2 * r0, 2 * r2)
    x, y, length, width, angle, bend = shape
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    first, middle, last = (
        (x * scale + u * cos - v * sin, y * scale + u * sin + v * cos)
        for u, v in ((-length / 2, bend * length), (0.0, -bend * length), (length / 2, bend * length))
    )
    return (first, middle, last), (width * scale, width * scale)


def _outline(ends: Spine, widths: tuple[float, float]) -> str:
    """Around a disc swept along a curve, its radius changing: both sides, and an arc at each end."""
    (x0, y0), (x1, y1), (x2, y2) = ends
    sides: tuple[list[str], list[str]] = ([], [])
    for i in range(STEPS + 1):
        t = i / STEPS
        x, y = ((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in ((x0, x1, x2), (y0, y1, y2)))
        dx, dy = ((1 - t) * (b - a) + t * (c - b) for a, b, c in ((x0, x1, x2), (y0, y1, y2)))
        long = math.hypot(dx, dy) or 1.0
        radius = (widths[0] + (widths[1] - widths[0]) * t) / 2
        for side, sign in zip(sides, (1, -1), strict=True):
            side.append(f"{x - sign * dy / long * radius:.1f} {y + sign * dx / long * radius:.1f}")
    left, right = sides
    arcs = [f"A{w / 2:.1f} {w / 2:.1f} 0 0 0 " for w in widths]
    return f"M{'L'.join(left)}{arcs[1]}{'L'.join(reversed(right))}{arcs[0]}{left[0]}Z"


def hex_of(colour: list[float]) -> str:
    """A colour in [0, 1] as SVG writes it."""
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, value))):02x}" for value in colour)
