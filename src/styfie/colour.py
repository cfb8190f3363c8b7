"""Colours of one picture moved to those of another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
MIN_VARIANCE = 1e-5  # variance along a colour axis; a grey picture has none there, and dividing by it would explode
THIN = 512  # longest side, about, at which colours are counted
FEW = 4096  # colours; where there are no more, all are counted
PIXELS = 1 << 18  # moved together
SAMPLES = 1 << 14  # colours that a histogram is known by
BINS = 512  # steps of a quantile map, each the mean of its colours
TURNS = 8  # of the colour space, one after another
NODES = 25  # of the table through which a picture's colours are moved, on each side
SOFT = 0.008  # two steps of 8 bits: colours closer than that are not pulled apart

Colours = NDArray[np.float64]


XYZ = torch.tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # of linear sRGB


def luma_of(picture: Tensor) -> Tensor:
    """Luma (B, 1, H, W) of RGB (B, 3, H, W)."""
    red, green, blue = picture.split(1, 1)
    luma: Tensor = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return luma


def lab_of(picture: Tensor) -> Tensor:
    """CIELAB (B, 3, H, W) of an sRGB picture (B, 3, H, W) in [0, 1], seen in daylight (D65): L* from 0 to 100."""
    linear = torch.where(picture > 0.04045, ((picture + 0.055) / 1.055) ** 2.4, picture / 12.92)
    share = torch.einsum("ij,bjhw->bihw", XYZ / XYZ.sum(1, keepdim=True), linear)
    root = torch.where(share > (6 / 29) ** 3, share.clamp_min(1e-6) ** (1 / 3), share * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = root.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def match_colours(
    picture: Tensor,
    palette: Tensor,
    alpha: Tensor | None = None,
    palette_alpha: Tensor | None = None,
    least: float = MIN_VARIANCE,
) -> Tensor:
    """The picture (1, 3, H, W) with the mean and covariance of the palette's colours.

    Statistics are taken within `alpha` (1, 1, H, W) and `palette_alpha`. The map is the optimal transport between
    two Gaussians (Pitié and Kokaram 2007), in RGB; a grey picture or palette leaves the missing axes flat. Axes along
    which the picture's variance is under `least` are moved as if it were that, lest noise be raised to a drawing.
    """
    mean, covariance = _statistics(picture, alpha)
    goal_mean, goal = _statistics(palette, palette_alpha)
    transport = _gaussian_transport(covariance, goal, least)
    offset = goal_mean - transport @ mean
    moved = torch.addmm(offset[:, None].to(picture), transport.to(picture), picture.flatten(2)[0])
    return moved.view_as(picture).clamp_(0, 1)


def match_histogram(picture: Tensor, palette: Tensor, alpha: Tensor, palette_alpha: Tensor) -> Tensor:
    """The picture (1, 3, H, W) with the colour histogram that the palette has, each within its alpha (1, 1, H, W).

    Iterative distribution transfer (Pitié, Kokaram and Dahyot 2005): the colour space is turned, the histograms along
    its axes are matched, and so on. Departures: it begins from equal mean and covariance; the turns are fixed; it is
    done on a sample of the colours and reaches the picture through a table that is interpolated, so that what is
    smooth stays smooth; and the picture's colours count as spread by `SOFT`, so that greys do not burst into colour.
    Without any alpha there is no histogram, and the picture stays as it is.
    """
    draw = np.random.default_rng(0)
    mine, goal = _sample(picture, alpha, draw), _sample(palette, palette_alpha, draw)
    if mine is None or goal is None:
        return picture
    axes, low, high = _box(mine)
    spread = mine + SOFT * draw.standard_normal(mine.shape)
    ticks = np.linspace(low, high, NODES)
    nodes = np.stack(np.meshgrid(*ticks.T, indexing="ij"), -1).reshape(-1, 3) @ axes.T
    table = _transfer(spread, goal, nodes, draw).reshape(NODES, NODES, NODES, 3)
    return _look_up(picture, table, axes, low, high)


def recolour(layer: Tensor, photo: Tensor, alpha: Tensor, color: str) -> Tensor:
    """A painted layer (1, 3, H, W) in other colours, as `Look.color` names them.

    `keep` gives it the mean and covariance of the photo's colours within the region `alpha` (1, 1, H, W), `histogram`
    all of their histogram; `luma` adds to the photo what the painting changed in luma alone, the luminance-only
    transfer of Gatys et al. (2017).
    """
    if color == "keep":
        return match_colours(layer, photo, alpha, alpha)
    if color == "histogram":
        return match_histogram(layer, photo, alpha, alpha)
    if color == "luma":
        change = sum(share * (layer[:, i] - photo[:, i]) for i, share in enumerate(LUMA))
        return (photo + change).clamp_(0, 1)
    return layer


def _rows(picture: Tensor) -> Iterator[slice]:
    """The rows, `PIXELS` at a time: what stands between is never as large as the picture."""
    height, width = picture.shape[-2:]
    step = max(1, PIXELS // width)
    for start in range(0, height, step):
        yield slice(start, min(height, start + step))


def _thinned(picture: Tensor, alpha: Tensor | None) -> tuple[Tensor, Tensor]:
    """Colours (3, N) and their weights (N), of every second, third, … row and column where there are very many."""
    weight = torch.ones_like(picture[:, :1]) if alpha is None else alpha
    step = max(1, max(picture.shape[-2:]) // THIN)
    if step > 1 and float(weight[..., ::step, ::step].sum()) < FEW:
        step = 1  # a small region, between whose rows one might step
    return picture[0, :, ::step, ::step].flatten(1), weight[0, 0, ::step, ::step].flatten()


def _statistics(picture: Tensor, alpha: Tensor | None) -> tuple[Tensor, Tensor]:
    """Weighted mean (3) and covariance (3, 3), in float64 on the processor."""
    flat, weight = (one.cpu().double() for one in _thinned(picture, alpha))
    share = weight / weight.sum().clamp_min(1e-6)
    mean = flat @ share
    centred = flat - mean[:, None]
    return mean, (centred * share) @ centred.T


def _gaussian_transport(covariance: Tensor, goal: Tensor, least: float = MIN_VARIANCE) -> Tensor:
    """The symmetric matrix that takes one covariance (3, 3) to another."""
    root, back = _power(covariance, 0.5, least), _power(covariance, -0.5, least)
    return back @ _power(root @ goal @ root, 0.5) @ back


def _power(matrix: Tensor, exponent: float, least: float = 0.0) -> Tensor:
    """A power of a symmetric matrix whose eigenvalues count as `least` at least."""
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = (vectors * values.clamp_min(least) ** exponent) @ vectors.T
    return power


def _sample(picture: Tensor, alpha: Tensor, draw: np.random.Generator) -> Colours | None:
    """`SAMPLES` colours (N, 3), one from each of as many equal shares of alpha; None where that is all 0.

    Within its share a pixel is drawn: at equal distances they might all fall on the same columns.
    """
    flat, weight = _thinned(picture, alpha)
    count = torch.cumsum(weight.cpu().double(), 0).numpy()
    if not count[-1] > 0:
        return None
    wanted = (np.arange(SAMPLES) + draw.random(SAMPLES)) * (count[-1] / SAMPLES)
    places = np.searchsorted(count, wanted, "right").clip(0, len(count) - 1)
    found: Colours = flat.T.cpu().numpy()[places].astype(np.float64)
    return found


def _box(colours: Colours) -> tuple[Colours, Colours, Colours]:
    """Principal axes (3, 3), as columns, and the colours' least and greatest place on each: no table is wasted."""
    _, axes = np.linalg.eigh(np.cov(colours.T))
    along = colours @ axes
    return axes, along.min(0) - SOFT, along.max(0) + SOFT


