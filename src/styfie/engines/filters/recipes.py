"""The kinds of filter: what each makes of a picture. Lengths are in units of 1/512 of the longest side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.components.layers import guided_filter
from styfie.engines.filters.bilateral import bilateral
from styfie.engines.filters.flow import Flow, along, directions, smooth, smooth_structure
from styfie.engines.filters.kuwahara import anisotropic_kuwahara
from styfie.engines.filters.screens import dots, grain
from styfie.engines.filters.xdog import lines_size, sharpened, xdog
from styfie.images import fit_size, resize

FLAT = 512  # longest side at which colours are flattened: what is lost is under the lines
COARSE = 128  # longest side at which the light of a picture is looked at
SCREENS = {"cyan": 15.0, "magenta": 75.0, "yellow": 0.0, "black": 45.0}  # degrees, as printers have them


@dataclass(frozen=True, eq=False)
class Subject:
    """What is drawn: `picture` (1, 3, H, W) in the colours wanted, and how.

    `care` (1, 1, H, W) in [0, 1] is how much faces are to stay themselves, `unit` is 1/512 of the longest side times
    the stroke, in pixels. `dark` and `light` (3) are ink and paper of a style, where one is given.
    """

    picture: Tensor
    care: Tensor
    unit: float
    dark: Tensor | None = None
    light: Tensor | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.picture.shape[-2], self.picture.shape[-1]

    @cached_property
    def flow(self) -> Flow:
        """Where its edges run."""
        return directions(self._structure, self.size)

    @cached_property
    def _structure(self) -> Tensor:
        return smooth_structure(self.picture, 2.5 * self.unit)

    @cached_property
    def luma(self) -> Tensor:
        """Light and dark (1, 1, H, W), from black to white and evenly lit as a draughtsman would see it."""
        luma = luma_of(self.picture)
        small = resize(luma, fit_size(self.size, min(COARSE, max(self.size))))
        low, high = torch.quantile(small, small.new_tensor([0.02, 0.98])).tolist()
        span = max(0.25, high - low)
        stretched = (small - low) / span
        near = smooth(stretched, 12.0)
        lift = F.interpolate(0.35 * (0.55 - near), self.size, mode="bilinear", align_corners=False)
        found: Tensor = ((luma - low) / span + lift).clamp(0, 1)
        return found

    def inked(self, line: float, gain: float, level: float, slope: float) -> Tensor:
        """Lines half `line` broad, and blacks, on paper: (1, 1, H, W), 0 to 1, as `xdog` draws them."""
        sigma = line * self.unit
        size = lines_size(self.size, sigma)
        flow = self.flow if size == self.size else directions(self._structure, size)
        return xdog(self.luma, sigma, gain, level, slope, flow)

    def printed(self, ink: Tensor, dark: tuple[float, float, float], light: tuple[float, float, float]) -> Tensor:
        """Ink (1, 1, H, W), 1 = all of it, in the style's dark on its light, or in these."""
        low = ink.new_tensor(dark) if self.dark is None else self.dark.to(ink)
        high = ink.new_tensor(light) if self.light is None else self.light.to(ink)
        return torch.lerp(high[None, :, None, None], low[None, :, None, None], ink)


def ink(subject: Subject, line: float = 0.9, blacks: float = 0.32, wash: float = 0.25) -> Tensor:
    """Pen and brush: lines half `line` broad, what is darker than `blacks` filled, and a grey `wash` in the shade."""
    luma, unit = subject.luma, subject.unit
    paper = subject.inked(line, 18.0, blacks + 0.25, 6.0)
    shade = ((0.55 - smooth(luma, 2 * unit)) * 8).clamp(0, 1) * wash
    return subject.printed(1 - paper * (1 - shade), (0.07, 0.07, 0.09), (0.97, 0.955, 0.92))


