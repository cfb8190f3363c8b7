"""Teach the built-in encoder to see what a compressed VGG-19 sees, in the space of VGG-19's own channels.

Knowledge distillation on the features (Romero et al. 2015, FitNets). The teacher is a VGG-19 with a quarter of its
channels and linear maps into VGG-19's own (Wang et al. 2020, collaborative distillation). Its maps have more channels
than dimensions: an orthonormal basis of them says the same distances in as many numbers as it has channels, and that
is what ours is taught. Each convolution learns first with the teacher's maps as its input (teacher forcing), so that it
need not wait for the ones below; these are given noise, lest it learn huge weights for differences that the teacher's
maps never show and ours do. Then the whole learns as it will be used. No weight of the teacher is taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from styfie.encoders.deep import BLOCKS, DeepEncoder
from styfie.errors import InputError, MissingError
from styfie.training.encoder import WhiteConv, spoil
from styfie.training.loop import Schedule, fit
from styfie.training.pictures import PictureSet, random_crop

FORCED = Schedule(steps=1_000, batch=12, learning_rate=4e-3, weight_decay=0.0, average=0.98)
WHOLE = Schedule(steps=400, batch=12, learning_rate=3e-4, weight_decay=0.0, average=0.98)
NOISE = 0.1  # of each channel's deviation, at most: what a convolution's input is given while it is the teacher's
SIDE = 96  # pixels of a crop
SLOPE = 0.1
HELD_BATCHES = 20


class Seen(NamedTuple):
    """What a network sees: every convolution's output before ReLU, and each block's first in VGG-19's space."""

    convs: list[Tensor]
    maps: list[Tensor]


