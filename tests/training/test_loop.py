"""The loop learns, resumes to the bit, and does the same in parts and in several processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from styfie.errors import InputError, OutputError
from styfie.training import loop
from styfie.training.loop import Schedule, fit
from tests.training.conftest import TINY

BATCH = 8
SHARED = replace(TINY, batch=BATCH, steps=6, learning_rate=0.05, average=0.5, log_every=1, save_every=2)


def small_network(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.Dropout(dropout), nn.Conv2d(4, 1, 1)]
    return nn.Sequential(*layers)


def rows_at(step: int, rows: range) -> Tensor:
    whole = torch.rand(BATCH, 3, 6, 6, generator=torch.Generator().manual_seed(step))
    return whole[rows.start : rows.stop]


def brightness_loss(network: nn.Module, pictures: Tensor, progress: float) -> dict[str, Tensor]:
    error = (network(pictures) - pictures.mean(1, keepdim=True)).square().mean()
    return {"error": error, "total": (1 + progress) * error}


def learned(folder: Path, schedule: Schedule, dropout: float = 0.0, stop: int | None = None) -> dict[str, Tensor]:
    def rows_until(step: int, rows: range) -> Tensor:
        if step == stop:
            raise KeyboardInterrupt
        return rows_at(step, rows)

    return fit(small_network(dropout), rows_until, brightness_loss, schedule, folder).state_dict()


def log_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_the_loop_learns(tmp_path: Path) -> None:
    learned(tmp_path, replace(SHARED, steps=60, learning_rate=0.1))
    log = log_of(tmp_path)
    assert log[-1]["step"] == 60
    assert log[-1]["error"] < 0.1 * log[0]["error"]


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """With dropout, whose chance must go on where it was too."""
    schedule = replace(SHARED, accumulate=2)
    whole = learned(tmp_path / "whole", schedule, dropout=0.3)
    with pytest.raises(KeyboardInterrupt):
        learned(tmp_path / "stopped", schedule, dropout=0.3, stop=5)
    assert [line["step"] for line in log_of(tmp_path / "stopped")] == [1, 2, 3, 4, 5]
    again = learned(tmp_path / "stopped", schedule, dropout=0.3)
    assert all(torch.equal(again[name], value) for name, value in whole.items())
    without_time = [[{**line, "seconds": 0} for line in log_of(tmp_path / run)] for run in ("whole", "stopped")]
    assert without_time[0] == without_time[1], "each step stands once in the log"


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_where_it_was(tmp_path: Path, sent: signal.Signals) -> None:
    """In the middle of a step, of a network with running means: the step is done, and nothing is lost."""
    schedule = replace(SHARED, accumulate=2, save_every=1000)

    def run(folder: Path, presses: int = 0) -> dict[str, Tensor]:
        left = [signal.SIGINT] * (presses - 1) + [sent] * min(presses, 1)

        def pressed(network: nn.Module, pictures: Tensor, progress: float) -> dict[str, Tensor]:
            while left and progress == 3 / 6:
                signal.raise_signal(left.pop())
            return brightness_loss(network, pictures, progress)

        network = nn.Sequential(small_network(dropout=0.3), nn.BatchNorm2d(1))
        return fit(network, rows_at, pressed, schedule, folder).state_dict()

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", presses=1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert torch.load(tmp_path / "stopped/checkpoint.pt", weights_only=True)["step"] == 4
    again = run(tmp_path / "stopped")
    assert all(torch.equal(again[name], value) for name, value in whole.items())
    assert [line["step"] for line in log_of(tmp_path / "stopped")] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "at once", presses=2)
    assert [line["step"] for line in log_of(tmp_path / "at once")] == [1, 2, 3]
    assert not (tmp_path / "at once/checkpoint.pt").exists()


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_is_for_where_it_is_in_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(loop, "has_bf16", lambda device: fast)
    seen: set[torch.dtype] = set()

    def loss(network: nn.Module, pictures: Tensor, progress: float) -> dict[str, Tensor]:
        seen.add(network(pictures).dtype)
        return brightness_loss(network, pictures, progress)

    fit(small_network(), rows_at, loss, replace(SHARED, bf16=True, steps=1), tmp_path)
    assert seen == {torch.bfloat16 if fast else torch.float32}


def test_dropout_matters_and_is_seeded(tmp_path: Path) -> None:
    runs = [learned(tmp_path / str(i), replace(SHARED, seed=i // 2), dropout=0.5) for i in range(3)]
    assert torch.equal(runs[0]["0.weight"], runs[1]["0.weight"])
    assert not torch.equal(runs[0]["0.weight"], runs[2]["0.weight"])


def test_parts_equal_the_whole_batch(tmp_path: Path) -> None:
    whole = learned(tmp_path / "1", SHARED)
    parts = learned(tmp_path / "4", replace(SHARED, accumulate=4))
    for name, value in whole.items():
        assert torch.allclose(parts[name], value, atol=1e-5), name
    for a, b in zip(log_of(tmp_path / "1"), log_of(tmp_path / "4"), strict=True):
        assert a["error"] == pytest.approx(b["error"], abs=2e-6)


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, "-m", "tests.training.test_loop", str(tmp_path / "two")]
    given: dict[str, Any] = {"cwd": Path(__file__).parents[2]}
    both = [subprocess.Popen(command, env=os.environ | here | {"RANK": str(rank)}, **given) for rank in range(2)]
    one = learned(tmp_path / "one", replace(SHARED, accumulate=2))
    assert [process.wait(60) for process in both] == [0, 0]
    first, second = (torch.load(tmp_path / f"two/{rank}.pt", weights_only=True) for rank in range(2))
    for name, value in one.items():
        assert torch.equal(first[name], second[name]), "the processes agree"
        assert torch.allclose(first[name], value, atol=1e-5), name
    for a, b in zip(log_of(tmp_path / "one"), log_of(tmp_path / "two"), strict=True):
        assert a["error"] == pytest.approx(b["error"], abs=2e-6)


def test_a_constant_rate_without_decay_is_adam(tmp_path: Path) -> None:
    """Against torch's own Adam, step by step."""
    schedule = replace(SHARED, one_cycle=False, clip=None, weight_decay=0.0, average=0.0, learning_rate=1e-2)
    found = learned(tmp_path, schedule)
    network = small_network()
    adam = torch.optim.Adam(network.parameters(), 1e-2)
    for step in range(schedule.steps):
        adam.zero_grad()
        brightness_loss(network, rows_at(step, range(BATCH)), step / schedule.steps)["total"].backward()
        adam.step()
    for name, value in network.state_dict().items():
        assert torch.allclose(found[name], value, atol=1e-6)