def pencil(subject: Subject, line: float = 0.6, shading: float = 0.9) -> Tensor:
    """Graphite: thin lines, and `shading` by hatches one way, crossed where it is dark; paper shows in the darkest."""
    luma, unit = subject.luma, subject.unit
    lines = 1 - subject.inked(line, 30.0, 0.5, 3.0)
    dark = (1 - smooth(luma, 1.2 * unit)) * shading
    cell = max(0.9, 1.2 * unit)
    first = grain(subject.size, cell, 11, -58.0, 24.0).to(luma)
    second = grain(subject.size, cell, 12, -32.0, 24.0).to(luma)
    tooth = grain(subject.size, max(0.8, 0.9 * unit), 13).to(luma)
    hatch = ((dark - 0.15) * 1.5 - 0.6 * first).clamp(0, 1) + ((dark - 0.45) * 1.5 - 0.5 * second).clamp(0, 1)
    graphite = 0.3 * (dark - 0.1).clamp_min(0) + 0.42 * hatch.clamp(0, 1.2) * (0.6 + 0.7 * tooth)
    graphite = torch.maximum(graphite, 0.85 * lines * (0.65 + 0.35 * tooth))
    return subject.printed(graphite.clamp(0, 0.9), (0.13, 0.13, 0.15), (0.975, 0.97, 0.955))


def charcoal(subject: Subject, line: float = 1.6, grit: float = 0.5) -> Tensor:
    """Charcoal: smudged darks that catch on the `grit` of the paper, and few broad lines."""
    luma, unit = subject.luma, subject.unit
    soft = along(smooth(luma, 1.6 * unit), subject.flow, 3 * unit, unit)
    lines = 1 - subject.inked(line, 12.0, 0.45, 4.0)
    tooth = 0.55 * grain(subject.size, max(0.9, 1.2 * unit), 21).to(luma)
    tooth = tooth + 0.45 * grain(subject.size, max(0.9, 1.4 * unit), 22, -58.0, 9.0).to(luma)
    dark = (1 - soft).clamp(0, 1)
    smudge = 0.62 * dark.pow(1.3)
    stick = ((torch.maximum(dark * 1.15 - 0.2, 0.8 * lines) - grit * tooth) * 1.8).clamp(0, 1)
    coal = 1 - (1 - smudge) * (1 - 0.78 * stick)
    return subject.printed(coal.clamp(0, 0.96), (0.09, 0.085, 0.08), (0.945, 0.93, 0.89))


def flattened(picture: Tensor, unit: float, rounds: int = 3, tonal: float = 0.08) -> Tensor:
    """Colours (1, 3, H, W) without texture: bilateral filtering at `FLAT` pixels."""
    size = (picture.shape[-2], picture.shape[-1])
    small = resize(picture, fit_size(size, min(FLAT, max(size))))
    scale = max(small.shape[-2:]) / max(size)
    flat = bilateral(small, max(1.0, 3 * unit * scale), tonal, rounds)
    return flat if flat.shape[-2:] == size else resize(flat, size).clamp(0, 1)


def comic(subject: Subject, line: float = 1.0, tones: int = 7, colour: float = 1.35) -> Tensor:
    """Flat colours in so many `tones`, more colourful by `colour`, under lines of ink (Winnemöller et al. 2006)."""
    unit = subject.unit
    flat = flattened(subject.picture, unit)
    luma = luma_of(flat)
    steps = luma * tones
    whole = steps.floor()
    stepped = (whole + 0.5 + 0.5 * torch.tanh(7 * (steps - whole - 0.5))) / tones
    vivid = stepped + colour * (flat - luma) + 0.03
    lines = subject.inked(line, 22.0, 0.28, 8.0)
    return (vivid.clamp(0, 1) * lines).clamp(0, 1)


def oil(subject: Subject, dab: float = 6.5, relief: float = 0.45) -> Tensor:
    """Oil: dabs along the form of radius `dab`, finer on faces, with bristles in `relief`, lit from the upper left."""
    unit, flow = subject.unit, subject.flow
    painted = anisotropic_kuwahara(subject.picture, flow, max(2.0, dab * unit))
    if subject.care.any():
        fine = anisotropic_kuwahara(subject.picture, flow, max(2.0, 0.45 * dab * unit))
        painted = torch.lerp(painted, fine, (1.6 * subject.care).clamp(max=1))
    bristles = along(grain(subject.size, max(1.0, 1.3 * unit), 31).to(painted), flow, 7 * unit, unit)
    shift = max(1, round(0.8 * unit))
    lit = bristles - torch.roll(bristles, (shift, shift), (2, 3))
    luma = luma_of(painted)
    vivid = luma + 1.2 * (painted - luma)
    vivid = vivid + 0.25 * (painted - smooth(painted, 3 * unit))
    return (vivid + relief * lit * (1 - 0.7 * subject.care) * (0.3 + luma)).clamp(0, 1)


