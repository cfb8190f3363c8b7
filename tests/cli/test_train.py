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
