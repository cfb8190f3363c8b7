"""The node pack in a stand-in of its host, see `host.py`: graphs as the host saves them, of loaded packs."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from styfie.images import read_picture
from styfie.pipeline import PORTRAIT
from tests.integrations.host import Host, PromptError

PACK = Path(__file__).parents[2] / "integrations" / "comfyui"
TYPES = {"STRING", "IMAGE", "MASK", "BOOLEAN", "INT", "FLOAT", "COMBO"}  # of IO, as far as they are plain
GRAPH = json.loads((PACK / "example.json").read_text(encoding="utf-8"))  # as "Save (API Format)" writes it


class LoadImage:
    """As the host's own: two images (B, H, W, 3), and of a picture without alpha an empty mask of 64 pixels."""

    RETURN_TYPES = ("IMAGE", "MASK")
    FUNCTION = "load_image"
    images: ClassVar[dict[str, Tensor]] = {}

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"image": (sorted(cls.images),)}}

    def load_image(self, image: str) -> tuple[Tensor, Tensor]:
        return self.images[image], torch.zeros(1, 64, 64)


class PreviewImage:
    """As the host's own, the end of a graph."""

    RETURN_TYPES = ()
    FUNCTION = "save_images"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"images": ("IMAGE",)}}

    def save_images(self, images: Tensor) -> tuple[()]:
        assert images.ndim == 4 and images.shape[3] == 3 and images.dtype == torch.float32
        return ()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """The host with the pack copied to where its README says, and pictures to load."""
    photo = read_picture(PORTRAIT, 96)[0].movedim(0, 2)[None]
    flat = torch.tensor([0.9, 0.1, 0.1]).expand(1, 64, 64, 3)
    monkeypatch.setattr(LoadImage, "images", {"photo.png": torch.cat([photo, photo.flip(2)]), "style.png": flat})
    shutil.copytree(PACK, tmp_path / "custom_nodes" / "styfie")
    made = Host(tmp_path / "custom_nodes", {"LoadImage": LoadImage, "PreviewImage": PreviewImage})
    for name, module in made.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


def changed(node: str, **inputs: Any) -> dict[str, Any]:
    """The example with other inputs of one node."""
    return {**GRAPH, node: {**GRAPH[node], "inputs": {**GRAPH[node]["inputs"], **inputs}}}


def test_nodes_declare_what_the_interface_wants(host: Host) -> None:
    assert set(host.titles) == {"StyfieSegment", "StyfiePaint"}
    for node in (host.nodes[name] for name in host.titles):
        declared = node.INPUT_TYPES()
        assert "required" in declared and set(declared) <= {"required", "optional", "hidden"}
        inputs = {**declared["required"], **declared.get("optional", {})}
        assert all(isinstance(kind, list) or kind in TYPES for kind, *_ in inputs.values())
        assert set(node.RETURN_TYPES) <= TYPES and isinstance(node.CATEGORY, str)
        assert set(inspect.signature(getattr(node, node.FUNCTION)).parameters) == {"self", *inputs}


def test_the_example_is_executed(host: Host) -> None:
    """Two images; the mask of one node goes into the other, the person stays a photo, an image is the style."""
    done = host.run(GRAPH)
    (images,), (mask,) = done["photo"][0], done["mask"][0]
    assert mask.shape == images.shape[:3] and mask.dtype == torch.float32
    assert float((mask[0] - mask[1].flip(1)).abs().mean()) < 0.05
    (painting,), (matte,) = done["painting"]
    assert painting.shape == images.shape and matte.shape == mask.shape
    assert float(painting.min()) >= 0 and float(painting.max()) <= 1
    inside = (mask == 1)[..., None].expand_as(images)
    assert float((painting - images)[inside].abs().max()) < 1e-6, "the person stays photo"
    outside = (mask == 0)[..., None].expand_as(images)
    assert float((painting - images)[outside].abs().mean()) > 0.05
    assert host.told[-1] == 1 and host.told == sorted(host.told)


def test_graphs_that_the_host_refuses(host: Host) -> None:
    for graph, says in (
        (changed("painting", engine="fats"), "not in list"),
        (changed("painting", size=-1), "out of range"),
        (changed("painting", mask=["photo", 0]), "mismatch"),
    ):
        with pytest.raises(PromptError, match=says):
            host.run(graph)


def test_stopped_in_the_host_it_stops(host: Host) -> None:
    host.stopped = True
    with pytest.raises(KeyError, match="interrupted"):
        host.run(GRAPH)
    assert not host.told


def test_an_empty_mask_is_one_sentence(host: Host) -> None:
    """Which is what the host's own loader gives of a picture without alpha."""
    with pytest.raises(Exception, match="nothing inside"):
        host.run(changed("painting", mask=["photo", 1]))
