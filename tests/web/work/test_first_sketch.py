"""The first small sketch: of whom the brief look is sure, as the whole one is."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import NoPersonError
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.web.work import first_sketch as tested
from styfie.web.work.first_sketch import first_sketch
from styfie.web.workers import WorkerChannel
from tests.conftest import opened

LINE = cast(WorkerChannel, None)
PAIR = {"subject": "ink", "background": "night"}
SETTINGS = asdict(Settings(device="cpu"))


def test_it_is_the_photo_small_and_painted_on_both_sides(tmp_path: Path) -> None:
    shutil.copy(PORTRAIT, tmp_path / "photo.jpg")
    assert first_sketch(LINE, str(tmp_path), PAIR, str(tmp_path), SETTINGS)
    sketch = opened(tmp_path / "first.jpg")
    assert max(sketch.size) == 256
    with Image.open(PORTRAIT) as photo:
        before = np.asarray(photo.convert("RGB").resize(sketch.size), np.float64)
    after = np.asarray(sketch, np.float64)
    middle, corner = np.s_[90:160, 100:150], np.s_[:60, :60]
    for here in (middle, corner):
        assert np.abs(after[here] - before[here]).mean() > 12, "painted"
    grey = after[100:, 60:190].max(2) - after[100:, 60:190].min(2)
    assert np.median(grey) < 40 < np.median(after[corner].max(2) - after[corner].min(2)), "ink before a blue night"
    luma = [one[middle].mean(2).ravel() for one in (before, after)]
    assert np.corrcoef(*luma)[0, 1] > 0.6, "and she is herself"


@pytest.mark.parametrize("sees", ["nobody", "somebody, perhaps", "regions of anything"])
def test_there_is_none_where_the_brief_look_is_not_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sees: str
) -> None:
    def of_frame(photo: torch.Tensor, *_: object) -> tuple[Regions, dict[str, torch.Tensor]]:
        if sees == "nobody":
            raise NoPersonError("Nobody is there.")
        alpha = torch.full((2, 1, *photo.shape[-2:]), 0.5)
        if sees == "regions of anything":
            return Regions(("region-1", "region-2"), alpha, (1.0, 1.0)), {}
        return Regions(("subject", "background"), alpha, (0.6, 0.6)), {}

    monkeypatch.setattr(tested, "load_segmenter", lambda _: SimpleNamespace(of_frame=of_frame))
    Image.new("RGB", (64, 48), "grey").save(tmp_path / "photo.jpg")
    assert not first_sketch(LINE, str(tmp_path), PAIR, str(tmp_path), SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.jpg"]
