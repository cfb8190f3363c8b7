from __future__ import annotations

import builtins
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from styfie.engines.progress import Progress
from styfie.errors import InputError, MissingError, OutputError
from styfie.film.timelapse import FRAME_MS, LAST_FRAME_MS, MAX_FRAMES, Timelapse
from styfie.images import to_image
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.checkpoint import FRAMES, Unfinished
from tests.test_painting import make, styled


def step(number: int, layers: Tensor) -> Progress:
    return Progress(number, 1000, {}, 0.0, layers)


def of_grey(value: float, size: tuple[int, int] = (48, 64)) -> Tensor:
    return torch.full((2, 3, *size), value)


@pytest.fixture
def painting(halves: Regions) -> Painting:
    return make(halves, subject=styled(), background=styled())


def gif_frames(file: Path) -> list[tuple[np.ndarray[Any, Any], int]]:
    """Pictures and milliseconds."""
    with Image.open(file) as film:
        found = []
        for i in range(getattr(film, "n_frames", 1)):
            film.seek(i)
            found.append((np.asarray(film.convert("RGB"), np.float32) / 255, int(film.info["duration"])))
    return found


def test_from_photo_to_result(painting: Painting, tmp_path: Path) -> None:
    film = Timelapse(tmp_path / "film.gif")
    film.start(painting)
    for i in range(1, 11):
        film.add(step(i, of_grey(i / 10, (24, 32) if i < 6 else (48, 64))))
    assert film.save() == tmp_path / "film.gif"
    frames = gif_frames(tmp_path / "film.gif")
    assert len(frames) == 11
    assert [shown for _, shown in frames] == [FRAME_MS] * 10 + [LAST_FRAME_MS]
    photo = painting.photo[0].permute(1, 2, 0).numpy()
    for number, wanted in enumerate([photo, *(np.full_like(photo, i / 10) for i in range(1, 11))]):
        # What is seen of a dithered picture: means over 8 x 8 pixels.
        blocks = [x.reshape(6, 8, 8, 8, 3).mean((1, 3)) for x in (frames[number][0], wanted)]
        assert float(np.abs(blocks[0] - blocks[1]).mean()) < 0.05, number


def test_frames_are_the_blend_of_the_layers(painting: Painting, tmp_path: Path) -> None:
    """Against `Painting.render` on a painting with these layers, strengths and all."""
    part = Painting(painting.photo, painting.regions, painting.layers, {"subject": styled(0.5)})
    film = Timelapse(tmp_path / "film.gif")
    film.start(part)
    film.add(step(1, part.layers))
    assert np.array_equal(film._frames[1], np.asarray(to_image(part.render())))
    assert np.array_equal(film._frames[0], np.asarray(to_image(part.photo)))