@pytest.mark.parametrize(
    ("steps", "average", "decay"),
    [(100, 0.998, 0.96), (4000, 0.998, 0.998), (800, 0.995, 0.995), (4000, 0.0, 0.0), (3, 0.9, 0.0)],
)
def test_averaged_weights_look_back_on_a_quarter_of_the_training_at_most(
    steps: int, average: float, decay: float
) -> None:
    assert Schedule(steps=steps, average=average).decay == pytest.approx(decay)


def test_a_short_training_is_not_lost_in_the_average(tmp_path: Path) -> None:
    schedule = replace(SHARED, steps=60, learning_rate=0.1, average=0.998)
    found = small_network()
    found.load_state_dict(learned(tmp_path, schedule))
    pictures = rows_at(0, range(BATCH))
    before, after = (brightness_loss(one, pictures, 0)["error"].item() for one in (small_network(), found))
    assert after < 0.1 * before


def test_what_cannot_be_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batch of 8 cannot be divided"):
        learned(tmp_path, replace(SHARED, accumulate=3))
    learned(tmp_path, SHARED)
    with pytest.raises(InputError, match="other data or settings"):
        learned(tmp_path, replace(SHARED, seed=1))
    checkpoint = tmp_path / "checkpoint.pt"
    whole = checkpoint.read_bytes()
    for damaged in (b"", b"no checkpoint", whole[: len(whole) // 2]):
        checkpoint.write_bytes(damaged)
        with pytest.raises(InputError, match=r"checkpoint.pt is damaged .*: remove it to begin anew"):
            learned(tmp_path, SHARED)
    checkpoint.write_bytes(whole)
    with pytest.raises(InputError, match=r"checkpoint.pt is of another network: remove it"):
        fit(nn.Conv2d(3, 1, 1), rows_at, brightness_loss, SHARED, tmp_path)
    with pytest.raises(OutputError, match=r"checkpoint.pt cannot be made a folder"):
        learned(checkpoint, SHARED)


def _one_of_two(folder: Path) -> None:
    from styfie.training.processes import joined, rank_and_count

    with joined("cpu"):
        state = learned(folder, SHARED)
        torch.save(state, folder / f"{rank_and_count()[0]}.pt")


if __name__ == "__main__":
    _one_of_two(Path(sys.argv[1]))


def test_what_was_logged_before_is_there_until_the_log_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the lines of steps that are done anew are taken out, it has them all; then only those kept."""
    log = tmp_path / "log.jsonl"
    log.write_text("".join(f'{{"step": {step}}}\n' for step in (2, 4, 6)))
    before = log.read_text()

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("styfie.training.outputs.sync", die)
        with pytest.raises(KeyboardInterrupt):
            loop._Log(log, 4, None)
    assert log.read_text() == before
    loop._Log(log, 4, None)
    assert log.read_text() == before.rpartition('{"step": 6')[0]
