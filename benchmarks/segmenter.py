"""The shipped segmenter on portraits with known masks: as the network sees them, and refined."""

from __future__ import annotations

from styfie.evaluation.masks import score_mask, summarise
from styfie.images import resize, to_image
from styfie.segmentation.matting import refine
from styfie.segmentation.portrait import coarse_matte, load_network
from styfie.sheet import lay_out
from styfie.training.portraits import PortraitSet, as_matte, as_picture

from common import arguments


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--split", default="val")
    options = parser.parse_args()
    network, portraits = load_network(), PortraitSet(options.data / "portraits" / options.split)
    scores: dict[str, list] = {"coarse": [], "refined": []}  # type: ignore[type-arg]
    worst = []
    for i in range(len(portraits)):
        portrait = portraits[i]
        photo, truth = as_picture(portrait), as_matte(portrait)
        coarse = coarse_matte(network, photo)
        refined = refine(coarse, photo)
        for kind, matte in (("coarse", resize(coarse, (truth.shape[-2], truth.shape[-1]))), ("refined", refined)):
            scores[kind].append(score_mask(matte[0, 0].numpy(), truth[0, 0].numpy()))
        worst.append((scores["refined"][-1].iou, portrait.name, photo, truth, refined))
    for kind, found in scores.items():
        print(kind, summarise(found))
        for source in sorted({name.split("_")[0] for name in portraits.names}):
            mine = [s for s, n in zip(found, portraits.names, strict=True) if n.startswith(source)]
            print("   ", source, summarise(mine))
    worst.sort(key=lambda row: row[0])
    cells = [
        (f"{iou:.2f} {name}" if j == 0 else "", to_image(picture))
        for iou, name, *pictures in worst[:16]
        for j, picture in enumerate(pictures)
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    lay_out(cells, columns=12, cell=160).save(options.output / f"segmenter-{options.split}-worst.png")


if __name__ == "__main__":
    main()
