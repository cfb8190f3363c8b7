"""JSEG as a segmenter: regions of anything, for pictures with many styles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from styfie.errors import InputError
from styfie.images import fit_size, resize
from styfie.regions import BACKGROUND, SUBJECT, Point, Regions
from styfie.segmentation.jseg.grow import segment
from styfie.segmentation.jseg.jvalues import Labels
from styfie.segmentation.jseg.merge import merge_regions
from styfie.segmentation.jseg.quantise import quantise
from styfie.segmentation.matting import guided_filter, upsampled_strips
from styfie.segmentation.protocols import Memory

JSEG_SIZE = 384  # longest side at which regions are looked for, in pixels
DEFAULT_REGIONS = 12  # regions, where no number is asked for
LARGEST = 99  # number that can be asked for
EDGE, GUIDE = 3, 1e-3  # pixels around a border in which the photo's own edges decide, and the variance that is none
MIDDLE, AXES = (0.55, 0.5), (0.45, 0.33)  # of the ellipse that a subject lies in, down and across, of the picture
REGION = re.compile(r"region-([1-9]\d?)")


@dataclass(frozen=True, eq=False)
class Found:
    """Regions (h, w), numbered from 0 by area, and how much of each lies where a subject mostly is, in [0, 1]."""

    labels: Labels
    central: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """`region-1` is the largest."""
        return tuple(f"region-{n}" for n in range(1, len(self.central) + 1))

    @property
    def sides(self) -> tuple[str, ...]:
        """Subject are those that lie in the middle, at least the one that does so most; of one alone, none."""
        needed = min(0.5, max(self.central)) if len(self.central) > 1 else 2.0
        return tuple(SUBJECT if share >= needed else BACKGROUND for share in self.central)


def find(photo: Tensor, count: int | None = None) -> Found:
    """JSEG's regions of a photo (1, 3, H, W): `count` of them, or as many as differ, but at most `DEFAULT_REGIONS`."""
    size = (photo.shape[-2], photo.shape[-1])
    small = resize(photo, fit_size(size, min(JSEG_SIZE, max(size))))
    classes = quantise(small)
    regions = segment(classes)
    merged = merge_regions(regions, classes, count)
    if count is None and merged.max() >= DEFAULT_REGIONS:
        merged = merge_regions(merged, classes, DEFAULT_REGIONS)
    y, x = ((np.arange(n) + 0.5) / n for n in merged.shape)
    inside = np.square((y - MIDDLE[0]) / AXES[0])[:, None] + np.square((x - MIDDLE[1]) / AXES[1]) < 1
    shares = np.bincount(merged.ravel(), inside.ravel()) / np.bincount(merged.ravel())
    return Found(merged, tuple(float(share) for share in shares))


