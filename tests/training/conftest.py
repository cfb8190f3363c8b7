"""Tiny made-up pictures and portraits to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styfie.training.loop import Schedule

TINY = Schedule(steps=6, batch=2, learning_rate=1e-3, log_every=2, save_every=3, bf16=False)


def picture(seed: int, size: int = 64) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(60):
        picture(i).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    for split in ("train", "val"):
        for kind in ("image", "mask", "parsing"):
            (tmp_path / "people" / split / kind).mkdir(parents=True)
        for i in range(3):
            mask = Image.new("L", (64, 48))
            mask.paste(255, (20, 8, 44, 48))
            image = picture(i, 64).resize((64, 48))
            image.paste((200, 150, 120), mask=mask)
            image.save(tmp_path / "people" / split / "image" / f"a_{i}.jpg")
            mask.save(tmp_path / "people" / split / "mask" / f"a_{i}.png")
        mask.point(lambda v: v // 255).save(tmp_path / "people" / split / "parsing" / "a_0.png")
    for kind in ("cutouts", "backgrounds"):
        (tmp_path / "people" / kind).mkdir()
    picture(9).save(tmp_path / "people/backgrounds/b.jpg")
    picture(8, 40).save(tmp_path / "people/cutouts/c.jpg")
    Image.new("L", (40, 40), 255).save(tmp_path / "people/cutouts/c_alpha.png")
    return tmp_path / "people"
