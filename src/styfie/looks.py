"""What is asked of one region."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from styfie.errors import InputError
from styfie.fields import Option, blend, check_options, found, painting

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Style:
    """A style picture: RGB (1, 3, H, W) in [0, 1], with the name it was asked for by.

    `weight` is its share where a region has several styles; `alpha` (1, 1, H, W) marks which part of the picture is
    the style, all of it if there is none. `small` is the same picture as it is to be seen at scales that it is large
    enough for, where it was drawn for them: what a small painting shows is then how a large one begins. `network` is
    the file of a network of this style, where it is from one.
    """

    name: str = field(metadata=blend())
    picture: Tensor = field(metadata=painting())
    weight: float = field(default=1.0, metadata=painting())
    alpha: Tensor | None = field(default=None, metadata=painting())
    small: Tensor | None = field(default=None, metadata=found())  # with the picture, from the same source
    network: Path | None = field(default=None, metadata=found())  # likewise

    def __post_init__(self) -> None:
        if not 0.001 <= self.weight <= 1000:
            raise InputError(f"the weight of a style is {self.weight}: a share above 0 is wanted.")


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
    def painted(self) -> bool:
        """Whether anything but the photo is to be seen: a style, or the region's foreground colours out of focus."""
        return bool(self.styles) or self.blur > 0
