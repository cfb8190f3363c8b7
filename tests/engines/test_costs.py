"""What a painting costs is said before it is painted."""

from __future__ import annotations

import torch

from styfie.engines import ENGINES, estimate_costs
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings

LOOKS = {name: Look((Style(name, torch.rand(1, 3, 16, 16)),)) for name in ("subject", "background")}


def regions() -> Regions:
    matte = torch.zeros(1, 1, 24, 32)
    matte[..., 8:16] = 1
    return Regions.of_subject(matte)


def test_larger_and_better_paintings_cost_more() -> None:
    sizes = [(96, 128), (384, 512), (1536, 2048)]
    small, middle, large = estimate_costs(sizes, regions(), LOOKS, Settings())
    assert 0 < small.seconds < middle.seconds < large.seconds
    assert 0 < small.gigabytes <= middle.gigabytes < large.gigabytes <= 4
    (one,) = estimate_costs(sizes[1:2], regions(), {"subject": LOOKS["subject"]}, Settings(quality="draft"))
    assert one.seconds < 0.7 * middle.seconds, "one layer of fewer steps"


def test_what_cannot_be_painted_says_why() -> None:
    fits, too_large = estimate_costs([(48, 64), (6000, 8000)], regions(), LOOKS, Settings(max_memory=1.0))
    assert not fits.problem and "memory" in too_large.problem


def test_an_engine_without_a_plan_says_its_memory() -> None:
    small, large = estimate_costs([(96, 128), (1536, 2048)], regions(), LOOKS, Settings(engine="fast"))
    memory = ENGINES.find("fast").memory
    assert memory is not None and (small.gigabytes, large.seconds) == (memory.need((96, 128)), 0)
    assert small.gigabytes < large.gigabytes