class Teacher(nn.Module):
    """The compressed VGG-19: `conv0` (1x1), `conv11` … `conv51` (3x3), `aux11` … `aux51` (1x1), as published."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.names = [f"{b}{i}" for b, count in enumerate(BLOCKS, 1) for i in range(1, count + 1)]
        self.first = _layer(state, "conv0")
        self.convs = nn.ModuleList(_layer(state, f"conv{name}") for name in self.names)
        self.maps = nn.ModuleList(_compact(_layer(state, f"aux{b}1")) for b in range(1, len(BLOCKS) + 1))

    def forward(self, picture: Tensor) -> Seen:
        """RGB (B, 3, H, W) in [0, 1], its sides multiples of 16."""
        found = Seen([], [])
        x = self.first(picture)
        for name, conv in zip(self.names, self.convs, strict=True):
            x = F.max_pool2d(x, 2) if name.endswith("1") and name != "11" else x
            found.convs.append(conv(F.pad(x, (1,) * 4, mode="reflect")))
            x = F.relu(found.convs[-1])
            if name.endswith("1"):
                found.maps.append(self.maps[int(name[0]) - 1](x))
        return found


def _layer(state: Mapping[str, Tensor], name: str) -> nn.Conv2d:
    weight, bias = state[f"{name}.weight"].float(), state[f"{name}.bias"].float()
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[-1])
    conv.load_state_dict({"weight": weight, "bias": bias})
    return conv


def _compact(wide: nn.Conv2d) -> nn.Conv2d:
    """A 1x1 map into as many channels as it has inputs, all distances between its outputs kept."""
    assert wide.bias is not None
    basis, square = torch.linalg.qr(wide.weight.data.flatten(1).double())  # (wide, narrow), (narrow, narrow)
    found = nn.Conv2d(square.shape[1], square.shape[0], 1)
    bias = basis.T @ wide.bias.data.double()
    found.load_state_dict({"weight": square.float()[..., None, None], "bias": bias.float()})
    return found


def read_teacher(path: Path) -> Teacher:
    """The teacher of a safetensors file, frozen.

    Raises:
        MissingError: there is no such file.
        InputError: it is no such network.
    """
    if not path.exists():
        raise MissingError(f"No teacher at {path}: give --teacher a safetensors file of conv0, conv11, …, aux51.")
    try:
        teacher = Teacher(load_file(path))
    except (OSError, SafetensorError, KeyError, IndexError, RuntimeError):
        raise InputError(
            f"{path} is no compressed VGG-19: conv0, conv11, … conv51, aux11, … aux51 are wanted."
        ) from None
    teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return teacher.eval().requires_grad_(False)


class Student(nn.Module):
    """The encoder while it learns: its convolutions in whitened coordinates of a batch that the teacher saw."""

    def __init__(self, picture: Tensor, seen: Seen) -> None:
        super().__init__()
        self.encoder = DeepEncoder(tuple(tap.shape[1] for tap in seen.maps))
        self.starts = [name.endswith("_1") for name in self.encoder.names]
        for i, (x, wanted) in enumerate(zip(self._inputs(picture, seen.convs), seen.convs, strict=True)):
            self.encoder.convs[i] = WhiteConv(x, wanted.shape[1], gain=_spread(wanted))
        firsts = [F.relu(x) for x, first in zip(seen.convs, self.starts, strict=True) if first]
        for i, (x, wanted) in enumerate(zip(firsts, seen.maps, strict=True)):
            self.encoder.maps[i] = WhiteConv(x, wanted.shape[1], side=1, gain=_spread(wanted))
        for layer in self.modules():
            if isinstance(layer, WhiteConv):  # what the teacher's maps never show is learned by none, and stays 0
                nn.init.zeros_(layer.turn)

    def _inputs(self, picture: Tensor, convs: Sequence[Tensor]) -> list[Tensor]:
        """What each convolution is given, if the maps below it are `convs`."""
        return [picture - 0.5] + [
            F.max_pool2d(F.relu(x), 2) if first else F.relu(x)
            for x, first in zip(convs[:-1], self.starts[1:], strict=True)
        ]

    def forward(self, picture: Tensor, forced: Seen | None = None) -> Seen:
        """What it sees; `forced`: each layer of what the teacher saw below it, made noisy."""
        convs: list[Tensor] = []
        if forced:
            forced = Seen([_noisy(x) for x in forced.convs], forced.maps)
        for i, conv in enumerate(self.encoder.convs):
            x = F.relu((forced.convs if forced else convs)[i - 1]) if i else picture - 0.5
            x = F.max_pool2d(x, 2) if i and self.starts[i] else x
            convs.append(conv(x))
        given = forced.convs if forced else convs
        sources = [F.relu(x) for x, first in zip(given, self.starts, strict=True) if first]
        return Seen(convs, [layer(x) for layer, x in zip(self.encoder.maps, sources, strict=True)])

    @torch.no_grad()
    def folded(self) -> DeepEncoder:
        """The encoder with ordinary convolutions."""
        plain = DeepEncoder(self.encoder.widths)
        for group, learned in ((plain.convs, self.encoder.convs), (plain.maps, self.encoder.maps)):
            for conv, white in zip(group, learned, strict=True):
                assert isinstance(white, WhiteConv)
                weight, bias = white.folded()
                conv.load_state_dict({"weight": weight, "bias": bias})
        return plain.eval().requires_grad_(False)


def seen_loss(found: Seen, wanted: Seen) -> dict[str, Tensor]:
    """Squared error over the teacher's variance: `convs`, the mean of all convolutions', and of each map; `total`.

    Convolutions are compared after a leaky ReLU, through which a channel that is never positive still learns.
    """
    pairs = zip(found.convs, wanted.convs, strict=True)
    convs = torch.stack([_error(F.leaky_relu(a, SLOPE), F.leaky_relu(b, SLOPE)) for a, b in pairs])
    maps = [_error(a, b) for a, b in zip(found.maps, wanted.maps, strict=True)]
    terms = {"convs": convs.mean()} | {f"map{i}": value for i, value in enumerate(maps, 1)}
    return terms | {"total": convs.mean() + torch.stack(maps).mean()}


def _noisy(maps: Tensor) -> Tensor:
    amount = NOISE * torch.rand(len(maps), 1, 1, 1) * _spread(maps)[:, None, None]
    return maps + amount * torch.randn_like(maps)


def _spread(maps: Tensor) -> Tensor:
    """The standard deviation (C,) of each channel of (B, C, H, W)."""
    return maps.std((0, 2, 3)).clamp_min(1e-4)


def _error(found: Tensor, wanted: Tensor) -> Tensor:
    return F.mse_loss(found.float(), wanted.float()) / wanted.float().var()


def train_deep(
    sources: Sequence[Path],
    teacher: Path,
    folder: Path,
    forced: Schedule = FORCED,
    whole: Schedule = WHOLE,
    leave_out: Sequence[str] = (),
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[DeepEncoder, dict[str, float]]:
    """Train on pictures below `sources` (each equally often) and score on those held out.

    Pictures whose path has a word of `leave_out` in it are not taken. The gallery's drawings are always a source.
    Checkpoints and `log.jsonl` of the two parts go to `folder`/forced and `folder`/whole. Returns the encoder and its
    held-out errors.
    """
    torch.manual_seed(forced.seed)
    reference = read_teacher(teacher)
    learning, held = ([PictureSet(s, held_out=out, leave_out=leave_out) for s in sources] for out in (False, True))

    def batch_at(step: int, sets: Sequence[PictureSet] = learning, salt: int = 0) -> Tensor:
        rng = np.random.default_rng((forced.seed, salt, step))
        chosen = [sets[int(rng.integers(len(sets)))] for _ in range(forced.batch)]
        crops = np.stack([random_crop(s[int(rng.integers(len(s)))], SIDE, rng) for s in chosen])
        batch = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        return spoil(batch, generator).contiguous(memory_format=torch.channels_last)

    begun = torch.cat([batch_at(step) for step in range(16)])
    student = Student(begun, reference(begun)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forced_loss(network: Student, batch: Tensor, _progress: float) -> dict[str, Tensor]:
        with torch.no_grad():
            wanted = reference(batch)
        return seen_loss(network(batch, wanted), wanted)

    def whole_loss(network: Student, batch: Tensor, _progress: float) -> dict[str, Tensor]:
        with torch.no_grad():
            wanted = reference(batch)
        return seen_loss(network(batch), wanted)

    def rows_at(step: int, rows: range) -> Tensor:
        return batch_at(step)[rows.start : rows.stop]

    def later_rows(step: int, rows: range) -> Tensor:
        return rows_at(forced.steps + step, rows)

    trained = fit(student, rows_at, forced_loss, forced, folder / "forced", on_log=on_log)
    trained = fit(trained, later_rows, whole_loss, whole, folder / "whole", on_log=on_log)
    assert isinstance(trained, Student)
    trained.eval()
    with torch.no_grad():
        batches = [batch_at(step, held, 1) for step in range(HELD_BATCHES)]
        losses = [seen_loss(trained(batch), reference(batch)) for batch in batches]
    scores = {name: float(torch.stack([loss[name] for loss in losses]).mean()) for name in losses[0]}
    return trained.folded(), scores
