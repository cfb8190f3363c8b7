"""The published algorithm on a narrow random VGG, against its formulas written out."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.encoders.vgg import Vgg
from styfie.engines import gatys as module
from styfie.engines import load_engine
from styfie.engines.gatys import FAINTEST, GATYS, _at_size, _Objective, gatys, reference_pictures, rescale
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.losses.functional import gram
from styfie.regions import Regions
from styfie.settings import Settings

SETTINGS = Settings(steps=2, device="cpu")


def random_vgg() -> Vgg:
    """A narrow VGG-19 whose activations neither die nor explode."""
    torch.manual_seed(0)
    network = Vgg(19, "average", widths=(16,) * 5).eval().requires_grad_(False)
    for layer in network.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return network


def blobs(seed: int, size: tuple[int, int] = (48, 64)) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return F.interpolate(torch.rand(1, 3, 9, 12, generator=rng), size, mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module", autouse=True)
def small_references() -> Iterator[None]:
    """Mean activations of smaller pictures, drawn once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ACTIVATION_SIZE", 64)
        pictures = reference_pictures()
        patch.setattr(module, "reference_pictures", lambda: pictures)
        yield


@pytest.fixture(scope="module")
def network() -> Vgg:
    return random_vgg()


@pytest.fixture(scope="module")
def rescaled(network: Vgg) -> Vgg:
    return rescale(network, module.reference_pictures())


def last(photo: Tensor, regions: Regions, looks: dict[str, Look], network: Vgg, **given: object) -> Progress:
    *_, progress = gatys(photo, regions, looks, SETTINGS, network=network, **given)  # type: ignore[arg-type]
    return progress


def styled(*seeds: int) -> list[tuple[float, Style]]:
    return _at_size(Look(tuple(Style(str(seed), blobs(seed)) for seed in seeds)), 64)


def test_mean_activations_are_one_and_the_maps_the_networks_own_but_for_one_number(network: Vgg, rescaled: Vgg) -> None:
    pictures = module.reference_pictures()
    own, found = network.prepare(pictures), rescaled.prepare(pictures)
    for name, layer, other in zip(network.names, network.features, rescaled.features, strict=True):
        own, found = layer(own), other(found)
        if not name.startswith("relu"):
            continue
        mean, awake = own.mean((0, 2, 3)), own.mean((0, 2, 3)) > FAINTEST * own.mean()
        assert awake.sum() > 2
        torch.testing.assert_close(found[:, awake].mean((0, 2, 3)), torch.ones(int(awake.sum())), rtol=1e-3, atol=0)
        divisor = mean.clamp_min(FAINTEST * float(mean.mean()))[:, None, None]
        torch.testing.assert_close(found, own / divisor, rtol=1e-3, atol=1e-3)
    for one, again in zip(network.parameters(), random_vgg().parameters(), strict=True):
        assert torch.equal(one, again), "the given network is left alone"


def test_losses_are_the_papers_formulas(rescaled: Vgg) -> None:
    """Sums over all filters and positions, for a region of whole pixels and a style that is as large as it."""
    photo, picture, style = blobs(1), blobs(2), blobs(3)
    p = replace(GATYS, content_weight=0.01, style_weight=7.0)
    terms = _Objective(rescaled, photo, torch.ones(1, 1, 48, 64), [(1.0, Style("style", style))], p).losses(picture)
    f, wanted, content = (
        {n: v.double().flatten(2)[0] for n, v in rescaled(x).items()} for x in (picture, style, photo)
    )
    expected = 0.0
    for tap in ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"):
        n, m = f[tap].shape
        grams = (torch.einsum("ik,jk->ij", x[tap], x[tap]) for x in (f, wanted))
        expected += 7.0 / 5 * float((next(grams) - next(grams)).square().sum()) / (4 * n**2 * m**2)
    assert float(terms["style"]) == pytest.approx(expected, rel=1e-4)
    apart = 0.01 / 2 * float((f["relu4_2"] - content["relu4_2"]).square().sum())
    assert float(terms["content"]) == pytest.approx(apart, rel=1e-4)
    assert float(terms["total"]) == pytest.approx(expected + apart, rel=1e-4)


def double_gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """`losses.gram` written out, without its cast to float32."""
    weight = torch.ones_like(features[:, :1]) if mask is None else mask
    return torch.einsum("bihw,bjhw,bxhw->ij", features, features, weight) / weight.sum()


def test_the_gradient_is_the_finite_difference(monkeypatch: pytest.MonkeyPatch, rescaled: Vgg) -> None:
    rng = torch.Generator().manual_seed(1)
    photo, style, picture = (torch.rand(1, 3, 16, 16, generator=rng).double() for _ in range(3))
    mask = 0.5 + 0.5 * torch.rand(1, 1, 16, 16, generator=rng).double()
    features = rescaled(picture.float())["relu2_1"]
    inside = F.interpolate(mask, features.shape[-2:], mode="area").float()
    torch.testing.assert_close(gram(features, inside), double_gram(features, inside))
    monkeypatch.setattr(module, "gram", double_gram)
    network = deepcopy(rescaled).double()
    objective = _Objective(network, photo, mask, [(1.0, Style("style", style))], GATYS)
    picture.requires_grad_()
    (gradient,) = torch.autograd.grad(objective.losses(picture)["total"], picture)
    assert gradient.dtype == torch.float64
    along = gradient / gradient.norm()
    with torch.no_grad():
        ahead, behind = (float(objective.losses(picture + h * along)["total"]) for h in (1e-6, -1e-6))
    assert (ahead - behind) / 2e-6 == pytest.approx(float(gradient.norm()), rel=1e-5)


