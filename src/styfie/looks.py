"""What is asked of one region."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from styfie.errors import InputError
from styfie.fields import Option, blend, check_options, found, painting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from styfie.images import Picture

SUBJECT, BACKGROUND = "subject", "background"  # the regions that every photo has
SMALLEST = 32  # pixels of a style picture's longer side, as engines see it, at least


@dataclass(frozen=True, eq=False)
class Style:
    """A style of a region: what picture it is, and how much of the region is to look like it.

    `source` is where its picture is from: a gallery name, or a picture of any kind that `images.read_picture` takes;
    None says that the `name` is that itself. `weight` is its share where a region has several styles; `mask`, a picture
    of any kind, marks which part of the style's picture counts, white = inside, all of it if there is none. An engine
    takes styles that are `loaded`: `styles.resolve_looks` reads source and mask at the size of a painting.

    `small` is the same picture as it is to be seen at scales that it is large enough for, where it was drawn for them:
    what a small painting shows is then how a large one begins. `network` is the file of a network of this style, where
    it is from one.

    Raises:
        InputError: a weight that is no share.
    """

    name: str = field(metadata=blend())
    source: Picture | None = field(default=None, metadata=painting())
    weight: float = field(default=1.0, metadata=painting())
    mask: Picture | None = field(default=None, metadata=painting())
    small: Tensor | None = field(default=None, metadata=found())  # with the picture, from the same source
    network: Path | None = field(default=None, metadata=found())  # likewise

    def __post_init__(self) -> None:
        if not 0.001 <= self.weight <= 1000:
            raise InputError(f"the weight of a style is {self.weight}: a share above 0 is wanted.")

    @property
    def loaded(self) -> bool:
        """Whether picture and mask have been read, and fit each other."""
        from torch import Tensor

        if not isinstance(self.source, Tensor):
            return False
        size = self.source.shape[-2:]
        return self.mask is None or (isinstance(self.mask, Tensor) and self.mask.shape == (1, 1, *size))

    @property
    def picture(self) -> Tensor:
        """RGB (1, 3, H, W) in [0, 1].

        Raises:
            InputError: it has not been read.
        """
        return self._read(self.source)

    @property
    def alpha(self) -> Tensor | None:
        """The mask (1, 1, H, W) in [0, 1], 1 = inside; None where all of the picture counts.

        Raises:
            InputError: it has not been read.
        """
        return None if self.mask is None else self._read(self.mask)

    @property
    def inside(self) -> Tensor:
        """The mask (1, 1, H, W), ones where there is none."""
        from torch import ones_like

        return ones_like(self.picture[:, :1]) if self.alpha is None else self.alpha

    def at(
        self, longest: int, stroke: float = 1.0, most: float = math.inf, least: tuple[int, int] = (1, SMALLEST)
    ) -> Style:
        """The style as a painting of `longest` pixels sees it: its longer side is as long as that, times the stroke.

        That is no more than `most` pixels; `least` are those of its shorter and its longer side, at least. Where it was
        drawn for small scales, that is what is seen there.
        """
        from styfie.images import fit_size

        wanted, whole = max(least[1], round(min(stroke * longest, most))), self
        if self.small is not None and wanted <= max(self.small.shape[-2:]):
            whole = replace(self, source=self.small)
        height, width = fit_size((whole.picture.shape[-2], whole.picture.shape[-1]), wanted)
        return whole.resized((max(height, least[0]), max(width, least[0])))

    def resized(self, size: tuple[int, int]) -> Style:
        """The style with picture and mask of a (height, width)."""
        from styfie.images import resize

        alpha = None if self.alpha is None else resize(self.alpha, size)
        return replace(self, source=resize(self.picture, size), mask=alpha, small=None)

    def to(self, device: torch.device) -> Style:
        """The style with picture and mask on a device."""
        alpha = None if self.alpha is None else self.alpha.to(device)
        return replace(self, source=self.picture.to(device), mask=alpha)

    def _read(self, given: Picture | None) -> Tensor:
        from torch import Tensor

        if isinstance(given, Tensor):
            return given
        raise InputError(f"The style {self.name!r} has not been read: give it to paint, or to styles.resolve_looks.")


COLORS = ("style", "keep", "histogram", "luma")
STROKES = (0.25, 4.0)
BOKEHS = ("gaussian", "disc", "hexagon")
PLAIN = "plain"
LENSES = (*BOKEHS, PLAIN)  # of the portrait blur: plain is the founding paper's
WHOLE, PARTS = "whole", "parts"
MATCHES = (WHOLE, PARTS)
MOST_BLUR = 1000.0
BRUSHES = ("auto", "oil", "tape", "marker", "watercolour")


@dataclass(frozen=True, eq=False)
class Look:
    """How one region is to look. No styles: its foreground colours; several: a blend of them by their weights.

    `strength` is how much of the painting shows, 0 = photo, 1 = painted. `color` says where its colours are from:
    `style`; `keep`, the photo's palette by mean and covariance, spread over the strokes; `histogram`, the same by whole
    histograms; or `luma`, the photo's own colour at each place and only light and dark painted. `stroke` is the size of
    strokes beside the style picture's own. `content` is how much of the photo's drawing is kept, 0 = little, 1 = nearly
    all. `likeness` is how much faces stay themselves, 0 = painted like everything else. `depth_falloff` takes strength
    away from what is near, where depth is known: 0 = none, 1 = all of it from the nearest. `brush` is what an engine of
    strokes paints with; `auto` is the one that suits the style. `blur` shows the region out of focus, by that standard
    deviation in pixels per 512 of the longest side; `bokeh` is the shape that a point of light then takes: `gaussian`,
    or as behind a lens `disc` or `hexagon`. `match` says what of a style that is a portrait gives to what: `whole`, all
    to all; `parts`, hair to hair, skin to skin, clothes to clothes, background to background (see `styfie.semantic`).
    """

    styles: tuple[Style, ...] = field(default=(), metadata=painting())
    strength: float = field(
        default=1.0,
        metadata=blend(
            Option("How much of a region's painting shows.", 0, 1, "a number from 0 (photo) to 1 (painted)"),
        ),
    )
    color: str = field(
        default="style",
        metadata=blend(
            Option(
                "A region's colours: style; keep, the photo's palette by mean and covariance; histogram, the same by "
                "histograms; luma, only light and dark painted.",
                choices=COLORS,
                metavar="MODE",
            )
        ),
    )
    stroke: float = field(
        default=1.0,
        metadata=painting(
            Option("Size of strokes beside the style picture's.", *STROKES, "a size from 0.25 (fine) to 4 (broad)")
        ),
    )
    content: float = field(
        default=0.5,
        metadata=painting(
            Option(
                "How much of the photo's drawing is kept: 0 freely painted.",
                0,
                1,
                "a number from 0 (freely painted) to 1 (as drawn in the photo)",
            ),
            since=1,
        ),
    )
    likeness: float = field(
        default=0.5,
        metadata=painting(
            Option("How much faces stay themselves.", 0, 1, "a number from 0 (painted freely) to 1 (as in the photo)")
        ),
    )
    depth_falloff: float = field(
        default=0.0,
        metadata=blend(
            Option(
                "How much strength what is near loses, where depth is known.",
                0,
                1,
                "a number from 0 (all alike) to 1 (nothing on what is nearest)",
            )
        ),
    )
    brush: str = field(
        default="auto",
        metadata=painting(
            Option(
                "What the engine strokes paints a region with: auto, oil, tape, marker or watercolour.",
                choices=BRUSHES,
                metavar="KIND",
            ),
            strokes=True,
        ),
    )
    blur: float = field(
        default=0.0,
        metadata=blend(
            Option(
                "A region out of focus, painted or not: standard deviation in pixels per 512 of the longest side.",
                0,
                MOST_BLUR,
                "a standard deviation from 0 (sharp) to 1000, in pixels per 512,",
                metavar="RADIUS",
            )
        ),
    )
    bokeh: str = field(
        default="gaussian",
        metadata=blend(
            Option("Shape of the blur: gaussian, or a lens's disc or hexagon.", choices=BOKEHS, metavar="SHAPE")
        ),
    )
    match: str = field(
        default=WHOLE,
        metadata=painting(
            Option(
                "What of a style that is a portrait gives to what: whole; or parts, hair to hair, skin to skin, "
                "clothes to clothes, background to background.",
                choices=MATCHES,
                metavar="KIND",
            ),
            since=2,
        ),
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def weights(self) -> list[float]:
        """How much of the region is each style's: their own weights, brought to a sum of 1."""
        total = sum(style.weight for style in self.styles)
        return [style.weight / total for style in self.styles]

    @property
    def painted(self) -> bool:
        """Whether anything but the photo is to be seen: a style, or the region's foreground colours out of focus."""
        return bool(self.styles) or self.blur > 0
