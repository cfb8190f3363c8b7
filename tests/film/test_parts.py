"""A film that was stopped: nothing damaged gets into it, and no two runs paint it at once."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from styfie.engines.progress import Progress
from styfie.errors import OutputError
from styfie.film import video
from styfie.film.parts import Parts
from styfie.film.video import paint_video
from styfie.settings import Settings
from tests.film.conftest import LOOKS, greys, pixels_of, write_clip

pytestmark = pytest.mark.usefixtures("negatives")
SETTINGS = Settings(size=64, engine="fast", device="cpu")
COUNT = 11


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(video, "PART", 3)
    return write_clip(tmp_path / "clip.mkv", greys(COUNT))


def stopped(clip: Path, folder: Path, after: int = 10) -> Path:
    """A run that was killed after so many frames; its hidden folder."""

    def die(progress: Progress) -> bool:
        if progress.step == after:
            raise SystemExit
        return True

    with pytest.raises(SystemExit):
        paint_video(clip, folder, LOOKS, SETTINGS, on_progress=die)
    (hidden,) = folder.glob(".unfinished-*")
    return hidden


def painted(clip: Path, folder: Path) -> tuple[Path, list[int], list[str]]:
    """The film, the frames that were painted for it in this run, and what was said."""
    steps: list[int] = []
    said: list[str] = []

    def count(progress: Progress) -> bool:
        steps.append(progress.step)
        return True

    film, finished = paint_video(clip, folder, LOOKS, SETTINGS, on_progress=count, on_note=said.append)
    assert finished
    return film, steps, said


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 16
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def swapped(file: Path) -> None:
    """Replaced by another part's, which is a good file."""
    others = [one for one in sorted(file.parent.glob(f"*{file.suffix}")) if one != file]
    shutil.copyfile(others[0], file)


@pytest.mark.parametrize("damage", [halved, flipped, emptied, swapped, Path.unlink])
@pytest.mark.parametrize("suffix", ["nut", "safetensors", "json"])
def test_what_was_damaged_is_painted_again(
    clip: Path, tmp_path: Path, damage: Callable[[Path], None], suffix: str
) -> None:
    hidden = stopped(clip, tmp_path)
    damage(hidden / f"00002.{suffix}")
    film, steps, said = painted(clip, tmp_path)
    assert steps == list(range(7, COUNT + 1))
    assert (damage is Path.unlink and suffix == "json") or "from 7 on are damaged" in said[0]
    assert said[-1] == "going on at frame 7"
    assert len(pixels_of(film)) == COUNT


@pytest.mark.parametrize(("name", "begins"), [("00000.nut", 1), ("00001.nut", 4), ("00001.json", 4), ("00000.json", 1)])
def test_with_a_part_goes_all_that_was_built_on_it(clip: Path, tmp_path: Path, name: str, begins: int) -> None:
    whole = pixels_of(painted(clip, tmp_path / "whole")[0])
    flipped(stopped(clip, tmp_path / "out") / name)
    film, steps, _ = painted(clip, tmp_path / "out")
    assert steps == list(range(begins, COUNT + 1))
    assert np.array_equal(pixels_of(film), whole)


def test_old_states_go_and_the_newest_two_stay(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styfie.film.parts.STATES", 1)
    hidden = stopped(clip, tmp_path)
    assert sorted(file.name for file in hidden.glob("*.safetensors")) == ["00001.safetensors", "00002.safetensors"]
    assert painted(clip, tmp_path)[1][0] == 10


def test_the_same_film_twice_at_once_is_refused(clip: Path, tmp_path: Path) -> None:
    def again(progress: Progress) -> bool:
        if progress.step == 5:
            with pytest.raises(OutputError, match="by the same command already"):
                paint_video(clip, tmp_path / "out", LOOKS, SETTINGS)
        return True

    film, finished = paint_video(clip, tmp_path / "out", LOOKS, SETTINGS, on_progress=again)
    assert finished
    assert len(pixels_of(film)) == COUNT
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["clip.mp4"]


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    place = tmp_path / "out" / ".unfinished-0123456789abcdef"
    text = f"""
import os, signal
from pathlib import Path
from styfie.film.lock import hold
with hold(Path({str(place / "lock")!r})) as free:
    print(free, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n"
    with Parts(tmp_path / "out", "0123456789abcdef", 3, "clip.mp4") as parts:
        assert parts.count == 0
        with pytest.raises(OutputError), Parts(tmp_path / "out", "0123456789abcdef", 3, "clip.mp4"):
            pass


def test_what_was_never_begun_leaves_no_folder(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no frame from 100 s on"):
        paint_video(clip, tmp_path / "out", LOOKS, SETTINGS, 100)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("limit", [0, 3_000, 20_000, 60_000])
def test_a_full_disk_is_one_sentence_and_loses_nothing(clip: Path, tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands for it: the states, the parts and the film meet it."""
    whole = pixels_of(painted(clip, tmp_path / "whole")[0])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        with pytest.raises(OutputError, match="Could not write into"):
            paint_video(clip, tmp_path / "out", LOOKS, SETTINGS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "out").glob("*.mp4"))
    assert np.array_equal(pixels_of(painted(clip, tmp_path / "out")[0]), whole)


def test_the_clip_itself_and_what_is_no_file_are_not_replaced(clip: Path, tmp_path: Path) -> None:
    film = painted(clip, tmp_path / "out")[0]
    before = film.read_bytes()
    with pytest.raises(OutputError, match="is the clip itself"):
        paint_video(film, tmp_path / "out", LOOKS, SETTINGS)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "clip.mp4").symlink_to(film)
    with pytest.raises(OutputError, match="no plain file"):
        paint_video(clip, tmp_path / "other", LOOKS, SETTINGS)
    (tmp_path / "third" / "clip.mp4").mkdir(parents=True)
    with pytest.raises(OutputError, match="no plain file"):
        paint_video(clip, tmp_path / "third", LOOKS, SETTINGS)
    assert film.read_bytes() == before
