"""Paintings that everyone knows, kept as picture files: their painters died before 1946.

They stand apart from what is drawn by code: a drawn picture is as large as is wanted, and the gallery's network was
taught those alone. The style folders are those of jcjohnson/neural-style, jcjohnson/fast-neural-style,
cysmith/neural-style-tf, gordicaleksa/pytorch-neural-style-transfer and other programs that paint in styles.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "assets" / "masters"
PAINTINGS = "github.com/NormandM/PaintingsAndArtist"
STYLES = "style folders of public repositories on github.com"


@dataclass(frozen=True)
class Master:
    """A painting by a master."""

    title: str
    about: str
    painter: str
    year: str
    source: str
    """Where the picture of it is from; borders, seals and signatures at its edge were cut off."""
    licence: str = "public domain"


def _by(painter: str, title: str, year: str, source: str) -> Master:
    return Master(title, f"{painter}, {year}.", painter, year, source)


MASTERS: dict[str, Master] = {
    "great-wave": _by("Katsushika Hokusai", "The Great Wave off Kanagawa", "about 1831", STYLES),
    "starry-night": _by("Vincent van Gogh", "The Starry Night", "1889", STYLES),
    "scream": _by("Edvard Munch", "The Scream", "1893", PAINTINGS),
    "kiss": _by("Gustav Klimt", "The Kiss", "1907–1908", PAINTINGS),
    "composition-vii": _by("Wassily Kandinsky", "Composition VII", "1913", STYLES),
    "water-lilies": _by("Claude Monet", "Water Lilies", "1910s", STYLES),
    "grande-jatte": _by("Georges Seurat", "A Sunday on La Grande Jatte", "1884–1886", PAINTINGS),
    "wheat-field": _by("Vincent van Gogh", "Wheat Field with Cypresses", "1889", STYLES),
    "tableau-2": _by("Piet Mondrian", "Tableau No. 2 / Composition No. VII", "1913", STYLES),
    "when-will-you-marry": _by("Paul Gauguin", "When Will You Marry?", "1892", PAINTINGS),
    "red-and-blue-horse": _by("Franz Marc", "Red and Blue Horse", "1912", PAINTINGS),
    "birth-of-venus": _by("Sandro Botticelli", "The Birth of Venus", "about 1485", PAINTINGS),
}
"""The paintings by the name they are asked for with."""


def master_file(name: str) -> Path:
    """The picture of a master's painting, 512 to 640 pixels on its longer side."""
    return FOLDER / f"{name}.jpg"
