"""The order of depths that a painting is held to, against its formula written out here, and autograd's gradient."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.depth import DepthNet, DepthOrder, load_depth_net, order_error, order_loss, predict_depth
from styfie.depth.order import SEEN_SIZE
from styfie.errors import InputError, MissingError
from styfie.weights import save_weights

WEIGHT = 0.7


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.Tanh(), nn.Conv2d(4, 1, 1)).double().requires_grad_(False)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def formula(net: nn.Module, photo: Tensor, band: Tensor, box: tuple[slice, slice], image: Tensor) -> Tensor:
    """The layer in its place, small, as the network sees it, beside the photo, in units of its variance."""
    whole = photo.clone()
    whole[(..., *box)] = torch.lerp(photo[(..., *box)], image, band[(..., *box)])
    scale = SEEN_SIZE / max(photo.shape[-2:])
    size = [round(scale * side) for side in photo.shape[-2:]] if scale < 1 else list(photo.shape[-2:])
    found, wanted = (
        net(F.interpolate(one, size, mode="bilinear", antialias=True, align_corners=False)) for one in (whole, photo)
    )
    error = (found - wanted.detach()).square().mean() / wanted.detach().var(correction=0)
    return WEIGHT * error


@pytest.mark.parametrize(
    ("size", "box"),
    [((24, 40), (slice(0, 24), slice(0, 40))), ((30, 2 * SEEN_SIZE), (slice(4, 26), slice(31, 999)))],
    ids=["all", "a part of a large one"],
)
def test_value_and_gradient_are_the_formulas(size: tuple[int, int], box: tuple[slice, slice]) -> None:
    net, photo, band = network(), drawn(1, 3, *size), drawn(1, 1, *size, seed=1)
    band[..., : box[0].start, :], band[..., : box[1].start] = 0, 0
    band[..., box[0].stop :, :] = 0
    image = drawn(1, 3, *photo[(..., *box)].shape[-2:], seed=2).requires_grad_()
    known = formula(net, photo, band, box, image)
    (gradient,) = torch.autograd.grad(known, image)
    value, slope = DepthOrder(photo, band, box, net, WEIGHT)(image.detach())
    assert value.item() == pytest.approx(known.item(), rel=1e-9)
    assert torch.allclose(slope, gradient, rtol=1e-7, atol=1e-14)
    assert float(gradient.abs().max()) > 0


def test_the_photo_itself_is_in_order_and_nothing_is_asked_outside_the_band() -> None:
    net, photo, band = network(), drawn(1, 3, 24, 40), torch.zeros(1, 1, 24, 40, dtype=torch.float64)
    band[..., 20:] = 1
    order = DepthOrder(photo, band, (slice(0, 24), slice(0, 40)), net, WEIGHT)
    assert float(order(photo)[0]) < 1e-12
    other = photo.clone()
    other[..., :20] = 0
    value, slope = order(other)
    assert float(value) < 1e-12 and not bool(slope[..., :20].any())


def test_a_training_is_held_to_the_same() -> None:
    net, photo, painted = network(), drawn(2, 3, 24, 40), drawn(2, 3, 24, 40, seed=1)
    whole = formula(net, photo, torch.ones_like(photo[:, :1]), (slice(0, 24), slice(0, 40)), painted)
    assert float(order_loss(net, painted, photo)) == pytest.approx(float(whole) / WEIGHT)
    flat = torch.zeros(1, 1, 4, 4)
    assert float(order_error(flat + 0.1, flat)) == pytest.approx(10), "of what is all alike, no division by nothing"


def test_a_network_comes_back_from_its_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made, picture = DepthNet().half().float().eval(), torch.rand(2, 3, 45, 61)
    file = save_weights(made.state_dict(), tmp_path / "depth.safetensors")
    before = torch.random.get_rng_state()
    found = load_depth_net(file)
    assert torch.equal(before, torch.random.get_rng_state()), "chance is as it was"
    assert found(picture).shape == (2, 1, 23, 31)
    assert torch.allclose(found(picture), made(picture), atol=1e-5)
    assert predict_depth(picture, found).shape == (2, 1, 45, 61)
    assert sum(one.numel() for one in found.parameters()) == 203_809


def test_what_is_no_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no file"):
        load_depth_net(tmp_path / "none.safetensors")
    (file := tmp_path / "depth.safetensors").write_bytes(b"none")
    with pytest.raises(InputError, match="no depth network"):
        load_depth_net(file)
    save_weights({"weight": torch.zeros(2)}, file)
    with pytest.raises(InputError, match="no depth network"):
        load_depth_net(file)
