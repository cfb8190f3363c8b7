"""What players make of a decoded frame: its colours, the shape of its pixels, and which way up it is."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.images import fit_size, resize

if TYPE_CHECKING:
    import av

HD = 720  # lines from which on pictures without tags are BT.709, as in ITU-R BT.709 and in every player; else BT.601
BT709, BT601, UNSPECIFIED = 1, 6, 2  # matrices, primaries and curves by their numbers in ITU-T H.273
SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # its numbers for the matrices
WIDE = {9, 11, 12}  # primaries beyond those of BT.709 and BT.601: BT.2020, DCI-P3, Display P3
HDR = {8, 16, 18}  # curves of more than a screen's range: linear, PQ, HLG
LIMITED = 1  # luma from 16 to 235
OBLONG = 16  # times as wide as high, or as high as wide, that a pixel may be: more is a damaged header
HeightWidth = tuple[int, int]  # height and width


class Orientation(NamedTuple):
    """How decoded pixels are turned upright: rows and columns changed for each other first, then mirrored."""

    transposed: bool = False
    across: bool = False
    down: bool = False

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pixels (H, W, C) as they are to be seen."""
        pixels = pixels.swapaxes(0, 1) if self.transposed else pixels
        return np.ascontiguousarray(pixels[:: -1 if self.down else 1, :: -1 if self.across else 1])


def orientation_of(matrix: NDArray[np.int32]) -> Orientation:
    """The nearest of the eight orientations to a display matrix of nine numbers, row by row.

    It takes the place (p, q) of a pixel to (a p + c q, b p + d q), x to the right and y down; see ISO/IEC 14496-12.
    One that takes all to one line is no orientation: the picture stays as it is.
    """
    a, b, _, c, d = (int(n) for n in matrix[:5])
    if abs(a * d) >= abs(b * c):
        return Orientation(False, a < 0, d < 0) if a * d else Orientation()
    return Orientation(True, c < 0, b < 0)


def matrix_of(frame: av.VideoFrame) -> NDArray[np.int32]:
    """A frame's display matrix; that of nothing to do where it has none."""
    from av.sidedata.sidedata import Type

    found: Iterable[Any] = frame.side_data  # whose type names keys, though it gives values
    for data in found:
        if data.type == Type.DISPLAYMATRIX and data.buffer_size >= 36:
            return np.frombuffer(bytes(data), np.int32, 9)
    return np.diag([1, 1, 1]).astype(np.int32).ravel()


def displayed(size: HeightWidth, ratio: Fraction | None) -> HeightWidth:
    """A decoded picture's size with square pixels, of which `ratio` says how wide they are; no less than it was."""
    height, width = size
    if not ratio or not Fraction(1, OBLONG) <= ratio <= OBLONG:
        return size
    return (height, round(width * ratio)) if ratio > 1 else (round(height / ratio), width)


class Display:
    """Shows a clip's frames as a player does: upright, with square pixels and even sides, in a screen's colours.

    `ratio` is a pixel's width by its height, `size` the longest side to come, 0 = its own. All have the size of the
    first frame that is shown or seen; what has other proportions is as large there as it can be, on black.
    """

    def __init__(self, ratio: Fraction | None, size: int) -> None:
        from av.video.reformatter import VideoReformatter

        self.ratio, self.size = ratio, size
        self.film: HeightWidth | None = None
        self._convert = VideoReformatter()  # one for all: what it finds out about wide colours takes seconds

    def see(self, frame: av.VideoFrame) -> HeightWidth:
        """The size of a frame by itself; that of the first one is the film's."""
        shown = displayed((frame.height, frame.width), self.ratio)
        shown = (shown[1], shown[0]) if orientation_of(matrix_of(frame)).transposed else shown
        height, width = fit_size(shown, self.size or max(shown))
        own = max(2, height // 2 * 2), max(2, width // 2 * 2)
        self.film = self.film or own
        return own

    def show(self, frame: av.VideoFrame) -> Tensor:
        """A frame's picture (1, 3, H, W) in [0, 1]."""
        own, turn = self.see(frame), orientation_of(matrix_of(frame))
        film = self.film or own
        picture = torch.from_numpy(turn(self._rgb(frame))).permute(2, 0, 1)[None].float() / 255
        if film == own:
            return resize(picture, own).clamp(0, 1)
        scale = min(film[0] / own[0], film[1] / own[1])
        height, width = (min(most, max(1, round(side * scale))) for side, most in zip(own, film, strict=True))
        top, left = (film[0] - height) // 2, (film[1] - width) // 2
        found = picture.new_zeros(1, 3, *film)
        found[..., top : top + height, left : left + width] = resize(picture, (height, width)).clamp(0, 1)
        return found

    def _rgb(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """A frame's pixels (H, W, 3), by the tags that it has: BT.709's primaries and curve, which are near to sRGB."""
        matrix = frame.colorspace if frame.colorspace != UNSPECIFIED else matrix_without_tags(frame.height)
        screen = BT709 if frame.color_primaries in WIDE or frame.color_trc in HDR else None
        found = self._convert.reformat(
            frame,
            format="rgb24",
            src_colorspace=SWSCALE.get(matrix),
            dst_color_primaries=screen,
            dst_color_trc=screen,
        )
        return found.to_ndarray().astype(np.uint8, copy=False)


def matrix_without_tags(lines: int) -> int:
    """The matrix that players take for pictures of so many lines that do not say theirs."""
    return BT709 if lines >= HD else BT601


def encodable(pixels: NDArray[np.uint8]) -> av.VideoFrame:
    """RGB pixels (H, W, 3) as a frame to encode, 4:2:0, by the matrix that players expect of so many lines; tagged."""
    import av

    matrix = matrix_without_tags(len(pixels))
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace=SWSCALE[matrix], dst_color_range=LIMITED)
    frame.colorspace, frame.color_range = matrix, LIMITED
    return frame


def tag(encoder: av.VideoCodecContext, size: HeightWidth) -> None:
    """Tell an encoder, and whoever reads what it writes, what `encodable` frames of a size are."""
    encoder.height, encoder.width = size
    encoder.pix_fmt = "yuv420p"
    tag_colours(encoder, size[0])


def tag_colours(context: av.VideoCodecContext, lines: int) -> None:
    """Say what the colours of `encodable` frames of so many lines are."""
    context.colorspace, context.color_range = matrix_without_tags(lines), LIMITED
    context.color_primaries = context.color_trc = BT709
