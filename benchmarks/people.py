"""How well people who touch are told apart: pairs of validation portraits pasted side by side, overlapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from styfie.images import to_image
from styfie.segmentation.portrait import load_shipped, predict
from styfie.segmentation.prediction import Prediction
from styfie.storage.sheet import lay_out
from styfie.training.readers import Portrait, PortraitSet

from common import arguments

SIDE = 384
COLOURS = torch.tensor([[1.0, 0.2, 0.2], [0.2, 0.9, 0.3], [0.3, 0.4, 1.0], [1.0, 0.9, 0.2]])


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--pairs", type=int, default=40)
    options = parser.parse_args()
    (network, side, read), rng = load_shipped(), np.random.default_rng(0)
    portraits = PortraitSet(options.data / "portraits" / "val")
    half = [i for i, name in enumerate(portraits.names) if name.startswith("ccp_") and name.endswith("_u")]
    backgrounds = sorted((options.data / "portraits" / "backgrounds").glob("*.jpg"))
    counted, scores, cells = 0, [], []
    for n in range(options.pairs):
        left, right = rng.choice(half, 2, replace=False)
        photo, truths = side_by_side(portraits[left], portraits[right], backgrounds[n % len(backgrounds)], rng)
        sight = predict(photo, network, side, calibration=read)
        counted += len(sight.people) == 2
        found = score(sight, truths)
        scores.append(found)
        if n < 24:
            cells += [(f"{found:.2f}", to_image(photo)), (str(len(sight.people)), to_image(coloured(sight)))]
    print(f"{counted} of {options.pairs} pairs counted as two")
    print(f"IoU of each person within the mask: mean {np.mean(scores):.3f}, lowest tenth {lowest_tenth(scores):.3f}")
    options.output.mkdir(parents=True, exist_ok=True)
    lay_out(cells, columns=12, cell=150).save(options.output / "people.png")


def side_by_side(left: Portrait, right: Portrait, behind: Path, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A photo of two people, the right one in front, and their true masks (2, SIDE, SIDE)."""
    with Image.open(behind) as file:
        photo = file.convert("RGB").resize((SIDE, SIDE))
    truths: list[NDArray[np.float32]] = []
    overlap = rng.uniform(0.05, 0.2)
    for portrait, middle in ((left, 0.5 - 0.24 * (1 - overlap)), (right, 0.5 + 0.24 * (1 - overlap))):
        columns = np.flatnonzero((portrait.matte > 127).any(0))
        scale = 0.5 * SIDE / max(1, columns[-1] - columns[0])
        size = (round(portrait.matte.shape[1] * scale), round(portrait.matte.shape[0] * scale))
        mask = Image.fromarray(portrait.matte).resize(size)
        at = (round(middle * SIDE - 0.5 * scale * (columns[0] + columns[-1])), SIDE - min(size[1], round(0.95 * SIDE)))
        photo.paste(Image.fromarray(portrait.image).resize(size), at, mask)
        cover = Image.new("L", (SIDE, SIDE))
        cover.paste(mask, at)
        truths.append(np.asarray(cover, np.float32) / np.float32(255))
    both = np.stack([truths[0] * (1 - truths[1]), truths[1]])
    return torch.from_numpy(np.asarray(photo).copy()).permute(2, 0, 1)[None].float() / 255, torch.from_numpy(both)


def score(sight: Prediction, truths: Tensor) -> float:
    """Mean IoU of the two people with the two found that fit best; only inside the true mask of both."""
    shares = [torch.nn.functional.interpolate(person.share, (SIDE, SIDE))[0, 0] > 0.5 for person in sight.people]
    inside = truths.sum(0) > 0.5
    best = []
    for truth in truths > 0.5:
        ious = [float((share & inside & truth).sum() / ((share & inside) | truth).sum()) for share in shares]
        best.append(max(ious, default=0.0))
    return float(np.mean(best))


def coloured(sight: Prediction) -> Tensor:
    """The photo with each person in a colour of their own."""
    size = (SIDE, SIDE)
    matte = torch.nn.functional.interpolate(sight.matte, size)
    tint = torch.zeros(1, 3, *size)
    for i, person in enumerate(sight.people):
        tint += torch.nn.functional.interpolate(person.share, size) * COLOURS[i % len(COLOURS)].view(1, 3, 1, 1)
    return torch.lerp(sight.photo, tint, 0.5 * matte).clamp(0, 1)


def lowest_tenth(scores: list[float]) -> float:
    return float(np.mean(sorted(scores)[: max(1, len(scores) // 10)]))


if __name__ == "__main__":
    main()
