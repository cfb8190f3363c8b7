from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.test_cli import run


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """A blue box on grey, by itself a thing; and a speck, which is none."""
    for part in ("image", "instances"):
        (tmp_path / part).mkdir()
    numbers = np.zeros((48, 64), np.uint8)
    numbers[14:38, 20:44], numbers[0, 0] = 1, 2
    pixels = np.where((numbers == 1)[..., None], (20, 40, 180), (140, 140, 140)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image" / "a.png")
    Image.fromarray(numbers).save(tmp_path / "instances" / "a.png")
    (tmp_path / "things.tsv").write_text("name\tthings\na\tbox,speck\n")
    return tmp_path


def test_every_method_is_scored_on_the_same_things(capsys: pytest.CaptureFixture[str], things: Path) -> None:
    code, out, _ = run(capsys, "evaluate", "clicks", things, "--clicks", "1", "--compare")
    assert code == 0
    head, *lines = [line for line in out.splitlines() if line]
    assert head.split()[-2:] == ["1", "click"] and lines.pop() == "1 thing"
    found = {line[:18].strip(): line.split("  ")[-1].strip() for line in lines}
    assert list(found) == ["built in", "geodesic distance", "GrabCut", "patches", "parts of people"]
    assert all(value.endswith("± 0.000") for value in found.values()), "of one thing there is no spread"
    assert float(found["GrabCut"].split()[0]) == pytest.approx(1)
    assert float(found["built in"].split()[0]) > 0.5
    code, out, _ = run(capsys, "evaluate", "clicks", things, "--clicks", "1")
    assert code == 0 and found["built in"] in out and "GrabCut" not in out


def test_without_a_thing_that_is_large_enough_it_is_said(capsys: pytest.CaptureFixture[str], things: Path) -> None:
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(things / "instances" / "a.png")
    code, _, err = run(capsys, "evaluate", "clicks", things)
    assert code == 2 and "nothing to click on" in err and "Traceback" not in err
