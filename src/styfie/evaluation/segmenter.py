"""A segmenter on portraits with known mattes: a score for each picture, and the worst of them to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.errors import InputError, NoPersonError
from styfie.evaluation.masks import MaskScore, MaskSummary, score_mask, summarise
from styfie.evaluation.mattes import MatteScore, mean_scores, score_matte, unknown_band
from styfie.evaluation.parts import UNLABELLED, PartsIou
from styfie.images import fit_size, resize
from styfie.regions import BACKGROUND, Regions

Predict = Callable[[Tensor], Tensor]
WORST = 16  # pictures kept to be shown
WORST_SIZE = 320  # their longest side in pixels, at most


class Labelled(Protocol):
    """A portrait with its truth: uint8 arrays RGB (H, W, 3), matte (H, W) and part labels (H, W)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def image(self) -> NDArray[np.uint8]: ...  # noqa: D102
    @property
    def matte(self) -> NDArray[np.uint8]: ...  # noqa: D102
    @property
    def parts(self) -> NDArray[np.uint8]: ...  # noqa: D102


class LabelledSet(Protocol):
    """Portraits by number, such as the training's `PortraitSet`."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Labelled: ...


@dataclass(frozen=True)
class Row:
    """One picture's score, and where it is from."""

    name: str
    source: str
    score: MaskScore


@dataclass(frozen=True, eq=False)
class WorstCase:
    """One of the worst pictures, small: photo (1, 3, h, w), true and found matte (1, 1, h, w)."""

    row: Row
    photo: Tensor
    truth: Tensor
    found: Tensor


@dataclass(frozen=True)
class Scored:
    """Progress: `row` is picture `done` of `total`."""

    done: int
    total: int
    row: Row


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All scores in the set's order; `worst` by IoU, the lowest first.

    `constant` is what calling every pixel person scores, the best that can be had without looking: a segmenter that
    comes near it has learned nothing. `mattes` has the means over pictures of matting's five measures, over the `whole`
    picture and in the `band` that a trimap leaves open. `parts` are the scores of `PartsIou`, where parts were asked
    for and labelled.
    """

    rows: tuple[Row, ...]
    constant: MaskSummary
    worst: tuple[WorstCase, ...]
    mattes: dict[str, MatteScore]
    parts: dict[str, float | None] | None = None

    def overall(self) -> MaskSummary:
        """Means over all pictures."""
        return summarise([row.score for row in self.rows])

    def sources(self) -> dict[str, MaskSummary]:
        """Means over the pictures of each source, by its name."""
        names = sorted({row.source for row in self.rows})
        return {name: summarise([row.score for row in self.rows if row.source == name]) for name in names}


def person_of(segmenter: Callable[[Tensor], Regions]) -> Predict:
    """What a user gets, as one matte: all that is not background; nothing where the segmenter finds nobody."""

    def predict(photo: Tensor) -> Tensor:
        try:
            return 1 - segmenter(photo)[BACKGROUND]
        except NoPersonError:
            return torch.zeros_like(photo[:, :1])

    return predict


@torch.no_grad()
def evaluate_segmenter(
    portraits: LabelledSet,
    predict: Predict,
    parts: Predict | None = None,
    on_progress: Callable[[Scored], None] | None = None,
    sources: Sequence[str] | None = None,
    trimap: Callable[[int], NDArray[np.uint8] | None] = lambda _: None,
) -> Evaluation:
    """Score `predict`, photo (1, 3, H, W) to matte (1, 1, h, w) in [0, 1], at the size of each true matte.

    `parts` gives probabilities (1, PARTS, h, w) of the parts, scored where there are labels.
    `sources` says where each portrait is from; else it is the first word of its name, before "_". `trimap` gives that
    of a portrait by its number, if it has one.

    Raises:
        InputError: there is no portrait.
    """
    if not len(portraits):
        raise InputError("There is no portrait to evaluate with: a folder with image/ and mask/ is wanted.")
    rows: list[Row] = []
    constant: list[MaskScore] = []
    worst: list[WorstCase] = []
    mattes: dict[str, list[MatteScore]] = {"whole": [], "band": []}
    pooled = PartsIou()
    for i in range(len(portraits)):
        portrait = portraits[i]
        photo, truth = _picture(portrait), _matte(portrait)
        found = resize(predict(photo), (truth.shape[-2], truth.shape[-1])).clamp(0, 1)
        source = sources[i] if sources else portrait.name.split("_")[0]
        row = Row(portrait.name, source, _score(found, truth))
        rows.append(row)
        pair = found[0, 0].numpy(), truth[0, 0].numpy()
        mattes["whole"].append(score_matte(*pair))
        if (band := unknown_band(pair[1], trimap(i))).any():
            mattes["band"].append(score_matte(*pair, band))
        constant.append(_score(torch.ones_like(truth), truth))
        if len(worst) < WORST or row.score.iou < worst[-1].row.score.iou:
            worst = sorted([*worst, _worst_case(row, photo, truth, found)], key=lambda s: s.row.score.iou)[:WORST]
        if parts and (portrait.parts != UNLABELLED).any():
            pooled.add(_labels(parts(photo), portrait.parts.shape[0], portrait.parts.shape[1]), portrait.parts)
        if on_progress:
            on_progress(Scored(i + 1, len(portraits), row))
    means = {name: mean_scores(scores) for name, scores in mattes.items() if scores}
    labelled = pooled.scores() if pooled.either.any() else None
    return Evaluation(tuple(rows), summarise(constant), tuple(worst), means, labelled)


def _picture(portrait: Labelled) -> Tensor:
    return torch.from_numpy(portrait.image.copy()).permute(2, 0, 1)[None].float() / 255


def _matte(portrait: Labelled) -> Tensor:
    return torch.from_numpy(portrait.matte.copy())[None, None].float() / 255


def _score(found: Tensor, truth: Tensor) -> MaskScore:
    return score_mask(found[0, 0].numpy(), truth[0, 0].numpy())


def _labels(probabilities: Tensor, height: int, width: int) -> NDArray[np.int64]:
    """The likeliest part at each pixel (height, width)."""
    likeliest: NDArray[np.int64] = resize(probabilities, (height, width)).argmax(1)[0].numpy()
    return likeliest


def _worst_case(row: Row, photo: Tensor, truth: Tensor, found: Tensor) -> WorstCase:
    size = (truth.shape[-2], truth.shape[-1])
    small = fit_size(size, min(WORST_SIZE, max(size)))
    return WorstCase(row, resize(photo, small), resize(truth, small), resize(found, small))