def _transfer(colours: Colours, goal: Colours, nodes: Colours, draw: np.random.Generator) -> Colours:
    """Where nodes (M, 3) go when colours (N, 3) get the distribution of the goal (N, 3)."""
    means = colours.mean(0), goal.mean(0)
    mine, wanted = (torch.from_numpy(np.cov(cloud.T)) for cloud in (colours, goal))
    linear = _gaussian_transport(mine, wanted).numpy()
    colours, nodes = ((cloud - means[0]) @ linear + means[1] for cloud in (colours, nodes))
    for turn in range(TURNS):
        # The last one is along red, green and blue: these three histograms are matched to the end.
        axes = np.eye(3) if turn == TURNS - 1 else np.linalg.qr(draw.standard_normal((3, 3)))[0]
        here, there, apart = colours @ axes, goal @ axes, nodes @ axes
        for axis in range(3):
            old, new = _quantiles(here[:, axis]), _quantiles(there[:, axis])
            here[:, axis], apart[:, axis] = (_through(old, new, cloud[:, axis]) for cloud in (here, apart))
        colours, nodes = here @ axes.T, apart @ axes.T
    return nodes


def _quantiles(values: Colours) -> Colours:
    """The least, the means of `BINS` equal shares, and the greatest, in order."""
    ordered = np.sort(values)
    means: Colours = ordered.reshape(BINS, -1).mean(1)
    return np.concatenate([ordered[:1], means, ordered[-1:]])


def _through(old: Colours, new: Colours, values: Colours) -> Colours:
    """Values moved from old quantiles to new; beyond them as far as the last one."""
    inside = values.clip(old[0], old[-1])
    moved: Colours = np.interp(inside, old, new) + (values - inside)
    return moved


def _look_up(picture: Tensor, table: Colours, axes: Colours, low: Colours, high: Colours) -> Tensor:
    """Colours through a table (N, N, N, 3) over a box, trilinear; outside it as at its edge."""
    scale = 2 / (high - low)
    turn = torch.from_numpy((axes * scale)[:, ::-1].copy()).to(picture)  # grid_sample wants the last axis first
    offset = torch.from_numpy((-low * scale - 1)[::-1].copy()).to(picture)
    grid = torch.from_numpy(table).to(picture).permute(3, 0, 1, 2)[None].contiguous()
    moved = torch.empty_like(picture)
    for rows in _rows(picture):
        colours = picture[0, :, rows].permute(1, 2, 0)
        places = (colours @ turn + offset)[:, None, None]  # a row is one of a batch: those are what threads share
        found = F.grid_sample(
            grid.expand(len(places), -1, -1, -1, -1), places, padding_mode="border", align_corners=True
        )
        moved[0, :, rows] = found[:, :, 0, 0].transpose(0, 1)
    return moved.clamp_(0, 1)
