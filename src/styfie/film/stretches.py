"""A film in stretches that several machines paint: where it is divided, and how a stretch begins.

Where the picture changes altogether nothing is carried from frame to frame, and a film is best divided there. Elsewhere
a stretch begins some frames early and throws those away: of what was painted `LEAD` frames ago a fiftieth at most is
left in a frame (`stream.STUCK` to that power), so that the strokes at the joint are nearly those that the stretch
before ends with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from torch import Tensor

from styfie.colour import luma_of
from styfie.film.clip import Clip
from styfie.images import resize
from styfie.shards import Shard

LEAD = 24  # frames painted before a stretch and thrown away
WITHIN = 0.25  # of a stretch's length: how far from the even division a cut is looked for
COARSE = (12, 16)  # pixels at which frames are compared: motion hardly counts
CHANGE = 0.1  # of luma: mean change at a cut, at least
SUDDEN = 3.0  # times the change before and after it


@dataclass(frozen=True)
class Stretch:
    """Frames `first` to before `end` of what is asked for of a film, to its end if None; begun `lead` frames early."""

    first: int = 0
    end: int | None = None
    lead: int = 0


WHOLE = Stretch()


def stretch_of(clip: Clip, first: float, end: float | None, shard: Shard) -> Stretch:
    """A shard's stretch of a clip, of it what is shown from `first` to `end` in seconds; the same wherever it is asked.

    Raises:
        InputError: the clip is damaged.
    """
    total = clip.count(first, end)
    borders = [_border(clip, first, end, total, number, shard.count) for number in (shard.number - 1, shard.number)]
    (begin, cut), (until, _) = borders
    last = shard.number == shard.count
    return Stretch(begin, None if last else until, 0 if cut else min(LEAD, begin))


def _border(clip: Clip, first: float, end: float | None, total: int, number: int, count: int) -> tuple[int, bool]:
    """The frame before which stretch `number`, from 0, begins, and whether that is a cut."""
    even = total * number // count
    if not 0 < even < total:
        return even, True
    reach = int(WITHIN * total / count)
    low = max(1, even - reach)
    with Clip(clip.file, clip.size) as again:
        span = first and first + again.start, end and end + again.start
        frames = islice(again.frames(*span, skip=low - 1), even + reach + 1 - low)
        found = cuts(one.picture for one in frames)
    nearest = min((low + at - 1 for at in found), key=lambda at: abs(at - even), default=None)
    return (even, False) if nearest is None else (nearest, True)


def cuts(pictures: Iterable[Tensor]) -> list[int]:
    """Which pictures (1, 3, H, W), counted from 0, have nothing to do with the one before."""
    changes = list(_changes(pictures))
    around = zip([0.0, *changes], changes, [*changes[1:], 0.0], strict=False)
    return [
        at
        for at, (before, change, after) in enumerate(around, start=1)
        if change >= CHANGE and change > SUDDEN * max(before, after)
    ]


def _changes(pictures: Iterable[Tensor]) -> Iterator[float]:
    before: Tensor | None = None
    for picture in pictures:
        coarse = luma_of(resize(picture, COARSE))
        if before is not None:
            yield float((coarse - before).abs().mean())
        before = coarse
