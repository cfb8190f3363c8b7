"""Are people found, and nobody where there is nobody? Selfies, pieces of them beside the person, and landscapes.

None of these pictures was trained on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from styfie.images import read_picture, resize
from styfie.segmentation.portrait import load_shipped, predict
from styfie.segmentation.prediction import Prediction

from common import arguments

LEAST = 160  # pixels, the smallest side of a piece
EMPTY = (
    "cezanne_watercolour_landscape",
    "claude_monet_waterlilies",
    "derain_mountains_at_collioure",
    "frederic_edwin_church_cotopaxi",
    "georges_seurat_port_en_bessin",
    "john_constable_weymouth_bay",
    "kandinsky_composition_vii",
    "mondrian_composition",
    "monet_etretat",
    "monet_water_lilies_1919",
)


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    network, side, read = load_shipped()
    people: dict[str, Prediction] = {}
    nobody: dict[str, Prediction] = {}
    for file in sorted((options.data / "selfies").glob("*.jpg")):
        photo = read_picture(file, 768)
        sight = predict(photo, network, side, calibration=read)
        people[file.stem] = sight
        for where, piece in beside(photo, sight):
            nobody[f"{file.stem}, {where}"] = predict(piece, network, side, calibration=read)
    for name in EMPTY:
        nobody[name] = predict(read_picture(options.data / "art" / f"{name}.jpg", 512), network, side, calibration=read)
    for kind, seen in (("with people", people), ("of nobody", nobody)):
        scores = {name: one.score for name, one in seen.items()}
        found = sum(one.found for one in seen.values())
        print(f"{len(scores)} pictures {kind}: in {found} somebody is found, scores {spread(scores)}")
    print("wrongly found in:", ", ".join(name for name, one in nobody.items() if one.found) or "none")


def beside(photo: Tensor, sight: Prediction) -> Iterator[tuple[str, Tensor]]:
    """What lies left and right of and over everybody, where it is large enough."""
    height, width = photo.shape[-2:]
    there = resize(sight.matte, (height, width))[0, 0].numpy() > 0.1
    columns, rows = np.flatnonzero(there.any(0)), np.flatnonzero(there.any(1))
    for side, left, right in (("left", 0, int(columns[0])), ("right", int(columns[-1]) + 1, width)):
        if right - left >= LEAST:
            half = int(0.7 * (right - left))
            yield side, photo[..., max(0, height // 2 - half) : height // 2 + half, left:right]
    if rows[0] >= LEAST:
        yield "above", photo[..., : int(rows[0]), :]


def spread(scores: dict[str, float]) -> str:
    return f"{min(scores.values()):.3f} to {max(scores.values()):.3f}"


if __name__ == "__main__":
    main()
