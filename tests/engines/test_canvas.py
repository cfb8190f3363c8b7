from __future__ import annotations

import torch
from torch import Tensor

from styfie.engines.canvas import Source
from styfie.engines.layers import group
from styfie.looks import Look
from styfie.regions import Regions
from tests.engines.conftest import BLUE, RED


def test_colours_that_were_let_go_are_found_again(photo: Tensor, halves: Regions) -> None:
    source = Source(photo, halves, group(halves, {"subject": Look((RED,)), "background": Look((BLUE,))}))
    source.forget_colours()  # of which there are none yet
    before = source.colours
    assert source.colours is before
    assert before.dtype == torch.float16 and before.shape == (2, 3, *photo.shape[-2:])
    source.forget_colours()
    assert source.colours is not before
    assert torch.equal(source.colours, before)
