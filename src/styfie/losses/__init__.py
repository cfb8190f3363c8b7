"""Losses of neural painting as pure functions of tensors, and those of style as one table. Importing this loads none.

functional   Gram matrix, content and total variation
moments      sums over positions that tiles add up to
style        how far a region's features are from a style's
masks, edges, borders   what regions weigh, light and dark along edges, and where two regions meet
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from styfie.registry import Entry, Registry

if TYPE_CHECKING:
    from styfie.losses.style import StyleLoss


@dataclass(frozen=True)
class LossEntry(Entry):
    """One way of measuring style: `path` names its `style.StyleLoss`; `taxonomy` is a class of Jing et al. (2018).

    `additive`: it is of sums over positions, and so a picture can be painted in tiles.
    """

    taxonomy: str = "1.1"
    additive: bool = True


STYLE_LOSSES: Registry[LossEntry] = Registry(
    "loss",
    LossEntry,
    {
        "gram": LossEntry(
            "Gram matrices: which features come together",
            "styfie.losses.style:GRAM",
            source="Gatys, Ecker and Bethge (2016)",
        ),
        "wasserstein": LossEntry(
            "Mean and covariance, by the 2-Wasserstein distance of Gaussians",
            "styfie.losses.style:WASSERSTEIN",
            source="Olkin and Pukelsheim (1982); as a style loss Mroueh (2020)",
        ),
        "sliced": LossEntry(
            "Whole distributions, by the sliced Wasserstein distance",
            "styfie.losses.style:SLICED",
            source="Heitz, Vanhoey, Chambon and Belcour (2021)",
            additive=False,
        ),
        "patches": LossEntry(
            "Nearest patches, as a Markov random field (CNNMRF)",
            "styfie.losses.style:PATCHES",
            source="Li and Wand (2016)",
            taxonomy="1.2",
            additive=False,
        ),
    },
    "styfie.losses",
)


def load_loss(name: str) -> StyleLoss[Any, Any]:
    """The way of measuring style called `name`.

    Raises:
        InputError: there is none of that name.
        MissingError: it is of a package that is broken.
    """
    found: StyleLoss[Any, Any] = STYLE_LOSSES.find(name).load()
    return found
