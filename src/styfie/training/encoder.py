"""Teach the built-in encoder to see what a reference network sees.

Knowledge distillation on the features (Romero et al. 2015, FitNets): a 1x1 head maps each tap of
ours onto the reference's activations at the same depth; squared error over their variance. The
heads are dropped afterwards. The reference runs with average pooling, as it does when it paints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from styfie.encoders.plain import SLOPE, WIDTHS, Features, PlainEncoder
from styfie.errors import InputError, MissingError
from styfie.training.loop import Schedule, fit
from styfie.training.pictures import PictureSet, random_crop

SCHEDULE = Schedule(steps=6_000, batch=16, learning_rate=2e-3, weight_decay=1e-5)
CROP_SIZE = 128


def load_reference(path: Path) -> PlainEncoder:
    """The reference network: `conv1.weight, conv1.bias, …` with zero padding, RGB in [0, 1].

    Raises:
        MissingError: there is no such file.
        InputError: it is no such network.
    """
    if not path.exists():
        raise MissingError(f"No reference network at {path}: give --teacher a safetensors file of conv1, conv2, ….")
    try:
        state = load_file(path)
    except (OSError, SafetensorError):
        raise InputError(f"{path} is no safetensors file: give one of conv1.weight, conv1.bias, ….") from None
    try:
        return _reference(state)
    except (LookupError, RuntimeError, TypeError, ValueError):  # names that are missing, or other shapes
        raise InputError(
            f"{path} is no reference network: it should hold conv1.weight, conv1.bias, conv2.weight, …."
        ) from None


def _reference(state: Mapping[str, Tensor]) -> PlainEncoder:
    depth = len(state) // 2
    reference = PlainEncoder(tuple(state[f"conv{i}.weight"].shape[0] for i in range(1, depth + 1)))
    for i, conv in enumerate(reference.convs, 1):
        conv.load_state_dict({"weight": state[f"conv{i}.weight"], "bias": state[f"conv{i}.bias"]})
    # PlainEncoder centres its input on 0; the reference does not, and a shift of the first bias says the same.
    first = reference.convs[0]
    assert isinstance(first, nn.Conv2d) and first.bias is not None
    first.bias.data += 0.5 * first.weight.data.sum((1, 2, 3))
    return reference.eval().requires_grad_(False)


class Student(nn.Module):
    """The encoder with its heads onto the reference's activations.

    `like` are such activations: each head starts at their mean and at their scale.
    """

    def __init__(self, widths: tuple[int, ...], like: Sequence[Tensor]) -> None:
        super().__init__()
        self.encoder = PlainEncoder(widths)
        self.heads = nn.ModuleList(nn.Conv2d(a, b.shape[1], 1) for a, b in zip(widths, like, strict=True))
        self.means = [tap.mean((0, 2, 3))[:, None, None] for tap in like]
        self.scales = [tap.std() for tap in like]

    def forward(self, picture: Tensor) -> list[Tensor]:
        """The reference's taps as far as this encoder knows them, thinned out."""
        found = (head(tap).float() for head, tap in zip(self.heads, thin(self.encoder(picture)), strict=True))
        return [x * scale + mean for x, scale, mean in zip(found, self.scales, self.means, strict=True)]


