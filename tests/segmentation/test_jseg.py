"""JSEG: J by formula and by brute force, regions of textures that colour alone cannot tell apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.errors import InputError
from styfie.images import resize
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.jseg.drawing import draw_regions
from styfie.segmentation.jseg.grow import flood, segment
from styfie.segmentation.jseg.jvalues import REACH, ROWS, j_value, local_j
from styfie.segmentation.jseg.merge import adjacency, merge_regions
from styfie.segmentation.jseg.quantise import luv, peer_group_filter, quantise
from styfie.segmentation.jseg.segmenter import JsegSegmenter, put_together, regions_at, soft_alphas

SIDE = 64
Y, X = np.indices((SIDE, SIDE)).astype(np.int32)
PALETTE = np.array([[0.85, 0.2, 0.15], [0.2, 0.6, 0.25], [0.15, 0.25, 0.8]])
SHARES = ((0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8), (0.34, 0.33, 0.33))


def mixes(side: int = 256) -> tuple[Tensor, NDArray[np.int32]]:
    """Four textures, each a random mix of the same three colours, and which is where."""
    rng = np.random.default_rng(0)
    truth = np.kron([[0, 1], [2, 3]], np.ones((side // 2, side // 2), int)).astype(np.int32)
    draws = np.kron(rng.random((side // 2, side // 2)), np.ones((2, 2)))
    colour = (draws[..., None] > np.cumsum(SHARES, 1)[truth]).sum(-1).clip(0, 2)
    picture = PALETTE[colour] + rng.normal(0, 0.01, (side, side, 3))
    return torch.from_numpy(picture.clip(0, 1)).permute(2, 0, 1)[None].float(), truth


def adjusted_rand(a: NDArray[np.int32], b: NDArray[np.int32]) -> float:
    """Agreement of two partitions beyond chance (Hubert and Arabie 1985), by its formula."""
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a.ravel(), b.ravel()), 1)
    pairs, rows, columns = ((n * (n - 1) / 2).sum() for n in (table, table.sum(0), table.sum(1)))
    chance = rows * columns / (a.size * (a.size - 1) / 2)
    return float((pairs - chance) / ((rows + columns) / 2 - chance))


@pytest.mark.parametrize(
    ("classes", "wanted"),
    [(X >= 32, 0.6), (3 * X // SIDE, 0.8), (2 * (X >= 32) + (Y >= 32), 3.0), ((X + Y) % 2, 0.0)],
    ids=["halves", "thirds", "quadrants", "checkerboard"],
)
def test_j_of_patterns_is_that_of_the_formula(classes: NDArray[np.int32], wanted: float) -> None:
    found = j_value(classes.astype(np.int32))
    assert found == pytest.approx(wanted, abs=0.005)
    assert j_value(np.rot90(classes).astype(np.int32)) == pytest.approx(found), "turned"
    assert j_value(7 - classes.astype(np.int32)) == pytest.approx(found), "renamed"


def test_j_of_noise_is_next_to_none() -> None:
    assert j_value(np.random.default_rng(0).integers(0, 4, (SIDE, SIDE)).astype(np.int32)) < 0.01


def brute_force_j(classes: NDArray[np.int32], inside: NDArray[np.bool_], y: int, x: int, step: int) -> float:
    """Local J from its definition, sample by sample."""
    held: dict[int, list[tuple[int, int]]] = {}
    for down, length in enumerate(ROWS):
        for across in range(-(length // 2), length // 2 + 1):
            row, column = y + step * (down - REACH), x + step * across
            if 0 <= row < SIDE and 0 <= column < SIDE and inside[row, column]:
                held.setdefault(int(classes[row, column]), []).append((row, column))
    scatters = [len(places) * np.var(places, axis=0).sum() for places in held.values()]
    everything = [place for places in held.values() for place in places]
    total, within = len(everything) * np.var(everything, axis=0).sum(), sum(scatters)
    return float(min((total - within) / within, 2.0)) if within > 0 else 2.0


def test_local_j_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(1)
    classes = (rng.integers(0, 3, (SIDE, SIDE)) + (X > 30)).astype(np.int32)
    inside = np.hypot(X - 30, Y - 34) < 25
    found = local_j(classes, inside, 1)
    for y, x in rng.permutation(np.argwhere(inside))[:60].tolist():
        assert found[y, x] == pytest.approx(brute_force_j(classes, inside, y, x, 1), abs=1e-4)


@pytest.mark.parametrize("scale", [2, 3])
def test_coarser_j_is_that_of_samples_further_apart(scale: int) -> None:
    """On a map blown up by the step all pixels of a block see the same samples; far from borders smoothing keeps it."""
    step = 2 ** (scale - 1)
    classes = (np.indices((32, 32)).sum(0) // 3 % 2).astype(np.int32)
    fine = local_j(classes, np.ones((32, 32), bool), 1)
    coarse = local_j(np.kron(classes, np.ones((step, step), np.int32)), np.ones((32 * step, 32 * step), bool), scale)
    inner = slice(8 * step, -8 * step)
    assert coarse[inner, inner].mean() == pytest.approx(fine[8:-8, 8:-8].mean(), abs=0.03)
    assert coarse[inner, inner].std() <= fine[8:-8, 8:-8].std() + 1e-6


def test_luv_of_known_colours() -> None:
    colours = torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]]).T[None, :, None]
    wanted = [[100.0, 0.0, 0.0], [0.0, 0.0, 0.0], [53.24, 175.01, 37.76], [32.30, -9.40, -130.34]]
    assert np.allclose(luv(colours)[0], wanted, atol=0.1)


def test_the_peer_group_takes_noise_and_leaves_edges() -> None:
    rng = np.random.default_rng(0)
    clean = np.where(X[..., None] < 32, [30.0, 20, 10], [70.0, -10, 40])
    noisy = clean + rng.normal(0, 2, clean.shape)
    noisy[10, 10] = (95, 100, -100)
    smooth, spread = peer_group_filter(noisy)
    assert np.abs(smooth - clean)[12:].mean() < 0.8 * np.abs(noisy - clean)[12:].mean()
    assert np.abs(smooth - clean)[12:].max() < 10, "nothing of the other side"
    assert np.abs(smooth[10, 10] - clean[10, 10]).max() < 10, "the impulse is gone"
    assert spread.shape == (SIDE, SIDE)


def test_a_few_plain_colours_are_the_classes() -> None:
    picture, _ = mixes(64)
    classes = quantise(picture)
    assert int(classes.max()) + 1 == 3
    nearest = np.square(picture[0].permute(1, 2, 0).numpy()[..., None, :] - PALETTE).sum(-1).argmin(-1)
    assert adjusted_rand(classes, nearest.astype(np.int32)) > 0.97


def test_textures_of_the_same_colours_come_apart() -> None:
    picture, truth = mixes()
    colour = np.square(picture[0].permute(1, 2, 0).numpy()[..., None, :] - PALETTE).sum(-1).argmin(-1)
    assert adjusted_rand(colour.astype(np.int32), truth) < 0.3, "colour alone cannot tell"
    found = named_by_area(JsegSegmenter(4).partition(picture))
    assert adjusted_rand(found, truth) > 0.9


def named_by_area(regions: Regions) -> NDArray[np.int32]:
    return regions.alpha[:, 0].argmax(0).numpy().astype(np.int32)


def test_flooding_fills_valleys_up_to_the_ridge() -> None:
    ridge = np.exp(-(((X - 28 - Y / 8) / 4) ** 2)).astype(np.float32)
    seeds = np.full((SIDE, SIDE), -1, np.int32)
    seeds[:, :4], seeds[:, -4:] = 0, 1
    found = flood(seeds, ridge, np.ones((SIDE, SIDE), bool))
    assert (found >= 0).all()
    crest = 28 + Y / 8
    assert (found[crest - X > 2] == 0).all()
    assert (found[X - crest > 2] == 1).all()


def test_flooding_reaches_pieces_that_no_seed_touches() -> None:
    inside = (X < 20) | (X > 40)
    seeds = np.where(X < 4, 0, np.where((X < 20) & (X > 16), 1, -1)).astype(np.int32)
    found = flood(seeds, np.zeros((SIDE, SIDE), np.float32), inside)
    assert (found[:, 41:] == 1).all()
    assert (found[~inside] == -1).all()


def test_neighbours_with_like_colours_merge_and_others_do_not() -> None:
    regions = (3 * X // SIDE).astype(np.int32)
    classes = np.where(X < 43, Y % 2, 2).astype(np.int32)
    assert int(merge_regions(regions, classes).max()) == 1
    far = np.where(regions == 1, 2, Y % 2).astype(np.int32)  # the like ones do not touch
    assert int(merge_regions(regions, far).max()) == 2
    assert int(merge_regions(regions, far, 2).max()) == 1, "as many as are asked for"
    assert int(merge_regions(regions, classes, 3).max()) == 2, "not more merged than that"


def test_regions_are_numbered_by_area_and_all_in_one_piece() -> None:
    classes = quantise(mixes(128)[0])
    merged = merge_regions(segment(classes), classes, 5)
    areas = np.bincount(merged.ravel())
    assert (np.diff(areas) <= 0).all()
    assert not adjacency(merged, len(areas)).diagonal().any()


@pytest.mark.parametrize("size", [(512, 1), (16, 16), (17, 90), (3, 5)])
@pytest.mark.parametrize("plain", [True, False])
def test_any_size_and_one_colour_are_fine(size: tuple[int, int], plain: bool) -> None:
    photo = torch.full((1, 3, *size), 0.5) if plain else torch.rand(1, 3, *size, generator=torch.Generator())
    regions = JsegSegmenter().partition(photo)
    assert regions.size == size
    assert regions.names[0] == "region-1"
    if plain:
        assert len(regions.names) == 1
        assert set(JsegSegmenter()(photo).names) == {SUBJECT, BACKGROUND}


@pytest.mark.slow
def test_a_photo_is_divided_the_same_way_each_time_at_its_own_size(portrait: Tensor) -> None:
    large = resize(portrait, (600, 500))
    first, second = (JsegSegmenter(6).partition(large) for _ in range(2))
    assert first.alpha.numpy().tobytes() == second.alpha.numpy().tobytes()
    assert first.names == tuple(f"region-{n}" for n in range(1, 7))
    assert float((first.alpha.sum(0) - 1).abs().max()) < 1e-5
    soft = (first.alpha > 0.02) & (first.alpha < 0.98)
    assert 0.001 < float(soft.any(0).float().mean()) < 0.25, "soft at borders, nowhere else"


def test_regions_are_the_same_at_all_sizes_of_a_photo(portrait: Tensor) -> None:
    segmenter = JsegSegmenter(6).fit_to(portrait)
    large, small = (segmenter.partition(resize(portrait, size)) for size in ((500, 500), (90, 90)))
    assert large.names == small.names
    assert float((resize(large.alpha, (90, 90)) - small.alpha).abs().mean()) < 0.02


def test_soft_edges_follow_the_photo() -> None:
    """A border found a pixel off is brought to where the colour changes."""
    photo = torch.from_numpy(np.where(X < 32, 0.1, 0.9).astype(np.float32)).expand(1, 3, -1, -1)
    off = (X >= 33).astype(np.int32)
    alpha = soft_alphas(off, 2, photo.contiguous())
    assert ((alpha[1, 0] > 0.5).numpy() == (X >= 32)).all()
    assert float(alpha[1, 0, :, :32].max()) < 0.05
    assert float(alpha[1, 0, :, 38:].min()) > 0.95


def test_what_is_asked_for_is_split_off_subject_and_background(portrait: Tensor) -> None:
    segmenter = JsegSegmenter(6)
    whole = segmenter.partition(portrait)
    regions = segmenter(portrait, ["region-2", "region-4"])
    assert regions.names == (SUBJECT, BACKGROUND, "region-2", "region-4")
    for name in ("region-2", "region-4"):
        assert float((regions[name] - whole[name]).abs().mean()) < 1e-3, "but where three meet"
    for side in (SUBJECT, BACKGROUND):
        assert torch.allclose(regions.side(side), whole.side(side), atol=0.35), "apart from soft edges"
        assert float((regions.side(side) - whole.side(side)).abs().mean()) < 0.01
    laid = segmenter.split(Regions.of_subject(torch.ones_like(portrait[:, :1])), portrait, ["region-2"])
    assert laid.sides[-1] == SUBJECT
    assert torch.allclose(laid["region-2"], whole["region-2"], atol=0.05)


def test_regions_are_named_and_merged_by_points(portrait: Tensor) -> None:
    regions = JsegSegmenter(6).partition(portrait)
    middles = [np.argwhere(regions[name][0, 0].numpy() > 0.9)[40, ::-1] for name in ("region-1", "region-3")]
    points = [(float(x), float(y)) for x, y in middles]
    parts = regions_at(regions, [*points, points[0]], regions.size)
    assert parts == ["region-1", "region-3"]
    small = JsegSegmenter(6).partition(portrait, 100)
    assert max(small.size) == 100
    assert regions_at(small, [points[0]], regions.size) == ["region-1"], "points are of the photo"
    found = put_together(regions, "sky", parts)
    assert set(found.names) == {"sky", "region-2", "region-4", "region-5", "region-6"}
    assert torch.allclose(found["sky"], regions["region-1"] + regions["region-3"])
    with pytest.raises(InputError, match="already"):
        put_together(regions, "region-2", parts)
    with pytest.raises(InputError, match="outside"):
        regions_at(regions, [(0.0, 9999.0)], regions.size)


def test_the_picture_of_regions_shows_each_in_its_colour(portrait: Tensor) -> None:
    regions = JsegSegmenter(4).partition(portrait)
    shown = np.asarray(draw_regions(regions, portrait)).astype(float)
    photo = portrait[0].permute(1, 2, 0).numpy() * 255
    tints = [(shown - photo)[regions[name][0, 0].numpy() > 0.99].mean(0) for name in regions.names]
    for i, one in enumerate(tints):
        assert all(np.abs(one - other).max() > 5 for other in tints[:i])


def test_so_many_regions_are_asked_for_in_the_name() -> None:
    found = load_segmenter("jseg:8")
    assert isinstance(found, JsegSegmenter)
    assert found.count == 8
    assert find_segmenter("jseg").partitions


@pytest.mark.parametrize("name", ["jseg:", "jseg:many", "jseg:-3", "jseg:1", "jseg:100", "portrait:8", "magic:8"])
def test_odd_numbers_are_one_sentence(name: str) -> None:
    with pytest.raises(InputError, match="jseg"):
        load_segmenter(name)


@pytest.mark.parametrize("name", ["region-7", "hair"])
def test_regions_that_are_not_there_are_refused(portrait: Tensor, name: str) -> None:
    with pytest.raises(InputError, match="region-1 to region-6"):
        JsegSegmenter(6)(portrait, [name])
