"""Styfie as nodes of ComfyUI: the person of an IMAGE painted in one style, the background in another; its MASK.

Copy or link this folder into ComfyUI's `custom_nodes`, and install Styfie into ComfyUI's Python. Interface: that of
`comfy.comfy_types.node_typing.ComfyNodeABC`. Images are (B, H, W, 3) and masks (B, H, W) in [0, 1], 1 = inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

import styfie
from styfie.engines import ENGINES
from styfie.engines.progress import Progress
from styfie.gallery import BUILT_IN
from styfie.settings import QUALITIES

PHOTO = "photo"  # a region that is not painted
STYLES = [PHOTO, *BUILT_IN]
TOTAL = 1000  # that the host's bar of progress counts to


class StyfieSegment:
    """Find a person, or a part of one: a soft mask at the image's own size."""

    CATEGORY = "Styfie"
    FUNCTION = "segment"
    RETURN_TYPES = ("MASK",)
    DESCRIPTION = __doc__

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - the host's name
        """What the node takes."""
        regions = ["subject", "background", "skin", "hair", "clothes", "accessories"]
        return {"required": {"image": ("IMAGE",), "region": (regions,)}}

    def segment(self, image: Tensor, region: str) -> tuple[Tensor]:
        """The masks (B, H, W) of images (B, H, W, 3)."""
        return (torch.cat([styfie.segment(_photo(one), finer=[region])[region][0] for one in image]),)


class StyfiePaint:
    """Paint the person in one style and the background in another; styles are the gallery's, or images."""

    CATEGORY = "Styfie"
    FUNCTION = "paint"
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("painting", "subject")
    DESCRIPTION = __doc__
    SEED: ClassVar[dict[str, int]] = {"default": 0, "min": 0, "max": 2**63 - 1}

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - the host's name
        """What the node takes; `subject_image` and `background_image` go before the styles named."""
        return {
            "required": {
                "image": ("IMAGE",),
                "subject": (STYLES, {"default": "glass"}),
                "background": (STYLES, {"default": "night"}),
                "engine": ([name for name, entry in ENGINES.items() if not entry.needs],),
                "quality": (list(QUALITIES), {"default": styfie.Settings.quality}),
                "size": ("INT", {"default": styfie.Settings.size, "min": 0, "max": 16_384}),
                "seed": ("INT", cls.SEED),
            },
            "optional": {"mask": ("MASK",), "subject_image": ("IMAGE",), "background_image": ("IMAGE",)},
        }

    def paint(
        self,
        image: Tensor,
        subject: str,
        background: str,
        engine: str,
        quality: str,
        size: int,
        seed: int,
        mask: Tensor | None = None,
        subject_image: Tensor | None = None,
        background_image: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The paintings (B, h, w, 3) of images (B, H, W, 3), and the person's mattes (B, h, w)."""
        settings = styfie.Settings(size=size, quality=quality, engine=engine, seed=seed)
        given = {"subject": (subject, subject_image), "background": (background, background_image)}
        looks: dict[str, Any] = {
            name: named if picture is None else styfie.Look((styfie.Style(name, _photo(picture[0])),))
            for name, (named, picture) in given.items()
            if named != PHOTO or picture is not None
        }
        show, paintings, mattes = _progress(len(image)), [], []
        for number, one in enumerate(image):
            masks = {} if mask is None else {"subject": mask[number % len(mask)]}
            painting = styfie.paint(_photo(one), looks, settings, masks=masks, on_progress=show(number))
            paintings.append(painting.render()[0].movedim(0, 2))
            mattes.append(painting.matte[0, 0])
        return torch.stack(paintings), torch.stack(mattes)


def _photo(image: Tensor) -> Tensor:
    """An image (H, W, 3 or 4) of the host's as Styfie's (1, 3, H, W)."""
    return image[..., :3].movedim(2, 0)[None].float().cpu().clamp(0, 1)


def _progress(images: int) -> Callable[[int], Callable[[Progress], bool]]:
    """What shows each image's progress in the host's own bar, where there is one, and ends when the host is stopped."""
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted
        from comfy.utils import ProgressBar
    except ImportError:  # outside the host
        return lambda _number: lambda _progress: True
    bar = ProgressBar(TOTAL)

    def of(number: int) -> Callable[[Progress], bool]:
        def show(progress: Progress) -> bool:
            throw_exception_if_processing_interrupted()
            bar.update_absolute(round(TOTAL * (number + progress.step / max(1, progress.steps)) / images), TOTAL)
            return True

        return show

    return of


NODE_CLASS_MAPPINGS = {"StyfieSegment": StyfieSegment, "StyfiePaint": StyfiePaint}
NODE_DISPLAY_NAME_MAPPINGS = {"StyfieSegment": "Styfie: segment", "StyfiePaint": "Styfie: paint"}
