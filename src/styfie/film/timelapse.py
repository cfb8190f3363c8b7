"""How a picture came to be, as a short film."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.film.display import encodable, tag
from styfie.film.encoding import codec
from styfie.film.lapse import Frame, StoredFrames
from styfie.images import fit_size, resize, to_image
from styfie.painting import Painting
from styfie.provenance import run_key
from styfie.storage.checkpoint import FRAMES
from styfie.storage.results import writing_into
from styfie.storage.xmp import mark_gif, mark_mp4

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.settings import Settings

LONGEST = 512  # pixels; a smaller photo keeps its size
MAX_FRAMES = 120  # frames
FRAME_MS = 80  # milliseconds of a frame; GIF counts in tens
LAST_FRAME_MS = 2000  # milliseconds of the last one
PALETTE_FRAMES = 8
SPREAD = 24  # of 255 by which the ordered dither moves colours: about the distance of those in a palette


class Timelapse:
    """Frames of a run, from the photo to the result, for a .gif or .mp4 `file`; every step, or as many as fit.

    Raises:
        InputError: another suffix.
        MissingError: the package that writes .mp4 is not there.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        if self.file.suffix.lower() not in (".gif", ".mp4"):
            raise InputError(f"The timelapse is to be {self.file.name!r}: a name that ends in .gif or .mp4 is wanted.")
        if self.file.suffix.lower() == ".mp4":
            _check_video()
        self._frames: list[Frame] = []
        self._every = 1
        self._seen = 0
        self._small: Painting | None = None
        self._stored: StoredFrames | None = None
        self._last: Progress | None = None  # layers of the newest step, if they are no frame yet

    def start(self, painting: Painting, settings: Settings | None = None, folder: Path | None = None) -> None:
        """Begin with the photo. Regions and looks are those of the painting, which need not be painted yet.

        With `settings`, and the `folder` where the run's state is kept, frames are kept there as well: a run that goes
        on after it was stopped or killed is shown from its beginning.
        """
        height, width = painting.regions.size
        fitted = fit_size((height, width), min(LONGEST, max(height, width)))
        size = (max(2, fitted[0] // 2 * 2), max(2, fitted[1] // 2 * 2))  # video wants even sides
        photo = resize(painting.photo, size)
        layers = photo.expand(len(painting.regions.names), -1, -1, -1).clone()
        self._small = Painting(photo, painting.regions.resize(size), layers, painting.looks)
        self._frames, self._every, self._seen, self._last, self._stored = [_pixels(photo)], 1, 0, None, None
        if settings and folder:
            key = run_key(painting.photo, painting.regions, painting.looks, settings)
            self._stored = StoredFrames(folder / FRAMES, key)

    def add(self, progress: Progress) -> None:
        """One more step. When there are too many frames every second goes, and from then on every second comes."""
        if self._small is None:
            raise ValueError("A timelapse is started with the painting before steps are added.")
        if self._stored and not self._seen:
            self._seen, earlier, self._every = self._stored.before(progress.step, self._frames[0].shape)
            self._frames += earlier
        self._seen += 1
        if progress.strokes:
            self._frames, self._last = [self._frames[0], *self._painted(progress)], None
            return
        if self._seen % self._every:
            self._last = progress  # its layers are made only if it is the newest at the end
        else:
            self._frames.append(self._frame(progress.layers))
            self._last = None
        if self._stored:
            numbered = {n * self._every: frame for n, frame in enumerate(self._frames) if n}
            self._stored.add(progress.step, numbered, progress.state is not None)
        if len(self._frames) > MAX_FRAMES:
            self._frames = self._frames[::2]
            self._every *= 2
            if self._stored:
                self._stored.thin(self._every)

    def save(self, packet: bytes = b"") -> Path:
        """Write the film, with an XMP packet if given; it ends with the newest step, which is held for two seconds.

        Raises:
            OutputError: it cannot be written; what was there before stays.
        """
        frames = [*self._frames, *([] if self._last is None else [self._frame(self._last.layers)])]
        write, mark = (_write_gif, mark_gif) if self.file.suffix.lower() == ".gif" else (_write_video, mark_mp4)
        with writing_into(self.file.parent) as beside:
            write(frames, beside / self.file.name)
            if packet:
                mark(beside / self.file.name, packet)
        return self.file

    def _painted(self, progress: Progress) -> Iterator[Frame]:
        """The strokes laid one after another, from coarse to fine."""
        small = self._small
        assert small is not None and progress.strokes is not None
        layers = small.layers.clone()
        for pictures in progress.strokes.frames(small.regions.size, MAX_FRAMES - 1):
            for name, picture in pictures.items():
                layers[small.regions.index(name)] = picture[0]
            yield self._frame(layers)

    def _frame(self, layers: Tensor) -> Frame:
        small = self._small
        assert small is not None
        small.layers.copy_(
            resize(layers, small.regions.size)
        )  # in place: the regions' foreground colours are found once
        return _pixels(small.render())


def _pixels(picture: Tensor) -> Frame:
    return np.asarray(to_image(picture))


def _write_gif(frames: list[Frame], file: Path) -> None:
    """One palette for all frames and an ordered dither: what does not move does not flicker."""
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, PALETTE_FRAMES).round().astype(int)]
    palette = Image.fromarray(np.concatenate(chosen)).quantize(256, Image.Quantize.MEDIANCUT)
    pattern = _bayer(frames[0].shape[0], frames[0].shape[1])
    drawn = [
        Image.fromarray((frame + pattern).round().clip(0, 255).astype(np.uint8)).quantize(
            palette=palette, dither=Image.Dither.NONE
        )
        for frame in frames
    ]
    shown = [FRAME_MS] * (len(drawn) - 1) + [LAST_FRAME_MS]
    drawn[0].save(file, "GIF", save_all=True, append_images=drawn[1:], duration=shown, loop=0, optimize=False)


def _bayer(height: int, width: int) -> NDArray[np.float32]:
    """Bayer's threshold matrix (1973) of 8 x 8, tiled, as (height, width, 1) around 0."""
    order = np.zeros((1, 1))
    for _ in range(3):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    tiles = np.tile(((order + 0.5) / 64 - 0.5) * SPREAD, (height // 8 + 1, width // 8 + 1))
    return tiles[:height, :width, None].astype(np.float32)


def _check_video() -> None:
    try:
        import av  # noqa: F401
    except ImportError:
        raise MissingError("A timelapse as .mp4 needs an optional part: pip install 'styfie[video]'.") from None
    codec()


def _write_video(frames: list[Frame], file: Path) -> None:
    """H.264 or MPEG-4 as every player takes it: YUV 4:2:0."""
    import av

    held = [frames[-1]] * (LAST_FRAME_MS // FRAME_MS - 1)
    with av.open(str(file), "w") as film:
        stream = film.add_stream(codec(), rate=Fraction(1000, FRAME_MS))
        assert isinstance(stream, av.VideoStream)
        height, width = frames[0].shape[:2]
        tag(stream.codec_context, (height, width))
        for frame in [*frames, *held]:
            film.mux(stream.encode(encodable(frame)))
        film.mux(stream.encode())
