"""Checks that whatever is added to a registry keeps its protocol; an outside package calls them from its own tests.

Examples:
    >>> from styfie.testing import check_engine
    >>> check_engine("fast")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from styfie.encoders import load_encoder
from styfie.engines import ENGINES
from styfie.engines.progress import Progress
from styfie.looks import Look, Style
from styfie.losses import STYLE_LOSSES, load_loss
from styfie.losses.moments import moments
from styfie.losses.style import Map
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation import load_segmenter
from styfie.settings import Settings

SIZES = ((48, 64), (61, 47), (33, 35))  # height and width in pixels, odd ones among them
FAR = 0.3  # share of the longest side that no band around a region reaches
STEPS = 2


def check_engine(name: str, style: Style | None = None) -> None:
    """Run an engine on small pictures and see that it keeps to what `engines.Engine` says.

    Its layers have the photo's size and lie in [0, 1]; a region without a style, and what is far from a region, stays
    photo to the bit; the same seed gives the same bytes; it can be stopped after its first step; it takes 1 to 5
    regions and odd sizes; and it leaves what it is given as it was. `style` is what it paints in: a picture of noise if
    none.

    Raises:
        AssertionError: with one sentence on what it does instead.
        InputError, MissingError: there is no such engine, or it cannot be loaded.
    """
    given = Look((style or Style("noise", _noise(64, 64)),))
    settings = Settings(size=0, steps=STEPS, device="cpu", engine=name)
    for count, size in ((1, SIZES[0]), (2, SIZES[0]), (2, SIZES[1]), (3, SIZES[2]), (5, SIZES[0])):
        photo, regions = _noise(*size), stripes(size, count)
        # Each in a look of its own: those alike may be one painting.
        looks = {one: replace(given, stroke=1 + n / 4) for n, one in enumerate(regions.names)}
        _check_painting(name, photo, regions, looks, settings)
    photo, regions = _noise(*SIZES[0]), stripes(SIZES[0], 2)
    layers = _check_painting(name, photo, regions, {SUBJECT: given}, settings)
    still = layers[regions.index(BACKGROUND)]
    assert torch.equal(still, photo[0]), f"The engine {name} changes a region that has no style."
    stopped = iter(ENGINES.find(name).paint(photo, regions, {SUBJECT: given}, settings))
    next(stopped)
    if close := getattr(stopped, "close", None):
        close()


def _check_painting(
    name: str, photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings
) -> Tensor:
    """One painting's layers (R, 3, H, W), looked at from all sides."""
    what = f"The engine {name}, with {len(regions.names)} regions of {regions.size[1]}x{regions.size[0]},"
    before = photo.clone(), regions.alpha.clone()
    layers, again = (_last(name, photo, regions, looks, settings).layers for _ in range(2))
    wanted = (len(regions.names), 3, *regions.size)
    assert layers.shape == wanted, f"{what} ends with layers of {tuple(layers.shape)}: {wanted} is wanted."
    assert layers.dtype == torch.float32, f"{what} paints in {layers.dtype}: float32 is wanted."
    low, high = float(layers.min()), float(layers.max())
    assert low >= 0 and high <= 1, f"{what} paints from {low:.3f} to {high:.3f}: [0, 1] is wanted."
    assert torch.equal(photo, before[0]) and torch.equal(regions.alpha, before[1]), f"{what} changes what it is given."
    assert torch.equal(layers, again), f"{what} gives other bytes when it is asked again."
    for at, region in enumerate(regions.names):
        far = _far_from(regions.alpha[at]).expand(3, -1, -1)
        assert torch.equal(layers[at][far], photo[0][far]), f"{what} paints far from the region {region}."
    painted = [regions.index(region) for region in looks]
    changed = [not torch.equal(layers[at], photo[0]) for at in painted]
    assert all(changed), f"{what} leaves the photo of a region as it was that has a style."
    return layers


def _last(name: str, photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings) -> Progress:
    """The result, after steps that count up to their number."""
    found: list[Progress] = []
    for progress in ENGINES.find(name).paint(photo, regions, looks, settings):
        assert not found or progress.step >= found[-1].step, f"The engine {name} counts its steps backwards."
        assert progress.step <= progress.steps, f"The engine {name} is at step {progress.step} of {progress.steps}."
        found[:] = [progress]
    assert found, f"The engine {name} paints nothing: the last progress is the result."
    return found[0]


