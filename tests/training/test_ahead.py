"""Batches come in the order of their turns, whoever draws them, and as they would be drawn at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.training.ahead import count_drawers, draw_ahead
from styfie.training.loop import CPU, Schedule, fit
from styfie.training.pictures import PictureSet
from styfie.training.presets import TrainingPreset
from styfie.training.sampler import Material, Sampler
from tests.training.conftest import TINY
from tests.training.test_loop import BATCH, SHARED, brightness_loss, rows_at, small_network

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # where there are fewer processors
TURNS = [(step, range(first, first + 2)) for step in range(5) for first in (0, 2)]


def where_drawn(step: int, rows: range) -> tuple[int, int, int]:
    return step, rows.start, os.getpid()


@pytest.mark.parametrize("drawers", [0, 3])
def test_turns_keep_their_order(drawers: int) -> None:
    drawn = list(draw_ahead(where_drawn, TURNS, drawers))
    assert [(step, first) for step, first, _ in drawn] == [(step, rows.start) for step, rows in TURNS]
    drew = {process for _, _, process in drawn}
    assert len(drew) == max(1, drawers) and (os.getpid() in drew) == (drawers == 0)
    assert list(draw_ahead(where_drawn, [], drawers)) == []


def test_a_batch_is_drawn_while_the_one_before_is_learned_from() -> None:
    asked: list[int] = []

    def at(step: int, _: range) -> int:
        asked.append(step)
        return step

    batches = draw_ahead(at, [(step, range(1)) for step in range(9)])
    assert next(batches) == 0 and set(asked) <= {0, 1}, "one ahead, no more"
    assert list(batches) == list(range(1, 9))


@pytest.mark.parametrize("packed", [False, True])
def test_processes_draw_what_a_thread_would(portraits: Path, tmp_path: Path, packed: bool) -> None:
    """From a ZIP too, which each must open for itself: those that share a file share their place in it."""
    source = portraits
    if packed:
        source = tmp_path / "pack.zip"
        with zipfile.ZipFile(source, "w") as pack:
            for file in sorted(path for path in portraits.rglob("*") if path.is_file()):
                pack.write(file, file.relative_to(portraits))
    recipe = TrainingPreset(TINY, side=32)
    sampler = Sampler(Material([source]), recipe, [source])
    turns = [(step, range(TINY.batch)) for step in range(12)]
    by_thread = list(draw_ahead(sampler.at, turns))
    for one, other in zip(by_thread, draw_ahead(sampler.at, turns, 3), strict=True):
        assert torch.equal(one.pictures, other.pictures)
        assert torch.equal(one.mattes, other.mattes) and torch.equal(one.parts, other.parts)


def test_a_pack_of_pictures_is_opened_by_each_process(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as pack:
        for n in range(24):
            Image.fromarray(np.full((40, 40, 3), 10 * n, np.uint8)).save(tmp_path / f"{n:02}.png")
            pack.write(tmp_path / f"{n:02}.png", f"{n:02}.png")
    pictures = PictureSet(tmp_path / "pack.zip", one_in=10**9)
    assert pictures[0].mean() == 0, "opened here before others draw"
    drawn = draw_ahead(lambda step, _: int(pictures[step].mean()), [(step, range(1)) for step in range(24)], 4)
    assert list(drawn) == [10 * n for n in range(24)]


@pytest.mark.parametrize("bf16", [False, True])
def test_a_training_is_the_same_by_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bf16: bool) -> None:
    """In bfloat16 too: what draws must not inherit the precision in which the network learns."""
    monkeypatch.setattr("styfie.training.loop.has_bf16", lambda _: bf16)

    def blurred_at(step: int, rows: range) -> torch.Tensor:
        kernel = torch.full((3, 1, 3, 3), 1 / 9)
        return torch.nn.functional.conv2d(rows_at(step, rows), kernel, padding=1, groups=3)

    runs = [
        fit(small_network(), blurred_at, brightness_loss, SHARED, tmp_path / f"{drawers}", drawers=drawers).state_dict()
        for drawers in (0, 2)
    ]
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


def test_processes_draw_for_a_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda")
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    assert (count_drawers(CPU), count_drawers(gpu)) == (0, 14)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert count_drawers(gpu) == 2, "each process that learns has its share"
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert count_drawers(gpu) == 1
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert count_drawers(gpu) == 0


def test_the_loop_is_told_how_many_draw(tmp_path: Path) -> None:
    drew = tmp_path / "drew"

    def noted(step: int, rows: range) -> torch.Tensor:
        with drew.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return rows_at(step, rows)

    schedule = Schedule(steps=4, batch=BATCH, average=0.0)
    fit(small_network(), noted, brightness_loss, schedule, tmp_path, drawers=2)
    assert len(set(drew.read_text().split()) - {str(os.getpid())}) == 2


LEFT = """
from styfie.training.ahead import draw_ahead
batches = draw_ahead(lambda step, _: step, [(step, range(1)) for step in range(40)], 2)
print(next(batches))
"""


@pytest.mark.slow
def test_a_process_that_needs_no_more_batches_ends() -> None:
    """Those that draw for it end with it, however many turns are left."""
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0\n"


def test_ctrl_c_is_for_the_process_that_learns() -> None:
    def interrupted(step: int, _: range) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return step

    assert list(draw_ahead(interrupted, [(step, range(1)) for step in range(4)], 2)) == [0, 1, 2, 3]
