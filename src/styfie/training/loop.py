"""The one training loop: AdamW, one cycle, averaged weights, a JSON line now and then.

It knows nothing of any task: a task gives a batch for a step and a loss for a batch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    steps: int = 4000
    batch: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    warm_up: float = 0.05  # share of the steps
    average: float = 0.999  # decay of the averaged weights, which are the result
    seed: int = 0
    bf16: bool = True
    log_every: int = 100
    save_every: int = 1000


def fit(
    model: nn.Module,
    batch_at: Callable[[int], Batch],
    loss_of: Callable[[Batch], Mapping[str, Tensor]],
    schedule: Schedule,
    folder: Path,
    groups: list[dict[str, Any]] | None = None,
    on_log: Callable[[dict[str, float]], None] | None = None,
) -> nn.Module:
    """Train `model` in place and return its averaged copy.

    `batch_at(step)` must depend on the step alone: so a run that was stopped and started again in
    the same `folder` goes on from its last checkpoint and ends with the same bytes. `loss_of`
    returns named terms, the one called `total` is minimised, all are logged to `log.jsonl`.
    `groups` are optimiser parameter groups with a factor `scale` on the learning rate.
    """
    optimiser, rate = _optimiser(model, schedule, groups)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(schedule.average), use_buffers=True)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    first = _resume(checkpoint, model, average, optimiser, rate)
    started = time.monotonic()
    with ThreadPoolExecutor(1) as ahead, (folder / "log.jsonl").open("a") as log:
        coming = ahead.submit(batch_at, first)
        for step in range(first, schedule.steps):
            batch, coming = coming.result(), ahead.submit(batch_at, min(step + 1, schedule.steps - 1))
            with torch.autocast("cpu", torch.bfloat16, enabled=schedule.bf16):
                terms = loss_of(batch)
            optimiser.zero_grad(set_to_none=True)
            terms["total"].backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            rate.step()
            average.update_parameters(model)
            done = step + 1
            if done % schedule.log_every == 0 or done == schedule.steps:
                line = {"step": done, "seconds": round(time.monotonic() - started, 1)}
                line |= {name: round(float(value.detach()), 6) for name, value in terms.items()}
                log.write(json.dumps(line) + "\n")
                log.flush()
                if on_log:
                    on_log(line)
            if done % schedule.save_every == 0 and done < schedule.steps:
                _save(checkpoint, done, model, average, optimiser, rate)
    (folder / "schedule.json").write_text(json.dumps(asdict(schedule), indent=1))
    result: nn.Module = average.module
    return result


def _optimiser(
    model: nn.Module, schedule: Schedule, groups: list[dict[str, Any]] | None
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    groups = groups or [{"params": list(model.parameters())}]
    scales = [group.pop("scale", 1.0) for group in groups]
    optimiser = torch.optim.AdamW(groups, lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=[schedule.learning_rate * scale for scale in scales],
        total_steps=schedule.steps,
        pct_start=min(0.5, max(schedule.warm_up, 2 / schedule.steps)),  # a warm-up of two steps at least
    )
    return optimiser, rate


def _save(path: Path, step: int, *parts: Any) -> None:
    partial = path.with_suffix(".part")
    torch.save({"step": step, "parts": [part.state_dict() for part in parts]}, partial)
    partial.replace(path)


def _resume(path: Path, *parts: Any) -> int:
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    for part, state in zip(parts, saved["parts"], strict=True):
        part.load_state_dict(state)
    return int(saved["step"])
