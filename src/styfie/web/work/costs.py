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
    return [
        {"size": size, "seconds": round(one.seconds, 1), "gigabytes": round(one.gigabytes, 2), "error": one.problem}
        for size, one in zip(sizes, found, strict=True)
    ]