def test_only_the_region_is_measured(rescaled: Vgg) -> None:
    """Beyond what the deepest features see, nothing outside the mask has a gradient, and inside everything has."""
    network = deepcopy(rescaled)
    network.style_taps = ("relu1_1", "relu2_1")  # they see some ten pixels
    network.content_tap = "relu2_1"
    mask = (torch.arange(64) < 32).float().expand(1, 1, 48, 64)
    picture = blobs(2).requires_grad_()
    objective = _Objective(network, blobs(1), mask, [(1.0, Style("style", blobs(3)))], GATYS)
    (gradient,) = torch.autograd.grad(objective.losses(picture)["total"], picture)
    assert float(gradient[..., 44:].abs().max()) == 0 < float(gradient[..., :28].abs().amax((1, 2)).min())


def test_the_photo_as_its_own_style_stays(network: Vgg) -> None:
    photo = blobs(1)
    whole = Regions.of_subject(torch.ones(1, 1, 48, 64))
    found = last(photo, whole, {"subject": Look((Style("photo", photo),))}, network, start=photo.repeat(2, 1, 1, 1))
    assert found.losses["total"] == 0
    assert torch.equal(found.layers, photo.repeat(2, 1, 1, 1))


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_noise_becomes_the_texture(rescaled: Vgg, seed: int) -> None:
    p = replace(GATYS, content_weight=0.0)
    objective = _Objective(rescaled, blobs(1), torch.ones(1, 1, 48, 64), styled(seed), p)
    noise = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(seed))
    totals = [float(objective.losses(noise)["style"])]
    totals += [losses["total"] for _, losses in objective.minimise(noise, 10)]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] <= 0.02 * totals[0]


def test_the_noise_is_the_seeds(network: Vgg, halves: Regions) -> None:
    looks = {"subject": Look((Style("style", blobs(3)),))}
    one, again, other = (
        list(gatys(blobs(1), halves, looks, replace(SETTINGS, seed=seed), network=network))[-1].layers
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_a_layer_for_each_region_and_a_step_for_each_progress(network: Vgg, halves: Regions) -> None:
    photo = blobs(1)
    looks = {n: Look((Style(n, blobs(3 + i)),)) for i, n in enumerate(halves.names)}
    seen = list(gatys(photo, halves, looks, SETTINGS, network=network))
    assert [p.step for p in seen] == [1, 2, 3, 4] and {p.steps for p in seen} == {4}
    assert seen[-1].seconds_left == 0
    assert all(p.layers.shape == (2, 3, 48, 64) and float(p.layers.min()) >= 0 for p in seen)
    assert seen[1].losses["total"] < seen[0].losses["total"]
    assert torch.equal(seen[3].layers[0], seen[1].layers[0]) and torch.equal(seen[1].layers[1], photo[0])
    assert torch.equal(seen[3].layers[0, ..., 44:], photo[0, ..., 44:]), "photo far from the region"
    away = (seen[3].layers[0] - photo[0]).abs().mean((0, 1))
    assert float(away[:36].min()) > 0.05, "painted in the whole region and through the band"
    alone = last(photo, halves, {"background": looks["background"]}, network)
    assert torch.equal(alone.layers[1], seen[3].layers[1]), "the other region's style does not matter"


def test_several_styles_are_blended_by_weight(rescaled: Vgg) -> None:
    mask = torch.ones(1, 1, 48, 64)
    first, second = (_Objective(rescaled, blobs(1), mask, styled(s), GATYS).grams for s in (3, 4))
    look = Look((Style("a", blobs(3), 3.0), Style("b", blobs(4), 1.0)))
    both = _Objective(rescaled, blobs(1), mask, _at_size(look, 64), GATYS).grams
    for tap, found in both.items():
        torch.testing.assert_close(found, 0.75 * first[tap] + 0.25 * second[tap])


def test_part_of_a_style_picture_and_its_stroke(rescaled: Vgg) -> None:
    left = (torch.arange(64) < 32).float().expand(1, 1, 48, 64)
    ((share, style),) = _at_size(Look((Style("left", blobs(3), mask=left),), stroke=2.0), 64)
    assert style.picture.shape == (1, 3, 96, 128) and style.alpha is not None
    objective = _Objective(rescaled, blobs(1), left, [(share, style)], GATYS)
    maps = rescaled(style.picture)["relu1_1"].flatten(2)[0]
    weight = style.alpha.flatten()
    torch.testing.assert_close(objective.grams["relu1_1"], (maps * weight) @ maps.T / weight.sum())


def test_nothing_to_paint_is_the_photo_and_too_little_is_refused(halves: Regions) -> None:
    photo = blobs(1)
    assert torch.equal(last(photo, halves, {}, random_vgg()).layers, photo.expand(2, -1, -1, -1))
    thin = Regions.of_subject(torch.ones(1, 1, 12, 64))
    with pytest.raises(InputError, match="64x12 pixels: gatys wants 16 or more"):
        last(blobs(1, (12, 64)), thin, {"subject": Look((Style("3", blobs(3)),))}, random_vgg())


def test_the_table_paints_with_vgg19_and_average_pooling(
    monkeypatch: pytest.MonkeyPatch, network: Vgg, halves: Regions
) -> None:
    asked: list[tuple[str, str]] = []

    def load(name: str, pooling: str) -> Vgg:
        asked.append((name, pooling))
        return network

    monkeypatch.setattr(module, "load_vgg", load)
    looks = {"subject": Look((Style("style", blobs(3)),))}
    *_, found = load_engine("gatys")(blobs(1), halves, looks, SETTINGS)
    assert asked == [("vgg19", "average")]
    assert torch.equal(found.layers, last(blobs(1), halves, looks, network).layers)
