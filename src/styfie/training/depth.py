"""Teach the network that sees the order of depths, on scenes that were put together (`layered`).

By pairs of places, as Chen et al. (2016) do: log(1 + e^-d), d being by how much the farther one is seen as farther, and
d^2 for two places of one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.depth import DepthNet, predict_depth
from styfie.training.layered import BEHIND, UNKNOWN, LayeredBatch, LayeredScenes
from styfie.training.loop import CPU, Schedule, fit

SCENE_SIDE = 96  # pixels of the scenes
SCHEDULE = Schedule(steps=900, batch=16, learning_rate=3e-3, weight_decay=1e-3, average=0.998, save_every=400)
PAIRS = 400  # of each picture, in a step
NEAR = 0.15  # of the side: how far apart the places of half of the pairs are, at most
APART = 0.04  # difference of depths from which one is the farther
ALIKE = 0.3  # what pairs of one thing count beside those with an order
SCORED = 160  # scenes, and portraits


@dataclass(frozen=True, eq=False)
class Pairs:
    """Values (B, N) at two places each, `sign` (B, N) 1 where the second is farther, -1 where nearer, 0 where unknown.

    `same` (B, N): both are of one thing.
    """

    first: Tensor
    second: Tensor
    sign: Tensor
    same: Tensor


def train_depth(
    data: Sequence[Path],
    scenes: Sequence[Path],
    folder: Path,
    schedule: Schedule = SCHEDULE,
    *,
    side: int = SCENE_SIDE,
    leave_out: Sequence[str] = (),
    people: int = 0,
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> DepthNet:
    """Train on things of `data` pasted on pictures of `scenes`; see `LayeredScenes`.

    Checkpoints and `log.jsonl` go to `folder`; given again, the same call goes on where it was stopped.

    Raises:
        InputError, MissingError: as `LayeredScenes`, or a checkpoint of another run.
    """
    torch.manual_seed(schedule.seed)
    made = LayeredScenes(
        data, scenes, leave_out=leave_out, people=people, side=side, batch=schedule.batch, seed=schedule.seed
    )
    network = DepthNet().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss_of(model: DepthNet, batch: LayeredBatch, _progress: float) -> dict[str, Tensor]:
        found = F.interpolate(model(batch.pictures), batch.pictures.shape[-2:], mode="bilinear", align_corners=False)
        return order_terms(draw_pairs(found.float(), batch))

    about = {"side": side, "people": people, "leave_out": list(leave_out)}
    trained = fit(network, made.at, loss_of, schedule, folder, device=device, about=about, on_log=on_log)
    assert isinstance(trained, DepthNet)
    return trained.eval().requires_grad_(False)


def draw_pairs(found: Tensor, batch: LayeredBatch) -> Pairs:
    """Pairs of places of what was found (B, 1, S, S), by chance: half of them near each other, half anywhere."""
    count, side = len(found), found.shape[-1]
    first = torch.randint(side, (count, PAIRS, 2), device=found.device)
    reach = max(1, round(NEAR * side))
    near = (first + torch.randint(-reach, reach + 1, first.shape, device=found.device)).clamp(0, side - 1)
    anywhere = torch.randint(side, first.shape, device=found.device)
    nearby = (torch.arange(PAIRS, device=found.device) % 2 == 0)[None, :, None]
    places = [one[..., 0] * side + one[..., 1] for one in (first, torch.where(nearby, near, anywhere))]

    def at(values: Tensor) -> list[Tensor]:
        return [values.reshape(count, -1).gather(1, place) for place in places]

    (a, b), (far_a, far_b), (layer_a, layer_b) = at(found), at(batch.depth), at(batch.layers)
    known = (layer_a != UNKNOWN) & (layer_b != UNKNOWN)
    sign = torch.where(known & ((far_b - far_a).abs() > APART), (far_b - far_a).sign(), 0.0)
    return Pairs(a, b, sign, known & (layer_a == layer_b) & (layer_a != BEHIND))


def order_terms(pairs: Pairs) -> dict[str, Tensor]:
    """Terms () of the loss: pairs in order, places of one thing alike, and their sum `total`."""
    apart, ordered = pairs.second - pairs.first, pairs.sign != 0
    order = (F.softplus(-apart * pairs.sign) * ordered).sum() / ordered.sum().clamp_min(1)
    alike = (apart.square() * pairs.same).sum() / pairs.same.sum().clamp_min(1)
    return {"order": order, "alike": alike, "total": order + ALIKE * alike}


@torch.no_grad()
def score_depth(network: nn.Module, scenes: LayeredScenes, device: torch.device = CPU) -> dict[str, float]:
    """Shares of pairs whose order is right, the mean over pictures: scenes of `scenes`, and portraits as they are.

    Beside each that of a rule which looks at nothing: what is lower is nearer.
    """
    lower = torch.linspace(1, 0, scenes.side).view(1, 1, -1, 1).expand(1, 1, scenes.side, scenes.side)
    kinds = {"scenes": scenes.pasted} | ({"portraits": scenes.as_it_is} if scenes.people else {})
    found = {}
    for kind, make in kinds.items():
        shares = []
        for n in range(SCORED):
            picture, *truth = make(np.random.default_rng((scenes.seed, n)))
            depth, layers = (torch.from_numpy(one)[None] for one in truth)
            batch = LayeredBatch(torch.from_numpy(picture).permute(2, 0, 1)[None], depth, layers)
            seen = predict_depth(batch.pictures.to(device), network).cpu()
            shares.append([share_right(one, batch, n) for one in (seen, lower)])
        mean = torch.tensor(shares).nanmean(0).tolist()  # of what is all of one depth nothing can be said
        found |= dict(zip((kind, f"{kind}, lower is nearer"), mean, strict=True))
    return found


def share_right(found: Tensor, batch: LayeredBatch, seed: int = 0) -> float:
    """Share of pairs with an order that what was found (B, 1, S, S) has in that order; no number if there is none."""
    torch.manual_seed(seed)
    pairs = draw_pairs(found, batch)
    ordered = pairs.sign != 0
    right = ((pairs.second - pairs.first) * pairs.sign > 0) & ordered
    return float(right.sum() / ordered.sum())
