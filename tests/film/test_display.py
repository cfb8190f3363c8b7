"""Films look as players show them: orientation, pixels that are not square, colours by their tags."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from styfie.film.clip import Clip, Frame
from styfie.film.display import HD, displayed, orientation_of
from styfie.film.encoding import encode
from styfie.film.timelapse import _write_video
from styfie.film.video import paint_video
from styfie.settings import Settings
from tests.film.conftest import LOOKS, Pixels, write_clip

av = pytest.importorskip("av")
RED = (200, 30, 30)
ONE = 1 << 16
EIGHT: dict[
    tuple[int, ...], Callable[[Pixels], Pixels]
] = {  # display matrices a, b, c, d, and what NumPy says of the same
    (1, 0, 0, 1): lambda x: x,
    (0, 1, -1, 0): lambda x: np.rot90(x, -1),
    (-1, 0, 0, -1): lambda x: np.rot90(x, 2),
    (0, -1, 1, 0): lambda x: np.rot90(x),
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (0, 1, 1, 0): lambda x: x.swapaxes(0, 1),
    (0, -1, -1, 0): lambda x: np.rot90(x, 2).swapaxes(0, 1),
}


def marked() -> np.ndarray[Any, Any]:
    """Quarters of four greys and 32 x 48 pixels: no two orientations are alike."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, 24:], pixels[16:, :24], pixels[16:, 24:] = 80, 160, 240
    return pixels


def first_of(file: Path, size: int = 0) -> np.ndarray[Any, Any]:
    with Clip(file, size) as clip:
        return (255 * next(clip.frames()).picture[0].permute(1, 2, 0)).round().byte().numpy()


@pytest.mark.parametrize("turn", EIGHT)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_all_eight_orientations(tmp_path: Path, turn: tuple[int, int, int, int], suffix: str) -> None:
    a, b, c, d = (ONE * n for n in turn)
    codec, kind = ("libx264", "yuv420p") if suffix == "mp4" else ("ffv1", "yuv444p")
    if suffix == "mkv" and turn[0] * turn[3] - turn[1] * turn[2] < 0 and not turn[0]:
        pytest.skip("Matroska holds turns and one mirror, not both")
    file = write_clip(
        tmp_path / f"clip.{suffix}", [marked()], codec=codec, pix_fmt=kind, matrix=[a, b, 0, c, d, 0, 0, 0, 1 << 30]
    )
    found, wanted = first_of(file).astype(int), EIGHT[turn](marked()).astype(int)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).mean() < 6


