"""Replicas of the published layouts are read, from folder and ZIP alike, and divided by whose the pictures are."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.evaluation.parts import UNLABELLED
from styfie.training.files import Files
from styfie.training.readers import PortraitSet, alpha_of, held_out, labels_of, open_portraits, values_of
from tests.training.conftest import picture

SIZE = (24, 32)


def matte(seed: int) -> Image.Image:
    """A soft disc."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    distance = np.hypot(x - 12 - seed % 3, y - 16)
    return Image.fromarray(((9 - distance).clip(0, 4) / 4 * 255).astype(np.uint8))


def photo(seed: int) -> Image.Image:
    return picture(seed).resize(SIZE)


def write(image: Image.Image, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)


def aisegment(folder: Path) -> None:
    for seed in range(12):
        group, name = f"18{seed // 3:02}", f"18{seed // 3:02}-{seed:08}"
        write(photo(seed), folder / f"clip_img/{group}/clip_00000000/{name}.jpg")
        cut = photo(seed)
        cut.putalpha(matte(seed))
        write(cut, folder / f"matting/{group}/matting_00000000/{name}.png")
    write(photo(0), folder / "clip_img/1899/clip_00000000/alone.jpg")
    (folder / "matting/1800/matting_00000000/._hidden.png").write_bytes(b"not a picture")


def pairs(folder: Path) -> None:
    for seed in range(12):
        write(photo(seed), folder / f"image/person{seed // 3}_{seed}.png")
        white = Image.new("RGB", SIZE, "white")
        white.paste(photo(seed), mask=matte(seed))
        write(white, folder / f"masked/person{seed // 3}_{seed}.png")


def plain(folder: Path) -> None:
    for seed in range(12):
        write(photo(seed), folder / f"image/person{seed // 3}/{seed}.jpg")
        write(matte(seed), folder / f"mask/person{seed // 3}/{seed}.png")
    write(Image.new("L", SIZE, 2), folder / "parsing/person0/1.png")


@pytest.mark.parametrize("make", [aisegment, pairs, plain])
def test_each_layout_is_read_from_folder_and_zip_alike(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as pack:
        for file in (tmp_path / "set").rglob("*"):
            pack.write(file, Path("around") / file.relative_to(tmp_path / "set"))
    folder, pack_set = PortraitSet(tmp_path / "set"), PortraitSet(tmp_path / "set.zip")
    assert len(folder) == len(pack_set) == 12
    assert folder.names == pack_set.names
    for i in (0, 7):
        a, b = folder[i], pack_set[i]
        seed = int(a.name[-2:].lstrip("_/n0") or 0)
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.matte, b.matte)
        assert a.size == a.matte.shape == SIZE[::-1]
        assert np.abs(a.matte.astype(int) - np.asarray(matte(seed))).mean() < 2


@pytest.mark.parametrize("make", [aisegment, pairs, plain])
def test_no_person_is_on_both_sides(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    learning, held = open_portraits(tmp_path)
    assert len(learning) + len(held) == 12
    assert not set(learning.groups) & set(held.groups)
    assert len(set(learning.groups) | set(held.groups)) == 4
    assert {len(learning) % 3, len(held) % 3} == {0}


def test_the_division_is_fixed_and_near_its_share() -> None:
    groups = [f"group{i}" for i in range(2000)]
    held = held_out(groups)
    assert 150 < len(held) < 250
    assert held_out([*groups, "another"]) - {"another"} == held, "others beside them move none"
    for few in range(2, 12):
        assert 0 < len(held_out(groups[:few])) < few


def test_pictures_of_one_series_are_divided_one_by_one_and_train_and_val_are_kept(
    tmp_path: Path, portraits: Path
) -> None:
    for seed in range(30):
        write(photo(seed), tmp_path / f"flat/image/IMG_{seed:03}.jpg")
        write(matte(seed), tmp_path / f"flat/mask/IMG_{seed:03}.png")
    learning, held = open_portraits(tmp_path / "flat")
    assert len(learning) > len(held) > 0
    assert not set(learning.names) & set(held.names)
    assert [len(one) for one in open_portraits(portraits)] == [3, 3]


def test_parts_are_read_where_they_are(tmp_path: Path) -> None:
    plain(tmp_path)
    found = PortraitSet(tmp_path)
    labels = {found[i].name: set(np.unique(found[i].parts)) for i in range(12)}
    assert labels.pop("person0/1") == {2}
    assert set().union(*labels.values()) == {UNLABELLED}


def test_the_alpha_of_a_white_pair_is_the_one_it_was_made_with() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 200, (40, 40, 3), dtype=np.uint8)
    alpha = np.linspace(0, 1, 40)[None].repeat(40, 0)
    masked = (alpha[..., None] * image + (1 - alpha[..., None]) * 255).round().astype(np.uint8)
    assert np.abs(alpha_of(image, masked) / 255 - alpha).max() < 0.02


