"""The package as a whole: its exports, its size, and that it needs no network."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import torch
from PIL import Image

import styfie
from styfie.weights import ASSETS

SOURCE = Path(styfie.__file__).parent


def test_exports_are_complete_sorted_and_there() -> None:
    assert styfie.__all__ == sorted(styfie.__all__)
    for name in styfie.__all__:
        assert getattr(styfie, name) is not None
    with pytest.raises(AttributeError):
        styfie.nothing  # noqa: B018


def test_importing_makes_no_noise_and_no_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", "import styfie; styfie.paint, styfie.Painting"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=tmp_path, env={"HOME": str(tmp_path)}
    )
    assert done.stdout + done.stderr == ""
    assert not any(tmp_path.iterdir())


def test_the_weights_that_ship_are_small_and_half_precision() -> None:
    from safetensors.torch import load_file

    files = list(ASSETS.glob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) < 20_000_000
    for file in files:
        assert {t.dtype for t in load_file(file).values() if t.is_floating_point()} == {torch.float16}


def test_the_main_job_opens_no_connection(tmp_path: Path) -> None:
    """Every test runs with connections refused (conftest.py); this one does the whole job so, and checks the guard."""
    with pytest.raises(AssertionError, match="network"):
        socket.create_connection(("localhost", 9))
    painting = styfie.paint(settings=styfie.Settings(size=64, steps=1, device="cpu"))
    files = painting.save(tmp_path)
    assert all(file.exists() for file in files)


def test_paints_from_memory_and_reports_progress(portrait: torch.Tensor) -> None:
    seen: list[int] = []

    def stop_at_two(progress: styfie.Progress) -> bool:
        seen.append(progress.step)
        return progress.step < 10

    painting = styfie.paint(
        portrait,
        subject=Image.frombytes("RGB", (64, 64), Random(0).randbytes(3 * 64 * 64)),  # a plain one takes few steps
        background="deco",
        settings=styfie.Settings(size=64, steps=20, device="cpu"),
        on_progress=stop_at_two,
    )
    assert seen == [5, 10], "returning False stops"
    assert painting.render().shape == (1, 3, 64, 64)
    assert painting.recipe["settings"]["seed"] == 0
    assert set(painting.recipe["weights"]) == {"encoder", "segmenter", "parts"}


@pytest.mark.parametrize("looks", [{"hat": "ink"}, {"subject": "nonesuch"}])
def test_unknown_regions_and_styles_are_refused(portrait: torch.Tensor, looks: dict[str, str]) -> None:
    with pytest.raises(styfie.StyfieError):
        styfie.paint(portrait, looks, styfie.Settings(size=64, steps=1))
