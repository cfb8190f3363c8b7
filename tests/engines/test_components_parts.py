"""What the engine of image components is made of: layers that sum up, sheets and patches, the Poisson equation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array, eye_array, kron, vstack
from scipy.sparse.linalg import spsolve
from torch import Tensor

from styfie.colour import luma_of, match_colours
from styfie.engines.components import patches
from styfie.engines.components.colours import matched_luma, recoloured
from styfie.engines.components.layers import contours, decompose, guided_filter, mean_shift, to_lab
from styfie.engines.components.paint import OPTIONS, _Canvas
from styfie.engines.components.patches import Nearest, data_costs, joined, overlap_costs, repeats, usage
from styfie.engines.components.poisson import differences, screened_poisson
from styfie.engines.components.sheets import (
    EDGE,
    MARGIN,
    PATCH_SIZE,
    STEP,
    TURNS,
    Bank,
    bank_at,
    inherited,
    node_features,
    padded,
    turned,
)
from styfie.images import read_picture
from styfie.looks import Style
from styfie.weights import ASSETS


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(ASSETS / "portrait.jpg", 96)


@pytest.fixture(scope="module")
def bank(portrait: Tensor) -> Bank:
    return bank_at([turned(Style("portrait", portrait), 96)], 1)


@pytest.mark.parametrize("size", [(1, 1), (9, 40), (96, 77)])
def test_the_layers_sum_up_to_the_picture(size: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    found = decompose(picture, 96)
    assert float((found.picture - picture).abs().max()) <= 1e-6
    torch.testing.assert_close(found.edge, (picture - found.draft) * found.mask, atol=1e-6, rtol=0)
    assert float(found.mask.min()) >= 0 and float(found.mask.max()) <= 1


def test_a_step_is_draft_its_grain_paint_and_edge_is_along_it() -> None:
    grain = 0.03 * torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    step = torch.where(torch.arange(128) < 64, 0.2, 0.8).expand(1, 3, 128, 128)
    found = decompose(step + grain, 128)
    away = [*range(44), *range(84, 128)]
    assert float((found.draft - step)[..., away].std()) < 0.25 * float(grain.std())
    assert float((found.paint - grain)[..., away].std()) < 0.4 * float(grain.std())
    assert float(found.mask[..., 62:66].min()) > 0.9 and float(found.mask[..., away].mean()) < 0.1


def test_a_flat_picture_has_no_contours() -> None:
    assert float(contours(torch.full((1, 3, 40, 30), 0.4), 2.0).max()) == 0


def test_lab_is_known_for_some_colours() -> None:
    colours = torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]]).T[None, :, None]
    wanted = torch.tensor([[100.0, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]])
    torch.testing.assert_close(to_lab(colours)[0, :, 0].T, wanted, atol=0.15, rtol=0)


def test_mean_shift_flattens_what_is_alike_and_leaves_what_is_not() -> None:
    rng = torch.Generator().manual_seed(2)
    step = torch.where(torch.arange(40) < 20, 0.3, 0.7).expand(1, 3, 30, 40)
    noisy = step + 0.015 * torch.randn(1, 3, 30, 40, generator=rng)
    found = mean_shift(noisy, to_lab(noisy))
    assert float((found - step).std()) < 0.3 * float((noisy - step).std())
    assert float((found[..., 20] - found[..., 19]).mean()) > 0.38


def test_the_guided_filter_keeps_its_own_edges_and_is_linear_over_the_guide() -> None:
    picture = torch.rand(1, 3, 30, 40, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(guided_filter(picture, 2 * picture - 0.5, 4, 1e-9), 2 * picture - 0.5, atol=1e-4, rtol=0)
    flat = guided_filter(picture, picture, 4, 1e6)
    once = F.avg_pool2d(picture, 9, stride=1)
    twice = F.avg_pool2d(once, 9, stride=1)
    torch.testing.assert_close(flat[..., 8:-8, 8:-8], twice, atol=1e-4, rtol=0)


def by_equations(values: np.ndarray, across: np.ndarray, down: np.ndarray, weight: float) -> np.ndarray:
    """The same least squares by a sparse matrix of differences."""
    height, width = values.shape

    def steps(n: int) -> csr_array:
        return csr_array(np.diff(np.eye(n), axis=0))

    x = kron(eye_array(height), steps(width))
    y = kron(steps(height), eye_array(width))
    matrix = vstack([np.sqrt(weight) * eye_array(height * width), x, y]).tocsc()
    wanted = np.r_[np.sqrt(weight) * values.ravel(), across[:, :-1].ravel(), down[:-1].ravel()]
    return np.asarray(spsolve(matrix.T @ matrix, matrix.T @ wanted)).reshape(height, width)


def test_the_screened_poisson_equation_is_solved() -> None:
    rng = torch.Generator().manual_seed(4)
    values, across, down = (torch.rand(1, 1, 11, 14, generator=rng) for _ in range(3))
    one, two, three = (picture[0, 0].double().numpy() for picture in (values, across, down))
    wanted = by_equations(one, two, three, 0.3)
    np.testing.assert_allclose(screened_poisson(values, across, down, 0.3)[0, 0].numpy(), wanted, atol=1e-5)


def test_a_pictures_own_gradients_give_it_back_and_foreign_values_only_long_waves() -> None:
    picture = torch.rand(1, 3, 21, 16, generator=torch.Generator().manual_seed(5))
    across, down = differences(picture)
    torch.testing.assert_close(screened_poisson(picture, across, down, 0.05), picture, atol=1e-5, rtol=0)
    moved = screened_poisson(picture + 0.3, across, down, 0.05)
    torch.testing.assert_close(moved, picture + 0.3, atol=1e-5, rtol=0)


def test_luma_keeps_its_order_and_gets_the_styles_histogram() -> None:
    rng = torch.Generator().manual_seed(6)
    luma, palette = torch.rand(1, 1, 60, 60, generator=rng), torch.rand(1, 1, 64, 64, generator=rng) ** 3
    everything = torch.ones_like(luma), torch.ones_like(palette)
    found = matched_luma(luma, palette, *everything)
    rising = found.flatten()[luma.flatten().argsort()].diff()
    assert float(rising.min()) >= -1e-6
    shares = torch.linspace(0.05, 0.95, 10)
    torch.testing.assert_close(found.quantile(shares), palette.quantile(shares), atol=0.02, rtol=0)
    assert torch.equal(matched_luma(luma, palette, 0 * luma, everything[1]), luma)


def test_the_draft_takes_the_styles_colours_by_weight(portrait: Tensor) -> None:
    red, blue = (torch.tensor(c).view(1, 3, 1, 1).expand(1, 3, 32, 32) for c in ([0.9, 0.1, 0.1], [0.1, 0.1, 0.9]))
    whole = torch.ones_like(portrait[:, :1])
    for weight in (3.0, 1 / 3):
        found = recoloured(portrait, whole, (Style("red", red, weight), Style("blue", blue)))
        assert float(found[:, 0].mean()) / float(found[:, 2].mean()) == pytest.approx(weight, rel=0.35)
    assert float(luma_of(match_colours(portrait, red)).std()) < 0.01, "a flat style has no light and dark"


def test_turned_sheets_are_the_style_turned(portrait: Tensor) -> None:
    square = portrait[..., :64, :64].contiguous()
    sheets = turned(Style("square", square), 64)
    assert sheets.shape == (TURNS, 11, 64, 64)
    torch.testing.assert_close(sheets[0, :3] + sheets[0, 3:6] + sheets[0, 6:9], square[0], atol=1e-6, rtol=0)
    quarter = torch.rot90(sheets[0], 1, (1, 2))
    apart = min(float((sheets[n] - quarter).abs().max()) for n in (2, 6))
    assert apart < 1e-4
    assert float(sheets[1, 10, 0, 0]) == 0, "a corner turned in from outside may not be taken"


def test_only_patches_along_edges_are_turned_and_only_the_marked_part_is_taken(portrait: Tensor, bank: Bank) -> None:
    mask = F.avg_pool2d(bank.sheets[:, 9:], PATCH_SIZE, 1)[:, 0]
    free = bank.free[:, : 1 - PATCH_SIZE, : 1 - PATCH_SIZE]
    assert bool(free[0].all()) and not bool(bank.free[:, 1 - PATCH_SIZE :].any())
    assert bool(free[1:].any()) and float(mask[1:][free[1:]].min()) > EDGE
    left = (torch.arange(portrait.shape[-1]) < 40).float().expand_as(portrait[:, :1])
    marked = bank_at([turned(Style("left", portrait, mask=left), 96)], 1).free[0]
    assert bool(marked[0, : 40 - PATCH_SIZE].all()) and not bool(marked[:, 41 - PATCH_SIZE + 1 :].any())
    thin = (torch.arange(portrait.shape[-1]) < 3).float().expand_as(portrait[:, :1])
    assert bool(bank_at([turned(Style("thin", portrait, mask=thin), 96)], 1).free[0].any())


def test_costs_are_differences_written_out(bank: Bank) -> None:
    rng = torch.Generator().manual_seed(7)
    places = bank.places[torch.randint(len(bank.places), (9, 4, 3), generator=rng)]
    width = bank.free.shape[2]

    def patch(place: Tensor) -> Tensor:
        sheet, top, left = (int(one) for one in bank.where(place))
        assert int(place) == (sheet * bank.free.shape[1] + top) * width + left
        return bank.sheets[sheet, 3:9, top : top + PATCH_SIZE, left : left + PATCH_SIZE]

    across, down = overlap_costs(bank, places)
    for y, x, a, b in ((0, 0, 0, 0), (7, 2, 1, 2), (3, 1, 2, 0)):
        here, right, below = patch(places[y, x, a]), patch(places[y, x + 1, b]), patch(places[y + 1, x, b])
        wanted = (here[:, :, STEP:] - right[:, :, :-STEP]).square().sum()
        assert float(across[y, x, a, b]) == pytest.approx(float(wanted), abs=1e-4)
        wanted = (here[:, STEP:] - below[:, :-STEP]).square().sum()
        assert float(down[y, x, a, b]) == pytest.approx(float(wanted), abs=1e-4)


def test_a_picture_offers_itself_at_no_cost(portrait: Tensor, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "BASIS_PATCHES", 10**6)
    around = padded(decompose(portrait, 96).stacked)
    assert all((n - PATCH_SIZE) % STEP == 0 for n in around.shape[-2:])
    features = node_features(around)
    inner = features[2:-3, 2:-3]
    nearest = Nearest(bank, torch.Generator().manual_seed(0))
    found = nearest(inner, [3], 4)
    costs = data_costs(bank, inner, found, torch.ones(inner.shape[:2]))
    assert float(costs[..., 0].max()) < 1e-6 < float(costs[..., 1:].median())
    y, x = (STEP * torch.arange(2, n + 2) - MARGIN for n in inner.shape[:2])
    same = bank.where(found[..., 0])
    agree = (same[0] == 0) & (same[1] == y[:, None]) & (same[2] == x)
    assert float(agree.float().mean()) > 0.99
    torch.testing.assert_close(data_costs(bank, inner, found, torch.full(inner.shape[:2], 3.0)), 3 * costs)


def test_one_piece_overlaps_at_no_cost_and_is_no_repetition_but_a_copy_is(bank: Bank) -> None:
    width = bank.free.shape[2]
    first = (bank.places[[0, 50]])[None, None]
    places = torch.stack([first, first + STEP], 1)[:, :, 0]  # (1, 2, 2): each label goes on to the right
    across, _ = overlap_costs(bank, places)
    assert float(across[0, 0].diagonal().max()) < 1e-4 < float(across[0, 0, 0, 1])
    assert torch.equal(repeats(bank, places[:, :1], places[:, 1:], 0, STEP), torch.zeros(1, 1, 2, 2))
    found = repeats(bank, places[:, :1], places[:, :1] + width, 0, STEP)
    assert torch.equal(found[0, 0], torch.eye(2))
    held = bank.places[torch.tensor([[0, 0, 0, 0, 50 + PATCH_SIZE]])]
    wanted = bank.places[torch.tensor([[[0, 50 + PATCH_SIZE, 30]]])]
    assert usage(bank, held, wanted).tolist() == [[[2, 0, 0]]]


@pytest.mark.parametrize("repeated", [False, True])
def test_what_overlaps_and_repetitions_cost_beside_features(bank: Bank, repeated: bool) -> None:
    """Of two nodes beside each other with one candidate each: 4 medians of overlaps, and 2 where it is a copy."""
    first = bank.places[50]
    places = torch.stack([first, first + bank.free.shape[2] if repeated else bank.places[-1]]).view(1, 2, 1)
    canvas: Any = SimpleNamespace(options=OPTIONS, rounds=2)
    chosen, losses = _Canvas._chosen(canvas, bank, places, torch.tensor([[[2.0], [6.0]]]))
    assert torch.equal(chosen, places[..., 0])
    assert losses == pytest.approx({"features": 2.0, "overlaps": 2 + repeated, "total": 4 + repeated})


@pytest.mark.parametrize("ratio", [1, 2])
def test_what_is_inherited_goes_on_with_the_same_piece(bank: Bank, portrait: Tensor, ratio: int) -> None:
    """Nodes that hold the style at its own place go on to hold it there, by whichever neighbour they inherit."""
    before = bank_at([turned(Style("portrait", portrait), 96)], ratio)
    size = [n // ratio for n in portrait.shape[-2:]]
    rows, columns = ((n + 2 * MARGIN - PATCH_SIZE) // STEP + 1 for n in size)
    y, x = ((STEP * torch.arange(n) - MARGIN).clamp_min(0) for n in (rows, columns))
    free = before.free[0].nonzero().amax(0)
    held = before.place(torch.tensor(0), y.clamp(max=int(free[0]))[:, None], x.clamp(max=int(free[1])))
    found = inherited(held, ratio, before, bank, (18, 16))
    inner = found[6:14, 6:12]
    y, x = (STEP * torch.arange(6, n) - MARGIN for n in (14, 12))
    wanted = bank.place(torch.tensor(0), y[:, None], x)
    assert torch.equal(inner, wanted[..., None].expand(-1, -1, 5))


def test_patches_of_one_piece_are_joined_to_it(bank: Bank) -> None:
    rows, columns = torch.arange(0, 33, STEP), torch.arange(0, 25, STEP)
    places = bank.place(torch.tensor(0), rows[:, None], columns)
    values, across, down = joined(bank, places)
    wanted = bank.sheets[:1, 3:9, : 32 + PATCH_SIZE, : 24 + PATCH_SIZE]
    gradients = differences(wanted)
    torch.testing.assert_close(values, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(across[..., :-1], gradients[0][..., :-1], atol=1e-5, rtol=0)
    torch.testing.assert_close(down[..., :-1, :], gradients[1][..., :-1, :], atol=1e-5, rtol=0)


def test_several_styles_have_their_shares(portrait: Tensor) -> None:
    styles = [Style("a", portrait), Style("b", portrait.flip(-1)[..., :40, :])]
    bank = bank_at([turned(style, 96) for style in styles], 2)
    nearest = Nearest(bank, torch.Generator().manual_seed(0))
    features = node_features(padded(decompose(portrait, 96).stacked))[:4]
    found = nearest(features, [4, 1], 3)
    shares = bank.style[bank.where(found)[0]]
    assert torch.equal(shares, torch.tensor([0, 0, 0, 0, 1]).expand_as(shares))
    assert bool(bank.free.flatten()[found].all())