class WhiteConv(nn.Module):
    """A 3x3 convolution learned in the whitened coordinates of its input patches.

    Neighbouring pixels, and channels, are so alike that in their own coordinates fine edge filters are learned
    last, if at all. Here `weight = turn @ white` with `white` the inverse root of the patches' covariance at the
    start (a fixed natural-gradient preconditioner: Desjardins et al. 2015), its smallest eigenvalues lifted to
    a hundredth of the mean. `folded` gives the ordinary convolution.
    """

    white: Tensor
    mean: Tensor

    def __init__(self, inputs: Tensor, width: int) -> None:
        super().__init__()
        inputs = inputs[
            :: max(1, inputs[:, 0].numel() * inputs.shape[1] // 4_000_000)
        ]  # keep the unfolded patches small
        patches = F.unfold(F.pad(inputs, (1,) * 4, mode="replicate"), 3).transpose(1, 2).flatten(0, 1)
        patches = patches[:: max(1, len(patches) // 30_000)]
        mean = patches.mean(0)
        values, vectors = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
        self.register_buffer("white", (vectors / (values + 0.01 * values.mean()).sqrt()).T.contiguous())
        self.register_buffer("mean", mean)
        self.turn = nn.Parameter(nn.init.orthogonal_(torch.empty(width, len(mean))))
        self.bias = nn.Parameter(torch.zeros(width))

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight (width, channels, 3, 3) and bias (width)."""
        weight = self.turn @ self.white
        return weight.unflatten(1, (-1, 3, 3)), self.bias - weight @ self.mean

    def forward(self, x: Tensor) -> Tensor:
        """The convolution, its weights folded in float32."""
        with torch.autocast("cpu", enabled=False):
            weight, bias = self.folded()
        return F.conv2d(
            F.pad(x, (1,) * 4, mode="replicate"), weight.contiguous(memory_format=torch.channels_last), bias
        )


@torch.no_grad()
def whiten(encoder: PlainEncoder, batch: Tensor) -> None:
    """Replace the encoder's convolutions by `WhiteConv`s, started on a batch of pictures."""
    x = batch - 0.5
    for i, width in enumerate(encoder.widths):
        encoder.convs[i] = WhiteConv(x, width)
        x = F.avg_pool2d(F.leaky_relu(encoder.convs[i](x), SLOPE), 2)


@torch.no_grad()
def fold(encoder: PlainEncoder) -> PlainEncoder:
    """The same encoder with ordinary convolutions."""
    plain = PlainEncoder(encoder.widths)
    for conv, white in zip(plain.convs, encoder.convs, strict=True):
        assert isinstance(white, WhiteConv)
        weight, bias = white.folded()
        conv.load_state_dict({"weight": weight, "bias": bias})
    return plain.eval().requires_grad_(False)


def thin(taps: Features) -> list[Tensor]:
    """Every fourth position of the first tap and every second of the next: their neighbours say much the same."""
    return [tap[..., ::step, ::step] for tap, step in zip(taps.values(), (4, 2, 1, 1, 1, 1), strict=False)]


def spoil(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Move part of a batch off the manifold of photos, where an optimised picture passes through.

    A fifth each: mixed with a neighbour by a smooth mask, noisy, colours scaled and shifted.
    """

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    count = len(batch)
    each = (count, 1, 1, 1)
    mask = F.interpolate(draw(count, 1, 6, 6), size=batch.shape[-2:], mode="bicubic").clamp(0, 1)
    batch = torch.lerp(batch, batch.roll(1, 0), mask * (draw(*each) < 0.2))
    noise = torch.randn(batch.shape, generator=generator) * 0.2 * draw(*each)
    batch = batch + noise * (draw(*each) < 0.2)
    scaled = batch * (0.5 + draw(count, 3, 1, 1)) + 0.3 * (draw(count, 3, 1, 1) - 0.5)
    return torch.where(draw(*each) < 0.2, scaled, batch).clamp(0, 1)


def feature_loss(found: Sequence[Tensor], target: Sequence[Tensor]) -> dict[str, Tensor]:
    """Per tap: mean squared error over the reference's variance; `total` is their mean."""
    terms = {
        f"tap{i}": F.mse_loss(a.float(), b.float()) / b.float().var()
        for i, (a, b) in enumerate(zip(found, target, strict=True), 1)
    }
    return terms | {"total": torch.stack(list(terms.values())).mean()}


def train_encoder(
    sources: Sequence[Path],
    teacher: Path,
    folder: Path,
    schedule: Schedule = SCHEDULE,
    widths: tuple[int, ...] = WIDTHS,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[PlainEncoder, dict[str, float]]:
    """Train on pictures below `sources` (each equally often) and score on those held out.

    Checkpoints and `log.jsonl` go to `folder`. Returns the encoder and its held-out losses.
    """
    torch.manual_seed(schedule.seed)
    reference = load_reference(teacher).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    learning, held = ([PictureSet(s, held_out=out) for s in sources] for out in (False, True))

    def batch_at(step: int, sets: Sequence[PictureSet] = learning, salt: int = 0) -> Tensor:
        rng = np.random.default_rng((schedule.seed, salt, step))
        chosen = [sets[int(rng.integers(len(sets)))] for _ in range(schedule.batch)]
        crops = np.stack([random_crop(s[int(rng.integers(len(s)))], CROP_SIZE, rng) for s in chosen])
        batch = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        return spoil(batch, generator).contiguous(memory_format=torch.channels_last)

    student = Student(widths, list(reference(batch_at(0)).values()))
    whiten(student.encoder, torch.cat([batch_at(step) for step in range(16)]))
    student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss_of(network: Student, batch: Tensor, _progress: float) -> dict[str, Tensor]:
        with torch.no_grad():
            wanted = thin(reference(batch))
        return feature_loss(network(batch), wanted)

    def rows_at(step: int, rows: range) -> Tensor:
        return batch_at(step)[rows.start : rows.stop]

    trained = fit(student, rows_at, loss_of, schedule, folder, on_log=on_log)
    assert isinstance(trained, Student)
    trained.eval()
    with torch.no_grad():
        batches = [batch_at(step, held, 1) for step in range(20)]
        losses = [feature_loss(trained(batch), thin(reference(batch))) for batch in batches]
    scores = {name: float(torch.stack([loss[name] for loss in losses]).mean()) for name in losses[0]}
    return fold(trained.encoder), scores
