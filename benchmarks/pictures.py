"""Eight photos in six pairs of styles: sheets to look at, and how recognisable the people stay."""

from __future__ import annotations

import styfie
from styfie.images import to_image
from styfie.likeness import likeness_score
from styfie.storage.sheet import lay_out

from common import PAIRS, PHOTOS, arguments, style_source


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--photos", type=int, default=len(PHOTOS))
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    cells, found = [], []
    for name in PHOTOS[: options.photos]:
        photo = options.data / "selfies" / f"{name}.jpg"
        for i, pair in enumerate(PAIRS[: options.pairs]):
            subject, background = (style_source(style, options.data) for style in pair)
            settings = styfie.Settings(size=options.size)
            painting = styfie.paint(photo, settings=settings, subject=subject, background=background)
            correlation = likeness_score(painting.render(), painting.photo, painting.matte)
            found.append(correlation)
            print(f"{name} {' + '.join(pair)}: luma-gradient correlation {correlation:.3f}", flush=True)
            if not i:
                cells += [("photo", to_image(painting.photo)), ("mask", to_image(painting.matte))]
            cells.append((f"{correlation:.2f} {' + '.join(pair)}", to_image(painting.render())))
        lay_out(cells, columns=2 + options.pairs, cell=options.size).save(options.output / "pictures.png")
    print(f"correlation: mean {sum(found) / len(found):.3f}, lowest {min(found):.3f}, {len(found)} pictures")


if __name__ == "__main__":
    main()
