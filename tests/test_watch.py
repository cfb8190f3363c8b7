"""A watched folder: files dropped at random moments, in pieces, with pauses, are each handed out once, and whole."""

from __future__ import annotations

import io
import random
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from styfie.errors import InputError, OutputError
from styfie.pipeline import PORTRAIT
from styfie.reading import Request
from styfie.settings import Settings
from styfie.watch import PATIENCE, SETTLED, Arrivals, watch

FORMATS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
FAST = Request({"background": "pop"}, Settings(size=64, engine="fast", device="cpu"))


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def picture(suffix: str, number: int) -> bytes:
    held = io.BytesIO()
    pixels = random.Random(number).randbytes(3 * 48 * 64)
    Image.frombytes("RGB", (64, 48), pixels).save(held, FORMATS[suffix])
    return held.getvalue()


def test_fifty_files_in_pieces_are_each_handed_out_once_and_whole(tmp_path: Path) -> None:
    chance, clock = random.Random(7), Clock()
    arrivals = Arrivals(tmp_path, clock)
    whole = {f"{n}{suffix}": picture(suffix, n) for n in range(50) for suffix in [chance.choice(list(FORMATS))]}
    events: list[tuple[float, str, bytes]] = []
    for name, data in whole.items():
        at, cuts = chance.uniform(0, 60), sorted(chance.sample(range(1, len(data) - 64), chance.randint(0, 3)))
        for first, last in zip([0, *cuts], [*cuts, len(data)], strict=True):
            events.append((at, name, data[first:last]))
            at += chance.choice([0.1, 0.4, 5 * SETTLED])  # within what is waited for, and well beyond
    events.sort(key=lambda event: event[0])
    found: Counter[str] = Counter()
    while clock.now < 120:
        clock.now += 0.25
        while events and events[0][0] <= clock.now:
            _, name, data = events.pop(0)
            with (tmp_path / name).open("ab") as stream:
                stream.write(data)
        for file in arrivals.ready():
            assert file.read_bytes() == whole[file.name], f"{file.name} was handed out half-written"
            found[file.name] += 1
    assert found == Counter(whole.keys())


def test_what_is_no_picture_is_told_of_once_and_painted_when_it_is_one(tmp_path: Path) -> None:
    clock = Clock()
    arrivals = Arrivals(tmp_path, clock)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnot yet")
    (tmp_path / ".hidden.png").write_bytes(picture(".png", 1))
    (tmp_path / "a.png.part").write_bytes(picture(".png", 1))
    (tmp_path / "folder.png").mkdir()
    told = []
    for _ in range(100):
        clock.now += 1
        assert arrivals.ready() == []
        told += [(clock.now, name) for name in arrivals.unreadable()]
    assert [name for _, name in told] == ["a.png"] and told[0][0] >= PATIENCE
    (tmp_path / "a.png").write_bytes(picture(".png", 1))
    found = []
    for _ in range(5):
        clock.now += 1
        found += arrivals.ready()
    assert [file.name for file in found] == ["a.png"]


def test_another_picture_of_the_same_name_comes_again(tmp_path: Path) -> None:
    clock, found = Clock(), list[Path]()
    arrivals = Arrivals(tmp_path, clock)
    for number in (1, 2):
        (tmp_path / "a.bmp").write_bytes(picture(".bmp", number) + bytes(number))
        for _ in range(5):
            clock.now += 1
            found += arrivals.ready()
    assert [file.name for file in found] == ["a.bmp", "a.bmp"]


@pytest.mark.slow
def test_pictures_are_painted_into_folders_of_their_whole_names(tmp_path: Path) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(PORTRAIT, folder / "a.jpg")
    with closing(watch(folder, output, FAST, jobs=1)) as outcomes:
        first = next(one for one in outcomes if one)
        with Image.open(PORTRAIT) as image:
            image.save(folder / "a.png")
        second = next(one for one in outcomes if one)
    assert [(one.kind, one.folder.name) for one in (first, second)] == [("painted", "a.jpg"), ("painted", "a.png")]
    assert (output / "a.png" / "both.png").is_file()
    with closing(watch(folder, output, FAST, jobs=1)) as outcomes:
        again = next(one for one in outcomes if one)
    assert again.kind == "kept", "the same command does not paint it again"


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    for folder, output, says in (
        (tmp_path / "none", tmp_path / "out", "no folder"),
        (tmp_path, tmp_path, "among the photos"),
    ):
        with pytest.raises((InputError, OutputError), match=says):
            next(watch(folder, output, FAST))
