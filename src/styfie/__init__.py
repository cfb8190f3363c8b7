"""Paint the person in one style and the world behind them in another."""

from typing import TYPE_CHECKING, Any

from styfie._version import __version__

__all__ = [
    "InputError",
    "Look",
    "MissingError",
    "OutputError",
    "Painting",
    "Progress",
    "Regions",
    "Settings",
    "StyfieError",
    "Style",
    "__version__",
    "correct",
    "lens_blur",
    "paint",
    "portrait_blur",
    "read_photo",
    "segment",
]

if TYPE_CHECKING:
    from styfie.blur import portrait_blur
    from styfie.engines.progress import Progress
    from styfie.errors import InputError, MissingError, OutputError, StyfieError
    from styfie.looks import Look, Style
    from styfie.painting import Painting, lens_blur
    from styfie.pipeline import paint, segment
    from styfie.reading import read_photo
    from styfie.regions import Regions, correct
    from styfie.settings import Settings

_HOME = {
    "InputError": "errors",
    "Look": "looks",
    "MissingError": "errors",
    "OutputError": "errors",
    "Painting": "storage.results",
    "Progress": "engines.progress",
    "Regions": "regions",
    "Settings": "settings",
    "Style": "looks",
    "StyfieError": "errors",
    "correct": "regions",
    "lens_blur": "painting",
    "paint": "pipeline",
    "portrait_blur": "blur",
    "read_photo": "reading",
    "segment": "pipeline",
}


def __getattr__(name: str) -> Any:
    """Import each public name when it is first used: `import styfie` alone does not load torch."""
    if name not in _HOME:
        raise AttributeError(f"module 'styfie' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"styfie.{_HOME[name]}"), name)
