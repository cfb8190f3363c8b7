"""The table of style losses: closed forms, sorting and searching by hand, invariances, gradients, degenerate input."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from styfie.losses import STYLE_LOSSES, load_loss
from styfie.losses.functional import relative_gram_loss
from styfie.losses.moments import Moments, moments
from styfie.losses.style import Map, _cut, _nearest

NAMES = tuple(STYLE_LOSSES)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def wide_moments(features: Tensor, mask: Tensor) -> Moments:
    """`moments` by its formula, in the precision of the features."""
    flat, weight = features.flatten(2)[0].T, mask.flatten()[:, None].to(features)
    return Moments(flat.T @ (flat * weight), (flat * weight).sum(0), weight.sum())


def sample(name: str, features: Tensor, mask: Tensor | None = None) -> Moments | Map:
    mask = torch.ones(1, 1, *features.shape[-2:]) if mask is None else mask
    if not STYLE_LOSSES[name].additive:
        return Map(features, mask)
    return (wide_moments if features.dtype == torch.float64 else moments)(features, mask)


def distance(
    name: str, found: Tensor, style: Tensor, mask: Tensor | None = None, style_mask: Tensor | None = None
) -> Tensor:
    loss = load_loss(name)
    return loss.measure(sample(name, found, mask), loss.prepare(sample(name, style, style_mask)))


def test_the_table_says_what_it_is() -> None:
    assert list(STYLE_LOSSES) == ["gram", "wasserstein", "sliced", "patches"]
    assert {name: loss.taxonomy for name, loss in STYLE_LOSSES.items()} == {
        "gram": "1.1",
        "wasserstein": "1.1",
        "sliced": "1.1",
        "patches": "1.2",
    }
    assert all(loss.title and "(" in loss.source for loss in STYLE_LOSSES.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_zero_when_equal_whatever_type_and_layout(name: str, kind: torch.dtype) -> None:
    style = (noise(1, 6, 12, 15) + 0.5).to(kind)
    found = style.clone(memory_format=torch.channels_last)
    value = distance(name, found, style)
    assert value.dtype == torch.float32
    assert abs(float(value)) < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_a_strange_picture_is_about_one_away_and_a_near_one_nearer(name: str) -> None:
    style = noise(1, 8, 16, 20) * torch.arange(1, 9)[:, None, None] + 3
    other = (noise(1, 8, 16, 20, seed=1) * torch.arange(8, 0, -1)[:, None, None] - 1).abs()
    far, near = distance(name, other, style), distance(name, torch.lerp(style, other, 0.1), style)
    assert 0.2 < float(far) < 3
    assert 0 < float(near) < 0.1 * float(far)
    black = float(distance(name, torch.zeros_like(style), style))
    assert black == pytest.approx(1, abs=0.3 if name == "patches" else 0.05), "to which every patch is equally near"


@pytest.mark.parametrize("name", NAMES)
def test_scaling_both_changes_nothing(name: str) -> None:
    found, style = noise(1, 5, 10, 11), noise(1, 5, 9, 12, seed=1) + 1
    torch.testing.assert_close(
        distance(name, 100 * found, 100 * style), distance(name, found, style), rtol=1e-3, atol=0
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_the_mask_excludes_is_not_seen(name: str) -> None:
    for size in ((9, 14), (66, 70), (130, 129)):  # the larger ones are counted, and cut with a stride
        style, found, mask = noise(1, 3, 8, 9) + 1, noise(1, 3, *size, seed=1), torch.zeros(1, 1, *size)
        mask[..., 2:-3, 3:-2] = 1
        mask[..., 4, 4:6] = 0.5
        changed = torch.where(mask > 0, found, 50.0)
        torch.testing.assert_close(distance(name, changed, style, mask), distance(name, found, style, mask))
        # The same of the style's own mask.
        mask[..., 4, 4:6] = 1
        wanted = distance(name, style, found, None, mask)
        torch.testing.assert_close(distance(name, style, torch.where(mask > 0, found, 50.0), None, mask), wanted)


@pytest.mark.parametrize("name", NAMES)
def test_how_strong_a_mask_is_does_not_matter(name: str) -> None:
    style, found = noise(1, 4, 8, 9), noise(1, 4, 10, 7, seed=1)
    mask = (torch.arange(70).view(1, 1, 10, 7) % 5) / 4
    torch.testing.assert_close(
        distance(name, found, style, 0.25 * mask), distance(name, found, style, mask), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (9, 8), (70, 66)])
def test_degenerate_maps_and_masks_have_finite_gradients(name: str, size: tuple[int, int]) -> None:
    flat, black = torch.full((1, 4, *size), 0.3), torch.zeros(1, 4, *size)
    dead = noise(1, 4, *size)
    dead[:, 1:3] = 0
    speck = torch.zeros(1, 1, *size)
    speck[..., -1, -1] = 1e-3
    maps, masks = (flat, black, dead, noise(1, 4, *size)), (torch.ones(1, 1, *size), speck, 0 * speck, 1e-9 * speck)
    for style, found, mask in itertools.product(maps, maps, masks):
        leaf = found.clone().requires_grad_()
        value = distance(name, leaf, style, mask, mask)
        value.backward()
        assert leaf.grad is not None
        assert value.isfinite()
        assert leaf.grad.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    found, style = noise(1, 3, 5, 4).double().requires_grad_(), noise(1, 3, 4, 6, seed=1).double()
    mask = (torch.arange(20).view(1, 1, 5, 4) % 4) / 4
    assert torch.autograd.gradcheck(lambda x: distance(name, x, style, mask), found)


@pytest.mark.parametrize("name", NAMES)
def test_following_the_gradient_leads_to_the_style(name: str) -> None:
    style, found = noise(1, 3, 12, 12).abs(), noise(1, 3, 12, 12, seed=1).requires_grad_()
    target = load_loss(name).prepare(sample(name, style))
    optimiser = torch.optim.LBFGS([found], max_iter=30, line_search_fn="strong_wolfe")

    def evaluate() -> Tensor:
        optimiser.zero_grad()
        value = load_loss(name).measure(sample(name, found), target)
        value.backward()
        return value

    before = float(optimiser.step(evaluate).detach())
    assert float(evaluate().detach()) < 0.2 * before


@pytest.mark.parametrize("name", NAMES)
def test_targets_are_the_same_each_time_and_carry_no_gradient(name: str) -> None:
    style = noise(1, 4, 70, 66).requires_grad_()
    once, again = (load_loss(name).prepare(sample(name, style)) for _ in range(2))
    once, again = ((x,) if isinstance(x, Tensor) else x for x in (once, again))
    for a, b in zip(once, again, strict=True):
        assert torch.equal(a, b)
        assert not a.requires_grad


@pytest.mark.parametrize("name", [name for name in NAMES if STYLE_LOSSES[name].additive])
def test_additive_losses_add_up_over_tiles(name: str) -> None:
    loss, style, found, mask = (
        load_loss(name),
        noise(1, 4, 9, 9),
        noise(1, 4, 10, 12, seed=1),
        torch.rand(1, 1, 10, 12),
    )
    target = loss.prepare(moments(style, torch.ones(1, 1, 9, 9)))
    tiles = [moments(found[..., x : x + 5], mask[..., x : x + 5]) for x in (0, 5, 10)]
    whole = Moments(*(sum(parts, torch.tensor(0.0)) for parts in zip(*tiles, strict=True)))
    torch.testing.assert_close(loss.measure(whole, target), loss.measure(moments(found, mask), target))


def test_gram_is_the_relative_distance_of_gram_matrices() -> None:
    found, style = noise(1, 4, 6, 6), noise(1, 4, 7, 5, seed=1)
    grams = [torch.einsum("bchw,bdhw->cd", x, x) / x[0, 0].numel() for x in (found, style)]
    torch.testing.assert_close(distance("gram", found, style), relative_gram_loss(*grams))


def test_sliced_is_sorting_in_one_dimension() -> None:
    found, style = noise(1, 1, 6, 7), 2 * noise(1, 1, 6, 7, seed=1) + 1
    wanted = (found.flatten().sort()[0] - style.flatten().sort()[0]).square().mean() / style.square().mean()
    torch.testing.assert_close(distance("sliced", found, style), wanted)


def test_sliced_of_regions_is_sorting_what_they_hold() -> None:
    """A position of weight 1/2 counts as one of two; what is out does not count."""
    found, style = noise(1, 1, 5, 8), noise(1, 1, 6, 6, seed=1).abs()
    mask, style_mask = torch.zeros(1, 1, 5, 8), torch.zeros(1, 1, 6, 6)
    mask[..., :3, :] = torch.tensor([1, 0.5])[torch.arange(24) % 2].view(3, 8)  # 36 halves
    style_mask[..., 3:, :] = 1
    halves = found.flatten().repeat_interleave((2 * mask).flatten().long())
    # Half of a position stands in the middle of its own two: take the quantile there from the style by interpolation.
    values, order = found.flatten()[:24].sort()
    weights = mask.flatten()[:24][order]
    middle = (weights.cumsum(0) - weights / 2) / weights.sum()
    inside = style[..., 3:, :].flatten().sort()[0]
    place = (middle * 18 - 0.5).clamp(0, 17)
    below = place.floor().long()
    aim = inside[below] + (place - below) * (inside[(below + 1).clamp_max(17)] - inside[below])
    wanted = ((values - aim).square() * weights).sum() / weights.sum() / inside.square().mean()
    value = distance("sliced", found, style, mask, style_mask)
    torch.testing.assert_close(value, wanted)
    exact = (halves.sort()[0] - inside.repeat_interleave(2)).square().mean() / inside.square().mean()
    assert float(value) == pytest.approx(float(exact), abs=0.02)


@pytest.mark.parametrize("masked", [False, True])
def test_counting_ranks_as_sorting_does(masked: bool) -> None:
    """Of a long-tailed distribution; also where most of a map is one flat value, of which each takes its share."""
    style, found = (0.5 * noise(1, 1, 100, 100)).exp(), noise(1, 1, 90, 80, seed=1)
    found[..., 50:, :] = 0.7
    mask = torch.ones(1, 1, 90, 80)
    if masked:
        mask[..., :30] = 0
    leaf = found.clone().requires_grad_()
    value = distance("sliced", leaf, style, mask)
    value.backward()
    kept = found[mask > 0].sort()[0]
    table = style.flatten().quantile((torch.arange(len(kept)) + 0.5) / len(kept))
    wanted = (kept - table).square().mean() / style.square().mean()
    assert float(value.detach()) == pytest.approx(float(wanted), rel=0.02)
    sharp = torch.where(mask > 0, found, 0)[..., :50, 30:].flatten()  # where there are no equal ones
    ranks = (kept[None] < sharp[:, None]).float().mean(1) + 0.5 / len(kept)
    pull = 2 * (sharp - style.flatten().quantile(ranks)) / len(kept) / style.square().mean()
    assert leaf.grad is not None
    assert torch.corrcoef(torch.stack([leaf.grad[..., :50, 30:].flatten(), pull]))[0, 1] > 0.99
    assert leaf.grad[mask.expand_as(found) == 0].abs().sum() == 0


def test_a_flat_picture_is_as_far_as_sliced_and_wasserstein_agree() -> None:
    """From one point every way of carrying is the same: |c - m|^2 + tr B."""
    style = noise(1, 5, 40, 40) + 1
    wanted = ((0.3 - style).square().sum(1).mean() / style.square().sum(1).mean()).item()
    for size in ((8, 8), (80, 80)):
        assert float(distance("sliced", torch.full((1, 5, *size), 0.3), style)) == pytest.approx(wanted, rel=0.03)
    assert float(distance("wasserstein", torch.full((1, 5, 8, 8), 0.3), style)) == pytest.approx(wanted, rel=0.1)


def test_sliced_sees_what_mean_and_covariance_do_not() -> None:
    signs = noise(1, 1, 60, 60, seed=1).sign()
    bell = noise(1, 1, 60, 60)
    bell = (bell - bell.mean()) / bell.std() * signs.std() + signs.mean()
    assert float(distance("wasserstein", bell, signs)) < 1e-5
    assert float(distance("sliced", bell, signs)) > 0.2


def brute_patches(found: Tensor, style: Tensor, mask: Tensor) -> float:
    """Each 3x3 patch of `found` by loops: its best correlated of `style`, where the mask is."""
    height, width = style.shape[-2:]
    known = [style[0, :, y : y + 3, x : x + 3] for y in range(height - 2) for x in range(width - 2)]
    total = weight = 0.0
    for y in range(found.shape[-2] - 2):
        for x in range(found.shape[-1] - 2):
            patch, m = found[0, :, y : y + 3, x : x + 3], mask[0, 0, y : y + 3, x : x + 3]
            alike = [float((patch * s * m).sum() / (s.square() * m).sum().add(1e-9).sqrt()) for s in known]
            nearest = known[alike.index(max(alike))]
            total += float(((patch - nearest).square() * m).sum())
            weight += float(m.sum())
    power = sum(float(s.square().sum()) for s in known) / len(known) / 9
    return total / weight / power


@pytest.mark.parametrize("masked", [False, True])
def test_patches_are_the_nearest_by_search(masked: bool) -> None:
    found, style = noise(1, 3, 7, 8), noise(1, 3, 6, 9, seed=1) + 0.5
    mask = torch.rand(1, 1, 7, 8, generator=torch.Generator().manual_seed(2)) if masked else torch.ones(1, 1, 7, 8)
    mask = torch.where(mask < 0.3, 0, mask)
    wanted = brute_patches(found, style, mask)
    assert float(distance("patches", found, style, mask)) == pytest.approx(wanted, rel=1e-4)


def test_a_picture_cut_from_the_style_is_no_distance_away_by_patches() -> None:
    style = noise(1, 4, 20, 24)
    assert float(distance("patches", style[..., 3:15, 5:20], style)) < 1e-9
    assert float(distance("gram", style[..., 3:15, 5:20], style)) > 1e-4
    both = torch.cat([style[..., :12], style[..., :12].flip(3)], 3)
    assert 0 < float(distance("patches", both, style)) < float(distance("patches", style.flip(3), style))


@pytest.mark.parametrize("size", [(64, 64), (65, 70), (129, 130), (131, 128)])
def test_patches_cover_every_position_of_large_maps(size: tuple[int, int]) -> None:
    leaf = noise(1, 2, *size).requires_grad_()
    distance("patches", leaf, noise(1, 2, 12, 12, seed=1)).backward()
    assert leaf.grad is not None
    assert (leaf.grad != 0).all()


def test_of_large_styles_the_patches_are_taken_from_everywhere() -> None:
    rows = torch.arange(60.0)[:, None].expand(60, 50)
    target = load_loss("patches").prepare(Map(rows[None, None] + 1, torch.ones(1, 1, 60, 50)))
    assert target.patches.shape == (9, 1024)
    assert set(target.patches[0].tolist()) == set(range(1, 59))


def test_the_search_is_the_same_in_pieces() -> None:
    found, style = noise(1, 4, 20, 20), noise(1, 4, 15, 15, seed=1)
    target = load_loss("patches").prepare(Map(style, torch.ones(1, 1, 15, 15)))
    cut = _cut(found, 1).flatten(0, 1)
    mask = torch.ones(9, cut.shape[1])
    pieces = [_nearest(a, b, target) for a, b in zip(cut.split(50, 1), mask.split(50, 1), strict=True)]
    assert torch.equal(torch.cat(pieces), _nearest(cut, mask, target))


def test_what_is_padded_to_cover_a_map_counts_nothing() -> None:
    found, style = noise(1, 2, 65, 70), noise(1, 2, 12, 12, seed=1)  # 2 apart, patches of 3 cover 71
    wider, mask = torch.cat([found, found[..., :1] + 9], 3), torch.ones(1, 1, 65, 71)
    mask[..., 70:] = 0
    torch.testing.assert_close(distance("patches", found, style), distance("patches", wider, style, mask))


@pytest.mark.parametrize("size", [(40, 40), (80, 80)])
def test_a_flat_area_is_drawn_apart_in_no_direction(size: tuple[int, int]) -> None:
    """Equal values that stood in the order of rows would become a slope from top to bottom."""
    leaf = torch.full((1, 1, *size), 0.3, requires_grad=True)
    distance("sliced", leaf, noise(1, 1, 40, 40)).backward()
    assert leaf.grad is not None
    pull = leaf.grad[0, 0]
    assert pull.std() > 0
    for along in (pull.mean(0), pull.mean(1)):
        slope = torch.corrcoef(torch.stack([along, torch.arange(float(len(along)))]))[0, 1]
        assert abs(float(slope)) < 0.5


@pytest.mark.parametrize("name", [name for name in NAMES if load_loss(name).slope])
@pytest.mark.parametrize("kind", ["full", "flat"])
def test_the_gradient_written_out_is_autograds(name: str, kind: str) -> None:
    loss, features = load_loss(name), noise(1, 7, 9, 8).double()
    features[:, 3:] *= kind == "full"  # else eigenvalues of 0, which the ridge lifts
    found, target = sample(name, features), loss.prepare(sample(name, noise(1, 7, 12, 6, seed=1).double() + 0.3))
    assert isinstance(found, Moments)
    second, first = found.second.clone().requires_grad_(), found.first.clone().requires_grad_()
    value = loss.measure(found._replace(second=second, first=first), target)
    wanted = torch.autograd.grad(value, (second, first), allow_unused=True)
    assert loss.slope is not None
    known, *gradients = loss.slope(found, target)
    assert float(known) == pytest.approx(float(value.detach()), rel=1e-10)
    for gradient, one in zip(gradients, wanted, strict=False):
        assert one is not None
        assert torch.allclose(gradient, one, rtol=1e-8, atol=1e-12)
    assert len(gradients) == sum(one is not None for one in wanted)
