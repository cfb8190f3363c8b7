"""The files that a painting is made from, and those that its results may not be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from styfie.storage.atomic import check_targets
from styfie.storage.checkpoint import Unfinished
from styfie.storage.results import result_files
from styfie.styles import style_files

if TYPE_CHECKING:
    from styfie.images import Picture
    from styfie.reading import Request


def files_read(photo: Picture | None, request: Request) -> list[Path]:
    """The files that a photo's painting is made from: no result may replace one of them.

    Raises:
        InputError: a text that is no style.
    """
    given = [photo, *request.masks.values(), request.depth, request.settings.segmenter]
    files = [Path(one) for one in given if isinstance(one, str | Path)]
    return [*files, *style_files(request.looks)]


def check_folder(folder: Path, request: Request, read: Iterable[Path]) -> None:
    """Refuse a folder in which results could not be written, or would replace what is `read`, before that is read.

    Raises:
        OutputError: one of these.
    """
    check_targets(files_written(folder, request), read)


def files_written(folder: Path, request: Request) -> list[Path]:
    """The files that a request's painting may write into a folder."""
    regions = [*request.looks, *request.masks, *(request.regions.names if request.regions else ())]
    return [*result_files(folder, regions), *Unfinished(folder, "").files]
