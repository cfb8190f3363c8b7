"""Portraits as a network learns from them: pasted on other backgrounds, varied, put together to batches."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.training.files import Files
from styfie.training.pictures import PictureSet, Pixels
from styfie.training.readers import Portrait, values_of

PEOPLE = ("person", "people", "face", "imagenette")  # in a path: these pictures (may) show people


@dataclass(frozen=True)
class Batch:
    """Pictures (B, 3, S, S), mattes (B, 1, S, S), part labels (B, S/2, S/2).

    They are drawn as bytes, 255 being 1, a quarter of what floats weigh on the way to another process and device.
    """

    pictures: Tensor
    mattes: Tensor
    parts: Tensor

    def to(self, device: torch.device, /) -> Batch:
        """The same on another device, bytes as floats in [0, 1] and labels as int64."""
        return Batch(
            _as_floats(self.pictures.to(device)), _as_floats(self.mattes.to(device)), self.parts.to(device).long()
        )


def _as_floats(values: Tensor) -> Tensor:
    return values.float() / 255 if values.dtype == torch.uint8 else values


class Pastings:
    """What portraits are put together with: backgrounds, scenes without people, and cut-out people.

    Each of `sources`, folders or ZIPs, may hold `backgrounds/*.jpg` and `cutouts/` (`X.jpg` + `X_alpha.png`); `scenes`
    are folders or packs of pictures, of which those whose path names people, or has a word of `leave_out`, are not
    taken.

    All chance is drawn at once, pixels are touched when they are looked at: a process that needs only some rows of
    a batch draws the others for nothing.

    Raises:
        InputError: a cut-out has no alpha beside it; or as `PictureSet`.
    """

    def __init__(self, sources: Iterable[Files], scenes: Sequence[Path] = (), leave_out: Sequence[str] = ()) -> None:
        both = [(files, folder) for files in sources for folder in ("backgrounds", "cutouts")]
        self.backgrounds, self.cutouts = (
            [(f, name) for f, folder in both if folder == kind for name in f.below(folder, (".jpg",)).values()]
            for kind in ("backgrounds", "cutouts")
        )
        for files, name in self.cutouts:
            if _alpha(name) not in files.names:
                raise InputError(f"{files.source}: {name} has no {_alpha(name)} beside it: add it, or remove {name}.")
        self.scenes = [PictureSet(source, leave_out=(*PEOPLE, *leave_out)) for source in scenes]

    def scene(self, rng: np.random.Generator, size: tuple[int, int]) -> Callable[[], Pixels] | None:
        """A part of some picture without people, stretched to (height, width); `None` where there are none.

        Small pictures come out soft, which is what a portrait lens makes of a background.
        """
        sources = len(self.scenes) + bool(self.backgrounds)
        if not sources:
            return None
        chosen = int(rng.integers(sources))
        if chosen < len(self.scenes):
            pixels = self.scenes[chosen][int(rng.integers(len(self.scenes[chosen])))]
            height, width = pixels.shape[:2]
            decoded: Callable[[], Image.Image] = partial(Image.fromarray, pixels)
        else:
            files, name = self.backgrounds[int(rng.integers(len(self.backgrounds)))]
            found = files.open(name)
            height, width, decoded = found.height, found.width, found.decoded
        share = rng.uniform(0.5, 1.0)
        side = (max(1, round(width * share)), max(1, round(height * share)))
        left, top = int(rng.integers(width - side[0] + 1)), int(rng.integers(height - side[1] + 1))
        box = (left, top, left + side[0], top + side[1])
        return lambda: np.asarray(decoded().convert("RGB").resize(size[::-1], Image.Resampling.BILINEAR, box=box))

    def onto_new_background(self, portrait: Portrait, rng: np.random.Generator) -> Portrait:
        """The portrait's person before another background, lit a little differently."""
        behind = self.scene(rng, portrait.size)
        if behind is None:
            return portrait
        light = rng.uniform(0.8, 1.2, 3).astype(np.float32)

        def make() -> tuple[Pixels, Pixels, Pixels]:
            alpha = portrait.matte[..., None] / np.float32(255)
            mixed = portrait.image * light * alpha + behind() * (1 - alpha)
            return mixed.clip(0, 255).astype(np.uint8), portrait.matte, portrait.parts

        return Portrait(portrait.name, portrait.size, make)

    def far_away(self, portrait: Portrait, rng: np.random.Generator) -> Portrait:
        """The portrait's person small, at 0.15 to 0.6 of the size, somewhere in another picture."""
        behind = self.scene(rng, portrait.size)
        scale, across, down = np.exp(rng.uniform(np.log(0.15), np.log(0.6))), rng.random(), rng.random()
        light = rng.uniform(0.7, 1.2, 3).astype(np.float32)
        if behind is None:
            return portrait
        height, width = portrait.size
        size = (max(2, round(width * scale)), max(2, round(height * scale)))
        at = (int(across * (width - size[0])), int((1 - 0.6 * down * down) * (height - size[1])))

        def make() -> tuple[Pixels, Pixels, Pixels]:
            lit = (portrait.image * light).clip(0, 255).astype(np.uint8)
            matte = Image.fromarray(portrait.matte).resize(size, Image.Resampling.BOX)
            image, cover = Image.fromarray(behind()), Image.new("L", (width, height))
            image.paste(Image.fromarray(lit).resize(size, Image.Resampling.BOX), at, matte)
            cover.paste(matte, at)
            labels = Image.new("L", (width, height))
            labels.paste(Image.fromarray(portrait.parts).resize(size, Image.Resampling.NEAREST), at)
            return np.asarray(image), np.asarray(cover), np.asarray(labels)

        return Portrait(portrait.name, portrait.size, make)

    def covered(self, portrait: Portrait, rng: np.random.Generator) -> Portrait:
        """Something of another picture, an ellipse or a rectangle, before the portrait's person."""
        height, width = portrait.size
        high, wide = (max(4, int(rng.uniform(0.1, 0.45) * n)) for n in (height, width))
        top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
        round_one = rng.random() < 0.5
        thing = self.scene(rng, (high, wide))
        if thing is None:
            return portrait

        def make() -> tuple[Pixels, Pixels, Pixels]:
            rows, columns = np.ogrid[-1 : 1 : high * 1j, -1 : 1 : wide * 1j]
            shape = (rows**2 + columns**2 <= 1) if round_one else np.ones((high, wide), bool)
            box = (slice(top, top + high), slice(left, left + wide))
            image, matte, parts = portrait.image.copy(), portrait.matte.copy(), portrait.parts.copy()
            image[box] = np.where(shape[..., None], thing(), image[box])
            matte[box] = np.where(shape, 0, matte[box])
            parts[box] = np.where(shape & (parts[box] != UNLABELLED), 0, parts[box])
            return image, matte, parts

        return Portrait(portrait.name, portrait.size, make)

    def nobody(self, rng: np.random.Generator, side: int = 320) -> Portrait | None:
        """A picture with no person in it; `None` where there are no backgrounds."""
        found = self.scene(rng, (side, side))
        nothing = np.zeros((side, side), np.uint8)
        return None if found is None else Portrait("nobody", (side, side), lambda: (found(), nothing, nothing))

    def joined_by(self, portrait: Portrait, rng: np.random.Generator) -> Portrait:
        """One more person, cut out elsewhere, at the foot of the picture and before whoever is there."""
        if not self.cutouts:
            return portrait
        height, width = portrait.size
        files, name = self.cutouts[int(rng.integers(len(self.cutouts)))]
        colour = files.open(name)
        scale = rng.uniform(0.5, 1.0) * min(height / colour.height, width / colour.width)
        size = (max(1, round(colour.width * scale)), max(1, round(colour.height * scale)))
        at = (int(rng.integers(width - size[0] + 1)), height - size[1])

        def make() -> tuple[Pixels, Pixels, Pixels]:
            matte = Image.fromarray(values_of(files.open(_alpha(name)))).resize(size)
            image, cover = Image.fromarray(portrait.image), Image.new("L", (width, height))
            image.paste(colour.decoded().convert("RGB").resize(size), at, matte)
            cover.paste(matte, at)
            covered = np.asarray(cover)
            parts = np.where(covered > 127, np.uint8(UNLABELLED), portrait.parts)
            return np.asarray(image), np.maximum(portrait.matte, covered), parts

        return Portrait(name, portrait.size, make)

    def cutout(self, rng: np.random.Generator, side: int = 320) -> Portrait | None:
        """A cut-out person alone on grey; `None` where there are none."""
        if not self.cutouts:
            return None
        grey, empty = np.full((side, side, 3), 128, np.uint8), np.zeros((side, side), np.uint8)
        found = self.joined_by(Portrait("grey", (side, side), lambda: (grey, empty, empty)), rng)
        unlabelled = np.full_like(empty, UNLABELLED)
        return Portrait(found.name, found.size, lambda: (found.image, found.matte, unlabelled))


