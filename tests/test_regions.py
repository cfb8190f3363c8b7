from __future__ import annotations

import pytest
import torch

from styfie.errors import InputError
from styfie.regions import Regions, widen


def test_of_subject_is_a_partition(halves: Regions) -> None:
    assert halves.names == ("subject", "background")
    assert torch.allclose(halves.alpha.sum(0), torch.ones(1, 48, 64))


def test_split_and_merge_undo_each_other(halves: Regions) -> None:
    finer = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(1))
    split = halves.split("subject", "hair", finer, score=0.5)
    assert torch.allclose(split.alpha.sum(0), torch.ones(1, 48, 64))
    assert torch.allclose(split["hair"], halves["subject"] * finer)
    assert torch.equal(split["background"], halves["background"])
    merged = split.merge("subject", "hair")
    assert merged.names == halves.names
    assert torch.allclose(merged.alpha, halves.alpha)


def test_resizing_keeps_the_partition_and_the_share(halves: Regions) -> None:
    small = halves.resize((13, 17))
    assert torch.allclose(small.alpha.sum(0), torch.ones(1, 13, 17))
    assert abs(float(small["subject"].mean()) - 0.5) < 0.02


@pytest.mark.parametrize(
    ("names", "alpha"),
    [
        (("a", "b"), torch.full((2, 1, 4, 4), 0.4)),
        (("a", "b"), torch.cat([torch.full((1, 1, 4, 4), -0.5), torch.full((1, 1, 4, 4), 1.5)])),
        (("a", "a"), torch.full((2, 1, 4, 4), 0.5)),
        (("a",), torch.ones(2, 1, 4, 4)),
        (("a",), torch.ones(1, 4, 4)),
    ],
)
def test_what_is_no_partition_is_refused(names: tuple[str, ...], alpha: torch.Tensor) -> None:
    with pytest.raises(InputError):
        Regions(names, alpha, (1.0,) * len(names))


def test_an_unknown_name_is_answered_with_the_known(halves: Regions) -> None:
    with pytest.raises(InputError, match="subject, background"):
        halves["hat"]


def test_widen_covers_a_band_and_ends() -> None:
    alpha = torch.zeros(1, 1, 41, 41)
    alpha[..., 20, 20] = 0.1
    wide = widen(alpha, 4)
    assert float(wide[..., 20, 16:25].min()) > 0.99
    assert float(wide[..., 20, :8].max()) == 0.0
    assert bool((wide >= alpha).all())


def test_doubtful_pixels_are_painted_in_both_layers() -> None:
    doubtful = Regions.of_subject(torch.full((1, 1, 16, 16), 0.4))
    assert torch.equal(widen(doubtful.alpha, 2), torch.ones(2, 1, 16, 16))
