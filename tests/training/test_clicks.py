from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.evaluation.clicks import Mask
from styfie.regions import Point
from styfie.segmentation.clickmaps import MAPS
from styfie.training.clicks import SCHEDULE, Example, draw_clicks, fit_clicks, train_clicks, where_wrong

SHORT = replace(SCHEDULE, steps=60, log_every=10, bf16=False)


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


def test_a_network_learns_what_its_maps_say(tmp_path: Path) -> None:
    """Where a map is the truth itself, it is found; the same schedule gives the same weights."""
    rng = torch.Generator().manual_seed(0)
    examples = []
    for height in (12, 16, 12, 16):  # pictures of several sizes in a batch
        maps, truth = torch.randn(MAPS, height, 16, generator=rng), torch.zeros(1, height, 16)
        truth[:, 3:9, 4:11] = 1
        maps[0] = 4 * truth[0] - 2
        examples.append(Example(maps, truth))
    log: list[float] = []
    network = fit_clicks(examples, tmp_path / "a", SHORT, lambda values: log.append(values["entropy"]))
    assert not network.training and not any(weight.requires_grad for weight in network.parameters())
    assert log[-1] < 0.5 * log[0]
    with torch.no_grad():
        found = network(examples[0].maps[None]) > 0
    assert float((found[0] == (examples[0].truth > 0.5)).float().mean()) > 0.95
    again = fit_clicks(examples, tmp_path / "b", SHORT)
    assert all(
        torch.equal(a, b) for a, b in zip(network.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_it_is_taught_from_a_folder_of_things(things: Path, tmp_path: Path) -> None:
    brief = replace(SCHEDULE, steps=2, batch=2)
    network = train_clicks([things], tmp_path / "run", brief)
    assert not network.training
    assert all((tmp_path / "run" / part / "log.jsonl").is_file() for part in ("first", "second"))
    with pytest.raises(InputError, match="nothing to learn from"):
        train_clicks([things], tmp_path / "other", brief, leave_out=["BY"])


def test_later_clicks_are_where_what_was_found_is_wrong() -> None:
    mask = disc()
    left = mask.copy()
    left[:, 30:] = False

    def find(add: Sequence[Point], remove: Sequence[Point]) -> Mask:
        return left if len(add) == 1 and not remove else np.ones_like(mask)

    second, third, last = where_wrong(find, mask)
    (_, (x, y)), none = second
    assert mask[int(y), int(x)] and x >= 30 and not none, "the right half was missing"
    assert len(third[0]) == 2 and not mask[int(third[1][0][1]), int(third[1][0][0])], "then all was taken for the thing"
    assert len(last[0]) + len(last[1]) == 5


def test_a_second_half_begins_from_the_first(tmp_path: Path) -> None:
    example = Example(torch.randn(MAPS, 16, 16), torch.ones(1, 16, 16))
    first = fit_clicks([example], tmp_path / "a", replace(SHORT, steps=2))
    still = fit_clicks([example], tmp_path / "b", replace(SHORT, steps=1, learning_rate=1e-12), start=first)
    assert torch.allclose(still.answer.weight, first.answer.weight, atol=1e-6)
    assert torch.equal(still.get_buffer("mean"), first.get_buffer("mean"))


def test_a_checkpoint_is_of_its_own_examples_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many others, or the same with other clicks, are another run."""
    told: list[object] = []

    def learn(*_given: object, about: object, **_named: object) -> None:
        told.append(about)
        raise InterruptedError

    monkeypatch.setattr("styfie.training.clicks.fit", learn)
    maps, truth = torch.rand(MAPS, 16, 16), torch.ones(1, 16, 16)
    for example in (Example(maps, truth), Example(maps, truth), Example(maps, 1 - truth), Example(1 - maps, truth)):
        with pytest.raises(InterruptedError):
            fit_clicks([example], tmp_path, SHORT)
    same, again, *others = told
    assert same == again and all(one != same for one in others)
