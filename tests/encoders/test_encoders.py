from __future__ import annotations

import pytest

from styfie.encoders import ENCODERS, load_encoder
from styfie.encoders.loss_weights import PAINTED, THIN
from styfie.encoders.vgg import Vgg
from styfie.errors import InputError


def seen(convolutions: list[int]) -> int:
    """Pixels that a cell of the last block sees around its own: a 3x3 convolution sees one cell more at its size."""
    return sum(count * 2**block for block, count in enumerate(convolutions))


@pytest.mark.parametrize(("name", "stride"), [("styfie-2", 16), ("styfie-1", 16)])
def test_tiles_see_as_far_as_the_encoder_looks(name: str, stride: int) -> None:
    """In whole strides: five convolutions at strides 1, 2, 4, 8 and 16 see 31 pixels, as do 32."""
    encoder = load_encoder(name)
    assert seen([1, 1, 1, 1, 1]) == 31
    assert ENCODERS[name].reach == 32 >= encoder.reach and 32 % stride == 0


@pytest.mark.parametrize(("depth", "blocks"), [(16, [2, 2, 3, 3, 1]), (19, [2, 2, 4, 4, 1])])
def test_tiles_see_as_far_as_vgg_looks(depth: int, blocks: list[int]) -> None:
    assert Vgg(depth, widths=(2,) * 5).reach <= ENCODERS[f"vgg{depth}"].reach == 80
    assert -(-seen(blocks) // 16) * 16 <= 80


def test_each_has_its_loss_and_an_unknown_one_is_named() -> None:
    assert {name: entry.weights for name, entry in ENCODERS.items()} == {
        "styfie-2": PAINTED,
        "styfie-1": THIN,
        "vgg16": THIN,
        "vgg19": THIN,
    }
    assert ENCODERS["styfie-2"].cached > 0 and all(
        not entry.cached for name, entry in ENCODERS.items() if name != "styfie-2"
    )
    with pytest.raises(InputError, match="known are styfie-2, styfie-1, vgg16, vgg19"):
        ENCODERS.find("ear")
    assert ENCODERS.find("vgg19") is ENCODERS["vgg19"]


def test_what_is_kept_of_content_is_compared_on_three_taps_or_on_one() -> None:
    assert load_encoder("styfie-2").content_taps == ("conv3", "conv4", "conv5")
    assert load_encoder("styfie-1").content_taps == ("conv4",)
