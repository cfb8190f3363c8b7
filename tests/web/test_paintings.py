from __future__ import annotations

from pathlib import Path

import pytest
import torch

from styfie.errors import MissingError
from styfie.regions import Regions
from styfie.web.work import paintings


def test_only_the_last_paintings_are_held(tmp_path: Path, halves: Regions) -> None:
    """However many are written or read: a server that runs for long must not grow."""
    photo = torch.rand(1, 3, 48, 64)
    files = [tmp_path / f"{number}.ora" for number in range(paintings.CACHED_PAINTINGS + 2)]
    for file in files:
        paintings.save(paintings.unpainted(photo, halves), file)
        assert len(paintings._cached) <= paintings.CACHED_PAINTINGS
    for file in files:
        assert torch.equal(paintings.load(file).photo, (photo * 255).round() / 255)
        assert len(paintings._cached) <= paintings.CACHED_PAINTINGS
    assert paintings.load(file) is paintings.load(file)
    file.unlink()
    with pytest.raises(MissingError):
        paintings.load(file)
