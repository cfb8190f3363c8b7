"""Several films, one after the other, each in a folder of its own: none can stop another, and none is painted twice."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from styfie import stores
from styfie.batch import Outcome, Pair, name_folders
from styfie.errors import StyfieError
from styfie.film.clip import Clip
from styfie.film.identity import film_key
from styfie.film.video import paint_video
from styfie.outcomes import Outcomes
from styfie.shards import Shard
from styfie.staging import staged
from styfie.storage.atomic import check_targets
from styfie.styles import StyleInput, resolve_looks, style_files
from styfie.weights import checksum

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.settings import Settings


def paint_films(
    files: Sequence[Path],
    output: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    shard: Shard | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Generator[Outcome, None, None]:
    """Paint each film as `video.paint_video` does into a folder of its own in `output`; of a `shard` only its films.

    A film that the same request has painted is kept, if it is as it was written. Outcomes come as they are ready, and
    are written for `styfie report`; where `on_progress` returns False there is none of that film, and it is the last.

    Raises:
        InputError, MissingError: a look that cannot be used.
        OutputError: a film would replace what is read, or its outcome cannot be written.
    """
    pairs: list[Pair] = list(zip(files, name_folders(files, output), strict=True))
    if shard:
        pairs = shard.pick(pairs, lambda pair: pair[0].name)
    resolve_looks(looks, 64)  # small: only to see that they can be read
    read = [*files, Path(settings.segmenter), *style_files(looks)]
    targets = [_target(*pair) for pair in pairs]
    check_targets([one for one in targets if not stores.url_of(one)], read)
    if elsewhere := [one for one in targets if stores.url_of(one)]:
        stores.check_targets(elsewhere, read)
        stores.check_writable(output)
    outcomes = Outcomes(output, shard)
    outcomes.begin([folder.name for _, folder in pairs])
    for file, folder in pairs:
        outcome = _paint_one(file, folder, looks, settings, outcomes, on_progress, on_note)
        if outcome is None:
            return
        yield outcome


def _target(file: Path, folder: Path) -> Path:
    return folder / f"{file.stem}.mp4"


def _paint_one(
    file: Path,
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    outcomes: Outcomes,
    on_progress: Callable[[Progress], bool | None] | None,
    on_note: Callable[[str], None] | None,
) -> Outcome | None:
    """What became of one film; nothing if it was stopped."""
    said = {"file": file.name}
    try:
        with staged(file, folder) as place:
            with Clip(place.source, settings.size) as clip:
                key = film_key(place.source, resolve_looks(looks, clip.longest), settings, 0.0, None)
            before, target = outcomes.of(folder.name), _target(file, folder)
            if before.get("key") == key and _signature(target) == before.get("film"):
                outcomes.add(folder.name, "skipped", **said, key=key, film=before["film"])
                return Outcome(file, folder, "kept")

            def keep(progress: Progress) -> bool | None:
                place.keep()
                return on_progress(progress) if on_progress else None

            _, finished = paint_video(place.source, place.folder, looks, settings, 0.0, None, keep, on_note)
    except StyfieError as error:
        outcomes.add(folder.name, "failed", **said, reason=str(error).rstrip("."))
        return Outcome(file, folder, "failed", str(error).rstrip("."))
    if not finished:
        return None
    outcomes.add(folder.name, "done", **said, key=key, film=_signature(target))
    return Outcome(file, folder, "painted")


def _signature(film: Path) -> str:
    """What tells a film from another: its checksum, or its size where it lies elsewhere; empty if there is none."""
    if stores.url_of(film):
        size = stores.files_in(film.parent).get(film.name)
        return "" if size is None else f"{size} bytes"
    try:
        return checksum(film)
    except OSError:
        return ""