class JsegSegmenter:
    """Finds regions by colour and texture (Deng and Manjunath 2001); it knows nothing of people.

    The regions are `region-1`, `region-2`, … by area. What is not asked for by name is `subject` where it lies in
    the middle, else `background`: a guess by place alone, of which the scores make no secret.

    Another size of a photo may be divided otherwise: for the same regions at all sizes let it be `fit_to` the photo
    at one.
    """

    work_size = JSEG_SIZE

    def __init__(self, count: int | None = None, seen: Tensor | None = None) -> None:
        if count is not None and not 2 <= count <= LARGEST:
            raise InputError(f"{count} regions came: a number from 2 to {LARGEST} is wanted, such as jseg:8.")
        self.count, self.seen = count, seen

    def fit_to(self, picture: Tensor) -> JsegSegmenter:
        """One that looks for regions in this picture (1, 3, h, w) of a photo, whatever size it is given later."""
        return JsegSegmenter(self.count, picture)

    def partition(self, photo: Tensor, longest: int = 0) -> Regions:
        """All the regions of a photo (1, 3, H, W), the largest first, without subject and background.

        With `longest` the masks have at most so many pixels on their longer side; the regions are the same.
        """
        found, size = self._find(photo), (photo.shape[-2], photo.shape[-1])
        if 0 < longest < max(size):
            photo = resize(photo, fit_size(size, longest))
        alpha = soft_alphas(found.labels, len(found.names), photo)
        return Regions(found.names, alpha, (1.0,) * len(found.names), found.sides)

    def __call__(self, photo: Tensor, finer: Iterable[str] = ()) -> Regions:
        """Subject and background of a photo (1, 3, H, W) and, split off these, the `finer` regions.

        Raises:
            InputError: a region that is not there.
        """
        found, finer = self._find(photo), list(finer)
        places = self._places(found, finer)
        group = np.array([0 if side == SUBJECT else 1 for side in found.sides], np.int32)
        group[places] = np.arange(len(places), dtype=np.int32) + 2
        alpha = soft_alphas(group[found.labels], len(places) + 2, photo)
        certain = _certainty(found)
        sides = (SUBJECT, BACKGROUND, *(found.sides[at] for at in places))
        return Regions((SUBJECT, BACKGROUND, *finer), alpha, (certain, certain, *[1.0] * len(places)), sides)

    def check(self, finer: Iterable[str]) -> None:
        """See that there could be such regions in a frame.

        Raises:
            InputError: another name than `region-1`, `region-2`, …
        """
        for name in finer:
            if not REGION.fullmatch(name):
                raise InputError(
                    f"There is no region {name!r}: known are {SUBJECT}, {BACKGROUND}, region-1, region-2, …"
                )

    def of_frame(self, frame: Tensor, finer: Iterable[str], before: Memory | None) -> tuple[Regions, Memory]:
        """The regions of a frame of a film, numbered as in the first one.

        Later frames are divided anew, more finely than they need be, and each piece is the region's that it lies in
        most: borders are the frame's own, numbers do not change when areas do. After a cut they are numbered anew.

        Raises:
            InputError: a region that is not in the first frame.
        """
        names = list(finer)
        if before:
            size = (frame.shape[-2], frame.shape[-1])
            pieces = segment(quantise(resize(frame, fit_size(size, min(JSEG_SIZE, max(size))))))
            alpha = soft_alphas(_by_most(pieces, before["regions"]), len(names) + 2, frame)
            return Regions((SUBJECT, BACKGROUND, *names), alpha, (1.0,) * (len(names) + 2)), {"regions": alpha}
        there = names if before is None else [name for name in names if name in self._find(frame).names]
        regions = self(frame, there)
        order = [(SUBJECT, BACKGROUND, *there).index(name) if name in there else -1 for name in names]
        rows = [regions.alpha[:2], *(regions.alpha[at : at + 1] if at >= 0 else regions.alpha[:1] * 0 for at in order)]
        return regions, {"regions": torch.cat(rows)}

    def split(self, regions: Regions, photo: Tensor, finer: Iterable[str]) -> Regions:
        """Lay `finer` regions over regions that are known already; on the side of which each covers more.

        Raises:
            InputError: a region that is not there.
        """
        finer = list(finer)
        if not finer:
            return regions
        found = self._find(photo)
        places = self._places(found, finer)
        group = np.zeros(len(found.names), np.int32)
        group[places] = np.arange(len(places), dtype=np.int32) + 1
        rest, *new = soft_alphas(group[found.labels], len(places) + 1, photo).split(1)
        held = [float((one * regions.side(BACKGROUND)).sum()) > 0.5 * float(one.sum()) for one in new]
        return replace(
            regions,
            names=(*regions.names, *finer),
            alpha=torch.cat([regions.alpha * rest, *new]),
            score=(*regions.score, *[1.0] * len(new)),
            sides=(*regions.sides, *(BACKGROUND if behind else SUBJECT for behind in held)),
        )

    def _find(self, photo: Tensor) -> Found:
        return find(photo if self.seen is None else self.seen, self.count)

    def _places(self, found: Found, finer: list[str]) -> list[int]:
        """Where the regions called so stand."""
        for name in finer:
            if name in found.names:
                continue
            more = f" Ask for more regions with jseg:N, N up to {LARGEST}." if REGION.fullmatch(name) else ""
            raise InputError(
                f"There is no region {name!r}: known are {SUBJECT}, {BACKGROUND}, {found.names[0]} to "
                f"{found.names[-1]}; or give a mask with --mask {name}=FILE.{more}"
            )
        return [found.names.index(name) for name in finer]


