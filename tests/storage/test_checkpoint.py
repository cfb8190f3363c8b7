from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from styfie.engines.progress import Progress
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage.checkpoint import ENTRY, WRITE_TIME_FRACTION, Unfinished
from styfie.storage.openraster import read_painting
from tests.test_painting import make, styled

KEY = "0123"
Steps = Callable[[float], None]


@pytest.fixture
def painting(halves: Regions) -> Painting:
    return make(halves, subject=styled(), background=styled())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What `time.monotonic` says: its first and only entry."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    yield now


def state(value: float = 0.5) -> dict[str, torch.Tensor]:
    return {
        "layers": torch.rand(2, 3, 40, 30, generator=torch.Generator().manual_seed(1)) + value,
        "half": torch.full((3, 1), value, dtype=torch.bfloat16),
        "step": torch.tensor(7),
        "nothing": torch.zeros(0, 4),
        "flags": torch.tensor([True, False]),
        "seen from the side": torch.arange(12.0).view(3, 4).T,
    }


def progress(kept: dict[str, torch.Tensor] | None) -> Progress:
    return Progress(7, 60, {}, 1.0, torch.zeros(2, 3, 8, 8), kept)


def assert_same(found: object, wanted: dict[str, torch.Tensor]) -> None:
    assert isinstance(found, dict)
    assert list(found) == list(wanted)
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_state_comes_back_exactly(painting: Painting, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    assert Unfinished(folder, KEY).state() is None
    assert Unfinished(folder, KEY).keep(progress(state()), lambda: painting) is None
    assert_same(Unfinished(folder, KEY).state(), state())
    assert Unfinished(folder, "4567").state() is None, "another run's"
    assert [file.name for file in folder.iterdir()] == ["unfinished.ora"]


def test_the_file_is_a_painting_with_plain_safetensors(painting: Painting, tmp_path: Path) -> None:
    Unfinished(tmp_path, KEY).keep(progress(state()), lambda: painting)
    again = read_painting(tmp_path / "unfinished.ora")
    assert float((again.layers - painting.layers).abs().max()) <= 0.51 / 255
    with zipfile.ZipFile(tmp_path / "unfinished.ora") as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].filename == "mimetype"
        found = load(archive.read(ENTRY))
    assert_same({name: found[name] for name in state()}, state())


def test_a_step_without_state_costs_nothing(tmp_path: Path) -> None:
    def never() -> Painting:
        raise AssertionError

    assert Unfinished(tmp_path, KEY).keep(progress(None), never) is None
    assert not any(tmp_path.iterdir())


def test_writing_takes_its_share_of_time_at_most(painting: Painting, clock: list[float], tmp_path: Path) -> None:
    """A write of 2 s at every chance, steps of 1 s: written time over all time is the share."""
    written = []

    def slow() -> Painting:
        clock[0] += 2.0
        written.append(clock[0])
        return painting

    unfinished, began = Unfinished(tmp_path, KEY), clock[0]
    unfinished.keep(progress(state()), slow)
    assert len(written) == 1, "the first is always written"
    while clock[0] < began + 1000:
        clock[0] += 1.0
        unfinished.keep(progress(state()), slow)
    assert 0.8 * WRITE_TIME_FRACTION < 2.0 * len(written) / 1000 <= WRITE_TIME_FRACTION + 0.002


def test_the_newest_state_is_kept(painting: Painting, clock: list[float], tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path, KEY)
    for value in (0.1, 0.2, 0.3):
        clock[0] += 1.0
        unfinished.keep(progress(state(value)), lambda: painting)
    assert_same(unfinished.state(), state(0.3))
    unfinished.done()
    assert unfinished.state() is None
    assert not any(tmp_path.iterdir())
    unfinished.done()


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_counts_as_none(painting: Painting, tmp_path: Path, cut: float) -> None:
    unfinished = Unfinished(tmp_path, KEY)
    unfinished.keep(progress(state()), lambda: painting)
    whole = unfinished.file.read_bytes()
    unfinished.file.write_bytes(whole[: int(cut * len(whole))])
    assert unfinished.state() is None


def test_a_flipped_bit_of_the_state_counts_as_none(painting: Painting, tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path, KEY)
    unfinished.keep(progress(state()), lambda: painting)
    with zipfile.ZipFile(unfinished.file) as archive:
        entry = archive.getinfo(ENTRY)
    whole = bytearray(unfinished.file.read_bytes())
    start = entry.header_offset
    for place in range(start + 30 + len(ENTRY), start + 30 + len(ENTRY) + entry.file_size, 997):
        flipped = bytearray(whole)
        flipped[place + 20] ^= 1  # behind the zip64 field of 20 bytes
        unfinished.file.write_bytes(flipped)
        assert unfinished.state() is None, place


def test_other_files_of_that_name_count_as_none(painting: Painting, tmp_path: Path) -> None:
    from styfie.storage.openraster import write_painting

    write_painting(painting, tmp_path / "unfinished.ora")
    assert Unfinished(tmp_path, KEY).state() is None
    (tmp_path / "folder" / "unfinished.ora").mkdir(parents=True)
    assert Unfinished(tmp_path / "folder", KEY).state() is None


def test_a_full_disk_is_said_once_and_harms_nothing(painting: Painting, clock: list[float], tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    unfinished = Unfinished(tmp_path, KEY)
    unfinished.keep(progress(state(0.1)), lambda: painting)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    said = []
    for most in (100, unfinished.file.stat().st_size - 5000, 100):  # in the painting, and in the state
        clock[0] += 1.0
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            said.append(unfinished.keep(progress(state(0.2)), lambda: painting))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [bool(one) for one in said] == [True, False, False]
    assert "unfinished.ora" in str(said[0])
    assert_same(unfinished.state(), state(0.1))
    assert [file.name for file in tmp_path.iterdir()] == ["unfinished.ora"]
    clock[0] += 1.0
    assert unfinished.keep(progress(state(0.3)), lambda: painting) is None
    assert_same(unfinished.state(), state(0.3))


def test_a_folder_that_may_not_be_written_is_said(painting: Painting, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    unfinished = Unfinished(tmp_path / "file", KEY)
    assert "will begin anew" in (unfinished.keep(progress(state()), lambda: painting) or "")
    unfinished.done()


def test_a_left_over_part_is_no_obstacle(painting: Painting, tmp_path: Path) -> None:
    (tmp_path / ".unfinished.ora.part").write_bytes(b"killed while writing")
    unfinished = Unfinished(tmp_path, KEY)
    assert unfinished.state() is None
    unfinished.keep(progress(state()), lambda: painting)
    assert_same(unfinished.state(), state())
    assert [file.name for file in tmp_path.iterdir()] == ["unfinished.ora"]
