"""What pieces are made into: stained glass, cut paper, a poster. Lengths are in 1/512 of the longest side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.filters.flow import smooth
from styfie.engines.filters.screens import grain
from styfie.engines.regions.outlines import Line, Points, Ring

SHARPER = 3  # times as large it is drawn, at most, and then reduced
LARGEST = 4096  # longest side in pixels at which it is drawn
STEPS = 6  # of a shadow
FACE = 1.35  # contrast of faces


@dataclass(frozen=True)
class Kind:
    """How pieces look: `vivid` times as colourful, in at most `colours` of them, under lead `lead` wide.

    Paper throws a shadow `shadow` long, each piece that is smaller upon the larger ones; it has `fibre`. Glass is
    streaked by `streaks`, a pane at most about the share `panes` of the picture and each a little lighter or
    darker. Between two pieces of a face the lead is `fine` times as wide.
    """

    title: str
    vivid: float = 1.0
    contrast: float = 1.0
    colours: int = 0
    lead: float = 0.0
    fine: float = 0.3
    shadow: float = 0.0
    fibre: float = 0.0
    streaks: float = 0.0
    panes: float = 0.0


KINDS: dict[str, Kind] = {
    "glass": Kind("Stained glass", vivid=1.6, contrast=1.1, lead=3.0, streaks=0.12, panes=0.03),
    "papercut": Kind("Cut paper", vivid=1.15, colours=14, shadow=5.0, fibre=0.035),
    "poster": Kind("Poster", vivid=1.4, contrast=1.25, colours=9),
}
"""What pieces can be made into, by the name it is asked for with."""

LEAD = (0.09, 0.09, 0.1)


@dataclass(frozen=True, eq=False)
class Cut:
    """The outlines of a picture's pieces, in units of the longest side's pixel at which it was cut: `longest`."""

    lines: list[Line]
    rings: list[Ring]
    longest: int
    face: frozenset[int]


def toned(colours: Tensor, kind: Kind, weight: Tensor, face: Tensor) -> Tensor:
    """Colours (N, 3) as a kind has them; `weight` (N) is how much of each there is, `face` (N) which are in faces.

    Of faces contrast is raised and the colours count more: eyes and mouths are small.
    """
    if bool(face.any()):
        held = weight[face, None] / weight[face].sum().clamp_min(1)
        middle = (held * colours[face]).sum(0)
        colours = colours.clone()
        colours[face] = middle + FACE * (colours[face] - middle)
        weight = torch.where(face, 8 * weight, weight)
    luma = luma_of(colours[:, :, None, None])[:, :, 0, 0]
    found = kind.contrast * (luma - 0.5) + 0.5 + kind.vivid * (colours - luma)
    if kind.panes:
        found = found * (1 + 0.14 * (torch.rand(len(found), 1, generator=torch.Generator().manual_seed(5)) - 0.5))
    found = found.clamp(0.02, 0.98)
    return _fewer(found, weight, kind.colours) if 0 < kind.colours < len(found) else found


def _fewer(colours: Tensor, weight: Tensor, count: int) -> Tensor:
    """Colours (N, 3) as the nearest of `count` among them: k-means, begun with those farthest apart."""
    share = weight.clamp_min(1e-6).sqrt()
    chosen = [int(share.argmax())]
    far = (colours - colours[chosen[0]]).square().sum(1)
    while len(chosen) < count:
        chosen.append(int((far * share).argmax()))
        far = torch.minimum(far, (colours - colours[chosen[-1]]).square().sum(1))
    centres = colours[chosen].clone()
    for _ in range(8):
        nearest = torch.cdist(colours, centres).argmin(1)
        for n in range(count):
            inside = nearest == n
            if bool(inside.any()):
                centres[n] = (colours[inside] * share[inside, None]).sum(0) / share[inside].sum()
    return centres[torch.cdist(colours, centres).argmin(1)]


def draw(cut: Cut, colours: Tensor, kind: Kind, size: tuple[int, int]) -> Tensor:
    """The picture (1, 3, H, W) of pieces in their colours (N, 3), as a kind of picture."""
    longest = max(size)
    sharper = max(1, min(SHARPER, LARGEST // longest))
    scale, unit = sharper * longest / cut.longest, longest / 512
    canvas = Image.new("RGB", (sharper * size[1], sharper * size[0]))
    brush = ImageDraw.Draw(canvas)
    for ring in cut.rings:
        brush.polygon(_points(ring.points, scale), fill=_rgb(colours[ring.piece]))
    found = _reduced(canvas, size)
    if kind.streaks:
        found = _streaked(found, kind.streaks, unit)
    if kind.shadow:
        found = found * (1 - _shadow(cut, kind, size, unit))
    if kind.fibre:
        found = found + kind.fibre * (grain(size, max(1.0, 1.2 * unit), 61) - 0.5)
    if kind.lead:
        lead = _lead(cut, kind, size, sharper)
        found = torch.lerp(found, found.new_tensor(LEAD)[None, :, None, None] * _round(lead, unit), lead)
    return found.clamp(0, 1)


def width_of(line: Line, cut: Cut, kind: Kind) -> float:
    """How wide the lead of a line is, in units; none along the picture's own border."""
    if min(line.left, line.right) < 0:
        return 0.0
    return kind.lead * (kind.fine if line.left in cut.face and line.right in cut.face else 1.0)