@pytest.mark.parametrize("steps", [1, 119, 120, 121, 300, 777])
def test_long_runs_are_thinned_evenly(
    painting: Painting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    film = Timelapse(tmp_path / "film.gif")
    film.start(painting)
    monkeypatch.setattr(film, "_frame", lambda layers: np.full((48, 64, 3), int(layers)))
    for i in range(1, steps + 1):
        film.add(step(i, torch.tensor(i)))
        assert len(film._frames) <= MAX_FRAMES
    seen = [int(frame[0, 0, 0]) for frame in film._frames[1:]]
    gaps = set(np.diff([0, *seen]).tolist())
    assert len(gaps) == 1, "evenly from the photo on"
    assert len(seen) >= min(steps, MAX_FRAMES // 2 - 1)
    newest = seen[-1] if film._last is None else int(film._last.layers)
    assert newest == steps, "the last step is there"


def steps(count: int, states: bool = True) -> list[Progress]:
    """Progress every five steps, with something to go on from at each."""
    return [
        replace(step(5 * i, of_grey(i / count)), state={"at": torch.tensor(i)} if states else None)
        for i in range(1, count + 1)
    ]


@pytest.mark.parametrize(("count", "killed", "again"), [(10, 6, 6), (10, 6, 4), (10, 9, 1), (300, 250, 230)])
def test_a_resumed_run_is_shown_from_its_beginning(
    painting: Painting, tmp_path: Path, count: int, killed: int, again: int
) -> None:
    """Killed after so many steps, it goes on after an earlier one, of which there was a state."""
    settings = Settings(size=64)
    whole = Timelapse(tmp_path / "film.gif")
    whole.start(painting)
    for one in steps(count):
        whole.add(one)
    first, second = (Timelapse(tmp_path / "film.gif") for _ in range(2))
    first.start(painting, settings, tmp_path)
    for one in steps(count)[:killed]:
        first.add(one)
    second.start(painting, settings, tmp_path)
    for one in steps(count)[again:]:
        second.add(one)
    assert len(second._frames) == len(whole._frames)
    assert all(np.array_equal(a, b) for a, b in zip(second._frames, whole._frames, strict=True))
    Unfinished(tmp_path, "any").done()
    assert not any(tmp_path.iterdir())


def test_frames_of_another_run_or_damaged_ones_are_not_shown(painting: Painting, tmp_path: Path) -> None:
    film = Timelapse(tmp_path / "film.gif")
    for seed, begin, frames in ((0, 0, 7), (1, 3, 4), (1, 3, 7), (1, 5, 2)):  # another run; the same; damaged
        film.start(painting, Settings(seed=seed), tmp_path)
        if begin == 5:
            for file in (tmp_path / FRAMES).glob("*.png"):
                file.write_bytes(file.read_bytes()[:40])
        for one in steps(6)[0 if (seed, frames) == (1, 7) else begin :]:
            film.add(one)
        assert len(film._frames) == frames


def test_what_cannot_go_on_keeps_no_frames(painting: Painting, tmp_path: Path) -> None:
    film = Timelapse(tmp_path / "film.gif")
    film.start(painting, Settings(), tmp_path)
    for one in steps(6, states=False):
        film.add(one)
    assert not any(tmp_path.iterdir())


def test_a_large_photo_makes_a_small_film_of_even_sides(tmp_path: Path) -> None:
    regions = Regions.of_subject(torch.ones(1, 1, 333, 600))
    photo = torch.full((1, 3, 333, 600), 0.5)
    film = Timelapse(tmp_path / "film.gif")
    film.start(Painting(photo, regions, photo.expand(2, -1, -1, -1), {"subject": styled()}))
    film.add(step(1, of_grey(0.7, (333, 600))))
    film.save()
    with Image.open(tmp_path / "film.gif") as saved:
        assert saved.size == (512, 284)


def test_what_does_not_move_does_not_flicker(painting: Painting, tmp_path: Path) -> None:
    """One half changes from frame to frame, the other stays: there every frame has the same pixels."""
    film = Timelapse(tmp_path / "film.gif")
    film.start(painting)
    still = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(1))
    for i in range(1, 6):
        layers = still.clone()
        layers[..., 40:] = i / 6
        film.add(step(i, layers))
    film.save()
    frames = gif_frames(tmp_path / "film.gif")
    for (one, _), (other, _) in itertools.pairwise(frames[1:]):
        assert np.array_equal(one[:, :24], other[:, :24])
        assert not np.array_equal(one[:, 40:], other[:, 40:])


def test_the_same_run_gives_the_same_bytes(painting: Painting, tmp_path: Path) -> None:
    for name in ("a.gif", "b.gif"):
        film = Timelapse(tmp_path / name)
        film.start(painting)
        film.add(step(1, painting.layers))
        film.save()
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


@pytest.mark.parametrize("name", ["film.avi", "film", "film.png"])
def test_other_suffixes_are_refused_at_once(name: str) -> None:
    with pytest.raises(InputError, match=r"\.gif or \.mp4"):
        Timelapse(name)


def test_without_its_package_mp4_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def none_there(name: str, *rest: Any, **more: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none_there)
    with pytest.raises(MissingError, match=r"styfie\[video\]"):
        Timelapse("film.mp4")
    Timelapse("film.GIF")


def test_what_cannot_be_written_leaves_nothing(painting: Painting, tmp_path: Path) -> None:
    (tmp_path / "film.gif").mkdir()
    film = Timelapse(tmp_path / "film.gif")
    film.start(painting)
    with pytest.raises(OutputError):
        film.save()
    assert [file.name for file in tmp_path.iterdir()] == ["film.gif"]


def test_mp4(painting: Painting, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    film = Timelapse(tmp_path / "film.mp4")
    film.start(painting)
    for i in range(1, 6):
        film.add(step(i, of_grey(i / 6)))
    film.save()
    with av.open(str(tmp_path / "film.mp4")) as saved:
        stream = saved.streams.video[0]
        assert (stream.width, stream.height, stream.pix_fmt) == (64, 48, "yuv420p")
        frames = [frame.to_ndarray(format="rgb24") / 255 for frame in saved.decode(stream)]
        assert float(stream.average_rate) == 1000 / FRAME_MS
    assert len(frames) == 6 + LAST_FRAME_MS // FRAME_MS - 1
    for number in range(1, 6):
        assert float(np.abs(frames[number] - number / 6).mean()) < 0.05, number
    assert float(np.abs(frames[-1] - 5 / 6).mean()) < 0.03