def _far_from(alpha: Tensor) -> Tensor:
    """Where (1, H, W) no pixel of a region is nearer than `FAR` of the longest side."""
    radius = round(FAR * max(alpha.shape[-2:]))
    near = torch.nn.functional.max_pool2d(alpha[None], 2 * radius + 1, 1, radius)
    return near[0] == 0


def check_segmenter(name: str, photo: Tensor, finer: tuple[str, ...] = ()) -> Regions:
    """See that a segmenter keeps to what `segmentation.protocols.Segmenter` says, on a photo (1, 3, H, W).

    Returns:
        What it finds.

    Raises:
        AssertionError: with one sentence on what it does instead.
        InputError, MissingError: there is no such segmenter, or it cannot be loaded.
    """
    before = photo.clone()
    found, again = (load_segmenter(name)(photo, finer) for _ in range(2))  # regions are a partition, or raise
    size = (photo.shape[-2], photo.shape[-1])
    assert found.size == size, f"The segmenter {name} finds regions of {found.size} in a photo of {size}."
    missing = [one for one in (BACKGROUND, *finer) if one not in found.names]
    assert not missing, f"The segmenter {name} does not give {' and '.join(missing)}."
    same = found.names == again.names and torch.equal(found.alpha, again.alpha)
    assert same, f"The segmenter {name} finds other regions when it is asked again."
    assert torch.equal(photo, before), f"The segmenter {name} changes the photo."
    kept = load_segmenter(name).split(found, photo, ())
    assert torch.equal(kept.alpha, found.alpha), f"The segmenter {name} changes regions that it is to keep."
    return found


def check_encoder(name: str) -> None:
    """See that an encoder keeps to what `encoders.Encoder` says.

    Raises:
        AssertionError: with one sentence on what it does instead.
        InputError, MissingError: there is no such encoder, or it cannot be loaded.
    """
    encoder = load_encoder(name)
    picture = _noise(*SIZES[1]).requires_grad_()
    maps = encoder(picture)
    missing = [tap for tap in (*encoder.style_taps, *encoder.content_taps) if tap not in maps]
    assert not missing, f"The encoder {name} gives no map {' and '.join(missing)}."
    assert encoder.reach % encoder.stride == 0, f"The encoder {name} has a reach that is no whole number of strides."
    total = sum((maps[tap].square().sum() for tap in encoder.style_taps), start=picture.new_zeros(()))
    total.backward()
    reached = picture.grad is not None and float(picture.grad.abs().sum()) > 0
    assert reached, f"The encoder {name} gives maps by which no picture can be changed."
    again = encoder(picture.detach())
    assert all(torch.equal(maps[tap], again[tap]) for tap in maps), f"The encoder {name} gives other maps again."


def check_loss(name: str) -> None:
    """See that a style loss keeps to what `losses.style.StyleLoss` says: 0 for the style itself, more for another.

    Raises:
        AssertionError: with one sentence on what it does instead.
        InputError, MissingError: there is no such loss, or it cannot be loaded.
    """
    loss, entry = load_loss(name), STYLE_LOSSES.find(name)
    assert loss.additive == entry.additive, f"The loss {name} and its entry do not say the same of sums over positions."

    def sample(features: Tensor) -> object:
        mask = torch.ones_like(features[:, :1])
        return moments(features, mask) if loss.additive else Map(features, mask)

    style = torch.rand(1, 6, 20, 24, generator=torch.Generator().manual_seed(1))
    other = (style.flip(1) * 2).requires_grad_()
    target = loss.prepare(sample(style))
    same = float(loss.measure(sample(style), target))
    assert abs(same) < 1e-3, f"The loss {name} of the style itself is {same:.4f}: 0 is wanted."
    value = loss.measure(sample(other), target)
    assert float(value.detach()) > same + 1e-3, f"The loss {name} takes another picture for the style."
    value.backward()
    assert other.grad is not None and bool(torch.isfinite(other.grad).all()), f"The loss {name} has no gradient."


def stripes(size: tuple[int, int], count: int) -> Regions:
    """So many regions of (height, width): upright stripes with soft borders, the last two subject and background."""
    height, width = size
    places = torch.arange(width) + 0.5
    edges = [width * n / count for n in range(1, count)]
    ramps = [torch.ones(width), *(((places - edge) / 4 + 0.5).clamp(0, 1) for edge in edges), torch.zeros(width)]
    alpha = torch.stack([one - after for one, after in pairwise(ramps)])
    names = (*(f"part-{n + 1}" for n in range(count - 2)), *(SUBJECT, BACKGROUND)[-count:])
    return Regions(names, alpha[:, None, None].expand(-1, 1, height, -1).clone(), (1.0,) * count)


def _noise(height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height))
