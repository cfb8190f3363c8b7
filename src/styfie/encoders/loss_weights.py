"""What the loss of a painting is made of, and how much of each."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """The share of each term beside the style's, which is the sum over taps of relative distances.

    An encoder has weights of its own (`encoders.ENCODERS`): what one of its features is worth depends on the others.
    """

    content: float = 0.05  # of all content taps together
    total_variation: float = 0.3  # mean squared step from pixel to pixel
    grain: float = 0.0  # mean size of these steps, small ones counted less: flat strokes with crisp borders
    range: float = 10.0  # mean squared excess over [0, 1]
    detail: float = 0.9  # share of the photo's finer detail given to a scale's start
    edges: float = 0.1  # the photo's edges, where likeness wants them
    borders: float = 0.1  # steps of light and dark where depth jumps
    face: float = 1.0  # how much more content counts on a face of full likeness
    in_style: bool = False  # the content kept is that of the photo in the style's colours
    contours: float = 0.0  # how much firmer the kept photo's contours are, without its texture; 0: as it is
    fidelity: float = 0.0  # of a subject to its drawing, at least, or content counts more (`engines.fidelity`); 0: any
    plain: float = 0.0  # how much more a plain place of the photo counts than a busy one, besides once
    windows: float = 0.0  # share of the style that windows of the coarsest scale are asked for, each by itself
    frame: float = 0.0  # share of a style's sides that is left out at either end: frames, margins, bare canvas
    smallest: int = 96  # pixels of the longest side of the coarsest scale, at least
    later: float = 0.75  # share of the steps that scales above 192 pixels get
    enlarged: float = math.inf  # times that a style's picture is, at most, for paintings of up to 512 pixels


THIN = Weights()  # also of the published networks
PAINTED = Weights(
    content=0.135,
    grain=0.08,
    detail=0.3,
    edges=0.015,
    face=0.5,
    in_style=True,
    contours=1.0,
    fidelity=0.62,
    plain=2.0,
    windows=0.5,
    frame=0.05,
    smallest=48,
    later=2 / 3,
    enlarged=2.0,
)
