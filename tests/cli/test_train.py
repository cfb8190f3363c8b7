"""What `styfie train` hands on; the trainings themselves are tested where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.cli.test_cli import run


@pytest.mark.parametrize(("given", "people"), [((), 0), (("--people", "0"), 0), (("--people", "7"), 7)])
def test_clicks_are_learned_on_all_portraits_or_on_so_many(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    given: tuple[str, ...],
    people: int,
) -> None:
    asked: dict[str, Any] = {}

    def learn(*_: object, **named: Any) -> torch.nn.Module:
        asked.update(named)
        return torch.nn.Linear(2, 2)

    monkeypatch.setattr("styfie.training.clicks.train_clicks", learn)
    code, out, _ = run(capsys, "train", "clicks", "--data", tmp_path, "-o", tmp_path / "out", *given)
    assert (code, asked["people"]) == (0, people)
    assert str(tmp_path / "out" / "clicks.safetensors") in out and (tmp_path / "out" / "clicks.safetensors").is_file()
    assert run(capsys, "train", "clicks", "--data", tmp_path, "-o", tmp_path, "--people", "-1")[0] == 2


def test_depth_is_learned_and_scored_on_what_was_held_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Any] = []

    def learn(*given: object, **named: Any) -> torch.nn.Module:
        asked.append((given[2], named["people"], named["leave_out"], given[3]))
        return torch.nn.Linear(2, 2)

    def scenes(*_: object, **named: Any) -> str:
        return str(named["part"])

    def score(_: object, made: str, __: object) -> dict[str, float]:
        return {made: 0.75}

    monkeypatch.setattr("styfie.training.depth.train_depth", learn)
    monkeypatch.setattr("styfie.training.depth.score_depth", score)
    monkeypatch.setattr("styfie.training.layered.LayeredScenes", scenes)
    given = ("--data", tmp_path, "--scenes", tmp_path, "--leave-out", "NC", "--people", "3", "--steps", "5")
    code, out, _ = run(capsys, "train", "depth", *given, "--seed", "7", "-o", tmp_path / "out")
    assert code == 0 and '"val": 0.75' in out
    ((folder, people, words, schedule),) = asked
    assert (folder, people, words, schedule.steps, schedule.seed) == (tmp_path / "out", 3, ["NC"], 5, 7)
    assert (tmp_path / "out" / "depth.safetensors").is_file()