def test_white_clothes_take_the_alpha_around_them() -> None:
    image = np.full((20, 40, 3), 90, np.uint8)
    image[5:12, 5:12] = 255  # a white shirt on the person
    image[5:12, 30:36] = 250  # a white wall behind
    person = np.zeros((20, 40), bool)
    person[:, :20] = True
    masked = np.where(person[..., None], image, np.uint8(255))
    assert np.array_equal(alpha_of(image, masked), person * np.uint8(255))
    white = np.full((4, 4, 3), 255, np.uint8)
    assert alpha_of(white, white).max() == 0, "nothing is known: nobody"


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(MissingError, match="image/NAME"):
        PortraitSet(tmp_path / "empty")
    with pytest.raises(MissingError, match=r"No portraits at .*none"):
        open_portraits(tmp_path / "none")
    with pytest.raises(InputError, match="neither a folder nor a ZIP"):
        open_portraits(tmp_path / "note.txt")
    write(photo(0), tmp_path / "set/image/a.jpg")
    (tmp_path / "set/mask").mkdir()
    write(photo(0), tmp_path / "set/mask/b.png")
    with pytest.raises(InputError, match="no mask/a"):
        PortraitSet(tmp_path / "set")
    write(photo(0).resize((9, 9)), tmp_path / "set/mask/a.png")
    with pytest.raises(InputError, match="single portrait"):
        open_portraits(tmp_path / "set")
    with pytest.raises(InputError, match="not of one size"):
        PortraitSet(tmp_path / "set")[0].image  # noqa: B018
    (tmp_path / "set/image/a.jpg").write_text("broken")
    with pytest.raises(InputError, match="cannot be read"):
        PortraitSet(tmp_path / "set")[0]
    aisegment(tmp_path / "grey")
    write(photo(1), min((tmp_path / "grey/matting").rglob("18*.png")))
    with pytest.raises(InputError, match="matting"):
        PortraitSet(tmp_path / "grey")[0].matte  # noqa: B018


def saved(folder: Path, image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image.save(folder / "mask.png")
    return values_of(Files(folder).open("mask.png"))


def test_a_mask_is_its_alpha_or_its_luma_at_any_depth(tmp_path: Path) -> None:
    wanted = np.asarray(matte(0))
    white, full = Image.new("L", SIZE, 255), Image.new("L", SIZE, 255)
    assert np.array_equal(saved(tmp_path, matte(0)), wanted)
    assert np.array_equal(saved(tmp_path, matte(0).convert("RGB")), wanted)
    assert np.array_equal(saved(tmp_path, matte(0).point(lambda v: v > 127, "1")), (wanted > 127) * np.uint8(255))
    assert np.array_equal(saved(tmp_path, Image.merge("LA", (white, matte(0)))), wanted)
    assert np.array_equal(saved(tmp_path, Image.merge("RGBA", (white, white, white, matte(0)))), wanted)
    assert np.array_equal(saved(tmp_path, Image.merge("LA", (matte(0), full))), wanted), "an alpha that hides nothing"
    sixteen = Image.fromarray(wanted.astype(np.uint16) * 257)
    assert sixteen.mode == "I;16"
    assert np.array_equal(saved(tmp_path, sixteen), wanted), "scaled, not clipped"
    assert not saved(tmp_path, Image.new("L", SIZE)).any(), "nobody"


def test_a_mask_that_is_black_to_the_eye_is_refused(tmp_path: Path) -> None:
    ones = np.asarray(matte(0).point(lambda v: v // 255))
    with pytest.raises(InputError, match=r"mask.png in .* values 0 and 1: 0 and 255 are wanted"):
        saved(tmp_path, Image.fromarray(ones))
    with pytest.raises(InputError, match="values 0 and 1: 0 and 65535 are wanted"):
        saved(tmp_path, Image.fromarray(ones.astype(np.uint16)))
    with pytest.raises(InputError, match="values 0 to 255: 0 and 65535 are wanted"):
        saved(tmp_path, Image.fromarray(ones.astype(np.uint16) * 255))


def test_labels_are_those_of_the_parts(tmp_path: Path) -> None:
    def read(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> list[int]:
        Image.fromarray(values).save(tmp_path / "a.png")
        found = labels_of(Files(tmp_path).open("a.png"))
        assert found.dtype == np.uint8
        return [int(label) for label in np.unique(found)]

    known = np.array([[0, 1, 2], [3, 4, UNLABELLED]], np.uint8)
    assert read(known) == read(known.astype(np.uint16)) == [0, 1, 2, 3, 4, 255]
    for wrong in (5, 254):
        with pytest.raises(InputError, match=f"a.png in .* label {wrong}: 0 to 4 are wanted"):
            read(np.full((2, 2), wrong, np.uint8))
    with pytest.raises(InputError, match="3 channels: one channel is wanted"):
        read(np.zeros((2, 2, 3), np.uint8))


def test_a_source_is_a_folder_or_a_first_word_and_never_a_single_picture_each(tmp_path: Path) -> None:
    plain(tmp_path / "folders")
    assert {entry.source for entry in PortraitSet(tmp_path / "folders").entries} == {f"person{i}" for i in range(4)}
    pairs(tmp_path / "words")
    assert {entry.source for entry in PortraitSet(tmp_path / "words").entries} == {f"person{i}" for i in range(4)}
    for seed in range(3):
        write(photo(seed), tmp_path / f"flat/image/IMG{seed}.jpg")
        write(matte(seed), tmp_path / f"flat/mask/IMG{seed}.png")
    assert [entry.source for entry in PortraitSet(tmp_path / "flat").entries] == ["flat"] * 3


def test_a_quick_look_names_what_would_stop_a_long_job(tmp_path: Path) -> None:
    plain(tmp_path)
    found = PortraitSet(tmp_path)
    found.check()
    write(matte(0).resize((9, 9)), tmp_path / "mask/person2/6.png")
    with pytest.raises(InputError, match=r"image/person2/6.jpg and mask/person2/6.png in .* not of one size"):
        found.check()
    (tmp_path / "mask/person2/6.png").write_text("broken")
    with pytest.raises(InputError, match=r"mask/person2/6.png in .* cannot be read"):
        found.check()