def put_side_by_side(left: Portrait, right: Portrait, rng: np.random.Generator) -> Portrait:
    """Two portraits beside each other, as high as the lower one; the right one's person may come before the left's."""
    high = min(left.size[0], right.size[0])
    wide = [max(2, round(one.size[1] * high / one.size[0])) for one in (left, right)]
    at = wide[0] - int(rng.uniform(0, 0.35) * min(wide))
    size = (high, at + wide[1])

    def make() -> tuple[Pixels, Pixels, Pixels]:
        scaled = [
            [
                Image.fromarray(one.image).resize((width, high)),
                Image.fromarray(one.matte).resize((width, high)),
                Image.fromarray(one.parts).resize((width, high), Image.Resampling.NEAREST),
            ]
            for one, width in zip((left, right), wide, strict=True)
        ]
        shown = scaled[1][1].copy()
        shown.paste(255, (wide[0] - at, 0, wide[1], high))  # where the left one ends all of the right one is seen
        whole = shown.point(lambda value: 255 * (value > 127))  # labels have nothing between them
        mixed = []
        for first, second in zip(*scaled, strict=True):
            both = Image.new(first.mode, size[::-1])
            both.paste(first)
            both.paste(second, (at, 0), shown if first.mode == "RGB" else whole)
            mixed.append(np.asarray(both))
        return mixed[0], mixed[1], mixed[2]

    return Portrait(left.name, size, make)