def _by_most(pieces: Labels, alpha: Tensor) -> Labels:
    """Pieces (h, w) as the regions, by their masks (R, 1, H, W), that most of each piece is in."""
    shares = resize(alpha, (pieces.shape[0], pieces.shape[1]))[:, 0].numpy()
    held = np.stack([np.bincount(pieces.ravel(), share.ravel()) for share in shares])
    found: Labels = held.argmax(0).astype(np.int32)[pieces]
    return found


def _certainty(found: Found) -> float:
    """How clearly the regions lie on one side: 0 if each is half in the middle."""
    area = np.bincount(found.labels.ravel())
    return float(np.average([abs(2 * share - 1) for share in found.central], weights=area))


def soft_alphas(labels: Labels, count: int, photo: Tensor) -> Tensor:
    """Soft masks (count, 1, H, W), a partition, of regions (h, w) at the size of their photo (1, 3, H, W).

    Around borders the photo's own edges decide, by the guided filter (He, Sun and Tang 2010) with its coefficients
    found at the small size; elsewhere a pattern cannot make holes.
    """
    size, work = (photo.shape[-2], photo.shape[-1]), (labels.shape[0], labels.shape[1])
    guide, alpha = resize(photo, work), torch.zeros(count, 1, *size)
    border = ndimage.maximum_filter(labels, 3) != ndimage.minimum_filter(labels, 3)
    away = ndimage.distance_transform_edt(~border) if border.any() else np.full(work, np.inf)
    near = torch.from_numpy((1 - (away - 1) / EDGE).clip(0, 1).astype(np.float32))[None, None]
    for one in np.unique(labels).tolist():
        hard = torch.from_numpy((labels == one).astype(np.float32))[None, None]
        a, b = guided_filter(guide, hard, EDGE, GUIDE)
        for rows, x in upsampled_strips(torch.cat([a, b, hard, near], 1), size):
            fine = (x[:, :3] * photo[..., rows, :]).sum(1, keepdim=True) + x[:, 3:4]
            alpha[one : one + 1, :, rows] = torch.lerp(x[:, 4:5], fine, x[:, 5:]).clamp_(0, 1)
    return alpha.div_(alpha.sum(0, keepdim=True))


def regions_at(regions: Regions, points: Sequence[Point], size: tuple[int, int]) -> list[str]:
    """The regions in which points lie, which are pixels of a picture of `size` (height, width); each once.

    Raises:
        InputError: a point outside the picture.
    """
    found = []
    for x, y in points:
        if not (0 <= x < size[1] and 0 <= y < size[0]):
            raise InputError(f"The point {x:g},{y:g} lies outside the photo of {size[1]} x {size[0]} pixels.")
        row, column = int(y * regions.size[0] / size[0]), int(x * regions.size[1] / size[1])
        found.append(regions.names[int(regions.alpha[:, 0, row, column].argmax())])
    return list(dict.fromkeys(found))


def put_together(regions: Regions, name: str, parts: Sequence[str]) -> Regions:
    """Merge regions, at least one, and call what comes of it `name`.

    Raises:
        InputError: a region that is not there, or a name that another one has.
    """
    if name in set(regions.names) - set(parts):
        raise InputError(f"There is a region {name} already: choose another name.")
    into, *others = parts
    for other in others:
        regions = regions.merge(into, other)
    return replace(regions, names=tuple(name if one == into else one for one in regions.names))
