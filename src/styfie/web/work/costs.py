"""What a painting would cost, before it is begun."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from styfie.engines import estimate_costs
from styfie.images import fit_size
from styfie.settings import Settings
from styfie.styles import resolve_looks
from styfie.web.work.paintings import REGIONS, load, look_specs
from styfie.web.workers import WorkerChannel

STYLE = 64  # pixels of the styles: what they look like costs nothing
LEAST_PIXELS = 256 * 256  # of a picture whose time says something of larger ones
paces: dict[str, float] = {}
"""Seconds a pixel that engines without a plan took in this process, by name."""


def costs(
    _channel: WorkerChannel,
    folder: str,
    looks: dict[str, Any],
    own: dict[str, str],
    drawn: str,
    settings: dict[str, Any],
    sizes: list[int],
) -> list[dict[str, Any]]:
    """Seconds and gigabytes of paintings with these longest sides, or why there can be none."""
    base, asked = load(Path(folder) / REGIONS), Settings(**settings)
    known = {name: look for name, look in looks.items() if name in base.regions.names}
    wanted = resolve_looks(look_specs(Path(folder), known, own, Path(drawn)), STYLE)
    shapes = [fit_size(base.regions.size, size) for size in sizes]
    found = estimate_costs(shapes, base.regions, wanted, replace(asked, size=max(sizes)))
    pace = paces.get(asked.engine, 0.0)
    return [
        {
            "size": size,
            "seconds": round(one.seconds or (0.0 if one.problem else pace * height * width), 1),
            "gigabytes": round(one.gigabytes, 2),
            "error": one.problem,
        }
        for size, one, (height, width) in zip(sizes, found, shapes, strict=True)
    ]


def note_pace(engine: str, seconds: float, size: tuple[int, int]) -> None:
    """Remember how long an engine took for a picture of that height and width."""
    pixels = size[0] * size[1]
    if pixels >= LEAST_PIXELS:
        paces[engine] = seconds / pixels
