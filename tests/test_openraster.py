from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.openraster import read_painting, write_painting
from styfie.painting import Painting
from styfie.regions import Regions
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
