"""The style losses side by side: 4 photos x 4 styles, each photo as one region, all at their default weights.

A sheet, a row for each photo and loss and a column for each style, and a table: the judge's style distance (geometric
mean) and content distance (mean) at 384 px, and seconds per picture.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import Tensor

from styfie.engines.optimise import optimise
from styfie.images import fit_size, read_picture, resize, to_image
from styfie.looks import Look, Style
from styfie.losses import STYLE_LOSSES
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.sheet import PAPER, lay_out
from styfie.styles import load_style

from common import PHOTOS, arguments, fixed_convolution, load_judge, style_source

STYLES = ("glass", "watercolour", "van_gogh_starry_night", "hokusai_great_wave")
JUDGED = 384  # longest side that the judge sees


@dataclass
class Scores:
    """One per picture."""

    style: list[float] = field(default_factory=list)
    content: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def means(self) -> dict[str, float]:
        """Of style distances the geometric mean: one style's are many times another's."""
        style = math.exp(sum(math.log(value) for value in self.style) / len(self.style))
        content, seconds = (sum(values) / len(values) for values in (self.content, self.seconds))
        return {"style": style, "content": content, "seconds": seconds}


def main() -> None:
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--photos", type=int, default=4)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    judge, size = load_judge(options.judge), options.size
    styles = [load_style(style_source(name, options.data), size) for name in STYLES]
    print(f"fixed convolution: {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads", flush=True)
    scores = {name: Scores() for name in ("unpainted", *STYLE_LOSSES)}
    blank = Image.new("RGB", (size, size), PAPER)
    cells = [("", blank), *((f"style: {name}", to_image(s.picture)) for name, s in zip(STYLES, styles, strict=True))]
    for name in PHOTOS[: options.photos]:
        photo = read_picture(options.data / "selfies" / f"{name}.jpg", size)
        for loss, found in scores.items():
            row = []
            for style in styles:
                began = time.perf_counter()
                picture = photo if loss == "unpainted" else paint(photo, style, loss)
                found.seconds.append(time.perf_counter() - began)
                found.style.append(judge.style_distance(judged(picture), judged(style.picture)))
                found.content.append(judge.content_distance(judged(picture), judged(photo)))
                row.append((f"{loss} {found.style[-1]:.3f}, content {found.content[-1]:.2f}", picture))
                print(f"{name}, {style.name}: {row[-1][0]}, {found.seconds[-1]:.1f} s", flush=True)
            if loss != "unpainted":
                cells += [(f"{loss}, {name}", to_image(photo)), *((label, to_image(p)) for label, p in row)]
                lay_out(cells, columns=1 + len(STYLES), cell=max(256, size)).save(options.output / "losses.png")
    print(f"fixed convolution: {fixed_convolution():.1f} ms")
    table = {loss: found.means() for loss, found in scores.items()}
    print(f"{'loss':<12} {'style':>8} {'content':>8} {'seconds':>8}")
    for loss, means in table.items():
        print(f"{loss:<12} {means['style']:8.4f} {means['content']:8.4f} {means['seconds']:8.2f}")
    (options.output / "losses.json").write_text(json.dumps(table, indent=1) + "\n")


def paint(photo: Tensor, style: Style, loss: str) -> Tensor:
    """The whole photo in one style by one loss."""
    regions = Regions.of_subject(torch.ones_like(photo[:, :1]))
    *_, last = optimise(photo, regions, {"subject": Look((style,))}, Settings(size=max(photo.shape[-2:]), loss=loss))
    return last.layers[:1]


def judged(picture: Tensor) -> Tensor:
    """A picture as the judge sees it; a style is brought there from the size at which it was painted with."""
    return resize(picture, fit_size((picture.shape[-2], picture.shape[-1]), JUDGED))


if __name__ == "__main__":
    main()
