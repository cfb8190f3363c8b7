"""Files that are not as they should be: cut off, odd times, odd shapes, unknown forms; each painted or one sentence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from styfie.errors import InputError, StyfieError
from styfie.film.clip import Clip
from styfie.film.probe import is_video
from styfie.film.video import paint_video
from styfie.settings import Settings
from styfie.weights import ASSETS
from tests.film.conftest import LOOKS, greys, pixels_of, write_clip

av = pytest.importorskip("av")
SETTINGS = Settings(size=0, engine="fast", device="cpu")


def times(file: Path) -> list[float]:
    with av.open(str(file)) as film:
        return [round(float(frame.pts * frame.time_base), 3) for frame in film.decode(video=0)]


@pytest.mark.usefixtures("negatives")
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
@pytest.mark.parametrize(("suffix", "codec"), [("webm", "libvpx"), ("mkv", "ffv1"), ("avi", "mpeg4")])
def test_a_file_that_was_cut_off_is_no_success(tmp_path: Path, suffix: str, codec: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 48, 64, 3), np.uint8)  # each frame as many bytes
    whole = write_clip(tmp_path / f"whole.{suffix}", list(noise), codec=codec, pix_fmt="yuv420p")
    file = tmp_path / f"cut.{suffix}"
    file.write_bytes(whole.read_bytes()[: round(share * whole.stat().st_size)])
    steps: list[object] = []
    with pytest.raises(InputError, match="is damaged or was cut off"):
        paint_video(file, tmp_path / "out", LOOKS, SETTINGS, on_progress=steps.append)
    assert not steps, "said before the first frame"
    assert not (tmp_path / "out").exists()
    if share > 0.5:  # and what is there can be asked for
        film, finished = paint_video(file, tmp_path / "out", LOOKS, SETTINGS, 0, 0.4)
        assert finished and len(times(film)) == 10


@pytest.mark.usefixtures("negatives")
def test_of_frames_of_one_time_the_last_is_shown(tmp_path: Path) -> None:
    pts = [0, 1, 1, 2, 3, 3, 3, 4]
    file = write_clip(tmp_path / "clip.mkv", greys(8), pts)
    with Clip(file) as clip:
        found = [float(frame.picture.mean()) * 255 for frame in clip.frames()]
        assert clip.count() == 5
    shown = [float(one.mean()) for n, one in enumerate(greys(8)) if n in (0, 2, 3, 6, 7)]
    assert found == pytest.approx(shown, abs=2)
    film, finished = paint_video(file, tmp_path / "out", LOOKS, SETTINGS)
    assert finished and times(film) == [0, 0.04, 0.08, 0.12, 0.16]


@pytest.mark.usefixtures("negatives")
@pytest.mark.parametrize("size", [(2, 640), (640, 2), (1, 1), (3, 7), (4, 1000)])
def test_extreme_proportions(tmp_path: Path, size: tuple[int, int]) -> None:
    file = write_clip(tmp_path / "clip.mkv", greys(3, size))
    for longest in (0, 64):
        settings = Settings(size=longest, engine="fast", device="cpu")
        film, finished = paint_video(file, tmp_path / f"out{longest}", LOOKS, settings)
        assert finished and len(pixels_of(film)) == 3


@pytest.mark.usefixtures("negatives")
def test_a_clip_that_changes_its_shape_keeps_the_films(tmp_path: Path) -> None:
    """As when a phone is turned while it records: what comes later stands on black."""
    parts = [
        write_clip(
            tmp_path / f"{n}.ts",
            [np.full((*size, 3), 200, np.uint8)] * 3,
            range(50 * n, 50 * n + 3),
            codec="mpeg2video",
            pix_fmt="yuv420p",
        )
        for n, size in enumerate(((48, 96), (96, 48)))
    ]
    file = tmp_path / "clip.ts"
    file.write_bytes(b"".join(part.read_bytes() for part in parts))
    with Clip(file) as clip:
        frames = [frame.picture for frame in clip.frames()]
    assert len(frames) > 3
    assert {frame.shape[-2:] for frame in frames} == {(48, 96)}
    assert float(frames[-1][..., 24, 48].mean()) > 0.7
    assert float(frames[-1][..., 24, 5].mean()) == 0
    assert paint_video(file, tmp_path / "out", LOOKS, SETTINGS)[1]


def test_times_finer_than_a_film_holds(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "clip.nut", greys(3), [0, 10**9, 6 * 10**9], base=Fraction(1, 10**9))
    with Clip(file) as clip:
        assert clip.time_base.denominator <= 10**6
        assert [round(float(frame.pts * clip.time_base), 3) for frame in clip.frames()] == [0, 1, 6]


def test_pictures_in_an_unknown_form_are_said(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "clip.mkv", greys(2))
    file.write_bytes(file.read_bytes().replace(b"FFV1", b"XYZ1"))
    with pytest.raises(InputError, match="in no form that this FFmpeg knows"):
        Clip(file)


def test_the_cover_of_a_record_is_no_film(tmp_path: Path) -> None:
    file = tmp_path / "song.mp4"
    with av.open(str(file), "w") as film:
        sound = film.add_stream("aac", rate=8000)
        cover = film.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        film.mux([*cover.encode(frame), *cover.encode()])
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        tone.rate, tone.pts = 8000, 0
        film.mux([*sound.encode(tone), *sound.encode()])
    with pytest.raises(InputError, match="holds no picture"):
        Clip(file)


@pytest.mark.usefixtures("negatives")
def test_damaged_files_are_painted_or_one_sentence(tmp_path: Path) -> None:
    """Sixty of them; whatever comes is an error of Styfie's, or a film."""
    random = np.random.default_rng(0)
    sources = [
        write_clip(tmp_path / f"clip.{suffix}", greys(8, (16, 16)), codec=codec, pix_fmt="yuv420p")
        for suffix, codec in (("mkv", "ffv1"), ("mp4", "libx264"), ("ts", "mpeg2video"), ("avi", "mpeg4"))
    ]
    for number in range(60):
        source = sources[number % len(sources)]
        content = np.frombuffer(source.read_bytes(), np.uint8).copy()
        places = random.integers(0, len(content), 1 + number % 9)
        content[places] = random.integers(0, 256, len(places))
        file = tmp_path / f"{number}{source.suffix}"
        file.write_bytes(content[: len(content) if number % 3 else int(random.integers(1, len(content)))].tobytes())
        try:
            film, finished = paint_video(file, tmp_path / "out", LOOKS, SETTINGS)
        except StyfieError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
        else:
            assert finished and len(pixels_of(film)) > 0


