from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from styfie.encoders.plain import PlainEncoder
from styfie.engines.optimise import WEIGHTS, Weights, _Layer, enlarge, optimise, pyramid, region_box
from styfie.engines.progress import Progress
from styfie.looks import Look, Style
from styfie.losses import gram, relative_gram_loss
from styfie.regions import Regions
from styfie.settings import Settings

SETTINGS = Settings(size=64, steps=12, device="cpu")


@pytest.fixture(scope="module")
def encoder() -> PlainEncoder:
    torch.manual_seed(0)
    return PlainEncoder((8, 8, 16, 16)).requires_grad_(False)


@pytest.fixture(scope="module")
def photo() -> Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 6, 48), torch.linspace(0, 8, 64), indexing="ij")
    return (0.5 + 0.4 * torch.stack([x.sin(), y.cos(), (x + y).sin()]))[None]


def stripes(period: int, colour: tuple[float, float, float]) -> Style:
    wave = ((torch.arange(64) // period) % 2).float().expand(1, 1, 64, 64)
    return Style("stripes", wave * torch.tensor(colour).view(1, 3, 1, 1))


RED, BLUE = stripes(3, (1.0, 0.2, 0.1)), stripes(5, (0.1, 0.3, 1.0))


def last(photo: Tensor, regions: Regions, looks: dict[str, Look], encoder: PlainEncoder, **changes: object) -> Progress:
    settings = Settings(**{**vars(SETTINGS), **changes})
    *_, found = optimise(photo, regions, looks, settings, encoder=encoder)
    return found


def style_loss(picture: Tensor, style: Style, encoder: PlainEncoder) -> float:
    found, wanted = encoder(picture), encoder(style.picture)
    return sum(float(relative_gram_loss(gram(found[n]), gram(wanted[n]))) for n in encoder.style_taps)


def test_painting_comes_near_its_own_style(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    looks = {"subject": Look((RED,)), "background": Look((BLUE,))}
    found = last(photo, halves, looks, encoder)
    left, right = found.layers[:1, ..., :32], found.layers[1:, ..., 32:]
    assert style_loss(left, RED, encoder) < 0.3 * style_loss(photo[..., :32], RED, encoder)
    assert style_loss(left, RED, encoder) < style_loss(left, BLUE, encoder)
    assert style_loss(right, BLUE, encoder) < style_loss(right, RED, encoder)


def test_a_layer_is_photo_far_from_its_region(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    found = last(photo, halves, {"subject": Look((RED,))}, encoder)
    assert torch.equal(found.layers[0, ..., 56:], photo[0, ..., 56:])
    assert torch.equal(found.layers[1:], photo)
    assert float(found.layers.min()) >= 0
    assert float(found.layers.max()) <= 1


def test_the_other_regions_style_does_not_matter(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    a = last(photo, halves, {"subject": Look((RED,)), "background": Look((BLUE,))}, encoder)
    b = last(photo, halves, {"subject": Look((RED,)), "background": Look((RED,))}, encoder)
    assert torch.equal(a.layers[0], b.layers[0])


def test_the_same_seed_gives_the_same_bytes(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    a, b, c = (
        last(photo, halves, {"subject": Look((RED,))}, encoder, start="noise", seed=seed).layers for seed in (1, 1, 2)
    )
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_progress_counts_every_step_and_stopping_is_stopping(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    looks = {"subject": Look((RED,))}
    steps = list(optimise(photo, halves, looks, SETTINGS, encoder=encoder))
    assert [p.step for p in steps] == list(range(1, 13))
    assert {p.steps for p in steps} == {12}
    assert steps[-1].seconds_left == 0
    assert {"style", "content", "total"} <= set(steps[0].losses)
    few = list(itertools.islice(optimise(photo, halves, looks, SETTINGS, encoder=encoder), 3))
    assert torch.equal(few[-1].layers, steps[2].layers)


def test_within_a_scale_the_best_picture_never_gets_worse(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    looks = {"subject": Look((RED,))}
    totals = [p.losses["total"] for p in optimise(photo, halves, looks, SETTINGS, encoder=encoder)]
    assert all(b <= a for a, b in itertools.pairwise(totals))
    assert totals[-1] < 0.7 * totals[0]


def test_a_search_gone_astray_begins_anew_from_the_best(photo: Tensor, encoder: PlainEncoder) -> None:
    layer = _Layer(photo, torch.ones_like(photo[:, :1]), RED.picture, encoder, WEIGHTS)
    measure, calls = layer.losses, itertools.count()

    def sometimes_broken(image: Tensor) -> dict[str, Tensor]:
        factor = float("nan") if next(calls) == 4 else 1.0
        return {name: factor * value for name, value in measure(image).items()}

    layer.losses = sometimes_broken  # type: ignore[method-assign]
    *_, (picture, losses) = layer.paint(photo, 40)
    assert bool(torch.isfinite(picture).all())
    assert losses["total"] < 0.5 * float(measure(photo)["total"])


def test_nothing_to_paint_is_the_photo(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    assert torch.equal(last(photo, halves, {}, encoder).layers, photo.expand(2, -1, -1, -1))


def test_a_start_is_begun_from(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    looks = {"subject": Look((RED,))}
    first = last(photo, halves, looks, encoder, steps=40)
    again = next(iter(optimise(photo, halves, looks, SETTINGS, start=first.layers, encoder=encoder)))
    fresh = next(iter(optimise(photo, halves, looks, SETTINGS, encoder=encoder)))
    assert again.losses["style"] < fresh.losses["style"]


@pytest.mark.parametrize("size", [(33, 97), (50, 34)])
def test_any_size(size: tuple[int, int], encoder: PlainEncoder) -> None:
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    found = last(picture, Regions.of_subject(torch.ones(1, 1, *size)), {"subject": Look((RED,))}, encoder, steps=2)
    assert found.layers.shape == (2, 3, *size)
    assert bool(torch.isfinite(found.layers).all())


def test_the_photo_as_its_own_style_stays(photo: Tensor, encoder: PlainEncoder) -> None:
    """Spec of Gatys' loss: style equal to content, started from it, is already the minimum but for smoothness."""
    whole = torch.ones_like(photo[:, :1])
    layer = _Layer(photo, whole, photo, encoder, Weights(total_variation=0.0))
    terms = layer.losses(photo)
    assert float(terms["style"]) < 1e-6
    assert float(terms["content"]) < 1e-6


def test_gradient_of_the_loss_is_its_finite_difference() -> None:
    torch.manual_seed(1)
    encoder = PlainEncoder((4, 4)).requires_grad_(False)
    photo, style = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    layer = _Layer(photo, torch.rand(1, 1, 16, 16) * 0.5 + 0.5, style, encoder, WEIGHTS)
    layer.features = lambda picture: encoder(picture)  # type: ignore[method-assign]  # full precision
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    layer.losses(image)["total"].backward()
    assert image.grad is not None
    direction = torch.randn_like(image)
    ahead, behind = (float(layer.losses((image + e * direction).detach())["total"]) for e in (2e-3, -2e-3))
    slope = float((image.grad * direction).sum())
    assert (ahead - behind) / 4e-3 == pytest.approx(slope, rel=2e-2)


def test_pyramid_halves() -> None:
    assert pyramid(512) == [128, 256, 512]
    assert pyramid(384) == [96, 192, 384]
    assert pyramid(64) == [64]


def test_enlarging_gives_back_the_photos_detail(photo: Tensor) -> None:
    small = torch.nn.functional.interpolate(photo, (24, 32), mode="bilinear", antialias=True)
    assert torch.allclose(enlarge(small, photo, 1.0), photo, atol=1e-5)


def test_region_box_holds_the_region() -> None:
    alpha = torch.zeros(1, 1, 100, 100)
    alpha[..., 40:50, 60:90] = 1
    box = region_box(alpha)
    assert (box[2], box[3]) == (slice(24, 66), slice(44, 106))
