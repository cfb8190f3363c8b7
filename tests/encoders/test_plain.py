"""The built-in encoder against its formula written out."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.encoders import ENCODERS, load_encoder
from styfie.encoders.plain import PlainEncoder, load_plain
from styfie.errors import InputError

WIDTHS = (4, 6, 8)


def random_encoder() -> PlainEncoder:
    torch.manual_seed(0)
    return load_plain(PlainEncoder(WIDTHS).state_dict())


def test_features_follow_the_formula() -> None:
    encoder, picture = random_encoder(), torch.rand(2, 3, 21, 34)
    state, x = encoder.state_dict(), picture - 0.5
    for i, found in enumerate(encoder(picture).values()):
        x = F.pad(x if i == 0 else F.avg_pool2d(x, 2, ceil_mode=True), (1, 1, 1, 1), mode="replicate")
        x = F.conv2d(x, state[f"convs.{i}.weight"], state[f"convs.{i}.bias"])
        x = torch.maximum(x, 0.1 * x)
        torch.testing.assert_close(found, x)


def test_shapes_names_and_taps() -> None:
    encoder = random_encoder()
    found = encoder(torch.rand(1, 3, 33, 50))
    assert {n: tuple(f.shape) for n, f in found.items()} == {
        "conv1": (1, 4, 33, 50),
        "conv2": (1, 6, 17, 25),
        "conv3": (1, 8, 9, 13),
    }
    assert encoder.style_taps == ("conv1", "conv2", "conv3") and encoder.content_tap in found
    assert PlainEncoder().content_tap == "conv4"


def test_batched_equals_unbatched() -> None:
    encoder, pictures = random_encoder(), torch.rand(3, 3, 32, 32)
    alone = [encoder(picture[None]) for picture in pictures]
    for name, found in encoder(pictures).items():
        torch.testing.assert_close(found, torch.cat([one[name] for one in alone]))


def test_a_flat_picture_stays_flat() -> None:
    """Padding by replication draws no frame into the features."""
    for found in random_encoder()(torch.full((1, 3, 32, 32), 0.3)).values():
        torch.testing.assert_close(found, found[..., :1, :1].expand_as(found))


def test_half_precision_files_give_a_frozen_float32_network() -> None:
    encoder = load_plain({name: value.half() for name, value in PlainEncoder(WIDTHS).state_dict().items()})
    assert encoder.widths == WIDTHS and not encoder.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in encoder.parameters())


def test_the_gradient_reaches_the_picture() -> None:
    encoder = random_encoder().double()
    picture = torch.rand(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)

    def total(x: Tensor) -> Tensor:
        return torch.stack([tap.square().sum() for tap in encoder(x).values()]).sum()

    assert torch.autograd.gradcheck(total, picture)


def test_the_packaged_encoder_is_found_by_name() -> None:
    encoder = load_encoder("styfie-1")
    found = encoder(torch.rand(1, 3, 32, 32))
    assert {*encoder.style_taps, *encoder.content_taps} <= found.keys()
    assert all(bool(f.isfinite().all()) for f in found.values())


def test_an_unknown_name_is_answered_with_the_known() -> None:
    with pytest.raises(InputError, match=f"'resnet': known are {', '.join(ENCODERS)}"):
        load_encoder("resnet")


def test_every_entry_says_where_it_is_from() -> None:
    assert all(entry.title and entry.licence and entry.source for entry in ENCODERS.values())


@pytest.mark.parametrize("padding", ["replicate", "zeros"])
@pytest.mark.parametrize("size", [(32, 48), (33, 45), (17, 16)])
def test_what_is_pulled_back_is_autograds_gradient(
    padding: Literal["replicate", "zeros"], size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    encoder = PlainEncoder((4, 6, 8), padding).double().requires_grad_(False)
    picture = torch.rand((1, 3, *size), dtype=torch.float64).requires_grad_()
    maps = encoder(picture)
    pulls = {name: torch.randn_like(tap) for name, tap in maps.items()}
    (known,) = torch.autograd.grad(list(maps.values()), picture, list(pulls.values()))
    taps = {name: tap.detach().contiguous(memory_format=torch.channels_last) for name, tap in maps.items()}

    def add_gradient(name: str, gradient: Tensor) -> None:
        gradient += pulls[name]

    found = encoder.backward(taps, add_gradient)
    assert torch.allclose(found, known, atol=1e-10)


def test_earlier_paintings_repeat_by_the_first_balance() -> None:
    """What `styfie-1` weighs, and where, is as it was: not what the default has become since."""
    entry = ENCODERS["styfie-1"]
    assert vars(entry.weights) == {
        "content": 0.05, "total_variation": 0.3, "grain": 0.0, "range": 10.0, "detail": 0.9, "edges": 0.1,
        "borders": 0.1, "face": 1.0, "in_style": False, "enlarged": math.inf,
        "contours": 0.0, "fidelity": 0.0, "plain": 0.0, "windows": 0.0, "frame": 0.0, "smallest": 96, "later": 0.75,
    }  # fmt: skip
    assert load_encoder("styfie-1").content_taps == ("conv4",)
    assert load_encoder("styfie-2").content_taps == ("conv3", "conv4", "conv5")
