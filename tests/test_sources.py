from __future__ import annotations

from pathlib import Path

import pytest
import torch

from styfie.errors import OutputError
from styfie.images import Picture
from styfie.looks import Look, Style
from styfie.reading import Request
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.sources import check_folder, files_read
from styfie.styles import StyleInput


def test_a_painting_is_made_from_photo_masks_depth_segmenter_and_styles() -> None:
    look = Look((Style("mine.jpg", mask="part.png"), Style("ink")))
    masks: dict[str, Picture] = {"subject": "mask.png", "hair": torch.ones(1, 1, 4, 4)}
    looks: dict[str, StyleInput] = {"subject": look, "background": "waves+sky.jpg"}
    read = files_read("me.jpg", Request(looks, Settings(segmenter="own.onnx"), masks, depth="near.png"))
    wanted = ("me.jpg", "mask.png", "near.png", "own.onnx", "mine.jpg", "part.png", "sky.jpg")
    assert set(wanted) <= {str(one) for one in read}
    assert not {"ink", "waves"} & {str(one) for one in read}, "which are drawn"
    assert files_read(torch.zeros(1, 3, 4, 4), Request({})) == files_read(None, Request({}))


@pytest.mark.parametrize("name", ["subject.png", "mask-hair.png", "mask-sky.png", "painting.ora"])
def test_no_result_replaces_what_it_is_made_from(name: str, tmp_path: Path) -> None:
    sky = Regions(("sky", "background"), torch.full((2, 1, 4, 4), 0.5), (1.0, 1.0))
    request = Request({"subject": "ink"}, masks={"hair": "hair.png"}, regions=sky)
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(OutputError, match=name):
        check_folder(tmp_path, request, [tmp_path / name])
    check_folder(tmp_path, request, [tmp_path / "other.png"])
    assert (tmp_path / name).read_bytes() == b"mine"
