"""Our painting beside a plain loop: Adam, averaged iterates, scales that grow by the square root of two.

The loop is of the kind of Crowson's style-transfer-pytorch (MIT), written anew on our encoder and on the losses of our
default engine, so that only the way of minimising differs: float32, the network as PyTorch has it, the whole picture at
every scale. Each photo is one region in one style. The loop gets more and more iterations per scale, and its content
weight is moved until the content distances agree, until its style distance is no worse than ours either; printed is
what both took. Distances are the judge's, summed over all pictures; ours is timed before and after the loop.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

import styfie
from styfie.encoders import load_encoder
from styfie.encoders.plain import SLOPE, PlainEncoder
from styfie.images import fit_size, read_picture, resize, to_image
from styfie.losses.functional import content_loss, gram, relative_gram_loss, total_variation
from styfie.storage.sheet import lay_out
from styfie.styles import load_style

from common import PHOTOS, arguments, fixed_convolution, load_judge, style_source

STYLES = ("waves", "van_gogh_starry_night")
COUNTS = (25, 35, 50, 70, 100, 140, 200, 280, 400)  # iterations per scale; twice as many at the first
CONTENT, SMOOTH = 0.05, 0.3  # our engine's weights; the first is only where the search begins
CLOSE = 0.05  # content distances are equal within this
TRIES = 3  # content weights per count
JUDGED = 384  # longest side that the judge sees


@dataclass(frozen=True)
class Loop:
    """The loop's constants, as Crowson has them."""

    smallest: int = 128
    rate: float = 0.02
    decay: float = 0.99


LOOP = Loop()


@dataclass(frozen=True)
class Case:
    """One photo in one style, both (1, 3, H, W)."""

    name: str
    photo: Tensor
    style: Tensor


@dataclass(frozen=True)
class Result:
    """The pictures of all cases, what they took, and their summed distances."""

    pictures: list[Tensor]
    seconds: float
    style: float
    content: float


def features(encoder: PlainEncoder, picture: Tensor) -> dict[str, Tensor]:
    """The encoder's maps by PyTorch's own layers, without what our engine does to make them faster."""
    taps: dict[str, Tensor] = {}
    x = picture - 0.5
    for i, conv in enumerate(encoder.convs, 1):
        if taps:
            x = F.avg_pool2d(x, 2, ceil_mode=True)
        x = F.leaky_relu(conv(x), SLOPE)
        taps[f"conv{i}"] = x
    return taps


def scales(smallest: int, size: int) -> list[int]:
    """Longest sides from `smallest`, or a little more, to `size`, each the square root of two times the one before."""
    found = [size]
    while (smaller := round(size / 2 ** (len(found) / 2))) >= smallest:
        found.insert(0, smaller)
    return found


def paint_plainly(case: Case, encoder: PlainEncoder, count: int, content: float, loop: Loop = LOOP) -> Tensor:
    """The whole photo in one style (1, 3, H, W); every scale starts from the averaged iterates of the one before."""
    photo, style = case.photo, case.style
    sides = scales(loop.smallest, max(photo.shape[-2:]))
    average, state = photo, None
    for scale in sides:
        size = fit_size((photo.shape[-2], photo.shape[-1]), scale)
        loss = losses(resize(photo, size), _fit(style, scale), encoder, content)
        image = (resize(photo, size) if state is None else resize(average, size)).clamp(0, 1).requires_grad_()
        optimiser = torch.optim.Adam([image], lr=loop.rate)
        if state is not None:
            optimiser.load_state_dict(resized(state, size))
        mean, share = (1 - loop.decay) * image.detach(), loop.decay
        for _ in range(count if state is not None else 2 * count):
            optimiser.zero_grad()
            loss(image).backward()
            optimiser.step()
            with torch.no_grad():
                image.clamp_(0, 1)
                mean, share = loop.decay * mean + (1 - loop.decay) * image, loop.decay * share
        average, state = mean / (1 - share), optimiser.state_dict()
    return average.clamp(0, 1)


def losses(photo: Tensor, style: Tensor, encoder: PlainEncoder, content: float) -> Callable[[Tensor], Tensor]:
    """What is minimised at one scale."""
    with torch.no_grad():
        grams = {tap: gram(found) for tap, found in features(encoder, style).items()}
        wanted = features(encoder, photo)[encoder.content_tap]
        everywhere = torch.ones_like(wanted[:, :1])

    def loss(image: Tensor) -> Tensor:
        found = features(encoder, image)
        terms = [relative_gram_loss(gram(found[tap]), goal) for tap, goal in grams.items()]
        terms.append(content * content_loss(found[encoder.content_tap], wanted, everywhere))
        return torch.stack(terms).sum() + SMOOTH * total_variation(image)

    return loss


