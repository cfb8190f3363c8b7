"""Clips: times, sound and size kept; stopped, killed and resumed without a joint; errors in one sentence."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from styfie.engines.progress import Progress
from styfie.errors import InputError, MissingError
from styfie.film import video
from styfie.film.clip import Clip
from styfie.film.video import paint_video
from styfie.images import read_picture
from styfie.looks import Look
from styfie.settings import Settings
from styfie.weights import ASSETS

av = pytest.importorskip("av")
pytest.importorskip("cv2")
SETTINGS = Settings(size=64, engine="fast", device="cpu")
LOOKS = {"subject": "waves", "background": "night"}
PTS = [0, 40, 80, 120, 200, 240, 280, 320, 360, 400]  # of 1/1000 s: one comes late


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of a pan over the built-in portrait, at uneven times, with a tone."""
    file = tmp_path_factory.mktemp("clip") / "pan.mp4"
    wide = (255 * read_picture(ASSETS / "portrait.jpg", 96)[0]).byte().permute(1, 2, 0).numpy()
    with av.open(str(file), "w", options={"video_track_timescale": "1000"}) as film:
        picture = film.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 80, "yuv420p"
        picture.codec_context.time_base = Fraction(1, 1000)
        sound = film.add_stream("aac", rate=8000)
        sound.layout = "mono"
        for n, pts in enumerate(PTS):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(wide[:80, n : n + 64]), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            film.mux(picture.encode(frame))
        film.mux(picture.encode())
        tone = (0.3 * np.sin(np.arange(3520) / 8)).astype(np.float32)[None]
        heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        heard.rate, heard.pts = 8000, 0
        film.mux(sound.encode(heard))
        film.mux(sound.encode())
    return file


def times(file: Path) -> list[float]:
    with av.open(str(file)) as film:
        return [round(float(frame.pts * frame.time_base), 3) for frame in film.decode(video=0)]


def heard(file: Path) -> list[bytes]:
    with av.open(str(file)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.audio[0]) if packet.size]


def shown(file: Path) -> np.ndarray[Any, Any]:
    with av.open(str(file)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])


def test_times_and_sound_are_kept(clip: Path, tmp_path: Path) -> None:
    film, finished = paint_video(clip, tmp_path, LOOKS, SETTINGS)
    assert finished and film == tmp_path / "pan.mp4"
    assert times(film) == times(clip)
    assert heard(film) == heard(clip)
    assert [one.name for one in tmp_path.iterdir()] == ["pan.mp4"]
    with av.open(str(film)) as one:
        assert (one.streams.video[0].width, one.streams.video[0].height) == (50, 64)


def test_sound_that_outlasts_the_frames_is_kept(tmp_path: Path) -> None:
    """In Matroska, MP3, which PyAV names after its decoder; half a second of sound after the last frame."""
    file = tmp_path / "long.mkv"
    with av.open(str(file), "w") as film:
        picture = film.add_stream("ffv1", rate=25)
        picture.width, picture.height, picture.pix_fmt = 48, 64, "yuv420p"
        sound = film.add_stream("mp3", rate=44100)
        sound.layout = "mono"
        for n in range(4):
            pixels = np.full((64, 48, 3), 40 * n, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = n
            film.mux(picture.encode(frame))
        film.mux(picture.encode())
        tone = (0.3 * np.sin(np.arange(30_000) / 8)).astype(np.float32)[None]
        played = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        played.rate, played.pts = 44100, 0
        film.mux(sound.encode(played))
        film.mux(sound.encode())
    painted, _ = paint_video(file, tmp_path / "painted", {"background": "waves"}, SETTINGS)
    assert heard(painted) == heard(file)
    assert times(painted) == times(file)
    short, _ = paint_video(file, tmp_path / "short", {"background": "waves"}, SETTINGS, 0, 0.08)
    assert 0 < len(heard(short)) < len(heard(file)) / 2


def test_without_sound_there_is_none(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mkv"
    with av.open(str(silent), "w") as film:
        picture = film.add_stream("ffv1", rate=25)
        picture.width, picture.height, picture.pix_fmt = 48, 64, "yuv444p"
        film.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 48, 3), np.uint8), format="rgb24")))
        film.mux(picture.encode())
    painted, finished = paint_video(silent, tmp_path / "painted", {"background": "waves"}, SETTINGS)
    with av.open(str(painted)) as film:
        assert finished and not film.streams.audio