def _alpha(cutout: str) -> str:
    return cutout[:-4] + "_alpha.png"


def as_picture(portrait: Portrait) -> Tensor:
    """RGB (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(portrait.image.copy()).permute(2, 0, 1)[None].float() / 255


def as_matte(portrait: Portrait) -> Tensor:
    """The true matte (1, 1, H, W) in [0, 1]."""
    return torch.from_numpy(portrait.matte.copy())[None, None].float() / 255


def draw_placing(rng: np.random.Generator) -> Tensor:
    """A random `theta` for `place`: mirrored, scaled 0.7-1.8, turned up to 15 degrees, some upside down, moved."""
    scale, angle = np.exp(rng.uniform(np.log(0.7), np.log(1.8))), np.deg2rad(rng.normal(0, 7))
    angle += np.pi / 2 * rng.choice([0, 1, 2, 3], p=[0.95, 0.01, 0.03, 0.01])
    aspect = np.exp(rng.uniform(-0.2, 0.2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([rng.choice([-1, 1]) * aspect, 1 / aspect]) / scale
    room = max(0.1, 1 - 1 / scale)
    return torch.from_numpy(np.c_[turn, rng.uniform(-room, room, 2)]).float()


def place(portrait: Portrait, side: int, theta: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Image (3, side, side), matte (1, side, side), labels (side, side); stretched to a square as when predicting.

    `theta` (2, 3) is `affine_grid`'s; what it uncovers repeats the border.
    """
    image, matte = as_picture(portrait)[0], as_matte(portrait)[0]
    labels = torch.from_numpy(portrait.parts.copy())[None].float()
    turned = torch.eye(2, 3) if theta is None else theta
    grid = F.affine_grid(turned[None], [1, 1, side, side], align_corners=False)
    both = torch.cat([image, matte])[None]
    shrink = min(both.shape[-2:]) / side * (1.0 if theta is None else float(theta[0, :2].norm()))
    if shrink > 1.3:  # an honest reduction first: sampling alone would alias
        size = [max(1, round(n / shrink)) for n in both.shape[-2:]]
        both = F.interpolate(both, size, mode="bilinear", antialias=True)
    found = F.grid_sample(both, grid, padding_mode="border", align_corners=False)[0]
    marked = F.grid_sample(labels[None], grid, mode="nearest", padding_mode="border", align_corners=False)[0, 0]
    return found[:3], found[3:], marked.long()


@dataclass(frozen=True)
class Light:
    """How a picture is lit and taken: colours, lens, sensor, file."""

    plain: bool = True  # nothing of the following but the file
    saturation: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0
    dimmed: float = 1.0
    blurred: bool = False
    noise: float = 0.0
    seed: int = 0  # of the noise
    quality: int = 0  # of the JPEG; 0 is none

    def on(self, picture: Tensor) -> Tensor:
        """A picture (3, H, W) so lit."""
        lit = picture if self.plain else self._lit(picture)
        return as_jpeg(lit, self.quality) if self.quality else lit

    def _lit(self, picture: Tensor) -> Tensor:
        x = torch.lerp(picture.mean(0, keepdim=True), picture, self.saturation)
        x = (x * torch.tensor(self.cast)[:, None, None]).clamp_(0, 1).pow_(self.gamma)
        x = x.sub_(0.5).mul_(self.contrast).add_(0.5 + self.brightness).mul_(self.dimmed)
        if self.blurred:
            x = F.interpolate(F.avg_pool2d(x[None], 3), x.shape[-2:], mode="bilinear")[0]
        if self.noise:
            x = x + self.noise * torch.randn(x.shape, generator=torch.Generator().manual_seed(self.seed))
        return x.clamp_(0, 1)


def draw_light(rng: np.random.Generator, plain: float = 0.2) -> Light:
    """A random light, or of a share `plain` none."""
    quality = int(rng.integers(15, 70)) if rng.random() < 0.15 else 0
    if rng.random() < plain:
        return Light(quality=quality)
    cast = rng.uniform(0.85, 1.15, 3)
    return Light(
        plain=False,
        saturation=0.0 if rng.random() < 0.1 else rng.uniform(0.5, 1.4),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])),
        gamma=float(np.exp(rng.uniform(-0.5, 0.5))),
        contrast=rng.uniform(0.7, 1.3),
        brightness=rng.uniform(-0.12, 0.12),
        dimmed=rng.uniform(0.15, 0.5) if rng.random() < 0.07 else 1.0,
        blurred=rng.random() < 0.12,
        noise=rng.uniform(0.0, 0.06) if rng.random() < 0.3 else 0.0,
        seed=int(rng.integers(2**31)),
        quality=quality,
    )


def as_jpeg(picture: Tensor, quality: int) -> Tensor:
    """What JPEG leaves of a picture (3, H, W)."""
    file = io.BytesIO()
    pixels = (picture.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1).float() / 255
