from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.evaluation.clicks import Mask
from styfie.segmentation.clickmaps import MAPS
from styfie.training.clicks import ClickSchedule, Example, draw_clicks, fit_clicks, train_clicks

SHORT = ClickSchedule(steps=40, batch=8)


def disc(height: int = 60, width: int = 80) -> Mask:
    y, x = np.mgrid[:height, :width]
    found: Mask = (y - 25) ** 2 + (x - 30) ** 2 < 15**2
    return found


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """Three pictures of a red disc on green, each a thing."""
    for part in ("image", "instances"):
        (tmp_path / "train" / part).mkdir(parents=True)
    lines = ["name\tthings\tlicence"]
    for n in range(3):
        mask = np.roll(disc(), 6 * n, 1)
        picture = np.where(mask[..., None], (200, 40, 30), (40, 150, 60)).astype(np.uint8)
        Image.fromarray(picture).save(tmp_path / f"train/image/{n}.jpg")
        Image.fromarray(mask.astype(np.uint8)).save(tmp_path / f"train/instances/{n}.png")
        lines.append(f"{n}\tball\tCC BY 2.0")
    (tmp_path / "things.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_clicks_are_on_the_thing_and_near_beside_it() -> None:
    mask, draw = disc(), np.random.default_rng(0)
    for more in (0, 1, 4):
        for _ in range(20):
            add, remove = draw_clicks(mask, more, draw)
            assert add and len(add) + len(remove) == 1 + more
            assert all(mask[int(y), int(x)] for x, y in add)
            away = [np.hypot(y - 25, x - 30) - 15 for x, y in remove]
            assert all(1 < one < 0.6 * mask.sum() ** 0.5 + 2 for one in away)


def test_a_thing_that_fills_the_picture_is_never_clicked_beside() -> None:
    add, remove = draw_clicks(np.ones((9, 9), bool), 4, np.random.default_rng(0))
    assert (len(add), remove) == (5, [])


def test_a_network_learns_what_its_maps_say() -> None:
    """Where a map is the truth itself, it is found; the same schedule gives the same weights."""
    rng = torch.Generator().manual_seed(0)
    examples = []
    for _ in range(4):
        maps, truth = torch.randn(MAPS, 12, 16, generator=rng), (torch.rand(1, 12, 16, generator=rng) > 0.5).float()
        maps[0] = 4 * truth[0] - 2
        examples.append(Example(maps, torch.rand(3, 12, 16, generator=rng), truth))
    log: list[float] = []
    network = fit_clicks(examples, SHORT, lambda values: log.append(values["entropy"]))
    assert not any(weight.requires_grad for weight in network.parameters())
    assert log[4] < 0.6 * log[0]
    with torch.no_grad():
        found = network.rounds[0](network.normal(examples[0].maps[None])).sigmoid() > 0.5
    assert float((found[0] == (examples[0].truth > 0.5)).float().mean()) > 0.95
    again = fit_clicks(examples, SHORT)
    assert all(
        torch.equal(a, b) for a, b in zip(network.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_it_is_taught_from_a_folder_of_things(things: Path) -> None:
    network = train_clicks([things], ClickSchedule(steps=2, batch=2))
    assert not network.training
    with pytest.raises(InputError, match="nothing to learn from"):
        train_clicks([things], ClickSchedule(steps=2, batch=2), leave_out=["BY"])
