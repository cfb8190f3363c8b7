"""Does a picture look like its gallery style? The judge names the nearest of all styles for each of 4 photos."""

from __future__ import annotations

from styfie.encoders import load_encoder
from styfie.encoders.loss_weights import THIN
from styfie.gallery import GALLERY, draw
from styfie.images import read_picture, to_image
from styfie.storage.sheet import lay_out

from common import PHOTOS, arguments, load_judge
from encoder import paint_one

SIZE = 384


def main() -> None:
    options = arguments(__doc__ or "", judge=True).parse_args()
    judge = load_judge(options.judge)
    styles = {name: draw(name, SIZE, SIZE) for name in GALLERY}
    apart = {(a, b): judge.style_distance(styles[a], styles[b]) for a in styles for b in styles if a != b}
    (a, b), least = min(apart.items(), key=lambda pair: pair[1])
    print(f"nearest two gallery pictures: {a}, {b}, {least:.3f}", flush=True)
    encoder = load_encoder("styfie-1")
    right, cells = 0, []
    for photo_name in PHOTOS[:4]:
        photo = read_picture(options.data / "selfies" / f"{photo_name}.jpg", SIZE)
        for name, style in styles.items():
            picture = paint_one(photo, style, THIN, encoder)
            found = min(styles, key=lambda other: judge.style_distance(picture, styles[other]))
            right += found == name
            cells.append((name if found == name else f"{name}, judged {found}", to_image(picture)))
    print(f"right style named: {right} of {len(cells)} ({100 * right / len(cells):.1f} %)")
    options.output.mkdir(parents=True, exist_ok=True)
    lay_out(cells, columns=len(styles), cell=200).save(options.output / "gallery.png")


if __name__ == "__main__":
    main()
