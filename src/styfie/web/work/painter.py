"""The painting itself, told step by step."""

from __future__ import annotations

import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styfie.images import fit_size, resize, to_image
from styfie.pipeline import paint_into
from styfie.reading import Request, find_regions, read_photo
from styfie.settings import Settings
from styfie.storage.openraster import packet_of
from styfie.web.jobs import GROWING, LONGEST
from styfie.web.work.films import film
from styfie.web.work.paintings import REGIONS, described, load, look_specs
from styfie.web.work.results import take_size
from styfie.web.workers import WorkerChannel

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.painting import Painting
    from styfie.regions import Regions

__all__ = ["film", "run"]

PREVIEW_TIME_FRACTION = 0.08  # of the run's time that showing it may take
MIN_PREVIEW_SECONDS = 0.4  # seconds between two of them


def run(
    channel: WorkerChannel,
    folder: str,
    photo: str,
    looks: dict[str, Any],
    own: dict[str, str],
    settings: dict[str, Any],
    corrected: bool,
) -> dict[str, Any]:
    """Paint a job, or go on with it; what is painted when it is asked to stop is kept."""
    asked, path = Settings(**settings), Path(folder)
    channel.send({"step": 0, "steps": 0, "seconds_left": 0.0, "preview": 0})
    regions = _regions(path, photo, asked, corrected)
    growing = _Growing(channel, path / GROWING)
    wanted = {name: ask for name, ask in look_specs(path, looks, own).items() if name in regions.names}
    painting, _ = paint_into(path, path / photo, Request(wanted, asked, regions=regions), growing.start, growing.add)
    resized = take_size(path, painting)
    size = painting.regions.size
    to_image(resize(painting.render(), fit_size(size, min(LONGEST, max(size))))).save(
        path / GROWING, "JPEG", quality=85, xmp=packet_of(painting)
    )
    return {
        "finished": bool(painting.recipe["finished"]),
        "late": channel.late,
        "painted": [name for name, look in painting.looks.items() if look.styles],
        "regions": described(painting.regions),
        "resized": resized,
    }


def _regions(folder: Path, file: str, settings: Settings, corrected: bool) -> Regions:
    """Those that are known; at another size found anew, unless somebody has corrected them."""
    known = load(folder / REGIONS).regions
    photo = read_photo(folder / file, settings.size)
    size = (photo.shape[-2], photo.shape[-1])
    if known.size == size:
        return known
    if corrected or "subject" not in known.names:
        return known.resize(size)
    return find_regions(photo, settings, {}, [n for n in known.names if n not in ("subject", "background")])


@dataclass
class _Growing:
    """Tells how far it is, and shows it as `file`."""

    channel: WorkerChannel
    file: Path
    before: Painting | None = None
    previews: int = 0
    next: float = 0.0

    def start(self, painting: Painting) -> None:
        size = fit_size(painting.regions.size, min(LONGEST, max(painting.regions.size)))
        photo = resize(painting.photo, size)
        self.before = type(painting)(photo, painting.regions.resize(size), painting.layers, painting.looks)

    def add(self, progress: Progress) -> bool:
        parent = multiprocessing.parent_process()
        if parent and not parent.is_alive():
            sys.exit()  # killed: the server, started again, must not meet this process
        started = time.monotonic()
        if started >= self.next and self.before:
            layers = resize(progress.layers, self.before.regions.size)
            beside = self.file.with_name(f".{self.file.name}")
            to_image(replace(self.before, layers=layers).render()).save(beside, "JPEG", quality=85)
            beside.replace(self.file)
            self.previews += 1
            ended = time.monotonic()
            self.next = ended + max(MIN_PREVIEW_SECONDS, (ended - started) * (1 / PREVIEW_TIME_FRACTION - 1))
        self.channel.send(
            {
                "step": progress.step,
                "steps": progress.steps,
                "seconds_left": round(progress.seconds_left, 1),
                "preview": self.previews,
            }
        )
        return not self.channel.stop_requested()
