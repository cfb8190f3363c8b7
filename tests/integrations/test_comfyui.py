"""The node pack in a stand-in of its host, by the interface in ComfyUI's `comfy/comfy_types/node_typing.py`."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from styfie.images import read_picture
from styfie.pipeline import PORTRAIT

PACK = Path(__file__).parents[2] / "integrations" / "comfyui"
TYPES = {"STRING", "IMAGE", "MASK", "BOOLEAN", "INT", "FLOAT", "COMBO"}  # of IO, as far as they are plain


@pytest.fixture
def pack() -> ModuleType:
    """The folder as the host loads what lies in `custom_nodes`."""
    spec = importlib.util.spec_from_file_location("comfyui_styfie", PACK / "__init__.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the host's bar of progress is told, in shares."""
    told: list[float] = []

    class ProgressBar:
        def __init__(self, total: int) -> None:
            self.total = total

        def update_absolute(self, value: int, total: int | None = None, preview: object = None) -> None:
            told.append(value / (total or self.total))

    utils, management = ModuleType("comfy.utils"), ModuleType("comfy.model_management")
    utils.ProgressBar = ProgressBar  # type: ignore[attr-defined]
    management.throw_exception_if_processing_interrupted = lambda: None  # type: ignore[attr-defined]
    comfy = ModuleType("comfy")
    for name, module in (("comfy", comfy), ("comfy.utils", utils), ("comfy.model_management", management)):
        monkeypatch.setitem(sys.modules, name, module)
    return told


def execute(node: Any, **inputs: Any) -> tuple[Any, ...]:
    """Run a node as the host does: inputs by their names, defaults of widgets filled in, outputs by their types."""
    declared = node.INPUT_TYPES()
    known = {**declared["required"], **declared.get("optional", {})}
    assert set(inputs) <= set(known)
    for name, (kind, *options) in declared["required"].items():
        if name not in inputs:
            inputs[name] = options[0]["default"] if options and "default" in options[0] else kind[0]
        if isinstance(kind, list):
            assert inputs[name] in kind
    found = getattr(node(), node.FUNCTION)(**inputs)
    assert isinstance(found, tuple) and len(found) == len(node.RETURN_TYPES)
    return found


def test_nodes_declare_what_the_interface_wants(pack: ModuleType) -> None:
    assert set(pack.NODE_CLASS_MAPPINGS) == set(pack.NODE_DISPLAY_NAME_MAPPINGS)
    for node in pack.NODE_CLASS_MAPPINGS.values():
        declared = node.INPUT_TYPES()
        assert "required" in declared and set(declared) <= {"required", "optional", "hidden"}
        inputs = {**declared["required"], **declared.get("optional", {})}
        assert all(isinstance(kind, list) or kind in TYPES for kind, *_ in inputs.values())
        assert set(node.RETURN_TYPES) <= TYPES and isinstance(node.CATEGORY, str)
        assert set(inspect.signature(getattr(node, node.FUNCTION)).parameters) == {"self", *inputs}


def test_images_become_masks_and_paintings(pack: ModuleType, bar: list[float]) -> None:
    """Two images; with the mask of the one node into the other, a style of the gallery and one that is an image."""
    photo = read_picture(PORTRAIT, 96)[0].movedim(0, 2)[None]
    images = torch.cat([photo, photo.flip(2)])
    (mask,) = execute(pack.StyfieSegment, image=images, region="subject")
    assert mask.shape == images.shape[:3] and mask.dtype == torch.float32
    assert float((mask[0] - mask[1].flip(1)).abs().mean()) < 0.05
    flat = torch.tensor([0.9, 0.1, 0.1]).expand(1, 64, 64, 3)
    given = {"image": images, "subject": "photo", "mask": mask, "background_image": flat}
    painting, matte = execute(pack.StyfiePaint, engine="fast", size=96, **given)
    assert painting.shape == images.shape and matte.shape == mask.shape
    assert float(painting.min()) >= 0 and float(painting.max()) <= 1
    inside = (mask == 1)[..., None].expand_as(images)
    assert float((painting - images)[inside].abs().max()) < 1e-6, "the person stays photo"
    outside = (mask == 0)[..., None].expand_as(images)
    assert float((painting - images)[outside].abs().mean()) > 0.05
    assert bar[-1] == 1 and bar == sorted(bar)
