from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from styfie import batch, staging, stores
from styfie.batch import find_photos
from styfie.errors import InputError, OutputError
from styfie.outcomes import Outcomes, read_report
from styfie.pipeline import PORTRAIT, Request, paint_into
from styfie.settings import Settings
from styfie.staging import staged
from tests.conftest import opened
from tests.elsewhere import Flaky

INK = Request({"subject": "ink"}, Settings(engine="filters", size=64, device="cpu"))
PHOTOS, OUT = Path("flaky://bucket/photos"), Path("flaky://bucket/out")


@pytest.fixture(autouse=True)
def photo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setattr(stores, "PAUSES", (0.0, 0.0))
    Flaky.reset()
    file = tmp_path / "me.png"
    opened(PORTRAIT).resize((64, 64)).save(file)
    stores.send([(file, PHOTOS / "me.png")])
    yield file
    for kind in (Flaky, MemoryFileSystem):
        kind.store.clear()
        kind.pseudo_dirs[:] = [""]


def paint(request: Request = INK) -> batch.Outcome:
    return batch.paint_one(PHOTOS / "me.png", OUT / "me", request, batch.LooksCache(request), lambda _: None)


def files(folder: Path = OUT / "me") -> dict[str, bytes]:
    return {name: stores.read(folder / name) for name in stores.files_in(folder)}


def test_what_lies_elsewhere_is_painted_to_the_same_bytes_and_once(photo: Path, tmp_path: Path) -> None:
    assert paint().kind == "painted"
    paint_into(tmp_path / "here", photo, INK)
    assert files() == {file.name: file.read_bytes() for file in (tmp_path / "here").iterdir()}
    Flaky.reset()
    assert paint().kind == "kept"
    assert "put_file" not in Flaky.calls and "cp_file" not in Flaky.calls
    other = replace(INK, looks={"background": "oil"})
    assert paint(other).kind == "painted"
    paint_into(tmp_path / "here", photo, other)
    assert files() == {file.name: file.read_bytes() for file in (tmp_path / "here").iterdir()}


def test_a_picture_that_is_cut_off_there_is_painted_again() -> None:
    paint()
    before = files()
    stores.write(OUT / "me" / "both.png", before["both.png"][:-9])
    assert paint().kind == "painted"
    assert files() == before


def test_masks_that_are_no_more_go(photo: Path, tmp_path: Path) -> None:
    paint(replace(INK, looks={"hair": "ink"}))
    assert "mask-hair.png" in files()
    stores.write(OUT / "me" / "notes.txt", b"the user's own")
    paint()
    paint_into(tmp_path / "here", photo, INK)
    assert set(files()) == {file.name for file in (tmp_path / "here").iterdir()} | {"notes.txt"}


@pytest.mark.parametrize("name", ["put_file", "cp_file", "get_file"])
def test_a_break_is_got_over_and_one_that_lasts_loses_nothing(name: str) -> None:
    paint()
    before = files()
    other = replace(INK, looks={"background": "oil"})
    Flaky.reset(**{name: (1, 99)})
    outcome = paint(other)
    assert outcome.kind == "failed" and "Connection reset" in outcome.reason
    assert files() == before
    Flaky.reset(**{name: (1, 1)})
    assert paint(other).kind == "painted"
    Flaky.reset()
    assert paint(other).kind == "kept"


def test_a_break_while_names_change_is_mended_by_the_next_run(photo: Path, tmp_path: Path) -> None:
    paint()
    other = replace(INK, looks={"background": "oil"})
    Flaky.reset(cp_file=(4, 99))
    assert paint(other).kind == "failed"
    Flaky.reset()
    assert paint(other).kind == "painted", "painting.ora, which comes last, still was the earlier one"
    paint_into(tmp_path / "here", photo, other)
    assert files() == {file.name: file.read_bytes() for file in (tmp_path / "here").iterdir()}


def test_a_runs_state_is_sent_and_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "EVERY", 0.0)
    for content in (b"first", b"second"):
        with pytest.raises(KeyboardInterrupt), staged(PHOTOS / "me.png", OUT / "me") as place:
            assert content == b"first" or (place.folder / "unfinished.ora").read_bytes() == b"first"
            (place.folder / "unfinished.ora").write_bytes(content)
            (place.folder / ".unfinished-12").mkdir(exist_ok=True)
            for name in ("00000.nut", "00000.json", "lock", "record"):
                (place.folder / ".unfinished-12" / name).write_bytes(content)
            (place.folder / "both.png").write_bytes(b"half")
            place.keep()
            assert stores.read(OUT / "me" / "unfinished.ora") == content
            raise KeyboardInterrupt
        assert set(files()) == {"unfinished.ora"}
        assert set(files(OUT / "me" / ".unfinished-12")) == {"00000.nut", "00000.json"}
    with staged(PHOTOS / "me.png", OUT / "me") as place:
        (place.folder / "unfinished.ora").unlink()
        for name in ("00000.nut", "00000.json"):
            (place.folder / ".unfinished-12" / name).unlink()
    assert files() == {} == files(OUT / "me" / ".unfinished-12")


def test_what_is_here_is_used_as_it_is(photo: Path, tmp_path: Path) -> None:
    with staged(photo, tmp_path / "out") as place:
        assert (place.source, place.folder) == (photo, tmp_path / "out")
    with staged(photo, OUT / "me") as place:
        assert place.source == photo and stores.url_of(place.folder) is None


def test_photos_are_found_there_and_outcomes_told_of() -> None:
    stores.write(PHOTOS / "notes.txt", b"")
    stores.write(PHOTOS / "a.JPG", b"")
    assert find_photos([PHOTOS, PHOTOS / "me.png"]) == [PHOTOS / "a.JPG", PHOTOS / "me.png"]
    with pytest.raises(InputError, match="no picture in the folder flaky://bucket/none"):
        stores.write(Path("flaky://bucket/none/a.txt"), b"")
        find_photos([Path("flaky://bucket/none")])
    outcomes = Outcomes(OUT)
    outcomes.begin(["a", "me"])
    outcomes.add("me", "done")
    assert read_report(OUT).numbers == {"done": 1, "skipped": 0, "failed": 0, "waiting": 1}
    with pytest.raises(InputError, match="no report in flaky://bucket/photos"):
        read_report(PHOTOS)


def test_no_painting_replaces_a_photo_there() -> None:
    with pytest.raises(OutputError, match="would replace"):
        batch.check_folders([PHOTOS], INK, [PHOTOS / "photo.png"])
