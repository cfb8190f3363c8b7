from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from styfie.film.lapse import Frame, StoredFrames, _every

SIZE = (6, 8, 3)


def frame(number: int) -> Frame:
    return np.full(SIZE, number, np.uint8)


def kept(place: Path, steps: range, every: int = 1) -> StoredFrames:
    """What a run has kept that was killed after these steps."""
    found = StoredFrames(place, "key")
    for number, step in enumerate(steps, 1):
        found.add(step, {number: frame(number)} if number % every == 0 else {}, resumable=True)
    return found


@pytest.mark.parametrize(
    ("there", "seen", "every"),
    [
        ((), 0, 1),
        ((1, 2, 3), 3, 1),
        ((1, 2), 3, 2),
        ((2, 4, 6), 7, 2),
        ((2, 4), 7, 4),
        ((4, 8), 8, 4),
        ((), 3, 4),
        ((3,), 3, 4),
    ],
)
def test_frames_are_evenly_spaced_by_a_power_of_two(there: tuple[int, ...], seen: int, every: int) -> None:
    assert _every({number: frame(number) for number in there}, seen) == every


def test_a_run_goes_on_where_its_state_is(tmp_path: Path) -> None:
    kept(tmp_path / "frames", range(10, 60, 10))
    again = StoredFrames(tmp_path / "frames", "key")
    seen, frames, every = again.before(40, SIZE)
    assert (seen, every, [int(one[0, 0, 0]) for one in frames]) == (3, 1, [1, 2, 3]), "steps before 40 alone"
    assert sorted(file.name for file in (tmp_path / "frames").glob("*.png")) == [f"{n:07d}.png" for n in (1, 2, 3)]
    again.add(40, {4: frame(99)}, resumable=False)
    seen, frames, _ = StoredFrames(tmp_path / "frames", "key").before(50, SIZE)
    assert seen == 4 and int(frames[-1][0, 0, 0]) == 99, "what came again is as it came again"


def test_every_other_frame_is_enough(tmp_path: Path) -> None:
    kept(tmp_path / "frames", range(1, 8), every=2)
    seen, frames, every = StoredFrames(tmp_path / "frames", "key").before(100, SIZE)
    assert (seen, every, [int(one[0, 0, 0]) for one in frames]) == (7, 2, [2, 4, 6])


@pytest.mark.parametrize(("key", "size"), [("other", SIZE), ("key", (6, 9, 3))])
def test_what_another_run_has_kept_is_none(tmp_path: Path, key: str, size: tuple[int, ...]) -> None:
    kept(tmp_path / "frames", range(1, 4))
    assert StoredFrames(tmp_path / "frames", key).before(100, size) == (0, [], 1)
    assert not (tmp_path / "frames").exists()


def test_a_damaged_frame_is_left_out(tmp_path: Path) -> None:
    kept(tmp_path / "frames", range(1, 5))
    (tmp_path / "frames" / "0000003.png").write_bytes(b"no picture")
    seen, frames, every = StoredFrames(tmp_path / "frames", "key").before(100, SIZE)
    assert (seen, every, [int(one[0, 0, 0]) for one in frames]) == (4, 2, [2, 4])


def test_nothing_is_kept_before_there_is_a_state(tmp_path: Path) -> None:
    found = StoredFrames(tmp_path / "frames", "key")
    found.add(1, {1: frame(1)}, resumable=False)
    assert not (tmp_path / "frames").exists()
    found.add(2, {1: frame(1), 2: frame(2)}, resumable=True)
    found.add(3, {3: frame(3)}, resumable=False)
    assert (tmp_path / "frames" / "steps").read_text().split() == ["1", "2", "3"]
    assert len(list((tmp_path / "frames").glob("*.png"))) == 3
    found.thin(2)
    assert [file.name for file in (tmp_path / "frames").glob("*.png")] == ["0000002.png"]


def test_what_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("no folder")
    kept(tmp_path / "frames", range(1, 4))
    assert StoredFrames(tmp_path / "frames", "key").before(9, SIZE)[0] == 0
