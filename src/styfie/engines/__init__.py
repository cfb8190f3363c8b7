"""What paints: photo, regions and looks to layers, step by step. Importing this imports no engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from styfie.errors import InputError
from styfie.registry import Entry, Registry, load

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.engines.onepass import OnePassPainter
    from styfie.engines.progress import EngineState, Progress
    from styfie.looks import Look
    from styfie.regions import Regions
    from styfie.settings import Settings


class SourceImage(NamedTuple):
    """A photo (1, 3, H, W) as read at one size, its regions there, and looks with their styles at that size."""

    photo: Tensor
    regions: Regions
    looks: Mapping[str, Look]
    notes: tuple[str, ...] = ()  # what its user should know of how they were read


class Engine(Protocol):
    """Photo (1, 3, H, W) and regions of that size in, progress out; the last one is the result.

    An engine whose entry says `coarse_input` also takes `small`, a `SourceImage` of the same photo at
    `plan.BASE_SIZE` pixels.
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
        state: EngineState | None = None,
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
    "2.1": "a network for one style",
    "2.2": "a network for several styles",
    "2.3": "a network for any style",
}
"""The classes of Jing et al. (2018), "Neural Style Transfer: A Review"; they number those of networks from 1 on."""


class Memory(NamedTuple):
    """What an engine takes at the most, in bytes: measured from outside the process, with a tenth more.

    `pixel` is for each pixel of the picture, `painted` for each of those that are painted: at most a square of `side`.
    """

    base: float
    pixel: float
    painted: float = 0.0
    side: int = 0

    def need(self, size: tuple[int, int]) -> float:
        """Gigabytes for a picture of (height, width)."""
        pixels = size[0] * size[1]
        return (self.base + self.pixel * pixels + self.painted * min(pixels, self.side**2)) / 1e9


class Cost(NamedTuple):
    """What a painting would take here: seconds (0 = not known), gigabytes at the most, or why it cannot be painted."""

    seconds: float = 0.0
    gigabytes: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class EngineEntry(Entry):
    """One way to paint: `taxonomy` is a class of `TAXONOMY`; all that stands below is what it can do, or asks for."""

    taxonomy: str = "0.4"
    weights: tuple[str, ...] = ()  # packaged files that it reads besides encoder and segmenter
    encoder: str = ""  # the one that it always sees by, whatever the settings name
    resumes: bool = False  # whether its progress has a state to go on from
    frames: str = ""  # `module:name` of what paints photo after photo in one pass, where there is such
    anchored: bool = False  # whether it draws by thresholds, on a paper that stays: films then steady what it draws of
    plan: str = ""  # `module:name` of what says in a line what is going to be done, called as `describe_plan` is
    costs: str = ""  # `module:name` of what foretells seconds and memory for sizes, called as `optimise.costs_of` is
    coarse_input: bool = False  # whether a large painting begins as the small one, which it is given
    keeps_steps: bool = False  # whether each step is a picture to keep, as the founding paper keeps its iterations
    draws_strokes: bool = False  # whether its last progress has strokes, which are files of their own
    draws_svg: bool = False  # whether its last progress has a drawing for any size, which is a file of its own
    memory: Memory | None = None  # what it takes, where it neither has a plan nor keeps to what is allowed

    @property
    def paint(self) -> Engine:
        """The engine itself."""
        found: Engine = self.load()
        return found


