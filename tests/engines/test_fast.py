"""One pass: layers as the contract wants them, closer to the style than the photo in its colours, tiles unseen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from styfie.colour import luma_of, match_colours
from styfie.devices import few_threads
from styfie.encoders import load_encoder
from styfie.encoders.plain import WIDTHS, Features
from styfie.engines import load_engine, onepass
from styfie.engines.fast import paint as fast_paint
from styfie.engines.fast.network import GAIN, SLOPE, FastNet, draw_noise
from styfie.engines.fast.paint import FastPainter
from styfie.engines.fast.transport import Gaussian
from styfie.engines.onepass import paint_layers, scales, with_features
from styfie.gallery import draw
from styfie.images import read_picture, resize
from styfie.looks import Look, Style
from styfie.losses.functional import gram
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.weights import ASSETS
from tests.conftest import fingerprint

SETTINGS = Settings(size=96, device="cpu")


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(ASSETS / "portrait.jpg", 96)


@pytest.fixture(scope="module")
def halves(portrait: Tensor) -> Regions:
    alpha = torch.zeros_like(portrait[:, :1])
    alpha[..., :, : alpha.shape[-1] // 2] = 1
    return Regions.of_subject(alpha)


def look(name: str, **asked: float) -> Look:
    return Look((Style(name, draw(name, 96)),), **asked)  # type: ignore[arg-type]


def paint(photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings = SETTINGS) -> Tensor:
    (only,) = load_engine("fast")(photo, regions, looks, settings)
    return only.layers


def style_distance(picture: Tensor, style: Tensor) -> float:
    encoder = load_encoder("styfie-1")
    found, wanted = encoder(picture), encoder(style)
    apart = [(gram(found[t]) - gram(wanted[t])).square().sum() / gram(wanted[t]).square().sum() for t in found]
    return float(torch.stack(apart).sum())


def test_layers_are_photo_to_the_bit_where_nothing_is_painted(portrait: Tensor, halves: Regions) -> None:
    layers = paint(portrait, halves, {"subject": look("waves")})
    assert layers.shape == (2, *portrait.shape[1:])
    assert torch.equal(layers[1:], portrait)
    assert torch.equal(layers[0, ..., -10:], portrait[0, ..., -10:])  # beyond the band
    assert float(layers.min()) >= 0 and float(layers.max()) <= 1


@pytest.mark.parametrize("name", ["waves", "glass", "ink", "night"])
def test_nearer_to_the_style_than_the_photo_in_its_colours(portrait: Tensor, name: str) -> None:
    whole = Regions(("all",), torch.ones_like(portrait[:, :1]), (1.0,))
    style = draw(name, 96)
    painted = paint(portrait, whole, {"all": look(name)})
    coloured = match_colours(portrait, style, whole.alpha, None)
    assert style_distance(painted, style) < 0.7 * style_distance(coloured, style)


def test_same_seed_same_bytes(portrait: Tensor, halves: Regions) -> None:
    looks = {"subject": look("glass"), "background": look("waves")}
    assert torch.equal(paint(portrait, halves, looks), paint(portrait, halves, looks))
    assert not torch.equal(paint(portrait, halves, looks), paint(portrait, halves, looks, replace(SETTINGS, seed=1)))


def test_regions_alike_are_one_painting(portrait: Tensor, halves: Regions) -> None:
    both = paint(portrait, halves, {"subject": look("glass"), "background": look("glass")})
    whole = Regions(("all",), torch.ones_like(portrait[:, :1]), (1.0,))
    alone = paint(portrait, whole, {"all": look("glass")})
    composed = (halves.alpha * both).sum(0, keepdim=True)
    assert float((composed - alone).abs().mean()) < 2 / 255


def test_two_styles_lie_between_either(portrait: Tensor) -> None:
    whole = Regions(("all",), torch.ones_like(portrait[:, :1]), (1.0,))
    a, b = (Style(name, draw(name, 96)) for name in ("waves", "glass"))
    mixed = paint(portrait, whole, {"all": Look((a, b))})
    alone = [paint(portrait, whole, {"all": Look((one,))}) for one in (a, b)]
    means = [float(one[:, 2].mean() - one[:, 0].mean()) for one in (mixed, *alone)]
    assert min(means[1:]) < means[0] < max(means[1:])


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (17, 90)])
def test_any_size(size: tuple[int, int]) -> None:
    photo = torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(0))
    layers = paint(photo, Regions.of_subject(torch.ones_like(photo[:, :1])), {"subject": look("ink")})
    assert layers.shape[-2:] == size


@pytest.mark.slow
def test_tiles_are_not_seen(portrait: Tensor, halves: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    large = read_picture(ASSETS / "portrait.jpg", 320)
    regions = halves.resize((large.shape[-2], large.shape[-1]))
    looks = {"subject": look("waves"), "background": look("night")}
    whole = paint_layers(FastPainter(looks, SETTINGS), large, regions)
    monkeypatch.setattr(fast_paint, "TILE", 96)
    tiled = paint_layers(FastPainter(looks, SETTINGS), large, regions)
    assert float((whole - tiled).abs().mean()) < 0.5 / 255
    assert float((whole - tiled).abs().max()) < 12 / 255


def test_large_pictures_go_coarse_to_fine(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scales(512, 512) == [512]
    assert scales(512, 256) == [256, 512]
    assert scales(2048, 512) == [512, 1024, 2048]
    assert scales(1500, 400) == [375, 750, 1500]
    whole = Regions(("all",), torch.ones_like(portrait[:, :1]), (1.0,))
    looks = {"all": look("glass")}
    once = paint(portrait, whole, looks)
    monkeypatch.setattr(FastPainter, "native", 48)
    twice = paint(portrait, whole, looks)
    assert style_distance(twice, draw("glass", 96)) < 1.3 * style_distance(once, draw("glass", 96))


def test_no_style_can_switch_a_convolution_off() -> None:
    """Whatever it says, each channel's weights have one norm; and the style says how much each channel seen counts."""
    torch.manual_seed(0)
    network = FastNet()
    network.say.weight.data.normal_(std=20)
    style = [Gaussian(torch.rand(1, c), torch.eye(c)[None] * 0.2) for c in (3, *WIDTHS)]
    network.requires_grad_(False)
    said = network.filters(style)
    for weight, _ in said:
        assert torch.allclose(weight.square().sum((1, 2, 3)), torch.tensor(GAIN**2), rtol=1e-4)
    network.say.weight.data.zero_()
    conv, (weight, bias) = network.first[-1], network.filters(style)[0]
    assert isinstance(conv, torch.nn.Conv2d) and conv.bias is not None
    ratio = weight / conv.weight
    assert torch.allclose(ratio, ratio[:, :1, :1, :1].expand_as(ratio), rtol=1e-3), "a style that says nothing"
    assert torch.equal(bias, conv.bias)
    assert not torch.allclose(said[0][0], weight, atol=0.01)


