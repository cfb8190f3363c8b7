"""The package's own imports, read from its whole syntax tree: lazy ones within functions count as all others."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

import styfie

COMMAND = Path(__file__).parent.parent / "docs" / "imports.py"
SVG = "{http://www.w3.org/2000/svg}"
CHAIN = (("cli", "pipeline"), ("pipeline", "images"), ("cli", "images"))


@pytest.fixture(scope="module")
def picture() -> ModuleType:
    """The command that prints the import picture."""
    spec = importlib.util.spec_from_file_location("docs_imports", COMMAND)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose faults are known: `images` takes from `cli`, lazily, and shares a circle with `regions`."""
    root = tmp_path / "styfie"
    (root / "cli").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "cli" / "__init__.py").write_text("def main(): ...\n_hidden = 1\n")
    (root / "images.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from styfie.web import Page\n"
        "def f():\n    from styfie.cli import main\n    from .regions import g\n"
    )
    (root / "regions.py").write_text("import styfie.images as images\nclass C:\n    def h(self, o): return o._secret\n")
    (root / "web.py").write_text("from styfie.cli import _hidden\nclass Page:\n    def k(self): return self._own\n")
    return root


def test_faults_are_found_wherever_they_stand(picture: ModuleType, package: Path) -> None:
    found = picture.read_imports(package)
    assert [(one.source, one.target) for one in picture.arrows_up(found)] == [
        ("styfie.images", "styfie.cli"),
        ("styfie.web", "styfie.cli"),
    ]
    assert picture.circles(found) == picture.circles(picture.read_imports(package))
    assert picture.circles(found) == [["styfie.images", "styfie.regions"]]
    assert picture.room_circles(found) == [["images", "regions"]]
    private = picture.private_names(package)
    assert len(private) == 2 and private[0].endswith("takes _hidden") and private[1].endswith("takes o._secret")


def test_no_arrow_points_up_and_no_import_is_a_circle(picture: ModuleType) -> None:
    found = picture.read_imports()
    assert [str(one) for one in picture.arrows_up(found)] == []
    assert picture.circles(found) == [] == picture.room_circles(found)


def test_no_module_takes_what_another_keeps_for_itself(picture: ModuleType) -> None:
    assert picture.private_names() == []


def test_every_room_has_its_place_and_every_place_a_room(picture: ModuleType) -> None:
    assert Path(styfie.__file__).parent == picture.ROOT
    rooms = {picture.room(name) for name in picture.modules()}
    named = {name.partition(".")[0] for line in picture.ORDER for name in line}
    assert rooms == named


def test_the_drawing_has_every_place_and_no_arrow_that_follows_from_others(picture: ModuleType) -> None:
    """`a -> b -> c` leaves `a -> c` out; what is drawn is well-formed, every box within it and no arrow but down."""
    chain = [picture.Import(f"styfie.{one}", f"styfie.{other}", 1, (), False) for one, other in CHAIN]
    assert picture.arrows(chain) == {"cli": {"pipeline"}, "pipeline": {"images"}, "images": set()}
    found = picture.read_imports()
    drawn = ElementTree.fromstring(picture.draw(found))
    width, height = (float(one) for one in drawn.attrib["viewBox"].split()[2:])
    boxes = {one.findtext(f"{SVG}text"): one.find(f"{SVG}rect") for one in drawn.iter(f"{SVG}g")}
    assert set(boxes) == set(picture.arrows(found))
    for box in boxes.values():
        assert box is not None
        left, top, across = (float(box.attrib[name]) for name in ("x", "y", "width"))
        assert 0 <= left <= left + across <= width and 0 <= top < height
    lines = [path.attrib["d"] for path in drawn.iter(f"{SVG}path") if "marker-end" in path.attrib]
    assert len(lines) == sum(map(len, picture.arrows(found).values()))
    for line in lines:
        numbers = [float(one) for one in re.findall(r"[\d.]+", line)]
        assert numbers[1] <= numbers[-1], "downwards, or within a row"
