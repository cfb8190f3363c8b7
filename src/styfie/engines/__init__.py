"""What paints: photo, regions and looks to layers, step by step. Importing this imports no engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from styfie.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.engines.progress import Progress, State
    from styfie.looks import Look
    from styfie.regions import Regions
    from styfie.settings import Settings


class Engine(Protocol):
    """Photo (1, 3, H, W) and regions of that size in, progress out; the last one is the result.

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
    """One way to paint: `taxonomy` is a class of `TAXONOMY`, `needs` what must be there beyond the package itself."""

    title: str
    paint: Engine
    taxonomy: str
    needs: str
    keeps_steps: bool = False  # whether each step is a picture to keep, as the founding paper keeps its iterations


def _optimise(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: State | None = None,
) -> Iterator[Progress]:
    from styfie.engines.optimise import optimise

    return optimise(photo, regions, looks, settings, start, state)


def _classic(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: State | None = None,
) -> Iterator[Progress]:
    from styfie.engines.classic import classic

    del state  # it keeps none
    return classic(photo, regions, looks, settings, start)


def _gatys(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: State | None = None,
) -> Iterator[Progress]:
    from styfie.engines.gatys import gatys

    del state  # it keeps none
    return gatys(photo, regions, looks, settings, start)


ENGINES: dict[str, EngineEntry] = {
    "optimise": EngineEntry("A layer per region, coarse to fine, on any encoder", _optimise, "1.1", ""),
    "classic": EngineEntry(
        "The founding paper's algorithm, 256x256 on VGG-16",
        _classic,
        "1.1",
        "styfie[vgg] and the weights of vgg16",
        True,
    ),
    "gatys": EngineEntry(
        "Gatys et al. (2015) as published: from noise, VGG-19 with average pooling",
        _gatys,
        "1.1",
        "styfie[vgg] and the weights of vgg19",
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