def resized(state: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """Adam's state at the next scale."""
    state = deepcopy(state)
    for one in state["state"].values():
        one["exp_avg"] = F.interpolate(one["exp_avg"], size, mode="bicubic")
        one["exp_avg_sq"] = F.interpolate(one["exp_avg_sq"], size, mode="bilinear").clamp_min(0)
    return state


def _fit(picture: Tensor, longest: int) -> Tensor:
    return resize(picture, fit_size((picture.shape[-2], picture.shape[-1]), longest))


def run(cases: Sequence[Case], judge: ModuleType, paint: Callable[[Case], Tensor]) -> Result:
    """Paint every case, timed, and judge it, not timed."""
    started = time.perf_counter()
    pictures = [paint(case) for case in cases]
    seconds = time.perf_counter() - started
    seen = [_fit(picture, JUDGED) for picture in pictures]
    style = sum(judge.style_distance(p, _fit(c.style, JUDGED)) for p, c in zip(seen, cases, strict=True))
    content = sum(judge.content_distance(p, c.photo) for p, c in zip(seen, cases, strict=True))
    return Result(pictures, seconds, style, content)


def paint_ours(case: Case) -> Tensor:
    """Our defaults on a photo that is one region."""
    settings = styfie.Settings(size=max(case.photo.shape[-2:]), device="cpu")
    everything = Image.new("L", (case.photo.shape[-1], case.photo.shape[-2]), 255)
    look = styfie.Look((styfie.Style(case.name, case.style),), likeness=0)  # the loop has no faces
    return styfie.paint(case.photo, {"subject": look}, settings, masks={"subject": everything}).render()


def search(
    cases: Sequence[Case], judge: ModuleType, ours: Result, counts: Sequence[int]
) -> tuple[Result, int, float, bool]:
    """The loop with the fewest iterations per scale that is as good as ours: its count, content weight, and whether."""
    encoder = load_encoder("styfie-1")
    assert isinstance(encoder, PlainEncoder)
    weight = CONTENT
    for count in counts:
        for _ in range(TRIES):
            used = weight
            theirs = run(cases, judge, partial(paint_plainly, encoder=encoder, count=count, content=used))
            ratio = theirs.content / ours.content
            enough = theirs.style <= ours.style and ratio <= 1 + CLOSE
            show(f"loop of {count}, content weight {used:.4f}", theirs)
            if enough or abs(ratio - 1) <= CLOSE:
                break
            # Content distance falls a little slower than the square root of its weight: a secant step would overshoot.
            weight *= ratio**2.2
        if enough:
            break
    return theirs, count, used, enough


def show(name: str, result: Result) -> None:
    print(f"{name}: {result.seconds:.1f} s, style {result.style:.4f}, content {result.content:.4f}", flush=True)


def read_cases(data: Path, size: int, photos: int) -> list[Case]:
    """Some photos, each in every style, at their longest side."""
    styles = {name: load_style(style_source(name, data), size).picture for name in STYLES}
    return [
        Case(f"{photo} {name}", read_picture(data / "selfies" / f"{photo}.jpg", size), style)
        for photo in PHOTOS[:photos]
        for name, style in styles.items()
    ]


def main() -> None:
    parser = arguments((__doc__ or "").partition("\n")[0], judge=True)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--photos", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="iterations per scale, to be tried")
    options = parser.parse_args()
    judge, cases = load_judge(options.judge), read_cases(options.data, options.size, options.photos)
    before = fixed_convolution()
    print(f"fixed convolution: {before:.1f} ms, {torch.get_num_threads()} threads, {len(cases)} pictures", flush=True)
    paint_ours(cases[0])  # what is done once a process, such as reading weights
    ours = run(cases, judge, paint_ours)
    show("ours", ours)
    theirs, count, weight, enough = search(cases, judge, ours, options.counts)
    again = run(cases, judge, paint_ours)
    show("ours again", again)
    seconds = (ours.seconds + again.seconds) / 2
    numbers = {
        "size": options.size,
        "pictures": len(cases),
        "seconds": {"ours": seconds, "loop": theirs.seconds, "ratio": theirs.seconds / seconds},
        "loop": {"iterations": count, "content_weight": weight, "as_good": enough},
        "loop_over_ours": {"style": theirs.style / ours.style, "content": theirs.content / ours.content},
        "fixed_convolution_ms": [before, fixed_convolution()],
    }
    print(json.dumps(numbers, indent=1))
    how = "times ours" if enough else "times ours and still not as good: at least that"
    print(f"loop {theirs.seconds:.1f} s, ours {seconds:.1f} s: {theirs.seconds / seconds:.2f} {how}")
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "adam.json").write_text(json.dumps(numbers, indent=1) + "\n")
    cells = [
        (f"{kind} {case.name}"[:44], to_image(picture))
        for case, a, b in zip(cases, ours.pictures, theirs.pictures, strict=True)
        for kind, picture in (("ours", a), ("loop", b))
    ]
    lay_out(cells, columns=2 * len(STYLES), cell=options.size).save(options.output / "adam.png")


if __name__ == "__main__":
    main()
