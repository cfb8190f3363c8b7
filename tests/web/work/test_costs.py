from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch

from styfie.engines import Cost
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.web.work import costs as module
from styfie.web.work.paintings import REGIONS, save, unpainted
from styfie.web.workers import WorkerChannel

LINE = cast(WorkerChannel, None)


@pytest.fixture
def folder(tmp_path: Path, halves: Regions) -> Path:
    save(unpainted(torch.rand(1, 3, 48, 64), halves), tmp_path / REGIONS)
    return tmp_path


def test_each_size_has_its_cost_or_why_it_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the photo's proportions, for regions that there are, and with the largest of the sizes as the run's."""
    seen: list[Any] = []

    def estimate(*given: Any) -> list[Cost]:
        seen.extend(given)
        return [Cost(1.26, 0.514), Cost(problem="too large")]

    monkeypatch.setattr(module, "estimate_costs", estimate)
    looks = {name: {"styles": [{"name": "ink", "weight": 1.0}]} for name in ("subject", "lost")}
    found = module.costs(LINE, str(folder), looks, {}, str(folder), {"engine": "optimise", "size": 64}, [128, 9000])
    assert found == [
        {"size": 128, "seconds": 1.3, "gigabytes": 0.51, "error": ""},
        {"size": 9000, "seconds": 0.0, "gigabytes": 0.0, "error": "too large"},
    ]
    shapes, regions, wanted, settings = seen
    assert shapes == [(96, 128), (6750, 9000)] and regions.size == (48, 64)
    assert list(wanted) == ["subject"] and settings == Settings(engine="optimise", size=9000)


def test_an_engine_that_has_no_plan_says_what_it_takes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the last of that engine took here, by the pixel: a small one says nothing."""
    monkeypatch.setattr(module, "paces", {})
    module.note_pace("fast", 9.0, (48, 64))
    (one,) = module.costs(LINE, str(folder), {}, {}, str(folder), {"engine": "fast"}, [1000])
    assert one["seconds"] == 0 and one["gigabytes"] == pytest.approx(1.2 + 230 * 750e3 / 1e9, abs=0.01)
    module.note_pace("fast", 2.0, (375, 500))
    (one,) = module.costs(LINE, str(folder), {}, {}, str(folder), {"engine": "fast"}, [1000])
    assert one["seconds"] == pytest.approx(8.0)
