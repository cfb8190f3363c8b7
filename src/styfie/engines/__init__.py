"""What paints: photo, regions and looks to layers, step by step. Importing this imports no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from styfie.errors import InputError
from styfie.weights import WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.engines.onepass import Painter
    from styfie.engines.progress import Progress, State
    from styfie.looks import Look
    from styfie.regions import Regions
    from styfie.settings import Settings


class Reading(NamedTuple):
    """A photo (1, 3, H, W) as read at one size, its regions there, and looks with their styles at that size."""

    photo: Tensor
    regions: Regions
    looks: Mapping[str, Look]


class Engine(Protocol):
    """Photo (1, 3, H, W) and regions of that size in, progress out; the last one is the result.

    An engine whose entry says `begins_small` also takes `small`, a `Reading` of the same photo at `plan.FULL` pixels.
    `start` (R, 3, H, W) are layers to begin from, `state` is a `Progress.state` to go on from; an engine that gives
    none takes none. To cancel is to stop iterating.
    """

    def __call__(
        self,
        photo: Tensor,
        regions: Regions,
        looks: Mapping[str, Look],
        settings: Settings,
        start: Tensor | None = None,
        state: State | None = None,
    ) -> Iterator[Progress]:
        """Paint every region that has a style."""
        ...


TAXONOMY = {
    "0.1": "before networks: strokes",
    "0.2": "before networks: regions",
    "0.3": "before networks: examples",
    "0.4": "before networks: filters",
    "1.1": "the picture is optimised, by summary statistics",
    "1.2": "the picture is optimised, by patches",
    "2.1": "a network is taught one style",
    "2.2": "a network is taught several styles",
    "2.3": "a network is taught to take any style",
}
"""The classes of Jing et al. (2018), "Neural Style Transfer: A Review"; they number those of networks from 1 on."""


@dataclass(frozen=True)
class EngineEntry:
    """One way to paint: `taxonomy` is a class of `TAXONOMY`, `needs` what must be there beyond the package itself.

    `function` is `module:name` below this package, imported when it is asked for.
    """

    title: str
    function: str
    taxonomy: str
    needs: str = ""
    painter: str = ""  # `module:name` of what paints photo after photo in one pass, where there is such
    weights: tuple[str, ...] = ()  # packaged files that it reads besides encoder and segmenter
    begins_small: bool = False  # whether a large painting begins as the small one, which it is given
    keeps_steps: bool = False  # whether each step is a picture to keep, as the founding paper keeps its iterations

    @property
    def paint(self) -> Engine:
        """The engine itself."""
        found: Engine = _imported(self.function)
        return found


def _imported(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(f"{__name__}.{module}"), name)


ENGINES: dict[str, EngineEntry] = {
    "optimise": EngineEntry(
        "A layer per region, coarse to fine, on any encoder", "optimise:optimise", "1.1", begins_small=True
    ),
    "fast": EngineEntry(
        "Any style in one pass of a small network",
        "fast.paint:fast",
        "2.3",
        painter="fast.paint:FastPainter",
        weights=("fast",),
    ),
    "taught": EngineEntry(
        "The gallery, or a file of styfie train style, in one pass",
        "taught.paint:taught",
        "2.2",
        painter="taught.paint:TaughtPainter",
        weights=("gallery",),
    ),
    "classic": EngineEntry(
        "The founding paper's algorithm, 256x256 on VGG-16",
        "classic:classic",
        "1.1",
        "styfie[vgg] and the weights of vgg16",
        keeps_steps=True,
    ),
    "gatys": EngineEntry(
        "Gatys et al. (2015) as published: from noise, VGG-19 with average pooling",
        "gatys:gatys",
        "1.1",
        "styfie[vgg] and the weights of vgg19",
    ),
    "strokes": EngineEntry("Strokes from coarse to fine: oil, tape, marker, watercolour", "strokes:strokes", "0.1"),
    "components": EngineEntry(
        "Draft, paint and edge: patches by belief propagation (after Zhang et al. 2013)",
        "components.paint:components",
        "0.3",
    ),
}


def load_engine(name: str) -> Engine:
    """The engine called `name`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in ENGINES:
        raise InputError(f"There is no engine {name!r}: known are {', '.join(ENGINES)}.")
    return ENGINES[name].paint


def painter_of(name: str) -> Callable[[Mapping[str, Look], Settings], Painter] | None:
    """What makes a painter of photo after photo for looks and settings; None where an engine starts anew for each.

    Raises:
        InputError: there is no such engine.
    """
    load_engine(name)
    return _imported(ENGINES[name].painter) if ENGINES[name].painter else None


def weights_used(settings: Settings) -> list[str]:
    """The names in `weights.WEIGHTS` of the files that a run reads, each once."""
    used = ENGINES[settings.engine].weights if settings.engine in ENGINES else ()
    start = ["fast"] if settings.start == "fast" else []
    return list(dict.fromkeys(["encoder", "segmenter", *used, *start, *({settings.encoder} & set(WEIGHTS))]))
