from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from styfie.engines.progress import Progress
from styfie.images import to_image, write_png
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.web.jobs import READ
from styfie.web.work import painter
from styfie.web.work.paintings import REGIONS, load, look_specs, save, unpainted
from tests.conftest import opened

PHOTO = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
LOOK: dict[str, Any] = {"styles": [{"name": "ink", "weight": 1.0}]}
SETTINGS: dict[str, Any] = {"size": 64, "engine": "fast", "device": "cpu"}


class Heard:
    """A line on which all that is told is heard."""

    late = False

    def __init__(self, stop: bool = False) -> None:
        self.on_event: list[dict[str, Any]] = []
        self.stop = stop

    def send(self, value: dict[str, Any]) -> None:
        self.on_event.append(value)

    def stop_requested(self) -> bool:
        return self.stop


def job(folder: Path, regions: Regions) -> None:
    """A job's folder as it is before it is painted."""
    write_png(to_image(PHOTO), folder / READ)
    save(unpainted(PHOTO, regions), folder / REGIONS)


def test_a_job_is_painted_and_told(tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    job(tmp_path, halves)
    channel: Any = Heard()
    monkeypatch.setattr(painter, "LONGEST", 32)
    found = painter.run(channel, str(tmp_path), READ, {"subject": LOOK, "wings": LOOK}, {}, SETTINGS, False)
    assert (found["finished"], found["painted"], found["resized"]) == (True, ["subject"], False)
    assert [region["name"] for region in found["regions"]] == ["subject", "background"]
    assert channel.on_event[0] == {"step": 0, "steps": 0, "seconds_left": 0, "preview": 0}
    assert channel.on_event[-1]["step"] == channel.on_event[-1]["steps"] > 0 and channel.on_event[-1]["preview"] == 1
    growing = opened(tmp_path / "growing.jpg")
    assert growing.size == (32, 24), "small"
    both = opened(tmp_path / "both.png").resize(growing.size)
    difference = np.asarray(growing, np.float64) - np.asarray(both, np.float64)
    assert np.abs(difference).mean() < 16 and np.abs(difference.mean()) < 3


@pytest.mark.parametrize("corrected", [True, False])
def test_regions_are_found_anew_at_another_size_unless_somebody_has_corrected_them(
    tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch, corrected: bool
) -> None:
    hair = halves.split("subject", "hair", torch.full((1, 1, 48, 64), 0.25))
    job(tmp_path, hair)
    asked: list[Any] = []

    def find(photo: Any, _settings: object, _masks: object, finer: Any) -> Regions:
        asked.append((tuple(photo.shape[-2:]), finer))
        return hair.resize((72, 96))

    monkeypatch.setattr(painter, "find_regions", find)
    same = painter._regions(tmp_path, READ, Settings(**SETTINGS), corrected)
    assert torch.equal(same.alpha, load(tmp_path / REGIONS).regions.alpha) and not asked
    larger = painter._regions(tmp_path, READ, Settings(**SETTINGS | {"size": 96}), corrected)
    assert larger.size == (72, 96) and larger.names == hair.names
    assert asked == ([] if corrected else [((72, 96), ["hair"])])


def test_where_nobody_is_nobody_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job(tmp_path, Regions(("background",), torch.ones(1, 1, 48, 64), (1.0,)))
    monkeypatch.setattr(painter, "find_regions", None)
    assert painter._regions(tmp_path, READ, Settings(**SETTINGS | {"size": 96}), False).names == ("background",)


def previews(
    folder: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch, step: float, cost: float, count: int
) -> tuple[int, float]:
    """How often a run of `count` steps of so many seconds is shown if that costs so much, and how long it lasts."""
    now = 100.0

    def costly(picture: torch.Tensor) -> Any:
        nonlocal now
        now += cost
        return to_image(picture)

    monkeypatch.setattr(painter, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(painter, "to_image", costly)
    channel: Any = Heard()
    growing = painter._Growing(channel, folder / "growing.jpg")
    growing.start(unpainted(PHOTO, halves))
    for number in range(count):
        assert growing.add(Progress(number, count, {}, 1.26, PHOTO.expand(2, -1, -1, -1)))
        assert channel.on_event[-1] == {
            "step": number,
            "steps": count,
            "seconds_left": 1.3,
            "preview": growing.previews,
        }
        now += step
    return growing.previews, now - 100


def test_showing_takes_less_than_a_tenth_of_the_time(
    tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, lasted = previews(tmp_path, halves, monkeypatch, 0.1, 1.0, 2500)
    assert 0.07 < times * 1.0 / lasted < 0.09


def test_nobody_needs_more_than_three_pictures_a_second(
    tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, lasted = previews(tmp_path, halves, monkeypatch, 0.01, 0.001, 1000)
    assert 2 < times / lasted < 3


def test_what_grows_is_the_layers_over_the_photo_and_small(
    tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter, "LONGEST", 32)
    channel: Any = Heard(stop=True)
    growing = painter._Growing(channel, tmp_path / "growing.jpg")
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(2, 3, 48, 64)
    painting = unpainted(PHOTO, halves)
    assert not growing.add(Progress(1, 2, {}, 0, red)) and not (tmp_path / "growing.jpg").exists(), "nothing begins yet"
    looks = look_specs(tmp_path, {"subject": LOOK, "background": LOOK}, {})
    growing.start(type(painting)(PHOTO, halves, painting.layers, painter_looks(looks)))
    assert not growing.add(Progress(1, 2, {}, 0, red)), "it was asked to stop"
    picture = opened(tmp_path / "growing.jpg")
    assert picture.size == (32, 24)
    red_, green, blue = picture.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red_ > 200 and green < 40 and blue < 40
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def painter_looks(asked: Any) -> Any:
    from styfie.styles import resolve_looks

    return resolve_looks(asked, 32)