ENGINES: Registry[EngineEntry] = Registry(
    "engine",
    EngineEntry,
    {
        "optimise": EngineEntry(
            "A layer per region, coarse to fine, on any encoder",
            "styfie.engines.optimise:optimise",
            taxonomy="1.1",
            resumes=True,
            plan="styfie.engines.optimise:describe_plan",
            costs="styfie.engines.optimise:costs_of",
            coarse_input=True,
        ),
        "fast": EngineEntry(
            "Any style in one pass of a small network",
            "styfie.engines.fast.paint:fast",
            taxonomy="2.3",
            weights=("fast",),
            frames="styfie.engines.fast.paint:FastPainter",
            memory=Memory(1.2e9, 230),
        ),
        "per-style": EngineEntry(
            "The gallery, or a file of styfie train style, in one pass",
            "styfie.engines.per_style.paint:per_style",
            taxonomy="2.2",
            weights=("gallery",),
            frames="styfie.engines.per_style.paint:PerStylePainter",
        ),
        "classic": EngineEntry(
            "The founding paper's algorithm, 256x256 on VGG-16",
            "styfie.engines.classic:classic",
            "styfie[vgg] and the weights of vgg16",
            taxonomy="1.1",
            encoder="vgg16",
            keeps_steps=True,
        ),
        "gatys": EngineEntry(
            "Gatys et al. (2015) as published: from noise, VGG-19 with average pooling",
            "styfie.engines.gatys:gatys",
            "styfie[vgg] and the weights of vgg19",
            taxonomy="1.1",
            encoder="vgg19",
        ),
        "strokes": EngineEntry(
            "Strokes from coarse to fine: oil, tape, marker, watercolour",
            "styfie.engines.strokes:strokes",
            taxonomy="0.1",
            draws_strokes=True,
        ),
        "components": EngineEntry(
            "Draft, paint and edge: patches by belief propagation (after Zhang et al. 2013)",
            "styfie.engines.components.paint:components",
            taxonomy="0.3",
            memory=Memory(0.9e9, 110, 1500, 1024),
        ),
        "regions": EngineEntry(
            "Flat pieces with smooth outlines: stained glass, cut paper, poster; and as SVG",
            "styfie.engines.regions:regions",
            taxonomy="0.2",
            draws_svg=True,
        ),
        "filters": EngineEntry(
            "Ink, pencil, charcoal, comic, oil, halftone and more, at once and by formulas",
            "styfie.engines.filters:filters",
            taxonomy="0.4",
            frames="styfie.engines.filters:FilterPainter",
            anchored=True,
        ),
    },
    "styfie.engines",
)


def load_engine(name: str) -> Engine:
    """The engine called `name`.

    Raises:
        InputError: there is none of that name.
        MissingError: it is of a package that is broken.
    """
    return ENGINES.find(name).paint


def check_memory(settings: Settings, size: tuple[int, int]) -> None:
    """Refuse a picture of (height, width) for which an engine takes more than is allowed.

    Those with a plan refuse by themselves, where they cannot keep to it.

    Raises:
        InputError: it takes more, with the number that would do.
    """
    memory = ENGINES.find(settings.engine).memory
    if memory is None or (need := memory.need(size)) <= settings.max_memory:
        return
    raise InputError(
        f"{size[1]}x{size[0]} pixels need {math.ceil(10 * need) / 10:.1f} GB with the engine {settings.engine}, and "
        f"{settings.max_memory:g} GB are allowed: raise --max-memory to that or lower --size."
    )


def painter_of(name: str) -> Callable[[Mapping[str, Look], Settings], OnePassPainter] | None:
    """What makes a painter of photo after photo for looks and settings; None where an engine starts anew for each.

    Raises:
        InputError: there is no such engine.
    """
    path = ENGINES.find(name).frames
    return load(path) if path else None


def estimate_costs(
    sizes: Sequence[tuple[int, int]], regions: Regions, looks: Mapping[str, Look], settings: Settings
) -> list[Cost]:
    """What paintings of these (height, width) would cost with the engine that `settings` names."""
    entry = ENGINES.find(settings.engine)
    if entry.costs:
        found: list[Cost] = load(entry.costs)(sizes, regions, looks, settings)
        return found
    return [Cost(gigabytes=entry.memory.need(size) if entry.memory else 0.0) for size in sizes]


def describe_plan(
    photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings, passed: float = 0.0
) -> str:
    """What the engine that the settings name is going to do, in a line; nothing where it has no plan.

    `passed` are the seconds since the start.

    Raises:
        InputError: there is no such engine, or it cannot be done.
    """
    path = ENGINES.find(settings.engine).plan
    return str(load(path)(photo, regions, looks, settings, passed)) if path else ""