@pytest.mark.parametrize("name", ["clip.mts", "clip.m2ts", "CLIP.MTS", "clip", "clip.unknown", "clip.vob"])
@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "libx264"), ("mkv", "ffv1"), ("ts", "mpeg2video"), ("avi", "mpeg4"), ("flv", "flv")]
)
def test_a_video_is_known_by_what_is_in_it(tmp_path: Path, name: str, suffix: str, codec: str) -> None:
    written = write_clip(tmp_path / f"written.{suffix}", greys(12), codec=codec, pix_fmt="yuv420p")
    assert is_video(written.rename(tmp_path / name))


def test_what_is_no_video_is_none(tmp_path: Path) -> None:
    """A picture without a suffix, text, nothing at all, a folder, and what is not there."""
    photo = tmp_path / "photo"
    photo.write_bytes((ASSETS / "portrait.jpg").read_bytes())
    (tmp_path / "text").write_text("Good morning. " * 100)  # 0x47 begins packets of transport streams
    (tmp_path / "empty").touch()
    (tmp_path / "heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (tmp_path / "folder.mp4").mkdir()
    names = ("photo", "text", "empty", "heic", "folder.mp4", "none")
    assert [name for name in names if is_video(tmp_path / name)] == []
    assert is_video(tmp_path / "none.mp4"), "which is said not to be there"