def test_a_leaky_rectifier_behind_such_weights_keeps_the_mean_square() -> None:
    x = torch.randn(1, 64, 40, 40, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(64, 64, 3, 3, generator=torch.Generator().manual_seed(1))
    weight = GAIN * weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
    found = torch.nn.functional.leaky_relu(torch.nn.functional.conv2d(x, weight), SLOPE)
    assert 0.95 < float(found.square().mean()) < 1.05


def test_noise_has_a_map_for_every_halving() -> None:
    assert [tuple(one.shape[-2:]) for one in draw_noise((33, 64), 0)] == [(17, 32), (9, 16), (5, 8), (3, 4)]


def test_likeness_gives_faces_their_fine_light_and_dark_back(portrait: Tensor) -> None:
    painted = 0.25 + 0.5 * torch.rand(portrait.shape, generator=torch.Generator().manual_seed(1))
    face = torch.zeros_like(portrait[:, :1])
    face[..., 20:50, 30:60] = 1
    kept = with_features(painted, portrait, face)
    assert torch.equal(kept[..., :20, :], painted[..., :20, :])
    inside = (..., slice(24, 46), slice(34, 56))
    apart = [
        float((luma_of(one).diff(dim=-1) - luma_of(portrait).diff(dim=-1))[inside].abs().mean())
        for one in (painted, kept)
    ]
    assert apart[1] < 0.35 * apart[0]
    assert torch.equal(with_features(painted, portrait, 0 * face), painted)


def test_layers_painted_side_by_side_are_those_painted_alone(portrait: Tensor, halves: Regions) -> None:
    looks = {"subject": look("waves"), "background": look("night")}
    both = paint(portrait, halves, looks)
    with few_threads():  # sums are in another order on several
        alone = [paint(portrait, halves, {name: looks[name]})[n] for n, name in enumerate(halves.names)]
    assert torch.equal(both, torch.stack(alone))


def test_a_layer_knows_nothing_of_what_lies_beside_its_region(portrait: Tensor, halves: Regions) -> None:
    """No rim around the person, whatever they look like."""
    other = torch.where(halves["subject"] > 0.5, 1 - portrait, portrait)
    looks = {"background": look("waves")}
    one, another = (paint(photo, halves, looks)[1] * (halves["background"] > 0.5) for photo in (portrait, other))
    assert torch.equal(one, another)


def test_the_stroke_is_the_size_at_which_the_style_is_seen() -> None:
    """Half as broad on a picture twice as large is the style of the smaller picture, one for one."""
    painter, style = FastPainter({}, SETTINGS), Style("waves", draw("waves", 96))
    known = painter._statistics_of(Look((style,)), 48)
    for found, wanted in zip(painter._statistics_of(Look((style,), stroke=0.5), 96), known, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
    broad = painter._statistics_of(Look((style,)), 96)
    assert not torch.equal(broad[1].mean, known[1].mean)


class Copyist:
    """Paints what it is given as it is, and keeps it."""

    looks: Mapping[str, Look] = {}
    device = torch.device("cpu")

    def __init__(self) -> None:
        self.given: list[Tensor] = []

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        self.given.append(content)
        return content


def test_a_larger_scale_begins_with_nine_tenths_of_the_detail_that_the_smaller_could_not_hold(
    portrait: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onepass, "NATIVE", 48)
    copyist = Copyist()
    onepass._coarse_to_fine(copyist, portrait, torch.ones_like(portrait[:, :1]), Look())
    small, large = copyist.given
    shown = resize(resize(portrait, (48, 48)), (96, 96))
    assert torch.equal(small, resize(portrait, (48, 48)))
    assert torch.allclose(large, (0.1 * shown + 0.9 * portrait).clamp(0, 1), atol=1e-6)


PAINTED = {
    1.0: [0.4571, 0.0634, 0.0614, 0.4563, 0.6197, 0.4292, 0.3233],
    2.0: [0.4638, 0.0589, 0.0518, 0.4677, 0.6211, 0.4431, 0.3235],
}


@pytest.mark.parametrize("stroke", [1.0, 2.0])
def test_it_paints_as_it_was_taught(portrait: Tensor, halves: Regions, stroke: float) -> None:
    looks = {"subject": look("ink", stroke=stroke), "background": look("waves", content=0.9)}
    assert fingerprint(paint(portrait, halves, looks)) == pytest.approx(PAINTED[stroke], abs=3e-3)  # in bfloat16 too


def test_a_style_that_was_seen_before_is_not_looked_at_again(
    portrait: Tensor, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_paint, "_cached", OrderedDict())
    seen: list[tuple[int, ...]] = []
    see = FastPainter._see

    def watched(painter: FastPainter, picture: Tensor) -> Features:
        seen.append(tuple(picture.shape))
        return see(painter, picture)

    monkeypatch.setattr(FastPainter, "_see", watched)
    looks, counts, layers = {"subject": look("waves"), "background": look("glass")}, list[int](), list[Tensor]()
    for _ in range(2):
        seen.clear()
        layers.append(paint(portrait, halves, {name: replace(one) for name, one in looks.items()}))
        counts.append(len(seen))
    assert counts == [4, 2], "afterwards only the photo"
    assert torch.equal(*layers)
    monkeypatch.setattr(fast_paint, "_cached", OrderedDict())
    assert torch.equal(paint(portrait, halves, looks), layers[0]), "as without a memory"
    other = {name: Look((Style("waves", draw("ink", 96)),)) for name in looks}
    assert not torch.equal(paint(portrait, halves, other), layers[0]), "a style is its picture, whatever it is called"
    monkeypatch.setattr(fast_paint, "MOST_CACHED", 2)
    paint(portrait, halves, {"subject": look("ink"), "background": look("night")})
    assert len(fast_paint._cached) == 2


def test_styles_can_be_looked_at_before_there_is_a_photo(
    portrait: Tensor, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_paint, "_cached", OrderedDict())
    monkeypatch.setattr(FastPainter, "native", 48)
    looks = {"subject": look("waves")}
    FastPainter(looks, SETTINGS).prepare(96)
    known = list(fast_paint._cached)
    paint(portrait, halves, looks)
    assert len(known) == 2 and list(fast_paint._cached) == known