def _lead(cut: Cut, kind: Kind, size: tuple[int, int], sharper: int) -> Tensor:
    """Where lead is (1, 1, H, W)."""
    scale, unit = sharper * max(size) / cut.longest, sharper * max(size) / 512
    canvas = Image.new("L", (sharper * size[1], sharper * size[0]))
    brush = ImageDraw.Draw(canvas)
    for line in cut.lines:
        width = width_of(line, cut, kind) * unit
        if width:
            points = _points(line.points, scale)
            brush.line(points, fill=255, width=max(1, round(width)), joint="curve")
            for x, y in (points[0], points[-1]):
                brush.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return _reduced(canvas, size)


def _round(lead: Tensor, unit: float) -> Tensor:
    """Light on the lead's round back, from the upper left."""
    height = smooth(lead, 0.8 * unit)
    shift = max(1, round(0.7 * unit))
    return 1 + 3.5 * (height - torch.roll(height, (shift, shift), (2, 3))).clamp(-0.2, 0.4)


def _streaked(picture: Tensor, amount: float, unit: float) -> Tensor:
    """Glass: light comes through unevenly, more in the middle of a pane."""
    size = (picture.shape[-2], picture.shape[-1])
    streaks = grain(size, 4 * unit, 62, 63.0, 5.0) + grain(size, 12 * unit, 63) - 1
    return picture * (1 + amount * streaks) + 0.35 * amount * (picture - smooth(picture, 10 * unit))


def _shadow(cut: Cut, kind: Kind, size: tuple[int, int], unit: float) -> Tensor:
    """How dark (1, 1, H, W) the shadows of paper on paper are: of all that lies higher, up and to the left."""
    canvas = Image.new("I", (size[1], size[0]))
    brush = ImageDraw.Draw(canvas)
    for height, ring in enumerate(cut.rings, 1):
        brush.polygon(_points(ring.points, max(size) / cut.longest), fill=height)
    heights = torch.frombuffer(bytearray(canvas.tobytes()), dtype=torch.int32).view(1, 1, *size).float()
    total = torch.zeros_like(heights)
    for step in range(1, STEPS + 1):
        right, down = round(0.6 * kind.shadow * unit * step / STEPS), round(kind.shadow * unit * step / STEPS)
        there = F.pad(heights, (right, 0, down, 0), mode="replicate")[..., : size[0], : size[1]]
        total += (there > heights).float()
    return smooth(0.42 * total / STEPS, 0.7 * unit)


def _points(points: Points, scale: float) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points * scale]


def _rgb(colour: Tensor) -> tuple[int, ...]:
    return tuple(round(255 * value) for value in colour.clamp(0, 1).tolist())


def _reduced(canvas: Image.Image, size: tuple[int, int]) -> Tensor:
    small = canvas.resize((size[1], size[0]), Image.Resampling.BOX)
    bands = len(small.getbands())
    pixels = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8).view(*size, bands)
    return (pixels.float() / 255).permute(2, 0, 1)[None].contiguous()