def test_from_and_to_count_from_the_first_frame(clip: Path, tmp_path: Path) -> None:
    film, _ = paint_video(clip, tmp_path, LOOKS, SETTINGS, 0.08, 0.3)
    assert times(film) == [0.0, 0.04, 0.12, 0.16, 0.2]
    assert 0 < len(heard(film)) < len(heard(clip))
    plain, _ = paint_video(clip, tmp_path / "plain", LOOKS, replace(SETTINGS, mark=False), 0.08, 0.3)
    whole, bare = film.read_bytes(), plain.read_bytes()
    assert whole[: len(bare)] == bare, "its mark is all that it has more"
    assert b"compositeWithTrainedAlgorithmicMedia" in whole[len(bare) :] and b"xpacket" not in bare


def test_seconds_are_counted_from_where_players_begin(tmp_path: Path) -> None:
    """An MPEG program stream begins at half a second of its own time."""
    file = tmp_path / "late.mpg"
    with av.open(str(file), "w") as film:
        picture = film.add_stream("mpeg2video", rate=25)
        picture.width, picture.height, picture.pix_fmt = 48, 64, "yuv420p"
        for n in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((64, 48, 3), 20 * n, np.uint8), format="rgb24")
            frame.pts = n
            film.mux(picture.encode(frame))
        film.mux(picture.encode())
    assert times(file)[0] > 0.4
    painted, _ = paint_video(file, tmp_path / "painted", {"background": "waves"}, SETTINGS, 0.08, 0.2)
    assert times(painted) == [0.0, 0.04, 0.08]


@pytest.mark.slow
def test_stopped_it_plays_and_then_goes_on_without_a_joint(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "PART", 3)
    whole, _ = paint_video(clip, tmp_path / "whole", LOOKS, SETTINGS)
    film, finished = paint_video(clip, tmp_path / "parts", LOOKS, SETTINGS, on_progress=lambda p: p.step < 5)
    assert not finished
    assert len(times(film)) == 5
    steps: list[int] = []

    def count(progress: Progress) -> bool:
        steps.append(progress.step)
        return True

    film, finished = paint_video(clip, tmp_path / "parts", LOOKS, SETTINGS, on_progress=count)
    assert finished
    assert steps[0] == 4  # the part of three frames that was finished is not painted again
    assert np.array_equal(shown(film), shown(whole))


@pytest.mark.slow
def test_killed_it_goes_on_likewise(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "PART", 4)
    whole, _ = paint_video(clip, tmp_path / "whole", LOOKS, SETTINGS)

    def die(progress: Progress) -> bool:
        if progress.step == 6:
            raise SystemExit
        return True

    with pytest.raises(SystemExit):
        paint_video(clip, tmp_path / "parts", LOOKS, SETTINGS, on_progress=die)
    assert not list((tmp_path / "parts").glob("*.mp4"))
    film, _ = paint_video(clip, tmp_path / "parts", LOOKS, SETTINGS)
    assert np.array_equal(shown(film), shown(whole))


def test_what_is_wrong_is_said(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no video"):
        Clip(tmp_path / "none.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    with pytest.raises(InputError, match="cannot be read as a video"):
        Clip(tmp_path / "bad.mp4")
    with pytest.raises(InputError, match="after the beginning"):
        paint_video(clip, tmp_path, LOOKS, SETTINGS, 2, 1)
    with pytest.raises(InputError, match="frames have none"):
        paint_video(clip, tmp_path / "near", {"subject": Look(depth_falloff=0.5)}, SETTINGS)
    with pytest.raises(InputError, match="no frame from 100 s on"):
        paint_video(clip, tmp_path / "late", LOOKS, SETTINGS, 100)


def test_memory_is_not_that_of_the_clip(clip: Path) -> None:
    with Clip(clip, 64) as one:
        frames = one.frames()
        assert isinstance(next(frames).picture, torch.Tensor)  # read as they are asked for
        assert one.count() in range(8, 14)