def test_a_matrix_that_is_none_turns_nothing() -> None:
    for matrix in ([0] * 9, [ONE, 0, 0, 0, 0, 0, 0, 0, 0], [ONE, ONE, 0, ONE, ONE, 0, 0, 0, 0]):
        assert orientation_of(np.array(matrix, np.int32)) == (False, False, False)
    scaled = [0, 3 * ONE, 0, -2 * ONE, ONE // 8, 0, 0, 0, 1 << 30]  # not quite upright, and larger
    assert orientation_of(np.array(scaled, np.int32)) == (True, True, False)


@pytest.mark.parametrize(
    ("ratio", "matrix", "wanted"),
    [
        (Fraction(64, 45), None, (32, 68)),
        (Fraction(8, 9), None, (36, 48)),
        (Fraction(2), (0, ONE, -ONE, 0), (96, 32)),
        (Fraction(1, 1000), None, (32, 48)),
    ],
)
def test_pixels_that_are_not_square(
    tmp_path: Path, ratio: Fraction, matrix: tuple[int, ...] | None, wanted: tuple[int, int]
) -> None:
    """DVDs and camcorders: 64:45 is that of 720 x 576 at 16:9. A thousand times as high as wide is nobody's."""
    turned = matrix and [*matrix[:2], 0, *matrix[2:], 0, 0, 0, 1 << 30]
    file = write_clip(
        tmp_path / "clip.mp4", [marked()], codec="libx264", pix_fmt="yuv420p", sample_aspect_ratio=ratio, matrix=turned
    )
    with Clip(file) as clip:
        assert next(clip.frames()).picture.shape[-2:] == wanted
        assert clip.longest == max(displayed((32, 48), ratio))
    height, width = first_of(file, 128).shape[:2]
    assert max(height, width) == 128
    assert height / width == pytest.approx(wanted[0] / wanted[1], rel=0.04)


@pytest.mark.parametrize("lines", [HD - 2, HD])
@pytest.mark.parametrize(
    "tags",
    [
        {"colorspace": 1, "color_range": 1},
        {"colorspace": 6, "color_range": 1},
        {"colorspace": 9, "color_range": 1},
        {"colorspace": 1, "color_range": 2},
        {},
    ],
)
def test_colours_are_read_by_their_tags(tmp_path: Path, lines: int, tags: dict[str, Any]) -> None:
    """Without tags as players do: BT.709 from 720 lines on, BT.601 below."""
    pixels = np.full((lines, 64, 3), RED, np.uint8)
    if not tags and lines == HD:  # written by the matrix that is not said
        file = write_clip(tmp_path / "a.mkv", [pixels], colorspace=1)
        with av.open(str(file)) as film:
            frame = next(film.decode(video=0)).reformat(format="yuv444p")
        planes = [np.frombuffer(plane, np.uint8)[: plane.line_size * lines] for plane in frame.planes]
        assert planes[0][0] == pytest.approx(73, abs=1)
        untagged = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv444p")
        with av.open(str(tmp_path / "b.mkv"), "w") as film:
            stream = film.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, lines, "yuv444p"
            film.mux([*stream.encode(untagged), *stream.encode()])
        file = tmp_path / "b.mkv"
    else:
        file = write_clip(tmp_path / "a.mkv", [pixels], **tags)
    assert np.abs(first_of(file)[4, 4].astype(int) - RED).max() <= 2


def test_rgb_needs_no_matrix(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "a.mkv", [np.full((HD, 64, 3), RED, np.uint8)], pix_fmt="bgr0")
    assert tuple(first_of(file)[4, 4]) == RED


@pytest.mark.slow
def test_wide_and_bright_colours_come_into_a_screens(tmp_path: Path) -> None:
    """Middle grey of HLG is brighter than the same number on a screen; red of BT.2020 is redder."""
    pixels = np.full((64, 64, 3), 128, np.uint8)
    pixels[32:] = RED
    tags: dict[str, Any] = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": 18}
    found = first_of(write_clip(tmp_path / "a.mkv", [pixels], **tags))
    assert 134 <= found[4, 4].min() <= found[4, 4].max() <= 160
    assert found[60, 4, 0] > 240


def seen_by_players(file: Path) -> tuple[tuple[int, ...], np.ndarray[Any, Any]]:
    """Tags of a film, and its first pixel by the matrix that these, or without them its lines, call for."""
    with av.open(str(file)) as film:
        context = film.streams.video[0].codec_context
        frame = next(film.decode(video=0))
        matrix = {1: 1, 5: 5, 6: 5}.get(frame.colorspace, 1 if frame.height >= HD else 5)
        blind = 1 if frame.height >= HD else 5
        rgb = [frame.reformat(format="rgb24", src_colorspace=m).to_ndarray()[4, 4].astype(int) for m in (matrix, blind)]
        assert np.abs(rgb[0] - rgb[1]).max() <= 1, "also players that read no tags"
        return (context.colorspace, context.color_primaries, context.color_trc, context.color_range), rgb[0]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize(("lines", "tags"), [(HD - 2, (6, 1, 1, 1)), (HD, (1, 1, 1, 1))])
def test_what_is_written_is_converted_and_tagged(
    tmp_path: Path, lines: int, tags: tuple[int, ...], codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styfie.film.encoding.CODECS", (codec,))
    picture = torch.tensor(RED).view(1, 3, 1, 1).expand(1, 3, lines, 64) / 255
    encode([Frame(picture, 0)], Fraction(25), Fraction(1, 25), tmp_path / "part.nut")
    _write_video([(255 * picture[0]).round().byte().permute(1, 2, 0).numpy()], tmp_path / "lapse.mp4")
    for name in ("part.nut", "lapse.mp4"):
        found, pixel = seen_by_players(tmp_path / name)
        assert np.abs(pixel - RED).max() <= 3, name
        if codec == "libx264" or name == "lapse.mp4":  # NUT holds no tags, and MPEG-4 video few
            assert found == tags, name


@pytest.mark.usefixtures("negatives")
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_painted_film_keeps_the_colours_and_is_tagged(
    tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The painting here is grey all over and its negative the same: what is not grey is the encoder's doing."""
    monkeypatch.setattr("styfie.film.encoding.CODECS", (codec,))
    clip = write_clip(tmp_path / "clip.mkv", [np.full((HD, 64, 3), (220, 128, 40), np.uint8)])
    film, _ = paint_video(clip, tmp_path / "out", LOOKS, Settings(size=0, engine="fast", device="cpu"))
    found, pixel = seen_by_players(film)
    assert found == (1, 1, 1, 1)
    assert np.abs(pixel - (128, 128, 128)).max() <= 2


def test_numbers_are_those_of_h273_and_of_ffmpeg() -> None:
    """ITU-T H.273 for matrices, primaries and curves; SWS_CS_… of libswscale for what it is to convert by."""
    from styfie.film.display import BT601, BT709, HDR, LIMITED, SWSCALE, UNSPECIFIED, WIDE, matrix_without_tags

    assert (BT709, UNSPECIFIED, BT601, LIMITED) == (1, 2, 6, 1)
    assert SWSCALE == {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
    assert {9, 11, 12} == WIDE and {8, 16, 18} == HDR
    assert [matrix_without_tags(lines) for lines in (480, 719, 720, 721, 1080)] == [BT601, BT601, BT709, BT709, BT709]


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (None, (20, 30)),
        (Fraction(1), (20, 30)),
        (Fraction(4, 3), (20, 40)),
        (Fraction(3, 4), (27, 30)),
        (Fraction(16), (20, 480)),
        (Fraction(1, 16), (320, 30)),
        (Fraction(161, 10), (20, 30)),
        (Fraction(10, 161), (20, 30)),
        (Fraction(-1), (20, 30)),
    ],
)
def test_no_side_becomes_smaller_and_sixteen_times_as_wide_is_the_most(
    ratio: Fraction | None, shown: tuple[int, int]
) -> None:
    assert displayed((20, 30), ratio) == shown


def test_what_is_of_another_shape_stands_in_the_middle_on_black() -> None:
    from styfie.film.display import Display

    def frame(height: int, width: int) -> Any:
        return av.VideoFrame.from_ndarray(np.full((height, width, 3), 255, np.uint8), format="rgb24")

    display = Display(None, 0)
    assert display.see(frame(40, 80)) == (40, 80) == display.film
    assert display.see(frame(41, 81)) == (40, 80) and display.see(frame(1, 1)) == (2, 2), "even, and at least 2"
    assert display.film == (40, 80)
    for height, width, rows, columns in ((80, 40, slice(0, 40), slice(30, 50)), (20, 80, slice(10, 30), slice(0, 80))):
        wanted = torch.zeros(40, 80)
        wanted[rows, columns] = 1
        torch.testing.assert_close(display.show(frame(height, width))[0, 1], wanted, atol=0.01, rtol=0)
    small = Display(None, 20)
    assert small.show(frame(40, 80)).shape == (1, 3, 10, 20)
