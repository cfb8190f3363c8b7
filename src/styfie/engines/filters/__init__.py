"""The engine of filters: ink and cartoon in no time, without any network.

flow       directions, and smoothing along them
xdog       lines and solid blacks
kuwahara   dabs along the form
bilateral  flat colours
screens    printers' dots, and grains of paper
recipes    the kinds of filter, made of these
paint      the engine
"""

from styfie.engines.filters.paint import FilterPainter, filters
from styfie.engines.filters.recipes import RECIPES

__all__ = ["RECIPES", "FilterPainter", "filters"]
