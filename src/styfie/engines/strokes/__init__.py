"""The engine that paints by strokes.

raster     coverage of strokes, differentiable, tile by tile
brushes    oil, tape, marker, watercolour, and which suits a style
palette    what is painted, in the colours of a style
fields     directions, and colours spread from where they are sure
placing    levels and places to begin from
whole      losses of the whole picture, as options
optimise   one step of all strokes of a level
paint      the engine: levels placed and optimised
drawing    strokes as a value, drawn at any size
export     JSON and SVG
"""

from styfie.engines.strokes.drawing import Drawing, Strokes
from styfie.engines.strokes.export import from_json, to_json, to_svg
from styfie.engines.strokes.optimise import StrokeOptions
from styfie.engines.strokes.paint import OPTIONS, strokes

__all__ = ["OPTIONS", "Drawing", "StrokeOptions", "Strokes", "from_json", "strokes", "to_json", "to_svg"]
