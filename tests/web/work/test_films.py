"""Clips of a few frames, read and painted by the worker's own functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from styfie.errors import InputError
from styfie.pipeline import PORTRAIT
from styfie.settings import Settings
from styfie.web.work import films
from styfie.web.workers import WorkerChannel

av = pytest.importorskip("av", reason="PyAV is not installed: clips are not tested")
FRAMES = 5
LOOKS = {
    "subject": {"styles": [{"name": "ink", "weight": 1.0}]},
    "background": {"styles": [{"name": "ink", "weight": 1.0}]},
}


class Line:
    """Takes what is told; stops after so many frames."""

    def __init__(self, most: int = 1000) -> None:
        self.said: list[dict[str, Any]] = []
        self.most = most

    def send(self, value: dict[str, Any]) -> None:
        self.said.append(value)

    def stop_requested(self) -> bool:
        return len(self.said) >= self.most


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(file), "w") as container, Image.open(PORTRAIT) as image:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 96
        stream.pix_fmt = "yuv420p"
        small = image.convert("RGB").resize((96, 96))
        for _ in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_image(small)))
        container.mux(stream.encode())
    return file


def channel(line: Line) -> WorkerChannel:
    return cast(WorkerChannel, line)


def test_what_is_known_of_a_clip_before_it_is_painted(clip: Path) -> None:
    found = films.clip(channel(Line()), str(clip), 10**6, 60.0)
    assert found == {"width": 96, "height": 96, "frames": FRAMES}
    with Image.open(clip.with_name("photo.jpg")) as first:
        assert first.size[0] == first.size[1]
    for pixels, seconds in ((100, 60.0), (10**6, 0.5)):
        with pytest.raises(InputError):
            films.clip(channel(Line()), str(clip), pixels, seconds)
    broken = clip.with_name("broken.mp4")
    broken.write_bytes(clip.read_bytes()[:200])
    with pytest.raises(InputError):
        films.clip(channel(Line()), str(broken), 10**6, 60.0)


def test_a_film_tells_how_far_it_is_and_can_be_stopped(clip: Path) -> None:
    settings = Settings(size=64, engine="filters", device="cpu")
    values = {name: getattr(settings, name) for name in ("size", "engine", "device")}
    line = Line(2)
    assert not films.film(channel(line), str(clip.parent), clip.name, LOOKS, {}, values)
    assert [one["step"] for one in line.said] == [1, 2]
    line = Line()
    assert films.film(channel(line), str(clip.parent), clip.name, LOOKS, {}, values)
    assert line.said[-1]["step"] == FRAMES and line.said[-1]["preview"] >= 1
    with av.open(str(clip.parent / "film" / "clip.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == FRAMES and frames[0].shape == (64, 64, 3)
    with Image.open(clip.with_name("growing.jpg")) as shown:
        assert max(shown.size) == 64
