"""Styles by networks of their own: the gallery's by the one that ships, others by files of `styfie train style`.

Classes 2.1 and 2.2 in the taxonomy of Jing et al. (2018). Several styles of one network are blended within it, by their
scales and shifts; those of different networks by their pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from styfie.devices import pick_device, to_fast_dtype
from styfie.engines.layers import region_box
from styfie.engines.onepass import in_one_pass
from styfie.engines.per_style.files import read_gallery, read_per_style
from styfie.engines.per_style.network import TransformNet
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings

Key = Path | None  # a network's file; None = the one of the gallery


class PerStylePainter:
    """Paints photo after photo in the same looks, each style by its own network.

    Raises:
        InputError: a style that is neither of the gallery nor a file of `styfie train style`.
    """

    def __init__(self, looks: Mapping[str, Look], settings: Settings) -> None:
        self.looks, self.device = looks, pick_device(settings.device)
        self._networks: dict[Key, tuple[TransformNet, tuple[str, ...]]] = {}
        for look in looks.values():
            for style in look.styles:
                self._place(style)

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        """`content` (1, 3, h, w) in one look around where `band` (1, 1, h, w) is above 0, itself elsewhere."""
        shares: dict[Key, Tensor] = {}
        for share, style in zip(look.weights, look.styles, strict=True):
            key, at = self._place(style)
            known = shares.setdefault(key, torch.zeros(self._networks[key][0].styles))
            known[at] += share
        box, painted = region_box(band), content.clone()
        seen = content[box].contiguous(memory_format=torch.channels_last)
        each = [share.sum() * self._run(key, seen, share / share.sum()) for key, share in shares.items()]
        painted[box] = torch.stack(each).sum(0)
        return painted

    def _run(self, key: Key, picture: Tensor, weights: Tensor) -> Tensor:
        network = self._networks[key][0]
        kind = next(network.parameters()).dtype
        found: Tensor = network(picture.to(kind), weights.to(picture.device, kind))
        return found

    def _place(self, style: Style) -> tuple[Key, int]:
        """The network of a style, and the style's number there."""
        key = style.network
        if key not in self._networks:
            network, names = read_gallery() if key is None else (read_per_style(key).network, (style.name,))
            self._networks[key] = to_fast_dtype(network, self.device), names
        names = self._networks[key][1]
        if style.name not in names or (key is None and style.alpha is not None):
            what = f"a part of {style.name}" if style.name in names else repr(style.name)
            raise InputError(
                f"The engine per-style has no network of {what}: use --engine fast, a drawn style of the gallery, or a "
                "file of styfie train style."
            )
        return key, names.index(style.name)


def per_style(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
) -> Iterator[Progress]:
    """Paint every region that has a style, in one pass of that style's network.

    `photo` (1, 3, H, W) and `regions` are of the result's size. Of `settings`, the device is read. It neither begins
    from a painting nor keeps a state.

    Raises:
        InputError: a style that there is no network of.
        MissingError: the gallery's network is missing from the package.
    """
    del start, state
    return in_one_pass(lambda: PerStylePainter(looks, settings), photo, regions)
