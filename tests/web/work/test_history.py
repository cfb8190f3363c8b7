from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from styfie.errors import InputError
from styfie.regions import Regions
from styfie.web.jobs import AFTER, BEFORE, region_states
from styfie.web.work.history import forget, remember, step
from styfie.web.work.paintings import REGIONS, save, unpainted

LINE: Any = None  # nothing is told


def changed(folder: Path, share: float) -> None:
    """Regions of which the subject has this share of the picture, after those that were there."""
    remember(folder)
    photo = torch.zeros(1, 3, 8, 8)
    save(unpainted(photo, Regions.of_subject(torch.full((1, 1, 8, 8), share))), folder / REGIONS)


def area(found: list[dict[str, Any]]) -> float:
    return round(float(found[0]["area"]), 1)


def test_changes_are_taken_back_and_done_again_one_by_one(tmp_path: Path) -> None:
    for share in (0.2, 0.4, 0.6, 0.8):
        changed(tmp_path, share)
    assert [area(step(LINE, str(tmp_path), True)) for _ in range(3)] == [0.6, 0.4, 0.2]
    with pytest.raises(InputError, match="nothing to undo"):
        step(LINE, str(tmp_path), True)
    assert [area(step(LINE, str(tmp_path), False)) for _ in range(2)] == [0.4, 0.6]
    assert area(step(LINE, str(tmp_path), True)) == 0.4
    changed(tmp_path, 1.0)
    with pytest.raises(InputError, match="nothing to redo"):
        step(LINE, str(tmp_path), False)
    assert [area(step(LINE, str(tmp_path), True)) for _ in range(2)] == [0.4, 0.2]


def test_twenty_changes_can_be_taken_back(tmp_path: Path) -> None:
    for number in range(26):
        changed(tmp_path, number / 25)
    assert len(region_states(tmp_path, BEFORE)) == 20
    areas = [step(LINE, str(tmp_path), True)[0]["area"] for _ in range(20)]
    assert areas == pytest.approx([number / 25 for number in range(24, 4, -1)], abs=0.003)
    with pytest.raises(InputError):
        step(LINE, str(tmp_path), True)


def test_states_are_numbered_from_1(tmp_path: Path) -> None:
    """As `jobs` says: the last number is the nearest, also beyond nine."""
    for number in range(12):
        changed(tmp_path, number / 11)
    assert [file.name for file in region_states(tmp_path, BEFORE)] == [
        f"before-{number}.ora" for number in range(1, 12)
    ]
    step(LINE, str(tmp_path), True)
    assert [file.name for file in region_states(tmp_path, AFTER)] == ["after-1.ora"]


def test_nothing_can_be_taken_back_of_what_was_forgotten(tmp_path: Path) -> None:
    for share in (0.2, 0.4, 0.6):
        changed(tmp_path, share)
    step(LINE, str(tmp_path), True)
    forget(tmp_path)
    for back in (True, False):
        with pytest.raises(InputError):
            step(LINE, str(tmp_path), back)
    assert [file.name for file in tmp_path.iterdir()] == [REGIONS]
