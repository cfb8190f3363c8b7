from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.training.layouts import LAYOUTS, PublishedSet, draw_people, runs_of

GREY = {"p3m": ("original_image", "mask"), "ppm": ("image", "matte"), "aim": ("original", "mask")}


def write(file: Path, values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(file)


def photo() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)


@pytest.mark.parametrize("layout", GREY)
def test_a_grey_mask_beside_each_picture(layout: str, tmp_path: Path) -> None:
    images, masks = GREY[layout]
    matte = np.linspace(0, 255, 12 * 16).astype(np.uint8).reshape(12, 16)
    write(tmp_path / images / "a.jpg", photo())
    write(tmp_path / masks / "a.png", matte)
    write(tmp_path / "trimap" / "a.png", np.full((12, 16), 128, np.uint8))
    found = PublishedSet(tmp_path, layout)
    assert len(found) == 1 and found[0].name == "a"
    assert np.array_equal(found[0].matte, matte)
    trimap = found.trimap(0)
    assert (trimap is None) == (layout == "ppm")
    (tmp_path / masks / "a.png").unlink()
    with pytest.raises(InputError, match=f"has no {masks}/a.png"):
        PublishedSet(tmp_path, layout)


def test_blurred_faces_where_there_are_no_originals(tmp_path: Path) -> None:
    write(tmp_path / "blurred_image" / "b.jpg", photo())
    write(tmp_path / "mask" / "b.png", np.full((12, 16), 255, np.uint8))
    assert PublishedSet(tmp_path, "p3m")[0].name == "b"


def test_aisegment_has_alpha(tmp_path: Path) -> None:
    write(tmp_path / "clip_img/g/clip_0/one.jpg", photo())
    alpha = np.full((12, 16, 4), 9, np.uint8)
    alpha[:5, :, 3] = 200
    write(tmp_path / "matting/g/matting_0/one.png", alpha)
    assert PublishedSet(tmp_path, "aisegment")[0].matte[:, 0].tolist() == [200] * 5 + [9] * 7


def test_easyportrait_counts_every_label_as_person(tmp_path: Path) -> None:
    labels = np.zeros((12, 16), np.uint8)
    labels[4:8], labels[8:] = 1, 8
    for part in ("val", "test"):
        write(tmp_path / f"images/{part}/{part}.jpg", photo())
        write(tmp_path / f"annotations/{part}/{part}.png", labels)
    found = PublishedSet(tmp_path, "easyportrait")
    assert [found[i].name for i in range(len(found))] == ["val"]
    assert found[0].matte[:, 3].tolist() == [0] * 4 + [255] * 8


def test_coco_joins_all_people_and_nobody_else(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg"):
        write(tmp_path / "val2017" / name, photo())
    runs = [0, 12, 180]  # the first column, from the top down
    table = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "height": 12, "width": 16} for n in (1, 2, 3)],
        "annotations": [
            {"image_id": 1, "category_id": 1, "segmentation": [[4, 2, 9, 2, 9, 7, 4, 7]]},
            {"image_id": 1, "category_id": 1, "segmentation": {"counts": runs, "size": [12, 16]}},
            {"image_id": 2, "category_id": 18, "segmentation": [[0, 0, 15, 0, 15, 11]]},
        ],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_val2017.json").write_text(json.dumps(table))
    found = PublishedSet(tmp_path, "coco")
    assert [found[i].name for i in range(len(found))] == ["1", "2"], "a picture that is not there is passed over"
    wanted = np.zeros((12, 16), np.uint8)
    wanted[2:8, 4:10], wanted[:, 0] = 255, 255
    assert np.array_equal(found[0].matte, wanted)
    assert not found[1].matte.any(), "a dog is nobody"


def test_runs_go_down_the_columns() -> None:
    assert runs_of([2, 3, 1], (3, 2)).tolist() == [[0, 255], [0, 255], [255, 0]]
    for counts in ([2, 3], "abc"):
        with pytest.raises(InputError, match="do not fill its 2x3 pixels"):
            runs_of(counts, (3, 2))
    assert not draw_people([], (3, 2)).any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_not_there_is_one_sentence(layout: str, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/a.jpg", photo())
    with pytest.raises(MissingError):
        PublishedSet(tmp_path, layout)
    with pytest.raises(InputError, match=f"known are .*{layout}"):
        PublishedSet(tmp_path, "mine")