def watercolour(subject: Subject, edge: float = 1.1, grainy: float = 0.3, water: float = 0.5) -> Tensor:
    """Watercolour: washes with darker rims by `edge`, lying unevenly by `water` and on the paper's grain by `grainy`.

    Pigment darkens as of Bousseau et al. (2006): c - (c - c²)(density - 1). Lights are left to the paper.
    """
    unit, size = subject.unit, subject.size
    picture = subject.picture
    wash = guided_filter(picture, picture, max(1, round(6 * unit)), 0.01)
    wash = anisotropic_kuwahara(wash, subject.flow, max(2.0, 6 * unit))
    fine = guided_filter(picture, picture, max(1, round(2 * unit)), 0.002)
    wash = torch.lerp(wash, fine, (1.6 * subject.care).clamp(max=1))
    luma = luma_of(wash)
    steps = 5 * luma
    whole = steps.floor()
    pooled = (whole + 0.5 + 0.5 * torch.tanh(4 * (steps - whole - 0.5))) / 5
    wash = torch.lerp(luma, pooled, 0.5 * (1 - subject.care)) + 1.45 * (wash - luma)
    wash = 1 - (1 - wash).clamp(0, 1) * 0.8
    rim = (smooth(luma, 3 * unit) - smooth(luma, 0.8 * unit)).clamp_min(0) * 5
    uneven = grain(size, 30 * unit, 41).to(wash) + 0.6 * grain(size, 10 * unit, 42).to(wash) - 0.8
    tooth = grain(size, max(0.9, 1.1 * unit), 43).to(wash) - 0.5
    density = 1 + edge * rim + water * uneven + grainy * tooth
    lights = ((luma - 0.72) * 4).clamp(0, 1) * (1 - subject.care)
    clear = torch.lerp(wash, torch.ones_like(wash), 0.6 * lights).clamp(0, 1)
    paper = wash.new_tensor([0.99, 0.985, 0.965])[None, :, None, None]
    return (paper * (clear - (clear - clear.square()) * (density - 1))).clamp(0, 1)


def halftone(subject: Subject, pitch: float = 4.0) -> Tensor:
    """Four-colour print: dots of cyan, magenta, yellow and black, `pitch` apart, each screen turned its own way."""
    unit = subject.unit
    picture = sharpened(subject.picture, 0.4 * unit, 0.6).clamp(0, 1)
    amounts = 1 - picture
    amounts = ((amounts - 0.06) / 0.94).clamp_min(0)  # lights are left to the paper
    black = (1.15 * amounts.amin(1, keepdim=True).pow(1.6)).clamp(max=1)
    colours = ((amounts - black) / (1 - black).clamp_min(1e-3)).clamp(0, 1).pow(1.15)
    step = max(3.0, pitch * unit)
    found = torch.ones_like(picture)
    inks = ((0.05, 0.72, 0.93), (0.93, 0.15, 0.55), (1.0, 0.93, 0.12), (0.1, 0.1, 0.12))
    for n, (angle, tint) in enumerate(zip(SCREENS.values(), inks, strict=True)):
        amount = black if n == 3 else colours[:, n : n + 1]
        covered = dots(amount, subject.size, step, angle)
        found = found * (1 - covered * (1 - picture.new_tensor(tint)[None, :, None, None]))
    return (found * picture.new_tensor([0.99, 0.98, 0.95])[None, :, None, None]).clamp(0, 1)


def newsprint(subject: Subject, pitch: float = 3.8) -> Tensor:
    """A newspaper's picture: black dots at 45 degrees on grey paper, sharpened as for the press."""
    unit = subject.unit
    values = sharpened(subject.luma, 0.5 * unit, 1.6)
    amount = ((1 - values) * 1.15 - 0.08).clamp(0, 1)
    covered = dots(amount, subject.size, max(3.0, pitch * unit), SCREENS["black"])
    fibre = grain(subject.size, max(1.0, 2.0 * unit), 51).to(covered)
    covered = covered * (0.85 + 0.15 * fibre)
    return subject.printed(covered, (0.1, 0.1, 0.11), (0.9, 0.885, 0.84))


Recipe = Callable[[Subject], Tensor]

RECIPES: dict[str, Recipe] = {
    "ink": ink,
    "pencil": pencil,
    "charcoal": charcoal,
    "comic": comic,
    "oil": oil,
    "watercolour": watercolour,
    "halftone": halftone,
    "newsprint": newsprint,
}
"""The kinds of filter by the name they are asked for with."""
