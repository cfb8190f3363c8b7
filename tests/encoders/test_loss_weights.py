from __future__ import annotations

import math

from styfie.encoders.loss_weights import PAINTED, THIN


def test_the_default_weights_are_those_of_docs_engine() -> None:
    assert (PAINTED.content, PAINTED.edges, PAINTED.borders) == (0.135, 0.015, 0.1)
    assert (PAINTED.total_variation, PAINTED.grain, PAINTED.range) == (0.3, 0.08, 10)
    assert PAINTED.in_style, "the content kept is that of the photo in the style's colours"
    assert PAINTED.contours == 1, "of its drawing, with firm contours"
    assert PAINTED.fidelity == 0.62, "a subject of which less is left is painted anew with more content"
    assert PAINTED.face == 0.5, "content on a face is raised by up to a half"
    assert PAINTED.enlarged == 2, "styles are enlarged to at most twice their own size"
    assert PAINTED.detail == 0.3
    assert PAINTED.plain == 2, "a plain place counts up to three times"
    assert (PAINTED.windows, PAINTED.frame) == (0.5, 0.05), "half of the style, and a twentieth of a style's sides"
    assert (PAINTED.smallest, PAINTED.later) == (48, 2 / 3)


def test_the_first_encoders_weights_are_those_of_earlier_paintings() -> None:
    """What was painted by them is painted again by its recipe, to the byte."""
    assert (THIN.content, THIN.total_variation, THIN.grain, THIN.range) == (0.05, 0.3, 0, 10)
    assert (THIN.detail, THIN.edges, THIN.borders, THIN.face) == (0.9, 0.1, 0.1, 1)
    assert not THIN.in_style and not THIN.contours and THIN.enlarged == math.inf
