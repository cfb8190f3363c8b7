from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from styfie.depth import load_depth_net, order_loss
from styfie.devices import few_threads
from styfie.encoders import loss_weights
from styfie.encoders.loss_weights import Weights
from styfie.encoders.plain import PlainEncoder
from styfie.engines import SourceImage, plan
from styfie.engines import optimise as engine
from styfie.engines.fast.paint import FastPainter
from styfie.engines.layers import enlarge, group, in_style_colours, region_box
from styfie.engines.onepass import DETAIL
from styfie.engines.optimise import optimise
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.losses.functional import gram, relative_gram_loss
from styfie.regions import Regions
from styfie.settings import Settings
from tests.conftest import fingerprint
from tests.engines.conftest import BLUE, RED

SETTINGS = Settings(size=64, steps=12, device="cpu")
ONCE = replace(
    loss_weights.PAINTED, fidelity=0.0
)  # nothing is painted anew, whatever is lost: these pictures are all waves


def last(photo: Tensor, regions: Regions, looks: dict[str, Look], encoder: PlainEncoder, **changes: object) -> Progress:
    settings = Settings(**{**vars(SETTINGS), **changes})
    *_, found = optimise(photo, regions, looks, settings, encoder=encoder, weights=ONCE)
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
    b = last(photo, halves, {"subject": Look((RED,)), "background": Look((RED, BLUE))}, encoder)
    assert torch.equal(a.layers[0], b.layers[0])


