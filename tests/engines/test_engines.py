"""The table of engines: complete rows, and every engine that needs nothing more paints."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import styfie
from styfie.engines import ENGINES, TAXONOMY, load_engine
from styfie.losses import STYLE_LOSSES

READY = [name for name, entry in ENGINES.items() if not entry.needs]


@pytest.mark.parametrize("name", ENGINES)
def test_rows_are_complete(name: str) -> None:
    entry = ENGINES[name]
    assert entry.title and len(entry.title) <= 80
    assert entry.taxonomy in TAXONOMY
    assert load_engine(name) is entry.paint
    assert len({other.title for other in ENGINES.values()}) == len(ENGINES)


def test_every_class_of_the_review_is_there() -> None:
    """2.1 is what `styfie train style` makes of one style: the engine that paints it declares the class above."""
    found = {entry.taxonomy for entry in ENGINES.values()} | {entry.taxonomy for entry in STYLE_LOSSES.values()}
    assert found | {"2.1"} == set(TAXONOMY)
    assert STYLE_LOSSES["patches"].taxonomy == "1.2" and ENGINES["per-style"].taxonomy == "2.2"


def test_the_default_engine_needs_nothing() -> None:
    assert styfie.Settings().engine in READY


@pytest.mark.slow
@pytest.mark.parametrize("name", READY)
def test_engines_without_downloads_paint_the_portrait(name: str) -> None:
    settings = styfie.Settings(size=64, steps=2, device="cpu", engine=name)
    painting = styfie.paint(subject="mosaic", settings=settings)
    height, width = painting.photo.shape[-2:]
    assert max(height, width) == 64 and painting.layers.shape == (2, 3, height, width)
    subject, background = painting.regions.alpha
    moved = (painting.layers[0] - painting.photo[0]).abs().mean(0)
    assert float(moved[subject[0] > 0.99].mean()) > 0.03
    shown = painting.render()
    assert float(shown.min()) >= 0 and float(shown.max()) <= 1
    kept = (background >= 1).expand(3, -1, -1)
    assert torch.equal(shown[0][kept], painting.photo[0][kept])


def test_the_table_loads_no_engine() -> None:
    code = "import sys, styfie.engines; assert not {'torch', 'styfie.engines.gatys'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
