"""Pieces as SVG: curves of one colour each, at any size, which any browser or drawing program shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from styfie.engines.regions.kinds import LEAD, Cut, Kind, width_of
from styfie.engines.regions.outlines import Points
from styfie.engines.strokes.export import data_of, hex_of

STEP = 3  # every so manieth point of a line is a node; between them are Bézier curves
SEAM = 0.5  # units: neighbours lap over each other by half of it, so that no light is between them


def to_svg(
    painted: Mapping[str, tuple[Cut, Tensor, Kind, frozenset[int]]],
    size: tuple[int, int],
    photo: Tensor | None = None,
) -> str:
    """The picture as SVG of (height, width) `size`; `photo` (1, 3, H, W) shows where nothing is painted.

    `painted` has for each region all outlines, the colours (N, 3) of the pieces, their kind, and those that are of it.
    """
    height, width = size
    unit = max(size) / 512
    body = [] if photo is None else [f'<image width="{width}" height="{height}" href="{data_of(photo)}"/>']
    shadows = sorted({kind.shadow for _, _, kind, _ in painted.values() if kind.shadow})
    body += [_shadow(n, far * unit) for n, far in enumerate(shadows)]
    for name, (cut, colours, kind, mine) in painted.items():
        scale = max(size) / cut.longest
        cast = f' filter="url(#shadow{shadows.index(kind.shadow)})"' if kind.shadow else ""
        body.append(f'<g id="{name}" stroke-linejoin="round" stroke-linecap="round">')
        for ring in cut.rings:
            if ring.piece in mine:
                colour = hex_of(colours[ring.piece].tolist())
                seam = f' stroke="{colour}" stroke-width="{SEAM * unit:.2f}"'
                body.append(f'<path d="{_closed(ring.points * scale)}" fill="{colour}"{seam}{cast}/>')
        if kind.lead:
            body.append(f'<g fill="none" stroke="{hex_of(list(LEAD))}">')
            body += _leads(cut, kind, mine, scale, unit)
            body.append("</g>")
        body.append("</g>")
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n<!-- Styfie: flat regions -->\n{inner}\n</svg>\n'
    )


def _leads(cut: Cut, kind: Kind, mine: frozenset[int], scale: float, unit: float) -> Iterable[str]:
    for line in cut.lines:
        width = width_of(line, cut, kind)
        if width and (line.left in mine or line.right in mine):
            closed = bool((line.points[0] == line.points[-1]).all())
            way = _closed(line.points[:-1] * scale) if closed else _open(line.points * scale)
            yield f'<path d="{way}" stroke-width="{width * unit:.2f}"/>'


def _shadow(number: int, far: float) -> str:
    return (
        f'<filter id="shadow{number}" x="-20%" y="-20%" width="140%" height="140%">'
        f'<feGaussianBlur in="SourceAlpha" stdDeviation="{0.3 * far:.2f}"/>'
        f'<feOffset dx="{0.4 * far:.2f}" dy="{0.65 * far:.2f}" result="moved"/>'
        '<feComponentTransfer><feFuncA type="linear" slope="0.42"/></feComponentTransfer>'
        '<feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge></filter>'
    )


def _closed(points: Points) -> str:
    """A closed way through every `STEP`th point, by Catmull and Rom's splines."""
    nodes = points[::STEP] if len(points) >= 3 * STEP else points
    count = len(nodes)
    return _curve([nodes[(i + k) % count] for i in range(count) for k in (-1, 0, 1, 2)], nodes[0]) + "Z"


def _open(points: Points) -> str:
    """A way through every `STEP`th point and the last."""
    inner = [points[i] for i in range(0, len(points) - 1, STEP)]
    nodes = [*inner, points[-1]]
    spread = [nodes[0], *nodes, nodes[-1]]
    return _curve([one for i in range(len(nodes) - 1) for one in spread[i : i + 4]], nodes[0])


def _curve(fours: list[Points], start: Points) -> str:
    found = [f"M{start[0]:.1f} {start[1]:.1f}"]
    for n in range(0, len(fours), 4):
        before, here, there, after = fours[n : n + 4]
        one, two = here + (there - before) / 6, there - (after - here) / 6
        found.append(f"C{one[0]:.1f} {one[1]:.1f} {two[0]:.1f} {two[1]:.1f} {there[0]:.1f} {there[1]:.1f}")
    return "".join(found)