def test_the_same_seed_gives_the_same_bytes(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    a, b, c = (
        last(photo, halves, {"subject": Look((RED,))}, encoder, start="noise", seed=seed).layers for seed in (1, 1, 2)
    )
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_the_order_of_depths_is_kept_where_that_is_asked_for(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    """By the network that ships: nearer to the photo's with the term, at a style distance that is hardly another."""
    looks, network = {"subject": Look((RED,)), "background": Look((BLUE,))}, load_depth_net()
    without, held = (last(photo, halves, looks, encoder, depth_weight=weight) for weight in (0.0, 0.05))
    painted = [(one.layers * halves.alpha).sum(0, keepdim=True) for one in (without, held)]
    order = [float(order_loss(network, one, photo)) for one in painted]
    style = [style_loss(one.layers[:1, ..., :32], RED, encoder) for one in (without, held)]
    assert order[1] < 0.8 * order[0]
    assert style[1] < 1.1 * style[0]
    assert without.losses["depth"] == 0 < held.losses["depth"]


def test_progress_counts_steps_and_stopping_is_stopping(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    looks = {"subject": Look((RED,))}
    steps = list(optimise(photo, halves, looks, SETTINGS, encoder=encoder, weights=ONCE))
    assert [p.step for p in steps] == [5, 10, 12]
    assert {p.steps for p in steps} == {12}
    assert steps[-1].seconds_left == 0
    assert {"style", "content", "total"} <= set(steps[0].losses)
    few = list(itertools.islice(optimise(photo, halves, looks, SETTINGS, encoder=encoder, weights=ONCE), 2))
    assert torch.equal(few[-1].layers, steps[1].layers)


def test_within_a_scale_the_best_picture_never_gets_worse(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    looks, settings = {"subject": Look((RED,))}, Settings(size=64, steps=60, device="cpu")
    run = optimise(photo, halves, looks, settings, encoder=encoder, weights=ONCE)
    totals = [p.losses["total"] for p in run]
    assert all(b <= a + 1e-4 for a, b in itertools.pairwise(totals))  # a block's first step measures once more
    assert totals[-1] < 0.7 * totals[0]


@pytest.fixture
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """As many as the test asks for, of PyTorch's; afterwards what there was."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [2], indirect=True)
def test_layers_side_by_side_are_those_painted_in_turn(
    photo: Tensor, halves: Regions, encoder: PlainEncoder, threads: int
) -> None:
    """To the byte, as are the losses; and a state of either goes on as the other."""
    looks = {"subject": Look((RED,)), "background": Look((BLUE,), stroke=0.5)}
    settings = Settings(size=64, steps=60, device="cpu")
    both = list(optimise(photo, halves, looks, settings, encoder=encoder))
    with few_threads():
        in_turn = list(optimise(photo, halves, looks, settings, encoder=encoder))
        states = [p.state for p in both if p.state is not None]
        assert sorted(int(p.state["done"].sum()) for p in both if p.state is not None) == [0, 1, 2, 3]
        *_, resumed = optimise(photo, halves, looks, settings, state=states[1], encoder=encoder)
    for found in (both[-1], resumed):
        assert torch.equal(found.layers, in_turn[-1].layers)
        assert (found.losses, found.step, found.steps) == (in_turn[-1].losses, 120, 120)
    assert torch.get_num_threads() == threads


def test_the_state_of_a_version_that_painted_in_turn_is_gone_on_from(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    """It told one place, of the layer that was being painted."""
    looks, settings = {"subject": Look((RED,)), "background": Look((BLUE,))}, Settings(size=64, steps=60, device="cpu")
    with few_threads():
        whole = list(optimise(photo, halves, looks, settings, encoder=encoder, weights=ONCE))
        states = [p.state for p in whole if p.state is not None]
        assert [state["place"].tolist() for state in states] == [[0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0]]
        for state in states[:3]:
            old = {name: value for name, value in state.items() if name not in ("done", "content_factors")}
            *_, found = optimise(photo, halves, looks, settings, state=old, encoder=encoder, weights=ONCE)
            assert torch.equal(found.layers, whole[-1].layers)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2], indirect=True)
def test_any_state_leads_to_the_same_bytes(photo: Tensor, halves: Regions, encoder: PlainEncoder, threads: int) -> None:
    """Two layers, three scales, two blocks each: whoever stops at any of them ends as whoever did not."""
    large = torch.nn.functional.interpolate(photo, (144, 192), mode="bilinear")
    regions, looks = halves.resize((144, 192)), {"subject": Look((RED,)), "background": Look((BLUE,), stroke=0.5)}
    settings = Settings(size=192, steps=60, device="cpu")
    unkilled = list(optimise(large, regions, looks, settings, encoder=encoder))
    states = [p.state for p in unkilled if p.state is not None]
    assert len(states) == 12
    assert float(states[-1]["content_factors"].max()) > 1, "a layer that is painted anew is among them"
    for number, state in list(enumerate(states))[:-1:2]:  # of each layer and scale one
        rest = list(optimise(large, regions, looks, settings, state=state, encoder=encoder))
        assert torch.equal(rest[-1].layers, unkilled[-1].layers)
        assert rest[0].step > 30 * number
        assert rest[-1].step == unkilled[-1].step
        assert rest[-1].losses == unkilled[-1].losses
    (over,) = optimise(large, regions, looks, settings, state=states[-1], encoder=encoder)
    assert torch.equal(over.layers, unkilled[-1].layers)
    assert over.losses == unkilled[-1].losses, "killed while its files were written, it says the same of itself"
    assert (over.step, over.steps) == (unkilled[-1].step, unkilled[-1].steps)


def test_a_draft_is_finished_by_one_pass_over_what_was_found(
    photo: Tensor, encoder: PlainEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SEARCHED", 128)
    large = torch.nn.functional.interpolate(photo, (144, 192), mode="bilinear")
    regions, look = Regions.of_subject(torch.ones(1, 1, 144, 192)), Look((RED,), likeness=0.0)
    settings = Settings(size=192, quality="draft", device="cpu")
    *_, searched, finished = optimise(large, regions, {"subject": look}, settings, encoder=encoder)
    assert searched.state is not None and searched.state["layer0"].shape == (1, 3, 72, 96)
    colours = large.half().float()  # as they are kept
    begun = enlarge(searched.state["layer0"], colours, DETAIL).clamp(0, 1)
    wanted = FastPainter({}, settings).paint(begun, torch.ones_like(large[:, :1]), look).clamp(0, 1)
    torch.testing.assert_close(finished.layers[:1], wanted, atol=1e-5, rtol=0)
    assert finished.losses == searched.losses and finished.step == finished.steps == 31
    *_, resumed = optimise(large, regions, {"subject": look}, settings, state=searched.state, encoder=encoder)
    assert torch.equal(resumed.layers, finished.layers) and resumed.losses == finished.losses


def test_regions_that_look_alike_are_one_layer(photo: Tensor, halves: Regions, encoder: PlainEncoder) -> None:
    """The same style on both sides is the one-region picture, and half the work."""
    both = {"subject": Look((RED,), strength=0.5), "background": Look((Style("again", RED.picture.clone()),))}
    found = last(photo, halves, both, encoder)
    whole = last(photo, Regions.of_subject(torch.ones_like(photo[:, :1])), {"subject": Look((RED,))}, encoder)
    assert found.steps == 12
    assert torch.equal(found.layers[0], found.layers[1])
    assert float((found.layers[0] - whole.layers[0]).abs().max()) < 1e-5
    assert len(group(halves, both | {"subject": Look((RED,), stroke=0.5)})) == 2
    assert len(group(halves, both | {"subject": Look((RED, BLUE))})) == 2


@pytest.mark.usefixtures("float32")
def test_a_scale_ends_early_when_nothing_changes(photo: Tensor, encoder: PlainEncoder) -> None:
    """The photo as its own style, hardly smoothed: the first block changes nothing that is seen.

    In bfloat16 the gradient of what is right already is rounding alone, and the search follows it.
    """
    regions, looks = Regions.of_subject(torch.ones_like(photo[:, :1])), {"subject": Look((Style("itself", photo),))}
    settings, still = Settings(size=64, steps=100, device="cpu"), Weights(total_variation=0.0)
    found = list(
        optimise(photo, regions, looks, settings, start=photo.expand(2, -1, -1, -1), weights=still, encoder=encoder)
    )
    assert [p.step for p in found] == [5, 100]


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


def test_enlarging_gives_back_the_photos_detail(photo: Tensor) -> None:
    small = torch.nn.functional.interpolate(photo, (24, 32), mode="bilinear", antialias=True)
    assert torch.allclose(enlarge(small, photo, 1.0), photo, atol=1e-5)


def test_region_box_holds_the_region() -> None:
    alpha = torch.zeros(1, 1, 100, 100)
    alpha[..., 40:50, 60:90] = 1
    box = region_box(alpha)
    assert (box[2], box[3]) == (slice(24, 66), slice(44, 106))


def test_a_large_painting_begins_as_the_small_one(
    photo: Tensor, halves: Regions, encoder: PlainEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scales up to `FULL` do not see the larger photo at all, however little it differs."""
    for module in (plan, engine):
        monkeypatch.setattr(module, "BASE_SIZE", 64)
    monkeypatch.setattr(plan, "COARSE", 32)  # which is less than that
    looks = {"subject": Look((RED,)), "background": Look((BLUE,))}
    large = torch.nn.functional.interpolate(photo, (96, 128), mode="bicubic").clamp(0, 1)
    settings, small = Settings(size=128, steps=12, device="cpu"), SourceImage(photo, halves, looks)
    steps = list(optimise(large, halves.resize((96, 128)), looks, settings, encoder=encoder, small=small))
    held, alone = (
        [p.state for p in found if p.state is not None]
        for found in (steps, optimise(photo, halves, looks, settings, encoder=encoder))
    )
    for name in ("layer0", "layer1"):
        assert torch.equal(held[len(alone) - 1][name], alone[-1][name])
    assert steps[-1].layers.shape == (2, 3, 96, 128)


def test_the_content_dial_keeps_more_or_less_of_the_drawing(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    """Of the photo in the style's colours, which is what the built-in encoder's weights ask for."""
    drawing = encoder(in_style_colours(photo, torch.ones_like(photo[:, :1]), Look((RED,))))["conv4"]

    def kept(content: float) -> float:
        found = last(photo, halves, {n: Look((RED,), content=content) for n in halves.names}, encoder, steps=40)
        return float((encoder(found.layers[:1])["conv4"] - drawing).square().mean())

    little, half, much = kept(0.0), kept(0.5), kept(1.0)
    assert little > 1.5 * half and half > 1.02 * much


def test_quality_is_a_share_of_the_steps_unless_they_are_given() -> None:
    found = {quality: Settings(quality=quality).steps_of(80) for quality in ("draft", "standard", "fine")}
    assert found == {"draft": 20, "standard": 80, "fine": 200}
    assert Settings(quality="fine", steps=7).steps_of(80) == 7
    with pytest.raises(InputError, match="quality is 'best': one of draft, standard, fine"):
        Settings(quality="best")


def test_where_content_is_all_a_layer_is_the_photo_in_the_styles_colours(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    looks, weights = {name: Look((RED,)) for name in halves.names}, Weights(content=1000.0, in_style=True, detail=1.0)
    settings = Settings(size=64, steps=30, device="cpu")
    *_, found = optimise(photo, halves, looks, settings, weights=weights, encoder=encoder)
    wanted = in_style_colours(photo, torch.ones_like(photo[:, :1]), looks["subject"])
    assert float((found.layers[:1] - wanted).abs().mean()) < 0.02 < float((photo - wanted).abs().mean())


PAINTED = {  # between what is painted in float32 and in bfloat16
    "gram": [0.3801, 0.0241, 0.0194, 0.4106, 0.3993, 0.4188, 0.2917],
    "wasserstein": [0.3811, 0.0241, 0.0195, 0.4108, 0.3998, 0.4199, 0.2937],
    "sliced": [0.3812, 0.0238, 0.0192, 0.4118, 0.3999, 0.4206, 0.2927],
    "patches": [0.3814, 0.0239, 0.0193, 0.4109, 0.4005, 0.4201, 0.294],
}


@pytest.mark.parametrize("loss", ["gram", "wasserstein", "sliced", "patches"])
def test_it_paints_as_it_did(photo: Tensor, halves: Regions, encoder: PlainEncoder, loss: str) -> None:
    """A few steps, in which roundings have not grown yet: a recipe repeats a painting."""
    faced = Regions(halves.names, halves.alpha, halves.score, face=halves.alpha[:1])
    looks = {"subject": Look((RED, BLUE), likeness=1.0), "background": Look((BLUE,), stroke=1.5, content=0.2)}
    found = last(photo, faced, looks, encoder, steps=3, loss=loss)
    assert fingerprint(found.layers) == pytest.approx(PAINTED[loss], abs=6e-3)


def test_a_dark_face_is_drawn_lighter_the_more_likeness_is_asked_and_never_by_the_first_encoder(
    photo: Tensor, halves: Regions, encoder: PlainEncoder
) -> None:
    dark = 0.2 * photo
    face = torch.zeros_like(halves.alpha[:1])
    face[..., 12:36, 8:24] = 1
    faced = Regions(halves.names, halves.alpha, halves.score, face=face)

    def luma(likeness: float, in_style: bool) -> float:
        style = Style("night", 0.3 * RED.picture)
        looks = {name: Look((style,), likeness=likeness) for name in halves.names}
        weights = Weights(content=1000.0, in_style=in_style, detail=1.0, edges=0.0)
        settings = Settings(size=64, steps=12, device="cpu")
        *_, found = optimise(dark, faced, looks, settings, weights=weights, encoder=encoder)
        return float(found.layers[:1, :, 16:32, 12:20].mean())

    unlit, half, lit = (luma(likeness, True) for likeness in (0.0, 0.25, 0.5))
    assert unlit < half - 0.02 < lit - 0.04
    assert luma(0.0, False) == pytest.approx(luma(1.0, False), abs=0.01)
