"""Techniques: styles that are a way to draw rather than a picture.

The engines `filters` and `regions` know them by name and draw in them, in the photo's own colours or in those of the
pictures that are asked for beside them. To any other engine each is a picture: the built-in portrait drawn so, as
`docs/figures.py techniques` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "assets" / "techniques"


@dataclass(frozen=True)
class Technique:
    """A way to draw; `engine` is the one that knows it by name."""

    title: str
    about: str
    engine: str
    licence: str = "Apache-2.0"
    source: str = "drawn by styfie.engines from the built-in portrait"


TECHNIQUES: dict[str, Technique] = {
    "pencil": Technique("Pencil", "Thin lines and hatches of graphite on white paper.", "filters"),
    "charcoal": Technique("Charcoal", "Smudged darks that catch on rough paper.", "filters"),
    "comic": Technique("Comic", "Flat, loud colours under lines of ink.", "filters"),
    "oil": Technique("Oil", "Dabs of thick paint that follow the form.", "filters"),
    "halftone": Technique("Halftone", "Dots of cyan, magenta, yellow and black, as in an old magazine.", "filters"),
    "newsprint": Technique("Newsprint", "Black dots on grey paper.", "filters"),
    "papercut": Technique("Cut paper", "Sheets of coloured paper that throw shadows on each other.", "regions"),
    "poster": Technique("Poster", "A few flat, loud colours with smooth outlines.", "regions"),
}
"""The techniques by the name they are asked for with; `ink`, `watercolour` and `glass` are drawn pictures."""


def technique_file(name: str) -> Path:
    """The picture of a technique, 384 pixels on its longer side."""
    return FOLDER / f"{name}.jpg"
