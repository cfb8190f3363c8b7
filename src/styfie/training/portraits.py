"""Portraits with mattes: reading, pasting on other backgrounds, and varying them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from styfie.errors import InputError, MissingError

PARTS = 5  # background, skin, hair, clothes, accessories
UNLABELLED = 255


@dataclass(frozen=True)
class Portrait:
    """uint8 arrays of one size: RGB (H, W, 3), matte (H, W), and part labels (H, W), `UNLABELLED` where none."""

    name: str
    image: NDArray[np.uint8]
    matte: NDArray[np.uint8]
    parts: NDArray[np.uint8]


class PortraitSet:
    """`image/NAME.jpg` with `mask/NAME.png` and, where there is one, `parsing/NAME.png`."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "image").is_dir() or not (folder / "mask").is_dir():
            raise MissingError(f"No portraits at {folder}: a folder with image/NAME.jpg and mask/NAME.png is wanted.")
        self.folder = folder
        self.names = sorted(path.stem for path in (folder / "image").glob("*.jpg"))
        missing = [name for name in self.names if not (folder / "mask" / f"{name}.png").exists()]
        if missing or not self.names:
            raise InputError(f"{folder}: {missing[0] + '.jpg has no mask' if missing else 'no picture in image/'}.")
        self._encoded: dict[int, tuple[bytes, ...]] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Portrait:
        name = self.names[index]
        if index not in self._encoded:
            files = [self.folder / "image" / f"{name}.jpg", self.folder / "mask" / f"{name}.png"]
            files.append(self.folder / "parsing" / f"{name}.png")
            self._encoded[index] = tuple(f.read_bytes() for f in files if f.exists())
        image, matte, *parts = (Image.open(io.BytesIO(data)) for data in self._encoded[index])
        found = np.asarray(matte.convert("L"))
        labels = np.asarray(parts[0]) if parts else np.full_like(found, UNLABELLED)
        return Portrait(name, np.asarray(image.convert("RGB")), found, labels)


class Pastings:
    """Backgrounds to paste people on, and cut-out people to paste (`cut_X.jpg` + `cut_X_alpha.png`)."""

    def __init__(self, folder: Path) -> None:
        self.backgrounds = sorted((folder / "backgrounds").glob("*.jpg"))
        self.cutouts = sorted(p for p in (folder / "cutouts").glob("*.jpg"))

    def onto_new_background(self, portrait: Portrait, rng: np.random.Generator) -> Portrait:
        """The portrait's person before another background, lit a little differently."""
        if not self.backgrounds:
            return portrait
        height, width = portrait.matte.shape
        with Image.open(self.backgrounds[int(rng.integers(len(self.backgrounds)))]) as found:
            back = found.convert("RGB")
        share = rng.uniform(0.5, 1.0)
        side = (max(1, round(back.width * share)), max(1, round(back.height * share)))
        left, top = int(rng.integers(back.width - side[0] + 1)), int(rng.integers(back.height - side[1] + 1))
        box = (left, top, left + side[0], top + side[1])
        behind = np.asarray(back.resize((width, height), Image.Resampling.BILINEAR, box=box), np.float32)
        alpha = portrait.matte[..., None] / np.float32(255)
        light = rng.uniform(0.8, 1.2, 3).astype(np.float32)
        mixed = portrait.image * light * alpha + behind * (1 - alpha)
        return Portrait(portrait.name, mixed.clip(0, 255).astype(np.uint8), portrait.matte, portrait.parts)

    def cutout(self, rng: np.random.Generator, side: int = 320) -> Portrait | None:
        """A cut-out person alone on grey, at the foot of a square picture; `None` where there are none."""
        if not self.cutouts:
            return None
        path = self.cutouts[int(rng.integers(len(self.cutouts)))]
        with Image.open(path) as colour, Image.open(path.with_name(path.stem + "_alpha.png")) as alpha:
            scale = rng.uniform(0.5, 1.0) * side / max(colour.size)
            size = (max(1, round(colour.width * scale)), max(1, round(colour.height * scale)))
            person, matte = colour.convert("RGB").resize(size), alpha.convert("L").resize(size)
        image, mask = Image.new("RGB", (side, side), (128, 128, 128)), Image.new("L", (side, side))
        at = (int(rng.integers(side - size[0] + 1)), side - size[1])
        image.paste(person, at)
        mask.paste(matte, at)
        found = np.asarray(mask)
        return Portrait(path.stem, np.asarray(image), found, np.full_like(found, UNLABELLED))


