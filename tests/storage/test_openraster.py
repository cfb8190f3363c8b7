from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.images import to_image
from styfie.looks import Look
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage.openraster import (
    as_stored,
    eight_bits,
    in_threads,
    png,
    read_painting,
    region_names,
    stored_recipe,
    write_painting,
)
from tests.test_images import png_header
from tests.test_painting import make, styled


@pytest.fixture
def painting(halves: Regions) -> Painting:
    finer = torch.zeros(1, 1, 48, 64)
    finer[..., :20, :] = 0.7
    three = halves.split("subject", "hair", finer)
    two = make(halves, subject=styled(0.5), background=styled())
    layers = torch.cat([two.layers, torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(9))])
    return Painting(two.photo, three, layers, {**two.looks, "hair": styled()}, two.recipe)


def test_reads_back_what_it_wrote(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    again = read_painting(tmp_path / "p.ora")
    assert again.regions.names == painting.regions.names
    assert {n: k.strength for n, k in again.looks.items()} == {n: k.strength for n, k in painting.looks.items()}
    assert again.recipe == painting.recipe
    assert float((again.render() - painting.render()).abs().max()) <= 2.5 / 255
    assert float((again.layers - painting.layers).abs().max()) <= 0.51 / 255, "colours under transparency are kept"


def test_layers_painted_alone_are_read_back(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    assert read_painting(tmp_path / "p.ora").alone is None
    alone = replace(painting, alone=1 - painting.layers)
    write_painting(alone, tmp_path / "q.ora")
    again = read_painting(tmp_path / "q.ora")
    assert again.alone is not None and float((again.alone - (1 - painting.layers)).abs().max()) <= 0.51 / 255
    assert float((again.render(only=["hair"]) - alone.render(only=["hair"])).abs().max()) <= 2.5 / 255


def test_own_colours_in_soft_pixels_are_read_back(painting: Painting, tmp_path: Path) -> None:
    """To the bit, so that a painting that was read blends as the one that was written."""
    write_painting(painting, tmp_path / "p.ora")
    again = read_painting(tmp_path / "p.ora", styles=False)
    assert again.boundary_colours.rounded.shape[-1]
    assert torch.equal(again.boundary_colours.rounded, painting.boundary_colours.rounded)
    write_painting(again, tmp_path / "q.ora", like=tmp_path / "p.ora")
    assert torch.equal(read_painting(tmp_path / "q.ora").boundary_colours.rounded, painting.boundary_colours.rounded)


def test_own_colours_of_other_mattes_are_found_anew(painting: Painting, tmp_path: Path) -> None:
    """As when another program has changed a matte."""
    write_painting(painting, tmp_path / "p.ora")
    most = torch.nn.functional.one_hot(painting.regions.alpha.argmax(0), 3).movedim(-1, 0).float()
    sharp = replace(painting, regions=replace(painting.regions, alpha=most))
    write_painting(sharp, tmp_path / "sharp.ora")
    with zipfile.ZipFile(tmp_path / "p.ora") as old, zipfile.ZipFile(tmp_path / "sharp.ora", "a") as new:
        assert "styfie/soft.png" not in new.namelist()
        new.writestr("styfie/soft.png", old.read("styfie/soft.png"))
    assert not read_painting(tmp_path / "sharp.ora").boundary_colours.rounded.shape[-1]


def test_over_blending_of_the_stack_is_the_render(painting: Painting, tmp_path: Path) -> None:
    """What Krita shows: the layers over each other, bottom first."""
    full = Painting(
        painting.photo,
        painting.regions,
        painting.layers,
        {n: styled() for n in painting.regions.names},
        painting.recipe,
    )
    write_painting(full, tmp_path / "p.ora")
    with zipfile.ZipFile(tmp_path / "p.ora") as archive:
        sources = [layer.attrib["src"] for layer in ElementTree.fromstring(archive.read("stack.xml")).iter("layer")]
        shown = Image.new("RGBA", (64, 48))
        for source in reversed(sources):
            shown.alpha_composite(Image.open(io.BytesIO(archive.read(source))).convert("RGBA"))
    found = torch.from_numpy(np.asarray(shown.convert("RGB"), np.float32) / 255).permute(2, 0, 1)[None]
    assert float((found - full.render()).abs().max()) <= 4 / 255


def test_is_openraster(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    with zipfile.ZipFile(tmp_path / "p.ora") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        names = set(archive.namelist())
        assert {"stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png", "styfie/recipe.json"} <= names
        recipe = archive.read("styfie/recipe.json").decode()
    assert str(tmp_path) not in recipe
    assert set(json.loads(recipe)["looks"]) == {"subject", "background", "hair"}


def test_the_same_painting_gives_the_same_bytes(painting: Painting, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_painting(painting, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_no_painting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no file"):
        read_painting(tmp_path / "none.ora")
    (tmp_path / "text.ora").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "other.ora", "w") as archive:
        archive.writestr("mimetype", "image/openraster")
    for name in ("text.ora", "other.ora"):
        with pytest.raises(InputError, match=r"painting\.ora"):
            read_painting(tmp_path / name)


def changed(file: Path, **entries: bytes | None) -> Path:
    """The same archive with other entries; those that are None are left out."""
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()} | {
            name.replace("__", "/").replace("_png", ".png").replace("_json", ".json"): data
            for name, data in entries.items()
        }
    with zipfile.ZipFile(file.with_name("changed.ora"), "w") as archive:
        for name, data in held.items():
            if data is not None:
                archive.writestr(name, data)
    return file.with_name("changed.ora")


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.update(regions=[1, 2, 3]),
        lambda r: r.update(regions="abc"),
        lambda r: r.update(regions={}),
        lambda r: r.update(score=["high", 1, 1]),
        lambda r: r.update(score=None),
        lambda r: r.update(sides=[None, None, None]),
        lambda r: r.update(looks=[]),
        lambda r: r.update(looks="none"),
        lambda r: r["looks"].update(subject=3),
        lambda r: r["looks"]["subject"].update(strength="half"),
        lambda r: r["looks"]["subject"].update(strength=float("nan")),
        lambda r: r["looks"]["subject"].update(color=7),
        lambda r: r["looks"]["subject"].update(styles=3),
        lambda r: r["looks"]["subject"]["styles"][0].update(weight="1"),
        lambda r: r["looks"]["subject"]["styles"][0].update(name=None),
        lambda r: r.update(settings=[1]),
        lambda r: r.update(settings={"radius": "wide"}),
        lambda r: r.update(settings={"radius": None}),
    ],
)
def test_a_recipe_with_values_of_another_kind_is_refused(
    painting: Painting, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    write_painting(painting, tmp_path / "p.ora")
    recipe = dict(stored_recipe(tmp_path / "p.ora"))
    change(recipe)
    with pytest.raises(InputError, match=r"painting\.ora is wanted"):
        read_painting(changed(tmp_path / "p.ora", styfie__recipe_json=json.dumps(recipe).encode()))


@pytest.mark.parametrize("size", [(1, 1), (64, 47), (20_000, 20_000)])
@pytest.mark.parametrize("name", ["data__photo_png", "data__layer1_png", "styfie__matte0_png"])
def test_pictures_of_another_size_are_refused(
    painting: Painting, tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    write_painting(painting, tmp_path / "p.ora")
    with pytest.raises(InputError, match=r"painting\.ora is wanted"):
        data = png(Image.new("RGB", size)) if size[0] < 100 else png_header(*size)
        read_painting(changed(tmp_path / "p.ora", **{name: data}))


def test_every_bit_of_damage_is_one_sentence_or_a_painting(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    whole, random = (tmp_path / "p.ora").read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        for at in random.integers(0, len(data), 3):
            data[at] = random.integers(256)
        (tmp_path / "q.ora").write_bytes(data[: random.integers(len(data))] if random.random() < 0.2 else data)
        try:
            read_painting(tmp_path / "q.ora")
        except InputError as error:
            assert "\n" not in str(error)


def test_a_painting_larger_than_pillow_takes_from_anywhere_is_opened(
    painting: Painting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_painting(painting, tmp_path / "p.ora")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # 178 megapixels would take long
    assert read_painting(tmp_path / "p.ora").regions.size == painting.regions.size


def test_names_that_are_no_regions_name_no_files(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    recipe = {**stored_recipe(tmp_path / "p.ora"), "regions": ["subject", "../../theirs", 3, "a/b"]}
    file = changed(tmp_path / "p.ora", styfie__recipe_json=json.dumps(recipe).encode())
    assert region_names(file) == ("subject",)


def test_regions_as_stored_are_the_nearest_partition_in_255ths() -> None:
    raw = torch.rand(4, 1, 20, 30, generator=torch.Generator().manual_seed(3))
    raw[2, :, :10], raw[:, :, 15:], raw[0, :, 15:] = 0, 0, 1
    alpha = raw / raw.sum(0, keepdim=True)
    regions = Regions(("a", "b", "c", "d"), alpha, (1.0,) * 4, face=alpha[:1].clone(), depth=alpha[1:2].clone())
    found = as_stored(regions)
    levels = found.alpha * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert bool((levels.round().sum(0) == 255).all())
    assert float((found.alpha - alpha).abs().max()) <= 1.001 / 255
    assert bool((found.alpha[alpha == 0] == 0).all()), "nothing appears where a region was not"
    assert found.depth is not None
    assert float((found.depth - alpha[1:2]).abs().max()) <= 0.51 / 65535
    again = as_stored(found)
    assert torch.equal(again.alpha, found.alpha)


def test_reads_back_the_very_regions_with_face_and_depth(painting: Painting, tmp_path: Path) -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 48, 64)
    regions = as_stored(replace(painting.regions, face=ramp.flip(3).clone(), depth=ramp**2))
    write_painting(replace(painting, regions=regions), tmp_path / "p.ora")
    again = read_painting(tmp_path / "p.ora").regions
    for name in ("alpha", "face", "depth"):
        assert torch.equal(getattr(again, name), getattr(regions, name)), name
    assert again.score == regions.score


def test_a_painting_of_before_there_were_strokes_is_read_with_the_defaults(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    with zipfile.ZipFile(tmp_path / "p.ora") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    recipe = json.loads(entries["styfie/recipe.json"])
    for look in recipe["looks"].values():
        del look["stroke"], look["likeness"], look["depth_falloff"]
    with zipfile.ZipFile(tmp_path / "old.ora", "w") as archive:
        for name, data in (entries | {"styfie/recipe.json": json.dumps(recipe).encode()}).items():
            archive.writestr(name, data)
    assert read_painting(tmp_path / "old.ora").looks["subject"].stroke == 1.0


def test_a_painting_of_before_some_names_changed_is_read(painting: Painting, tmp_path: Path) -> None:
    looks = {**painting.looks, "subject": replace(painting.looks["subject"], depth_falloff=0.75)}
    write_painting(replace(painting, looks=looks), tmp_path / "p.ora")
    renamed(tmp_path / "p.ora", tmp_path / "old.ora", {'"depth_falloff"': '"graded"'})
    assert read_painting(tmp_path / "old.ora").looks["subject"].depth_falloff == 0.75
    renamed(tmp_path / "p.ora", tmp_path / "bad.ora", {'"depth_falloff": 0.75': '"graded": "much"'})
    with pytest.raises(InputError):
        read_painting(tmp_path / "bad.ora")


def renamed(file: Path, other: Path, names: dict[str, str]) -> None:
    """Write a painting's file again with these words of its recipe in place of those."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    recipe = entries["styfie/recipe.json"].decode()
    for name, old in names.items():
        assert name in recipe
        recipe = recipe.replace(name, old)
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in (entries | {"styfie/recipe.json": recipe.encode()}).items():
            archive.writestr(name, data)


def test_every_field_of_a_look_is_read_back(painting: Painting, tmp_path: Path) -> None:
    other: dict[str, Any] = {"str": {"color": "keep", "brush": "oil", "bokeh": "disc", "match": "parts"}, "float": 0.25}
    plain = [field for field in fields(Look) if field.name != "styles"]
    values = {one.name: other["str"][one.name] if one.type == "str" else other["float"] for one in plain}
    assert all(values[one.name] != one.default for one in plain), "each differs from what is read if it is not stored"
    looks = dict(painting.looks) | {"subject": replace(painting.looks["subject"], **values)}
    write_painting(replace(painting, looks=looks), tmp_path / "p.ora")
    again = read_painting(tmp_path / "p.ora").looks["subject"]
    assert {name: getattr(again, name) for name in values} == values


def test_the_recipe_alone_of_a_file(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "p.ora")
    (tmp_path / "text.ora").write_text("no zip")
    assert stored_recipe(tmp_path / "p.ora")["settings"] == painting.recipe["settings"]
    assert stored_recipe(tmp_path / "text.ora") == stored_recipe(tmp_path / "none.ora") == {}


def test_what_other_looks_do_not_change_is_copied(painting: Painting, tmp_path: Path) -> None:
    write_painting(painting, tmp_path / "first.ora")
    write_painting(read_painting(tmp_path / "first.ora"), tmp_path / "p.ora")  # of 8 bits
    with zipfile.ZipFile(tmp_path / "p.ora", "a") as archive:
        archive.writestr("styfie/state.safetensors", b"of a run")
    found = read_painting(tmp_path / "p.ora", styles=False)
    assert not found.looks["hair"].styles[0].picture.any()
    assert found.looks["hair"].styles[0].picture.shape == painting.looks["hair"].styles[0].picture.shape
    found = replace(found, looks={name: replace(look, strength=0.2) for name, look in found.looks.items()})
    write_painting(found, tmp_path / "copied.ora", like=tmp_path / "p.ora")
    whole = read_painting(tmp_path / "p.ora")
    write_painting(
        replace(whole, looks={n: replace(k, strength=0.2) for n, k in whole.looks.items()}), tmp_path / "made"
    )
    assert (tmp_path / "copied.ora").read_bytes() == (tmp_path / "made").read_bytes()


def test_eight_bits_are_those_of_the_whole_picture() -> None:
    picture = 1.2 * torch.rand(1, 3, 150, 21, generator=torch.Generator().manual_seed(5)) - 0.1
    matte = picture[:, :1]
    for found, wanted in (
        (eight_bits(picture), to_image(picture)),
        (eight_bits(picture, matte), to_image(picture, matte)),
        (eight_bits(matte), to_image(matte)),
    ):
        assert (found.mode, found.size, found.tobytes()) == (wanted.mode, wanted.size, wanted.tobytes())


def test_threads_keep_the_order_and_do_not_run_ahead() -> None:
    begun: list[int] = []

    def given() -> Iterator[int]:
        for i in range(20):
            begun.append(i)
            yield i

    for i, found in enumerate(in_threads(lambda one: one * one, given())):
        assert found == i * i
        assert len(begun) <= i + 5
    assert len(begun) == 20


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"{", b"[" * 100_000, 1),  # deeper than Python goes
        lambda data: data.replace(b"{", b"9" * 5000, 1),
        lambda data: b"",
    ],
)
def test_the_recipe_alone_of_a_damaged_file_is_none(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "p.ora", "w") as archive:
        archive.writestr("styfie/recipe.json", damage(b'{"regions": ["subject"]}'))
    assert stored_recipe(tmp_path / "p.ora") == {}
    assert region_names(tmp_path / "p.ora") == ()


def test_the_recipe_alone_of_an_entry_packed_as_nobody_knows_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.ora", "w") as archive:
        archive.writestr("styfie/recipe.json", b"{}")
    content = bytearray((tmp_path / "p.ora").read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 77  # the method
    (tmp_path / "p.ora").write_bytes(content)
    assert stored_recipe(tmp_path / "p.ora") == {}


@pytest.mark.parametrize("settings", [{"radius": 1e300}, {"radius": -1}, {"radius": 2**70}, {"lens": "spoon"}])
def test_a_blur_that_cannot_be_is_refused_before_it_is_tried(
    painting: Painting, tmp_path: Path, settings: dict[str, Any]
) -> None:
    write_painting(replace(painting, recipe={"settings": settings}), tmp_path / "p.ora")
    with pytest.raises(InputError, match="damaged"):
        read_painting(tmp_path / "p.ora")


def test_a_style_called_by_half_a_character_is_refused(painting: Painting, tmp_path: Path) -> None:
    look = replace(painting.looks["hair"], styles=(replace(painting.looks["hair"].styles[0], name="\ud800"),))
    write_painting(replace(painting, looks={**painting.looks, "hair": look}), tmp_path / "p.ora")
    with pytest.raises(InputError, match="damaged"):
        read_painting(tmp_path / "p.ora")
