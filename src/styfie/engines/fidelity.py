"""How faithful a painting is to the drawing of its photo: a style of plain planes may wipe a person out.

The content loss does not tell: a face that has become a plane has no more of it than one that is covered with strokes
and still to be seen.
"""

from __future__ import annotations

from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.filters.flow import smooth

FINE, COARSE = 1 / 96, 1 / 24  # of the longest side: deviations between which lie eyes, mouths, arms and lapels
FAINT = 1e-4  # variance of luma in this band from which there is a drawing at all
SMALLEST = 16.0  # pixels of a picture within which something is looked for
FACE = 0.15  # how much more faithful a face has to be than the figure: its lines are few, and each counts


def is_lost(painted: Tensor, drawn: Tensor, subject: Tensor, faces: Tensor | None, least: float) -> bool:
    """Whether a painting is less faithful than `least` to the drawing of its subject, or of the subject's faces.

    Masks are (1, 1, H, W), pictures (1, 3, H, W); nothing is lost if `least` is 0.
    """
    if least <= 0:
        return False
    held = faces is None or fidelity(painted, drawn, subject * faces) >= least + FACE
    return not held or fidelity(painted, drawn, subject) < least


def fidelity(painted: Tensor, drawn: Tensor, where: Tensor) -> float:
    """How far a painting (1, 3, H, W) is light and dark where its drawing (1, 3, H, W) is, within a mask (1, 1, H, W).

    The correlation of their luma between two smoothings, the same at every size: 1 for the drawing itself and for any
    other contrast of it, 0 where it is gone. 1, too, where there is nothing to keep.
    """
    longest, weight = max(painted.shape[-2:]), where.sum()
    if weight < SMALLEST:
        return 1.0
    ours, theirs = (_band(luma_of(one), longest) for one in (painted, drawn))
    ours, theirs = (one - (one * where).sum() / weight for one in (ours, theirs))
    both, own, wanted = ((a * b * where).sum() / weight for a, b in ((ours, theirs), (ours, ours), (theirs, theirs)))
    return 1.0 if wanted < FAINT else float(both / (own * wanted).sqrt().clamp_min(FAINT**2))


def _band(luma: Tensor, longest: int) -> Tensor:
    return smooth(luma, FINE * longest) - smooth(luma, COARSE * longest)