def as_picture(portrait: Portrait) -> Tensor:
    """RGB (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(portrait.image.copy()).permute(2, 0, 1)[None].float() / 255


def as_matte(portrait: Portrait) -> Tensor:
    """The true matte (1, 1, H, W) in [0, 1]."""
    return torch.from_numpy(portrait.matte.copy())[None, None].float() / 255


def place(portrait: Portrait, side: int, rng: np.random.Generator, vary: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Image (3, side, side), matte (1, side, side), labels (side, side); stretched to a square as when predicting.

    With `vary`: mirrored, scaled 0.65-1.5, turned up to 15 degrees, moved; what is uncovered repeats the border.
    """
    image, matte = as_picture(portrait)[0], as_matte(portrait)[0]
    labels = torch.from_numpy(portrait.parts.copy())[None].float()
    theta = torch.eye(2, 3)
    if vary:
        scale, angle = np.exp(rng.uniform(np.log(0.65), np.log(1.5))), np.deg2rad(rng.normal(0, 7))
        aspect = np.exp(rng.uniform(-0.2, 0.2))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn = turn @ np.diag([rng.choice([-1, 1]) * aspect, 1 / aspect]) / scale
        room = max(0.1, 1 - 1 / scale)
        theta = torch.from_numpy(np.c_[turn, rng.uniform(-room, room, 2)]).float()
    grid = F.affine_grid(theta[None], [1, 1, side, side], align_corners=False)
    both = torch.cat([image, matte])[None]
    shrink = min(both.shape[-2:]) / side * (float(theta[0, :2].norm()) if vary else 1.0)
    if shrink > 1.3:  # an honest reduction first: sampling alone would alias
        size = [max(1, round(n / shrink)) for n in both.shape[-2:]]
        both = F.interpolate(both, size, mode="bilinear", antialias=True)
    found = F.grid_sample(both, grid, padding_mode="border", align_corners=False)[0]
    marked = F.grid_sample(labels[None], grid, mode="nearest", padding_mode="border", align_corners=False)[0, 0]
    return found[:3], found[3:], marked.long()


def relight(batch: Tensor, rng: np.random.Generator) -> Tensor:
    """Brightness, contrast, gamma, colour cast, saturation, blur, noise, low light: each picture its own."""
    count = len(batch)

    def draw(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, channels, 1, 1)).astype(np.float32))

    def some(share: float) -> Tensor:
        return torch.from_numpy(rng.random((count, 1, 1, 1)) < share)

    grey = batch.mean(1, keepdim=True)
    x = torch.lerp(grey, batch, torch.where(some(0.1), 0.0, draw(0.5, 1.4)))
    x = (x * draw(0.85, 1.15, 3)).clamp(0, 1) ** torch.exp(draw(-0.5, 0.5))
    x = (x - 0.5) * draw(0.7, 1.3) + 0.5 + draw(-0.12, 0.12)
    x = torch.where(some(0.07), x * draw(0.15, 0.5), x)
    blurred = F.interpolate(F.avg_pool2d(x, 3), x.shape[-2:], mode="bilinear")
    x = torch.where(some(0.12), blurred, x)
    noise = torch.from_numpy(rng.standard_normal(x.shape, np.float32)) * draw(0.0, 0.06)
    return torch.where(some(0.3), x + noise, x).clamp(0, 1)
