"""Out of focus as behind a lens: each point of light spread over the shape of the aperture."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor

from styfie.blur import MIN_WEIGHT, background_blur, enlarged, filled, gaussian, sigma_of, strips, trusted
from styfie.looks import BOKEHS

GAUSSIAN, DISC, HEXAGON = BOKEHS
SIDES = 6
COARSE = 12.0  # reach of an aperture, in pixels of a reduced picture, from which on reducing it shows nowhere
FINE = 8  # points per pixel and axis by which an aperture's edge is drawn
ROWS = 512  # that are filtered at a time
SHOULDER, BRIGHTEST = 0.6, 6.0  # light from which a camera compresses, and what may lie behind white: see `scene_light`
LEVELS, BENT = 6, 1.5  # of a blur graded by depth, and how much closer together they are where little is blurred
DOUBT = 0.1  # what a background's pixel counts for right beside the person
THIN = 512  # longest side, about, at which depths are counted


def out_of_focus(picture: Tensor, alpha: Tensor, radius: float, bokeh: str, depth: Tensor | None = None) -> Tensor:
    """A region of a picture (1, 3, H, W) out of focus, as if nothing stood before it: (1, 3, H, W) in [0, 1].

    Only what lies in the region `alpha` (1, 1, H, W) is averaged (normalised convolution), and is continued beyond its
    border: blended by `alpha` over what stands before it, no colour of that bleeds into it. `radius` is a standard
    deviation in pixels per 512 of the longest side, whatever the shape `bokeh`, one of `looks.BOKEHS`: a disc of twice
    that radius is as blurred as the Gaussian. Discs and hexagons average light, clipped highlights recovered (see
    `scene_light`), and are graded where `depth` (1, 1, H, W) is known: see `defocus` and `_Plane`. A Gaussian is that
    of `portrait_blur`: of displayed colours, and the same everywhere.
    """
    sigma = sigma_of(picture, radius)
    if sigma <= 0:
        return picture
    if bokeh == GAUSSIAN:
        return background_blur(picture, 1 - alpha, radius)
    amount = None if depth is None else defocus(depth, alpha)
    shares = [1.0] if amount is None else [(k / LEVELS) ** BENT for k in range(LEVELS, -1, -1)]
    weight = _trusted(alpha, sigma)
    planes = [
        _Plane(picture, weight, share * sigma, bokeh, amount, (share, farther))
        for share, farther in zip(shares, [math.inf, *shares], strict=False)
        if share > 0
    ]
    result = torch.empty_like(picture)
    for rows in strips(picture.shape[-2], 1):
        found = picture[..., rows, :]
        for plane in planes:
            here = plane.rows(rows)
            found = torch.lerp(found, here[:, :3], here[:, 3:])
        if amount is not None:
            found = torch.lerp(found, picture[..., rows, :], _falling(amount[..., rows, :], 0.0, shares[-2]))
        result[..., rows, :] = found
    return result


def _trusted(alpha: Tensor, sigma: float) -> Tensor:
    """What the pixels of a region count for: next to another region less, where hair that no matte has found may be.

    A few bright hairs, taken for lamps behind the head, would else stand around it as a glow.
    """
    other = 1 - alpha
    return trusted(other) * (1 - (1 - DOUBT) * (2 * gaussian(other, sigma)).clamp_max(1))


def scene_light(picture: Tensor) -> Tensor:
    """The light behind displayed colours: sRGB made linear, and what cameras compress and clip made bright again.

    A lamp that is white in a photo was many times as bright as white paper; spread over a disc it is to be seen, and a
    grey smudge if it is not brought back. Above `SHOULDER` light is taken to be compressed as by a film's shoulder, a
    hyperbola that is smooth there, and at most `BRIGHTEST`. Its largest channel says by how much; the hue stays.
    """
    light = torch.where(picture <= 0.04045, picture / 12.92, ((picture.clamp_min(0) + 0.055) / 1.055) ** 2.4)
    most = light.amax(1, keepdim=True)
    over = ((most - SHOULDER) / (1 - SHOULDER)).clamp(0, 1)
    more = SHOULDER + (1 - SHOULDER) * over / (1 - _BEND * over)
    return torch.where(most > SHOULDER, light * (more / most.clamp_min(SHOULDER)), light)


def displayed(light: Tensor) -> Tensor:
    """The colours in [0, 1] that `scene_light` finds this light behind: its inverse."""
    most = light.amax(1, keepdim=True)
    over = ((most - SHOULDER) / (1 - SHOULDER)).clamp_min(0)
    less = SHOULDER + (1 - SHOULDER) * over / (1 + _BEND * over)
    light = torch.where(most > SHOULDER, light * (less / most.clamp_min(SHOULDER)), light).clamp(0, 1)
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)


_BEND = 1 - (1 - SHOULDER) / (BRIGHTEST - SHOULDER)  # white is `BRIGHTEST`


def defocus(depth: Tensor, alpha: Tensor) -> Tensor:
    """How far out of focus each pixel is (1, 1, H, W), from 0 to 1, the most in the region `alpha` (1, 1, H, W).

    A lens blurs by the difference of disparity from where it is focused, which is what `depth` (1, 1, H, W) counts in:
    here on the median of what is not in the region, the person mostly. The last fiftieth of the region is all 1.
    """
    step = max(1, max(depth.shape[-2:]) // THIN)
    values, weight = (one[0, 0, ::step, ::step].flatten() for one in (depth, alpha))
    focus = _quantile(values, 1 - weight, 0.5)
    if focus is None:
        focus = float(values.min())  # nothing stands before it
    most = _quantile((values - focus).abs(), weight, 0.98) or 0.0
    return ((depth - focus).abs() / max(most, 1e-3)).clamp_max(1)


def _quantile(values: Tensor, weight: Tensor, share: float) -> float | None:
    """The weighted quantile of values (N); None if nothing has weight."""
    ordered, order = values.sort()
    count = weight[order].double().cumsum(0)
    if not float(count[-1]) > 0:
        return None
    return float(ordered[int(torch.searchsorted(count, share * count[-1]).clamp_max(len(values) - 1))])


class _Plane:
    """What is about equally far out of focus, spread over an aperture of standard deviation `sigma` in pixels.

    Where a blur is graded, planes are laid one over the other, the most blurred, which is the farthest, first. With
    what is out of focus by the first amount `between`, of which the second is the next plane's behind it, less is
    averaged of what is farther, and next to nothing of what is nearer, which would bleed; and it covers what is farther
    as far as it and all that is nearer is spread, so that a border in depth is as soft as its nearer side is blurred,
    and a slope has none.
    """

    def __init__(
        self,
        picture: Tensor,
        trust: Tensor,
        sigma: float,
        bokeh: str,
        amount: Tensor | None,
        between: tuple[float, float],
    ) -> None:
        kernel, self.factor = aperture(bokeh, sigma)
        self.width = picture.shape[-1]
        here, behind = between

        def weighted(rows: slice) -> Tensor:
            light, inside = scene_light(picture[..., rows, :]), trust[..., rows, :]
            if amount is None:
                return torch.cat([light * inside, inside], 1)
            far = amount[..., rows, :]
            weight = inside * _rising(far, here / 2, 3 * here / 4) * _falling(far, 1.5 * here, 2.5 * here)
            return torch.cat([light * weight, weight, inside * _falling(far, here, behind), inside], 1)

        spread = convolved(_reduced(weighted, picture.shape[-2], self.factor), kernel)
        wide = gaussian(spread[:, :4], 4 * sigma / self.factor)
        small = []
        for rows in strips(spread.shape[-2], 1):
            near, far = spread[:, :, rows], wide[:, :, rows]
            if math.isinf(behind):
                cover = far[:, 3:] / MIN_WEIGHT  # all that its colours reach
            else:
                cover = near[:, 4:5] / near[:, 5:].clamp_min(1e-6) * (near[:, 3:4] / MIN_WEIGHT)
            small.append(torch.cat([displayed(filled(near[:, :4], far)), cover.clamp(0, 1)], 1))
        self.small = F.pad(torch.cat(small, 2), (1, 1, 1, 1), mode="replicate")

    def rows(self, rows: slice) -> Tensor:
        """Some rows: colours and cover (1, 4, h, W)."""
        return enlarged(self.small, rows, self.width, self.factor)


def aperture(bokeh: str, sigma: float) -> tuple[Tensor, int]:
    """The shape of a point out of focus, (n, n) with n odd and the sum 1, and by how much its pixels are reduced.

    `sigma` is its standard deviation along an axis, in pixels of the whole picture: a disc's is half its radius, a
    hexagon's its side times the root of 5/24.
    """
    reach = 2 * sigma if bokeh == DISC else sigma * math.sqrt(24 / 5)
    factor = max(1, int(reach / COARSE))
    reach /= factor
    pixels = 2 * math.ceil(reach + 0.5) + 1
    points = (torch.arange(pixels * FINE, dtype=torch.float64) + 0.5) / FINE - pixels / 2
    y, x = points[:, None], points[None]
    if bokeh == DISC:
        inside = x.square() + y.square() <= reach**2
    else:
        turns = [math.pi * k / SIDES * 2 for k in range(SIDES // 2)]
        across = torch.stack([(x * math.cos(t) + y * math.sin(t)).abs() for t in turns]).amax(0)
        inside = across <= reach * math.cos(math.pi / SIDES)
    shape = F.avg_pool2d(inside[None, None].double(), FINE)[0, 0]
    if not float(shape.sum()) > 0:
        shape[pixels // 2, pixels // 2] = 1
    return (shape / shape.sum()).float(), factor


def convolved(planes: Tensor, kernel: Tensor) -> Tensor:
    """Planes (1, C, H, W) with a symmetric kernel (n, n), n odd; beyond the border all is 0.

    By Fourier transforms of some rows at a time, whose time does not grow with the kernel.
    """
    reach = len(kernel) // 2
    height, width = planes.shape[-2:]
    result = torch.empty_like(planes)
    across = next_fast_len(max(width + reach, len(kernel)), real=True)
    for top in range(0, height, ROWS):
        first, last = max(0, top - reach), min(height, top + ROWS + reach)
        size = (next_fast_len(max(last - first + reach, len(kernel)), real=True), across)
        shape = torch.zeros(size, dtype=planes.dtype, device=planes.device)
        shape[: len(kernel), : len(kernel)] = kernel
        shape = torch.roll(shape, (-reach, -reach), (0, 1))
        there = torch.fft.rfft2(shape)
        rows = slice(top, min(top + ROWS, height))
        for channel in range(planes.shape[1]):
            spread = torch.fft.irfft2(torch.fft.rfft2(planes[0, channel, first:last], s=size) * there, s=size)
            result[0, channel, rows] = spread[rows.start - first : rows.stop - first, :width]
    return result.clamp_min_(0)  # but for rounding it is


def _reduced(take: Callable[[slice], Tensor], height: int, factor: int) -> Tensor:
    """The rows that `take` gives, each block of `factor` x `factor` pixels its mean, what lacks of the last being 0."""
    found = []
    for rows in strips(height, factor):
        picture = take(rows)
        if factor > 1:
            lack = -picture.shape[-2] % factor, -picture.shape[-1] % factor
            picture = F.avg_pool2d(F.pad(picture, (0, lack[1], 0, lack[0])), factor)
        found.append(picture)
    return torch.cat(found, -2)


def _rising(values: Tensor, low: float, high: float) -> Tensor:
    return ((values - low) / (high - low)).clamp(0, 1)


def _falling(values: Tensor, low: float, high: float) -> Tensor:
    return torch.ones_like(values) if math.isinf(high) else 1 - _rising(values, low, high)
