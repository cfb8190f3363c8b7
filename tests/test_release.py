"""What a release is checked for, by archives that are made to lack or hold something; and that files agree."""

from __future__ import annotations

import errno
import importlib.util
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from styfie._version import __version__

ROOT = Path(__file__).parent.parent


@pytest.fixture
def dist() -> ModuleType:
    """The script behind `make dist`."""
    spec = importlib.util.spec_from_file_location("release_dist", ROOT / "release" / "dist.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def wheel(file: Path, *names: str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return file


def test_a_wheel_is_checked_for_what_is_in_it(dist: ModuleType, tmp_path: Path) -> None:
    whole = (*dist.WANTED, "styfie-1.dist-info/licenses/LICENSE")
    assert list(dist.wheel_faults(wheel(tmp_path / "a.whl", *whole))) == []
    bad = wheel(tmp_path / "b.whl", *whole[1:], "tests/test_a.py", "styfie/web/page/types.d.ts")
    said = "\n".join(dist.wheel_faults(bad))
    assert "lacks styfie/assets/encoder.safetensors" in said
    assert "holds tests/test_a.py" in said and "holds styfie/web/page/types.d.ts" in said
    with zipfile.ZipFile(tmp_path / "a.whl", "a") as archive:
        archive.writestr("styfie/large.safetensors", bytes(int(dist.MOST) + 1))
    assert "at most 20 are wanted" in "\n".join(dist.wheel_faults(tmp_path / "a.whl"))


def test_what_it_wants_is_in_the_package(dist: ModuleType) -> None:
    inside = [name for name in dist.WANTED if not name.endswith("WEIGHTS.md")]  # which is put there when it is built
    assert all((ROOT / "src" / name).is_file() for name in inside)


def test_the_weights_in_the_package_are_as_few_as_a_release_wants(dist: ModuleType) -> None:
    """Found here and not first when a release is built; all of them are looked for in it."""
    weights = list((ROOT / "src/styfie/assets").rglob("*.safetensors"))
    assert sum(file.stat().st_size for file in weights) <= dist.MOST
    assert {f"styfie/assets/{file.name}" for file in weights} <= set(dist.WANTED)


def test_a_source_archive_wants_what_it_is_built_with(dist: ModuleType, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(ROOT / "pyproject.toml", "styfie-1/pyproject.toml")
    said = "\n".join(dist.archive_faults(tmp_path / "a.tar.gz"))
    assert "release/publisher.toml" in said and "pyproject.toml" not in said


def test_what_the_publisher_knows_is_said_alike_or_said_to_be_empty(dist: ModuleType, tmp_path: Path) -> None:
    assert list(dist.publisher_faults(ROOT)) == []
    (tmp_path / "release").mkdir()
    text = (ROOT / "release" / "publisher.toml").read_text(encoding="utf-8")
    assert 'doi = ""' in text
    (tmp_path / "release" / "publisher.toml").write_text(text.replace('doi = ""', 'doi = "10.1/x"'), encoding="utf-8")
    (tmp_path / "CITATION.cff").write_text("title: Styfie\n", encoding="utf-8")
    assert "CITATION.cff does not name the doi" in "\n".join(dist.publisher_faults(tmp_path))
    assert "citation.doi" not in dist.empty(tmp_path) and "urls.Homepage" in dist.empty(tmp_path)


def test_an_inventory_has_the_optional_parts_too(dist: ModuleType) -> None:
    assert {"heif", "onnx", "video", "web"} <= set(dist.optional_parts(ROOT))
    assert not {"dev", "docs"} & set(dist.optional_parts(ROOT))


def test_what_is_tried_has_no_network_but_its_own(dist: ModuleType) -> None:
    if not (before := dist.cut_off()):
        pytest.skip("no network namespace is granted here")
    code = "import socket; print(socket.socket().connect_ex(('192.0.2.1', 9)))"  # an address of nobody's, RFC 5737
    done = subprocess.run([*before, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == errno.ENETUNREACH


def test_files_name_this_version() -> None:
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
