from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

from styfie import batch
from styfie.batch import Outcome, check, find_photos, name_folders, paint_many, share_of_machine
from styfie.errors import InputError, OutputError, StyfieError
from styfie.pipeline import PORTRAIT, Request
from styfie.settings import Settings
from tests.conftest import opened

TINY = Request({"subject": "pop"}, Settings(size=64, steps=1, device="cpu"))


def test_finds_photos_in_order_and_once(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", "notes.txt", "._a.png"):
        (tmp_path / name).touch()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "c.jpg").touch()
    a, b, none = tmp_path / "a.PNG", tmp_path / "b.jpg", tmp_path / "none.jpg"
    assert find_photos([tmp_path]) == [a, b]
    assert find_photos([none, b, tmp_path, tmp_path / "deeper" / ".." / "a.PNG"]) == [none, b, a]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no picture in the folder"):
        find_photos([a, tmp_path / "empty"])


@pytest.mark.parametrize(
    ("photos", "folders"),
    [
        (["a.jpg", "b.jpg"], ["a", "b"]),
        (["a.jpg", "a.png", "b.jpg"], ["a.jpg", "a.png", "b"]),
        (["A.jpg", "a.png"], ["A.jpg", "a.png"]),
        (["x/a.jpg", "y/a.jpg", "z/A.jpg"], ["a.jpg", "a.jpg-2", "A.jpg-3"]),
        (["x/a.jpg", "a.jpg.png", "y/a.jpg"], ["a.jpg", "a.jpg-2", "a.jpg-3"]),
        (["...jpg", "b.jpg"], ["...jpg", "b"]),
        (["..jpg", "...jpg", "x/...jpg"], ["..jpg", "...jpg", "...jpg-2"]),
    ],
)
def test_each_photo_has_a_folder_of_its_own(photos: list[str], folders: list[str]) -> None:
    found = name_folders([Path(photo) for photo in photos], Path("out"))
    assert found == [Path("out") / name for name in folders]
    assert len({str(one).casefold() for one in found}) == len(photos)
    assert all(one.resolve().parent == Path("out").resolve() for one in found), "each within the folder asked for"


@pytest.mark.parametrize(
    ("cores", "memory", "wanted"), [(8, 64.0, (8, 1)), (16, 8.0, (2, 8)), (2, 1.0, (1, 2)), (3, 8.0, (2, 1))]
)
def test_cores_and_memory_are_shared(
    cores: int, memory: float, wanted: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(cores)), raising=False)
    monkeypatch.setattr(batch, "_memory", lambda: memory)
    assert share_of_machine(Settings(device="cpu", max_memory=4.0)) == wanted


@pytest.mark.parametrize(
    "request_",
    [
        Request({"subject": "nonesuch"}),
        Request(settings=Settings(engine="steam")),
        Request(settings=Settings(encoder="ear")),
        Request(settings=Settings(segmenter="eye")),
        Request(masks={"subject": "mask.png"}),
        Request(depth="depth.png"),
    ],
)
def test_what_no_photo_can_be_painted_with_is_refused_at_once(request_: Request, tmp_path: Path) -> None:
    with pytest.raises(StyfieError):
        next(paint_many([PORTRAIT], tmp_path / "out", request_))
    assert not (tmp_path / "out").exists()


def test_depth_that_is_looked_for_in_each_photo_is_no_ones_own() -> None:
    check(Request({"subject": "pop"}, depth="auto"))


def test_a_photo_in_the_place_of_anothers_result_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    photos = [tmp_path / "a.png", tmp_path / "a" / "both.png"]
    for photo in photos:
        opened(PORTRAIT).resize((64, 64)).save(photo)
    before = photos[1].read_bytes()
    with pytest.raises(OutputError, match="which is read"):
        next(paint_many(photos, tmp_path, TINY))
    with pytest.raises(OutputError, match="which is read"):
        next(paint_many(photos[:1], tmp_path, TINY, read=[photos[1]]))
    assert photos[1].read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "a.png"]


@pytest.mark.slow
def test_one_failing_photo_stops_no_other_and_what_is_there_is_kept(tmp_path: Path) -> None:
    """With one job and two, the same bytes: nothing depends on neighbours."""
    opened(PORTRAIT).resize((200, 220)).save(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    opened(PORTRAIT).save(tmp_path / "c.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "nobody.png")
    photos = sorted(tmp_path.glob("*.png"))
    found: dict[int, dict[str, Outcome]] = {}
    for jobs, given in ((1, photos), (2, photos[::-1])):
        outcomes = list(paint_many(given, tmp_path / str(jobs), TINY, jobs))
        found[jobs] = {outcome.photo.stem: outcome for outcome in outcomes}
        kinds = {name: outcome.kind for name, outcome in found[jobs].items()}
        assert kinds == {"a": "painted", "bad": "failed", "c": "painted", "nobody": "failed"}
    assert "no picture that can be read" in found[1]["bad"].reason
    assert "No person" in found[1]["nobody"].reason
    assert not (tmp_path / "1" / "bad").exists()
    files = [file for name in "ac" for file in (tmp_path / "1" / name).iterdir()]
    assert len(files) == 18
    for file in files:
        assert file.read_bytes() == (tmp_path / "2" / file.parent.name / file.name).read_bytes(), file
    looks = batch.LooksCache(TINY)

    def again(name: str) -> Outcome:
        return batch.paint_one(photos[0], tmp_path / "1" / name, TINY, looks, lambda _: None)

    assert again("a").kind == "kept"
    assert again("c").kind == "painted", "another photo was there"


@pytest.mark.slow
def test_a_worker_that_dies_fails_its_photo_only(tmp_path: Path) -> None:
    worker = batch.Worker(TINY, 1)
    try:
        worker.give(PORTRAIT, tmp_path / "a")
        assert worker.process.pid
        os.kill(worker.process.pid, signal.SIGKILL)
        outcome = worker.take()
        assert (outcome.kind, outcome.photo) == ("failed", PORTRAIT)
        assert "process ended" in outcome.reason
        worker.give(PORTRAIT, tmp_path / "b")
        assert worker.take().kind == "painted"
    finally:
        worker.stop()
    assert not worker.process.is_alive()


@pytest.mark.slow
def test_a_worker_that_is_stopped_leaves_nothing_half_written(tmp_path: Path) -> None:
    long = Request({"subject": "pop"}, Settings(size=64, steps=50_000, device="cpu"))
    worker = batch.Worker(long, 1)
    worker.give(PORTRAIT, tmp_path / "a")
    until = time.monotonic() + 120
    while not (tmp_path / "a" / "unfinished.ora").exists() and time.monotonic() < until:
        time.sleep(0.05)
    worker.stop()
    assert not worker.process.is_alive()
    assert worker.process.exitcode == 0, "it left by itself"
    assert {p.name for p in tmp_path.glob("a/*")} <= {"unfinished.ora", ".unfinished.ora.part"}
