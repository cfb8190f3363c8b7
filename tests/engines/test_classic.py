"""The founding paper's algorithm on a narrow random VGG, against its formulas written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.encoders.vgg import Vgg
from styfie.engines import ENGINES, load_engine
from styfie.engines.classic import Classic, _Objective, classic, hard_masks, total_variation
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.images import resize
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings

SMALL = Classic(iterations=2, evaluations=4, size=32)
SETTINGS = Settings(device="cpu")
MEAN = torch.tensor([103.939, 116.779, 123.68])[:, None, None]


@pytest.fixture
def network() -> Vgg:
    torch.manual_seed(0)
    return Vgg(16, widths=(4, 6, 8, 8, 8)).eval().requires_grad_(False)


@pytest.fixture
def photo() -> Tensor:
    return F.interpolate(torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(1)), (48, 40), mode="bilinear")


@pytest.fixture
def regions() -> Regions:
    matte = torch.zeros(1, 1, 48, 40)
    matte[..., 12:, 10:30] = 1
    return Regions.of_subject(F.avg_pool2d(matte, 5, 1, 2))


@pytest.fixture
def looks() -> dict[str, Look]:
    rng = torch.Generator().manual_seed(2)
    return {n: Look((Style(n, torch.rand(1, 3, 40, 64, generator=rng)),)) for n in ("subject", "background")}


def objective(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look], p: Classic) -> _Objective:
    masks = hard_masks(regions.alpha)
    styles = {i: look.styles[0].picture[..., :40, :40] for i, look in enumerate(looks.values()) if look.styles}
    return _Objective(network, photo[..., :40, :], masks[..., :40, :], styles, p)


def test_losses_are_the_formulas(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> None:
    p = Classic(content_weight=0.025)
    run = objective(network, photo, regions, looks, p)
    picture = 255 * torch.rand(1, 3, 40, 40)
    prepared = picture.flip(1) - MEAN
    masks = hard_masks(regions.alpha)[..., :40, :]

    def maps(x: Tensor) -> dict[str, Tensor]:
        return network.taps(x)

    painted = [maps(prepared * masks[i]) for i in range(2)]
    wanted = [
        maps(255 * look.styles[0].picture[..., :40, :40].flip(1) - MEAN) for look in looks.values() if look.styles
    ]
    style = 0.0
    for tap in ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"):
        for found, goal in zip(painted, wanted, strict=True):
            s, c = (torch.einsum("bchw,bdhw->cd", f[tap].double(), f[tap].double()) for f in (found, goal))
            style += 100 / 5 * float((s - c).square().sum()) / (4 * 3**2 * (40 * 40) ** 2)
    both = painted[0]["relu4_2"] + painted[1]["relu4_2"]
    content = float((both - maps(255 * photo[..., :40, :].flip(1) - MEAN)["relu4_2"]).double().square().sum())
    smooth = 0.0
    x = picture[0].double().numpy()
    for row in range(39):
        for column in range(39):
            down = x[:, row, column] - x[:, row + 1, column]
            across = x[:, row, column] - x[:, row, column + 1]
            smooth += float(((down**2 + across**2) ** 1.25).sum())
    found_terms = {name: float(value) for name, value in run.losses(picture).items()}
    terms = {"style": style, "content": 0.025 * content, "smooth": smooth}
    assert found_terms == pytest.approx(terms | {"total": sum(terms.values())}, rel=1e-4)


def test_the_gradient_is_the_losses(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> None:
    run = objective(network, photo, regions, looks, Classic(content_weight=0.025))
    pixels = (255 * photo[..., :40, :]).flatten().double().numpy()
    value, gradient = run(pixels)
    assert gradient.dtype == np.float64 and gradient.shape == pixels.shape
    along = gradient / np.linalg.norm(gradient)
    ahead, behind = (run(pixels + sign * along)[0] for sign in (0.5, -0.5))
    assert ahead - behind == pytest.approx(np.linalg.norm(gradient), rel=0.02)
    assert value == pytest.approx(run.seen[0]["total"])


def test_total_variation_of_a_ramp() -> None:
    assert float(total_variation(torch.arange(5.0).expand(1, 3, 4, 5))) == 3 * 3 * 4
    assert float(total_variation(2 * torch.arange(5.0).expand(1, 3, 4, 5))) == pytest.approx(36 * 4**1.25)


def test_hard_masks_are_a_partition() -> None:
    masks = hard_masks(torch.rand(4, 1, 9, 9))
    assert bool(((masks == 0) | (masks == 1)).all())
    assert torch.equal(masks.sum(0), torch.ones(1, 9, 9))


def test_three_runs_and_every_iteration(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> None:
    seen = list(classic(photo, regions, looks, SETTINGS, parameters=SMALL, network=network))
    assert [p.step for p in seen] == [1, 2, 3, 4, 5, 6] and {p.steps for p in seen} == {6}
    assert all(p.layers.shape == (2, 3, 32, 32) for p in seen[:-1])
    assert seen[-1].layers.shape == (2, 3, 48, 40) and seen[-1].seconds_left == 0
    assert all(float(p.layers.min()) >= 0 and float(p.layers.max()) <= 1 for p in seen)
    assert torch.equal(seen[1].layers[1], resize(photo, (32, 32))[0])  # first the subject's alone
    assert torch.equal(seen[3].layers[0], seen[1].layers[0]) and not torch.equal(seen[3].layers[1], seen[1].layers[1])
    assert torch.equal(*seen[-2].layers)  # the last run is one picture
    alone = seen[-2].alone
    assert alone is not None and torch.equal(alone, seen[3].layers) and all(p.alone is None for p in seen[:4])
    last = seen[-1].alone
    assert last is not None and torch.equal(last, resize(alone, (48, 40)))
    for run in (seen[:2], seen[2:4], seen[4:]):
        assert run[1].losses["total"] < run[0].losses["total"]
        assert run[0].losses["content"] > 0


def test_one_style_is_one_run(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> None:
    del looks["background"]
    seen = list(classic(photo, regions, looks, SETTINGS, parameters=SMALL, network=network))
    assert len(seen) == 2 and torch.equal(seen[0].layers[1], seen[-2].layers[1])
    assert seen[-1].alone is None


def test_style_stays_inside_its_region(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> None:
    """Without total variation, which couples neighbours, nothing outside the mask has a gradient."""
    del looks["background"]
    parameters = replace(SMALL, content_weight=0.0, tv_weight=0.0, style_weight=1e8)
    first, *_ = classic(photo, regions, looks, SETTINGS, parameters=parameters, network=network)
    outside = hard_masks(regions.resize((32, 32)).alpha)[1] > 0
    moved = (first.layers[0] - first.layers[1]).abs()
    assert float((moved * outside).max()) < 1e-6 < 1e-3 < float((moved * ~outside).max())


def test_no_style_leaves_the_photo(photo: Tensor, regions: Regions) -> None:
    (only,) = classic(photo, regions, {}, SETTINGS)
    assert torch.equal(only.layers, photo.expand(2, -1, -1, -1))


def last(*args: object, **kwargs: object) -> Progress:
    *_, progress = classic(*args, **kwargs)  # type: ignore[arg-type]
    return progress


def test_the_same_seed_gives_the_same_picture(
    network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]
) -> None:
    parameters = replace(SMALL, iterations=1)
    one, again, other = (
        last(photo, regions, looks, Settings(seed=s, start="noise", device="cpu"), None, None, parameters, network)
        for s in (1, 1, 2)
    )
    assert torch.equal(one.layers, again.layers) and not torch.equal(one.layers, other.layers)


def test_it_begins_from_given_layers(network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> None:
    start = torch.stack([torch.zeros(3, 48, 40), torch.ones(3, 48, 40)])
    weightless = replace(SMALL, iterations=1, content_weight=0.0, style_weight=0.0, tv_weight=0.0)
    subject, _, both = classic(photo, regions, looks, SETTINGS, start, None, weightless, network)
    inside = hard_masks(regions.resize((32, 32)).alpha)[0].expand(3, -1, -1) > 0
    both = replace(both, made=resize(both.layers, (32, 32)))
    assert float(both.layers[0][inside].mean()) < 0.2 and float(both.layers[0][~inside].mean()) > 0.9
    assert float(subject.layers[0][inside].max()) < 1e-6 and float(subject.layers[0][~inside].min()) < 0.9


def test_numbers_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Settings(steps=3, content_weight=0.5, tv_weight=2.0, evaluations=7)
    assert Classic.of(asked) == Classic(0.5, 100.0, 2.0, 3, 7)
    assert Classic.of(Settings()) == Classic() and Classic.of(Settings(quality="fine")).iterations == 25
    assert Classic().size == 256


def test_vgg19_is_taken_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, network: Vgg, photo: Tensor, regions: Regions, looks: dict[str, Look]
) -> None:
    taken: list[str] = []

    def load(name: str) -> Vgg:
        taken.append(name)
        return network

    monkeypatch.setattr("styfie.engines.classic.load_vgg", load)
    for encoder in ("styfie-2", "vgg16", "vgg19"):
        next(classic(photo, regions, looks, Settings(encoder=encoder, device="cpu"), parameters=SMALL))
    assert taken == ["vgg16", "vgg16", "vgg19"]


def test_engines_are_found_by_name() -> None:
    assert load_engine("classic") is ENGINES["classic"].paint
    with pytest.raises(InputError, match="'magic': known are optimise, fast"):
        load_engine("magic")
