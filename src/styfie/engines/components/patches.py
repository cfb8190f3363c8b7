"""Patches: which of a style might stand where, what each costs alone and beside its neighbours, and all of them joined.

Places are numbers of a `Bank`. Candidates are places (H, W, K), K for each node of a grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.engines.components.sheets import PATCH_SIZE, STEP, TURNS, Bank

AXES = 16  # principal axes of features by which nearest patches are looked for
BASIS_PATCHES = 12_000  # patches of a style among which they are, half of them as they are and half turned
TOGETHER = 2048  # nodes for which they are looked for together
ROWS = 8  # of nodes whose costs are worked on together
WINDOW = 1.4  # pixels, standard deviation of a patch's weight around its middle


class Nearest:
    """Looks for the patches that are nearest in features, among some of each style, along their principal axes."""

    def __init__(self, bank: Bank, random: torch.Generator) -> None:
        self.random, self.places = random, []
        sheet = bank.where(bank.places)[0]
        for style in range(int(bank.style[-1]) + 1):
            first = TURNS * style
            parts = bank.places[sheet == first], bank.places[(sheet > first) & (sheet < first + TURNS)]
            known = [part[torch.randperm(len(part), generator=random)[: BASIS_PATCHES // 2]] for part in parts]
            self.places.append(torch.cat(known).sort().values)
        found = bank.features(torch.cat(self.places))
        self.mean = found.mean(0)
        centred = (found - self.mean).double()
        self.axes = torch.linalg.eigh(centred.T @ centred)[1][:, -AXES:].float()
        self.bases = [(bank.features(places) - self.mean) @ self.axes for places in self.places]

    def __call__(self, features: Tensor, counts: Sequence[int], pool: int) -> Tensor:
        """Places (h, w, sum of shares) for features (h, w, 45), from each style its share.

        Its nearest one first, and others drawn from a pool of the nearest that is so many times as large as the share:
        nodes that want the same do not all get the same.
        """
        query = ((features - self.mean) @ self.axes).flatten(0, 1)
        found = torch.cat([self._drawn(part, counts, pool) for part in query.split(TOGETHER)])
        return found.view(*features.shape[:2], -1)

    def _drawn(self, query: Tensor, counts: Sequence[int], pool: int) -> Tensor:
        found = []
        for basis, places, share in zip(self.bases, self.places, counts, strict=True):
            away = torch.addmm(basis.square().sum(1), query, basis.T, alpha=-2)
            near = away.topk(min(share * pool, len(places)), 1, largest=False).indices
            lot = torch.rand(near.shape, generator=self.random)
            lot[:, 0] = -1
            order = lot.argsort(1)[:, torch.arange(share) % near.shape[1]]
            found.append(places[near.gather(1, order)])
        return torch.cat(found, 1)


def data_costs(bank: Bank, features: Tensor, candidates: Tensor, weight: Tensor) -> Tensor:
    """How much candidates (H, W, K) differ from the features (H, W, 45) there, times weight (H, W): (H, W, K)."""
    costs = []
    for top in range(0, len(candidates), ROWS):
        rows = slice(top, top + ROWS)
        apart = bank.features(candidates[rows]) - features[rows, :, None]
        costs.append(apart.square_().sum(-1) * weight[rows, :, None])
    return torch.cat(costs)


def overlap_costs(bank: Bank, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """How much neighbours' candidates (H, W, K) differ where they overlap: (H, W-1, K, K) and (H-1, W, K, K)."""
    strip, across, down = PATCH_SIZE - STEP, [], []
    for top in range(0, len(candidates), ROWS):
        here, on = candidates[top : top + ROWS], candidates[top : top + ROWS + 1]
        right, left = (
            bank.transferred(c, 0, at, PATCH_SIZE, strip) for c, at in ((here[:, :-1], STEP), (here[:, 1:], 0))
        )
        across.append(_apart(right, left))
        below, above = (bank.transferred(c, at, 0, strip, PATCH_SIZE) for c, at in ((on[:-1], STEP), (on[1:], 0)))
        down.append(_apart(below, above))
    return torch.cat(across), torch.cat(down)


def _apart(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances (…, K, K) between strips (…, K, h, w, C)."""
    a, b = a.flatten(-3), b.flatten(-3)
    both = a.square().sum(-1)[..., :, None] + b.square().sum(-1)[..., None, :]
    return (both - 2 * a @ b.transpose(-1, -2)).clamp_min(0)


def repeats(bank: Bank, first: Tensor, second: Tensor, down: int, across: int) -> Tensor:
    """1 where of neighbours' candidates (H, W, K) the second's place overlaps the first's, (H, W, K, K), else 0.

    And 0 where it is so many pixels down and across: there they are one piece of the style, and no repetition.
    """
    a, b = (bank.where(one) for one in (first, second))
    sheet, rows, columns = (there[..., None, :] - here[..., :, None] for here, there in zip(a, b, strict=True))
    near = (sheet == 0) & (rows.abs() < PATCH_SIZE) & (columns.abs() < PATCH_SIZE)
    return (near & ~((rows == down) & (columns == across))).float()


def usage(bank: Bank, current: Tensor, candidates: Tensor) -> Tensor:
    """How often nodes that hold places (H, W) take from where candidates (H, W, K) are, in doublings.

    By squares of `STEP` pixels of a sheet; 0 for what is taken once or not at all.
    """
    _, height, width = bank.free.shape

    def squares(places: Tensor) -> Tensor:
        sheet, top, left = bank.where(places)
        return (sheet * (height // STEP + 1) + top // STEP) * (width // STEP + 1) + left // STEP

    wanted = squares(candidates)
    count = torch.bincount(squares(current).flatten(), minlength=int(wanted.max()) + 1)
    return count[wanted].clamp_min(1).log2()


def joined(bank: Bank, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Patches at places (H, W) laid over each other: values and gradients across and down, each (1, 6, h, w).

    Every pixel is mostly of the patch whose middle is nearest. Gradients are within patches, never from one to another.
    """
    size = ((places.shape[0] - 1) * STEP + PATCH_SIZE, (places.shape[1] - 1) * STEP + PATCH_SIZE)
    weight = torch.exp(-((torch.arange(PATCH_SIZE) - PATCH_SIZE // 2) / WINDOW).square() / 2)
    window, last = weight[:, None] * weight, torch.arange(PATCH_SIZE) < PATCH_SIZE - 1  # the last one has no next one
    patches = bank.transferred(places.flatten())  # (N, SIDE, SIDE, 6)
    across, down = torch.zeros_like(patches), torch.zeros_like(patches)
    across[:, :, :-1] = patches[:, :, 1:] - patches[:, :, :-1]
    down[:, :-1] = patches[:, 1:] - patches[:, :-1]
    return (
        _laid(patches, window, size),
        _laid(across, window * last, size),
        _laid(down, window * last[:, None], size),
    )


def _laid(patches: Tensor, window: Tensor, size: tuple[int, int]) -> Tensor:
    """The mean (1, C, h, w) of overlapping patches (N, SIDE, SIDE, C), weighted by a window (SIDE, SIDE)."""
    columns = (patches * window[..., None]).permute(3, 1, 2, 0).flatten(1, 2)
    total = F.fold(columns, size, PATCH_SIZE, stride=STEP)
    weight = F.fold(window.reshape(1, -1, 1).expand(-1, -1, len(patches)), size, PATCH_SIZE, stride=STEP)
    return (total / weight.clamp_min(1e-12)).transpose(0, 1)
