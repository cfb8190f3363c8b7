"""An engine for Styfie that paints posters. Importing this loads no PyTorch: it is read to list what there is."""

from styfie.plugins import EngineEntry

ENTRY = EngineEntry(
    "Posters: few flat colours, those of the style from dark to light",
    "styfie_poster.engine:poster",
    taxonomy="0.4",
    frames="styfie_poster.engine:PosterPainter",
    source="an example of Styfie's",
)
