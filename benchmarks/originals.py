"""Whole files of every kind that the package reads, small and some of them odd, to be damaged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from styfie.engines.per_style.files import save_per_style
from styfie.engines.per_style.network import TransformNet
from styfie.export import export_segmenter
from styfie.gallery import draw
from styfie.looks import Style
from styfie.regions import Regions
from styfie.segmentation.files import NETWORKS
from styfie.storage.openraster import write_painting
from styfie.weights import save_weights

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.film.conftest import greys, write_clip
from tests.film.test_joining import with_sound
from tests.test_decoding import tiff
from tests.test_painting import make, styled

SIDE = 48  # pixels of all pictures


def picture_sources(folder: Path) -> list[Path]:
    """A picture in every format and depth that is read."""
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1)
    scene = Image.fromarray((255 * np.stack([x, y, np.abs(x - y)], -1)).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x9C9B] = 6, b"title"
    deep = Image.fromarray((65535 * x).astype(np.uint16))
    alpha = Image.merge("RGBA", [*scene.split(), scene.convert("L")])
    made: list[tuple[str, Image.Image, dict[str, Any]]] = [
        *((f"exif.{suffix}", scene, {"exif": exif}) for suffix in ("jpg", "png", "webp", "avif", "tif")),
        ("progressive.jpg", scene.convert("CMYK"), {"progressive": True}),
        *((f"{mode}.png", scene.convert(mode), {}) for mode in ("L", "LA", "1")),
        ("alpha.png", alpha, {"pnginfo": None}),
        ("alpha.webp", alpha, {"lossless": True}),
        ("deep.png", deep, {"transparency": 100}),
        ("palette.png", scene.quantize(16), {"transparency": bytes(range(16))}),
        ("palette.gif", scene.quantize(16), {"save_all": True, "append_images": [scene.quantize(8)]}),
        ("plain.bmp", scene, {}),
        ("lzw.tif", scene, {"compression": "tiff_lzw"}),
        ("scene.ppm", scene, {}),
    ]
    for name, image, options in made:
        image.save(folder / name, **options)
    tops = {"uint16": 2**16 - 1, "uint32": 2**32 - 1, "int32": 2**31 - 1, "float32": 1}
    for kind, top in tops.items():
        tiff(folder / f"{kind}.tif", (x * top).astype(kind))
    return sorted(folder.iterdir())


def painting_sources(folder: Path) -> list[Path]:
    """One painting with everything that a file may hold."""
    torch.manual_seed(0)
    ramp = torch.linspace(-1, 2, 64).clamp(0, 1).expand(1, 1, 48, 64).clone()
    regions = Regions.of_subject(ramp)
    drawn = replace(styled(), styles=(Style("glass", draw("glass", 32, 32)), *styled().styles))
    painting = make(replace(regions, face=ramp.flip(3), depth=ramp**2), subject=styled(0.5), background=drawn)
    settings = {"size": 64, "steps": 3, "engine": "optimise"}
    recipe = {"settings": settings, "depth": "auto", "masks": ["subject"], "weights": {"encoder": "0"}}
    write_painting(replace(painting, recipe=recipe), folder / "painting.ora")
    return [folder / "painting.ora"]


def film_sources(folder: Path) -> list[Path]:
    """Short clips in several containers, some of them odd."""
    codecs = {"mkv": "ffv1", "mp4": "libx264", "ts": "mpeg2video", "avi": "mpeg4", "webm": "libvpx", "flv": "flv"}
    for suffix, codec in {**codecs, "mov": "mjpeg"}.items():
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        write_clip(folder / f"clip.{suffix}", greys(10, (SIDE, SIDE)), codec=codec, pix_fmt=pixels)
    write_clip(folder / "still.mp4", greys(1, (32, 128)), codec="libx264", pix_fmt="yuv420p")
    write_clip(folder / "uneven.mkv", greys(8, (SIDE, 64)), [0, 0, 1, 5, 5, 90, 91, 4000])
    turned = np.array([0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30], np.int32)
    write_clip(folder / "turned.mov", greys(10, (SIDE, 64)), codec="libx264", pix_fmt="yuv420p", matrix=turned)
    with_sound(folder / "heard.mkv", "aac", 16000)
    return sorted(folder.iterdir())


def weight_sources(folder: Path) -> list[Path]:
    """A style that was taught, and networks that find people, in both kinds of files."""
    torch.manual_seed(0)
    save_per_style(TransformNet(0.125), torch.rand(1, 3, SIDE, SIDE), folder / "taught.safetensors")
    save_weights(NETWORKS["banet"]().state_dict(), folder / "banet.safetensors", {"arch": "banet", "side": "64"})
    export_segmenter(folder / "segmenter.onnx")
    return sorted(folder.iterdir())
