"""A film painted in stretches beside the same film in one go."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from styfie.engines.progress import Progress
from styfie.film import video
from styfie.film.clip import Clip
from styfie.film.stretches import LEAD, Stretch, cuts, stretch_of
from styfie.film.video import paint_stretch, paint_video
from styfie.outcomes import read_report
from styfie.settings import Settings
from styfie.shards import Shard
from tests.film.conftest import LOOKS, Pixels, greys, pixels_of, write_clip

av = pytest.importorskip("av")
SMALL = Settings(size=0, device="cpu")
FRAMES = 130


def waves() -> list[Pixels]:
    """Frames that change little by little, and altogether at frame 60."""
    steps = np.linspace(0, 6, FRAMES)
    levels = [(0.25 if n < 60 else 0.75) + 0.15 * np.sin(step) for n, step in enumerate(steps)]
    return [np.full((48, 64, 3), round(255 * level), np.uint8) for level in levels]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames at uneven times: every tenth is shown for long."""
    pts = [int(n) for n in np.cumsum([40 if n % 10 else 80 for n in range(FRAMES)])]
    return write_clip(tmp_path_factory.mktemp("clip") / "waves.mkv", waves(), pts, base=Fraction(1, 1000))


def times(file: Path) -> list[float]:
    with av.open(str(file)) as film:
        return [round(float(frame.pts * frame.time_base), 3) for frame in film.decode(video=0)]


def test_sudden_changes_are_cuts_and_slow_ones_and_flicker_are_none() -> None:
    def pictures(levels: list[float]) -> list[int]:
        return cuts(torch.full((1, 3, 24, 32), level) for level in levels)

    assert pictures([0.1, 0.1, 0.5, 0.5, 0.5, 0.2]) == [2, 5]
    assert pictures([0.1, 0.3, 0.5, 0.7, 0.9]) == [], "as steep before and after"
    assert pictures([0.1, 0.15, 0.12, 0.1]) == []
    assert pictures([]) == pictures([0.5]) == []


def test_a_clip_is_divided_at_cuts_where_there_are_any_near(clip: Path) -> None:
    with Clip(clip) as opened:
        halves = [stretch_of(opened, 0.0, None, Shard(number, 2)) for number in (1, 2)]
        thirds = [stretch_of(opened, 0.0, None, Shard(number, 3)) for number in (1, 2, 3)]
    assert halves == [Stretch(0, 60), Stretch(60, None)], "where nothing is carried from frame to frame"
    assert thirds == [Stretch(0, 43), Stretch(43, 86, LEAD), Stretch(86, None, LEAD)]


@pytest.mark.usefixtures("negatives")
@pytest.mark.parametrize("span", [(0.0, None), (0.9, 4.1)])
def test_stretches_are_joined_to_the_film_of_one_go(
    clip: Path, tmp_path: Path, span: tuple[float, float | None]
) -> None:
    whole, _ = paint_video(clip, tmp_path / "whole", LOOKS, SMALL, *span)
    notes: list[str] = []
    films = [
        paint_stretch(clip, tmp_path / "out", LOOKS, SMALL, Shard(n, 3), *span, on_note=notes.append) for n in (2, 3, 1)
    ]
    film = tmp_path / "out" / "waves.mp4"
    assert films == [(None, True), (None, True), (film, True)]
    assert "the film is joined when 1, 3 of 3 are too" in notes[0]
    assert times(film) == times(whole)
    assert np.abs(pixels_of(film).astype(int) - pixels_of(whole)).max() <= 3, "encoders begin anew elsewhere"
    assert {one.name for one in film.parent.iterdir()} == {"waves.mp4", ".outcomes"}
    assert read_report(film.parent).numbers == {"done": 3, "skipped": 0, "failed": 0, "waiting": 0}
    before = film.stat().st_mtime_ns
    assert paint_stretch(clip, tmp_path / "out", LOOKS, SMALL, Shard(2, 3), *span) == (film, True)
    assert film.stat().st_mtime_ns == before and read_report(film.parent).numbers["skipped"] == 1


@pytest.mark.usefixtures("negatives")
def test_stopped_killed_and_damaged_stretches_are_gone_on_with(clip: Path, tmp_path: Path) -> None:
    out, shown = tmp_path / "out", list[int]()

    def stop(progress: Progress) -> bool:
        shown.append(progress.step)
        return len(shown) < 50

    assert paint_stretch(clip, out, LOOKS, SMALL, Shard(1, 2), on_progress=stop) == (None, False)
    assert not list(out.glob("*.mp4"))
    notes: list[str] = []
    assert paint_stretch(clip, out, LOOKS, SMALL, Shard(1, 2), on_note=notes.append) == (None, True)
    assert notes[0] == f"going on at frame {video.PART + 1}"
    (damaged,) = out.glob(".unfinished-*-1-of-2/00000.nut")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    notes.clear()
    assert paint_stretch(clip, out, LOOKS, SMALL, Shard(2, 2), on_note=notes.append) == (None, True)
    assert notes[-1].endswith("the film is joined when 1 of 2 are too.")
    film, _ = paint_stretch(clip, out, LOOKS, SMALL, Shard(1, 2))
    whole, _ = paint_video(clip, tmp_path / "whole", LOOKS, SMALL)
    assert film is not None and times(film) == times(whole)
    apart = np.abs(pixels_of(film).astype(int) - pixels_of(whole)).max((1, 2, 3))
    assert max(apart[:60]) <= 3 and max(apart[68:]) <= 3, "but for the cut, over which only the stand-in carries"


@pytest.mark.usefixtures("negatives")
def test_strokes_are_carried_over_the_joint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without frames painted before it a stretch begins with nothing of what was there."""
    file = write_clip(tmp_path / "grey.mkv", greys(60))
    whole, _ = paint_video(file, tmp_path / "whole", LOOKS, SMALL)
    frames = {}
    for lead in (LEAD, 0):
        monkeypatch.setattr("styfie.film.stretches.LEAD", lead)
        for number in (1, 2):
            film, _ = paint_stretch(file, tmp_path / str(lead), LOOKS, SMALL, Shard(number, 2))
        assert film is not None
        frames[lead] = np.abs(pixels_of(film).astype(int) - pixels_of(whole))
    assert frames[LEAD].max() <= 3 < frames[0][30].min()
