"""The one training loop: AdamW, averaged weights, a JSON line now and then.

It knows nothing of any task: a task gives the rows of a step's batch and a loss for a batch.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from styfie.devices import has_bf16
from styfie.errors import InputError
from styfie.training.ahead import draw_ahead
from styfie.training.batchnorm import BATCHES, measure_statistics
from styfie.training.interrupts import interrupts
from styfie.training.outputs import make_folder, write_atomically, writing
from styfie.training.processes import mean_over_processes, rank_and_count


class Movable(Protocol):
    """What a batch can do: a tensor, or a class of tensors."""

    def to(self, device: torch.device, /) -> Self:
        """The same on another device."""


Batch = TypeVar("Batch", bound=Movable)
Terms = Mapping[str, Tensor]
CPU = torch.device("cpu")
LOOKED_BACK = 4  # times that the averaged weights' memory goes into a training, at least


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    steps: int = 4000
    batch: int = 16  # pictures a step, over all processes and parts
    accumulate: int = 1  # parts in which a process's share goes through the network
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    one_cycle: bool = True  # else the rate is constant
    warm_up: float = 0.05  # share of the steps
    clip: float | None = 1.0  # norm of the gradient
    average: float = 0.999  # decay of the averaged weights, which are the result; less in short trainings, see `decay`
    seed: int = 0
    bf16: bool = True
    log_every: int = 100
    save_every: int = 1000
    scores: int = 10  # how often in a run the held-out pictures are scored

    @property
    def decay(self) -> float:
        """The decay of the averaged weights, which look back on a quarter of the training at most.

        Else a short training would be lost: of 100 steps .998 leaves four fifths of what the network was at first.
        """
        return max(0.0, min(self.average, 1 - LOOKED_BACK / self.steps))


class Supervised(nn.Module):
    """Network and loss as one module, so that gradients are exchanged between processes as they come."""

    def __init__(self, network: nn.Module, loss_of: Callable[[Any, Any, float], Terms]) -> None:
        super().__init__()
        self.network, self.loss_of = network, loss_of

    def forward(self, batch: Movable, progress: float) -> dict[str, Tensor]:
        """Named terms of the loss; the one called `total` is minimised."""
        return dict(self.loss_of(self.network, batch, progress))


def fit(
    model: nn.Module,
    batch_at: Callable[[int, range], Batch],
    loss_of: Callable[[Any, Batch, float], Terms],
    schedule: Schedule,
    folder: Path,
    *,
    groups: list[dict[str, Any]] | None = None,
    on_log: Callable[[dict[str, float]], None] | None = None,
    score: Callable[[nn.Module, int], Mapping[str, float]] | None = None,
    device: torch.device = CPU,
    about: Mapping[str, object] | None = None,
    drawers: int = 0,
) -> nn.Module:
    """Train `model` in place and return its averaged copy, in evaluation mode.

    `batch_at(step, rows)` gives these rows of the step's batch and must depend on the two alone: so a run that was
    stopped and started again in the same `folder` goes on from its last checkpoint and ends with the same bytes, and
    several processes, each with its rows, do what one would. Chance inside the network (dropout) is seeded
    anew for every step and share, to the same end. What depends on more than one picture sees a share: batch norm's
    statistics, and losses that are no mean over pictures.

    `loss_of(model, batch, progress)` returns named terms, `progress` from 0 to 1; `total` is minimised, all are
    logged to `log.jsonl`, as is what `score(averaged model, step)` finds. `groups` are optimiser parameter groups
    with a factor `scale` on the learning rate. `about` says what else makes this run: a checkpoint of another
    is refused. `drawers` as `draw_ahead`. Ctrl-C, or SIGTERM, ends the step first and, where there is one process,
    saves a checkpoint.

    Raises:
        InputError: the batch cannot be divided, or the folder holds a checkpoint of another run, or a damaged one.
        OutputError: the folder cannot be made or written to.
        KeyboardInterrupt: Ctrl-C or SIGTERM, the step done and saved; a second one interrupts at once.
    """
    rank, count = rank_and_count()
    shares = count * schedule.accumulate
    if schedule.batch % shares:
        raise InputError(
            f"A batch of {schedule.batch} cannot be divided into {count} x {schedule.accumulate} equal shares "
            "(processes x parts): choose a multiple."
        )
    make_folder(folder)
    run = {"schedule": asdict(schedule), "processes": count, "about": dict(about or {})}
    model.to(device)
    optimiser, rate = _optimiser(model, schedule, groups)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(schedule.decay))
    average.module.eval()
    checkpoint, parts = folder / "checkpoint.pt", (model, average, optimiser, rate)
    first = _resume(checkpoint, run, parts, device)
    supervised: nn.Module = Supervised(model, loss_of)
    if count > 1:
        supervised = DistributedDataParallel(supervised)
    mine = range(rank * schedule.accumulate, (rank + 1) * schedule.accumulate)
    turns = [(step, _rows(share, schedule.batch // shares)) for step in range(first, schedule.steps) for share in mine]
    batches = draw_ahead(batch_at, turns, drawers)
    between = max(1, schedule.steps // schedule.scores)  # steps from one score to the next

    def averaged(done: int) -> nn.Module:
        """The averaged model after so many steps, its batch norms measured on the last batches.

        Without averaging it is the model as it is.
        """
        if not schedule.decay:
            return average.module
        count = BATCHES if done == schedule.steps else min(BATCHES // 4, between)
        last = ((step, share) for step in range(max(0, done - count), done) for share in range(shares))
        seen = (batch_at(step, _rows(share, schedule.batch // shares)).to(device) for step, share in last)
        measure_statistics(average.module, lambda network, batch: loss_of(network, batch, 0.0), seen)
        return average.module

    note = _Log(folder / "log.jsonl", first, on_log) if rank == 0 else None
    with interrupts(heeded=count == 1) as interrupt:  # several processes would leave at different steps
        for step in range(first, schedule.steps):
            optimiser.zero_grad(set_to_none=True)
            terms = _gradients(supervised, batches, schedule, step, mine, device)
            if schedule.clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
            optimiser.step()
            rate.step()
            average.update_parameters(model)
            done = step + 1
            if done % schedule.log_every == 0 or done == schedule.steps:
                values = mean_over_processes(torch.stack(list(terms.values()))).tolist()
                if note:
                    note(done, dict(zip(terms, values, strict=True)))
            if note and score and (done % between == 0 or done == schedule.steps):
                note(done, score(averaged(done), done))
            stop = interrupt.requested  # once: it may be asked while a checkpoint is written
            if note and (stop or (done % schedule.save_every == 0 and done < schedule.steps)):
                _save(checkpoint, done, run, parts)
            if stop:
                raise KeyboardInterrupt
    if rank == 0:
        with write_atomically(folder / "schedule.json") as part:
            part.write_text(json.dumps(run, indent=1), encoding="utf-8")
    return averaged(schedule.steps)


def _gradients(
    supervised: nn.Module, batches: Iterator[Movable], schedule: Schedule, step: int, mine: range, device: torch.device
) -> dict[str, Tensor]:
    """Add up the gradients of this process's shares; returns the means of the loss's terms over them."""
    sums: dict[str, Tensor] = {}
    bf16 = schedule.bf16 and has_bf16(device)
    for share in mine:
        torch.manual_seed(int(np.random.SeedSequence((schedule.seed, step, share)).generate_state(1)[0]))
        more = isinstance(supervised, DistributedDataParallel) and share != mine[-1]
        batch = next(batches).to(device)  # before autocast, which processes that draw would inherit
        with supervised.no_sync() if more else nullcontext():  # type: ignore[operator]
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                terms = supervised(batch, step / schedule.steps)
            (terms["total"] / len(mine)).backward()
        for name, value in terms.items():
            part = value.detach().float() / len(mine)
            sums[name] = sums[name] + part if name in sums else part
    return sums


def _rows(share: int, size: int) -> range:
    return range(share * size, (share + 1) * size)


class _Log:
    """Lines of JSON in a file, those of steps that will be repeated taken out first."""

    def __init__(self, path: Path, first: int, on_log: Callable[[dict[str, float]], None] | None) -> None:
        self.path, self.on_log, self.started = path, on_log, time.monotonic()
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        whole = (line for line in lines if line.endswith("}"))  # a run may have been stopped while it wrote
        kept = "".join(f"{line}\n" for line in whole if json.loads(line)["step"] <= first)
        with write_atomically(path) as part:  # killed here, the run would have lost what it did before
            part.write_text(kept, encoding="utf-8")

    def __call__(self, step: int, values: Mapping[str, float]) -> None:
        """One line more."""
        line = {"step": step, "seconds": round(time.monotonic() - self.started, 1)}
        line |= {name: round(value, 6) for name, value in values.items()}
        with writing(self.path), self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        if self.on_log:
            self.on_log(line)


def _optimiser(
    model: nn.Module, schedule: Schedule, groups: list[dict[str, Any]] | None
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    groups = groups or [{"params": list(model.parameters())}]
    scales = [group.pop("scale", 1.0) for group in groups]
    rates = [schedule.learning_rate * scale for scale in scales]
    for group, own in zip(groups, rates, strict=True):
        group["lr"] = own
    optimiser = torch.optim.AdamW(groups, weight_decay=schedule.weight_decay)  # without decay: Adam
    if not schedule.one_cycle:
        return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, lambda _: 1.0)
    steps = max(3, schedule.steps)  # what a cycle needs
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=rates,
        total_steps=steps,
        pct_start=min(0.5, max(schedule.warm_up, 2 / steps)),  # a warm-up of two steps at least
    )
    return optimiser, rate


def _save(path: Path, step: int, run: Mapping[str, object], parts: Iterable[Any]) -> None:
    states = [part.state_dict() for part in parts]
    with write_atomically(path) as beside, beside.open("wb") as stream:
        torch.save({"step": step, "run": run, "parts": states}, stream)


def _resume(path: Path, run: Mapping[str, object], parts: Iterable[Any], device: torch.device) -> int:
    """Go on from a checkpoint if there is one; returns the first step to do."""
    if not path.exists():
        return 0
    try:
        saved = torch.load(path, weights_only=True, map_location=device)
        own, step, states = saved["run"], int(saved["step"]), list(saved["parts"])
    except (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, pickle.UnpicklingError) as error:
        raise InputError(f"{path} is damaged and cannot be gone on from: remove it to begin anew.") from error
    if own != run:
        raise InputError(f"{path} is of a run with other data or settings: give another --output, or remove it.")
    try:
        for part, state in zip(parts, states, strict=True):
            part.load_state_dict(state)
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is of another network: remove it to begin anew.") from error
    return step
