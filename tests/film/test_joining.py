"""Sound: copied where that works, else as AAC, else left out; what is left out is said before the first frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styfie.errors import OutputError
from styfie.film import parts
from styfie.film.clip import Clip
from styfie.film.encoding import encode
from styfie.film.joining import Sound, find_sound
from styfie.film.video import paint_video
from styfie.settings import Settings
from tests.film.conftest import LOOKS, greys, pixels_of

av = pytest.importorskip("av")
pytestmark = pytest.mark.usefixtures("negatives")
SETTINGS = Settings(size=0, engine="fast", device="cpu")


def with_sound(file: Path, codec: str, rate: int, tracks: int = 1, pix_fmt: str = "yuv420p", **options: Any) -> Path:
    """Half a second of grey with a tone."""
    with av.open(str(file), "w") as film:
        picture = film.add_stream("ffv1", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, pix_fmt
        sounds = [film.add_stream(codec, rate=rate) for _ in range(tracks)]
        for sound in sounds:
            sound.layout = options.get("layout", "mono")
        for n, pixels in enumerate(greys(13)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = n
            film.mux(picture.encode(frame))
        film.mux(picture.encode())
        for sound in sounds:
            tone = (8000 * np.sin(np.arange(rate // 2) * 2500 / rate)).astype(np.int16)[None]
            heard = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
            heard.rate, heard.pts = rate, 0
            film.mux([*sound.encode(heard), *sound.encode()])
    return file


def heard(file: Path) -> tuple[str, int, float]:
    """The codec of a film's sound, its rate, and how many seconds it lasts."""
    with av.open(str(file)) as film:
        stream = film.streams.audio[0]
        frames = list(film.decode(stream))
        return stream.codec_context.name, stream.rate, sum(frame.samples for frame in frames) / stream.rate


@pytest.mark.parametrize(
    ("codec", "rate", "wanted"),
    [("pcm_s16le", 44100, 44100), ("pcm_s16le", 192_000, 48000), ("pcm_s16le", 6000, 48000), ("flac", 48000, 48000)],
)
def test_sound_of_any_rate_is_kept(tmp_path: Path, codec: str, rate: int, wanted: int) -> None:
    said: list[str] = []
    file = with_sound(tmp_path / "clip.mkv", codec, rate)
    film, _ = paint_video(file, tmp_path / "out", LOOKS, SETTINGS, on_note=said.append)
    name, found, length = heard(film)
    assert (name, found) == ("flac" if codec == "flac" else "aac", wanted)
    assert length == pytest.approx(0.5, abs=0.1)
    assert not said


def test_sound_that_nobody_knows_is_left_out_and_said_before_the_first_frame(tmp_path: Path) -> None:
    file = with_sound(tmp_path / "clip.mkv", "pcm_s16le", 44100)
    file.write_bytes(file.read_bytes().replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT"))
    said: list[str] = []

    def count(_: object) -> bool:
        assert said
        return True

    film, finished = paint_video(file, tmp_path / "out", LOOKS, SETTINGS, on_progress=count, on_note=said.append)
    assert finished and len(pixels_of(film)) == 13
    assert said == ["Left out of the film: its sound, which is in no form that this FFmpeg can read."]
    with av.open(str(film)) as one:
        assert not one.streams.audio


def test_where_the_first_track_is_unknown_the_next_is_kept(tmp_path: Path) -> None:
    file = with_sound(tmp_path / "clip.mkv", "pcm_s16le", 8000, tracks=2)
    file.write_bytes(file.read_bytes().replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT", 1))
    with Clip(file) as clip:
        assert find_sound(clip) == Sound(2, False)


def test_sound_that_cannot_be_copied_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WavPack, which the muxer of .mp4 refuses, whatever a list says of it."""
    file = with_sound(tmp_path / "clip.mkv", "wavpack", 44100)
    monkeypatch.setattr("styfie.film.joining.COPIED", {"wavpack"})
    with Clip(file) as clip:
        sound = find_sound(clip)
    assert sound is not None and not sound.copied


def test_further_tracks_and_transparency_are_said(tmp_path: Path) -> None:
    file = with_sound(tmp_path / "clip.mkv", "pcm_s16le", 8000, tracks=2, pix_fmt="yuva420p")
    said: list[str] = []
    film, _ = paint_video(file, tmp_path / "out", LOOKS, SETTINGS, on_note=said.append)
    assert len(said) == 1
    assert "1 further track of sound" in said[0]
    assert "transparent" in said[0]
    assert heard(film)[0] == "aac"


def test_times_of_sound_that_go_back_are_no_error(tmp_path: Path) -> None:
    """Two recordings in one transport stream."""
    one = tmp_path / "one.ts"
    with av.open(str(one), "w") as film:
        picture, sound = film.add_stream("mpeg2video", rate=25), film.add_stream("mp2", rate=48000)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for n, pixels in enumerate(greys(60)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = n
            film.mux(picture.encode(frame))
        film.mux(picture.encode())
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 96_000), np.int16), format="s16", layout="mono")
        tone.rate, tone.pts = 48000, 0
        film.mux([*sound.encode(tone), *sound.encode()])
    both = tmp_path / "both.ts"
    both.write_bytes(2 * one.read_bytes())
    film, finished = paint_video(both, tmp_path / "out", LOOKS, SETTINGS)
    assert finished
    assert len(pixels_of(film)) > 100, "frames of both"


def test_a_film_that_lacks_painted_frames_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = with_sound(tmp_path / "clip.mkv", "pcm_s16le", 8000)
    monkeypatch.setattr(parts, "encode", lambda frames, *rest: encode(frames[:-1], *rest))
    with pytest.raises(OutputError, match="of 13 painted frames 12"):
        paint_video(file, tmp_path / "out", LOOKS, SETTINGS)
    assert not list((tmp_path / "out").glob("*.mp4"))
