"""Image components: seconds, memory, seams and energies, and a sheet to look at.

Seams: mean square of the steps between pixels where patches meet most, over the mean of all; 1.1 is the bar.
"""

from __future__ import annotations

import resource
import time

import torch
from torch import Tensor

import styfie
from styfie.engines.components.belief import belief_propagation, descend, energy
from styfie.engines.components.layers import decompose
from styfie.engines.components.paint import components
from styfie.engines.components.patches import Nearest, data_costs, overlap_costs
from styfie.engines.components.sheets import STEP, bank_at, node_features, padded, turned
from styfie.gallery import draw
from styfie.images import read_picture, resize, to_image
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions

from common import PHOTOS, arguments, fixed_convolution

STYLES = (("glass", "night"), ("ink", "watercolour"), ("mosaic", "autumn"), ("waves", "shards"))
SECONDS, SEAMS = 90.0, 1.1  # the bars: of one processor at 512 pixels, two regions; and of seams
SEAMLESS = ("ink", "night", "mosaic", "glass", "waves", "watercolour")


def painted(photo: Tensor, style: str) -> Tensor:
    """All of a photo (1, 3, H, W) in one style of the gallery."""
    regions = Regions.of_subject(torch.ones_like(photo[:, :1]))
    look = Look((Style(style, draw(style, max(photo.shape[-2:]))),))
    *_, last = components(photo, regions, {"subject": look}, styfie.Settings(device="cpu"))
    return last.layers[:1]


def seams(picture: Tensor) -> float:
    """The strongest of the four phases of the grid, both ways, over the mean."""
    ratios = []
    for one in (picture, picture.mT):
        steps = (one[..., 1:] - one[..., :-1]).square().mean((0, 1, 2))
        inner = steps[8 : 8 + (len(steps) - 16) // STEP * STEP].view(-1, STEP).mean(0)
        ratios.append(float(inner.max() / inner.mean()))
    return max(ratios)


def energies(photo: Tensor, style: str) -> tuple[float, float, float]:
    """Of greedy labels, of these with single ones changed (ICM), and of belief propagation, on one real field."""
    longest = max(photo.shape[-2:])
    bank = bank_at([turned(Style(style, draw(style, longest)), longest)], 1)
    features = node_features(padded(decompose(photo, longest).stacked))
    candidates = Nearest(bank, torch.Generator().manual_seed(0))(features, [12], 4)
    unary = data_costs(bank, features, candidates, torch.ones(features.shape[:2]))
    across, down = overlap_costs(bank, candidates)
    greedy = unary.argmin(2)
    labels = (greedy, descend(unary, across, down, greedy), belief_propagation(unary, across, down, 10))
    first, second, third = (energy(unary, across, down, one) for one in labels)
    return first, second, third


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    print(f"fixed convolution: {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads", flush=True)
    square = resize(read_picture(PORTRAIT, 256), (256, 256))
    for style in SEAMLESS:
        found = seams(painted(square, style))
        costs = " > ".join(f"{value:.1f}" for value in energies(square, style))
        bar = "holds" if found <= SEAMS else "DOES NOT HOLD"
        print(
            f"{style}: seams {found:.3f} (bar {SEAMS}: {bar}); greedy > ICM > belief propagation: {costs}", flush=True
        )
    settings, rows = styfie.Settings(size=options.size, device="cpu"), []
    for name in PHOTOS[:6]:
        photo = read_picture(options.data / "selfies" / f"{name}.jpg", options.size)
        regions, row = styfie.segment(photo), [photo]
        for subject, background in STYLES:
            pair = {"subject": subject, "background": background}
            looks = {n: Look((Style(style, draw(style, options.size)),)) for n, style in pair.items()}
            started = time.process_time()
            *_, last = components(photo, regions, looks, settings)
            seconds = time.process_time() - started
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            bar = f" (bar {SECONDS:g} s: {'holds' if seconds <= SECONDS else 'DOES NOT HOLD'})"
            print(f"{name}, {subject} on {background}: {seconds:.1f} s{bar}, peak memory {memory:.2f} GiB", flush=True)
            row.append(styfie.Painting(photo, regions, last.layers, looks).render())
        rows.append(resize(torch.cat(row, 3), (256, round(256 * photo.shape[-1] / photo.shape[-2]) * len(row))))
    width = max(row.shape[-1] for row in rows)
    sheet = torch.cat([torch.nn.functional.pad(row, (0, width - row.shape[-1])) for row in rows], 2)
    to_image(sheet).save(options.output / "components.png")


if __name__ == "__main__":
    main()
