"""Registries: what is built in, what installed packages add, and what becomes of those that are broken."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from styfie.errors import InputError, MissingError
from styfie.registry import Entry, Registry, load

PACKAGES = {
    "good": ('ENTRY = Entry("Good", "tests.nothing:at_all")', "good:ENTRY"),
    "missing": ("import no_such_package", "missing:ENTRY"),
    "faulty": ("raise RuntimeError('no\\nluck')", "faulty:ENTRY"),
    "other": ("ENTRY = 3", "other:ENTRY"),
    "taken": ('ENTRY = Entry("Taken", "a:b")', "taken:ENTRY"),
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Installed packages, as files that say so; `taken` adds the name of what is built in."""
    for name, (code, value) in PACKAGES.items():
        (tmp_path / f"{name}.py").write_text(f"from styfie.registry import Entry\n{code}\n")
        info = tmp_path / f"the_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: the-{name}\nVersion: 1.0\n")
        called = "plain" if name == "taken" else name
        (info / "entry_points.txt").write_text(
            f"[tests.things]\n{called} = {value}\n[styfie.engines]\n{called} = {value}\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in PACKAGES:
        sys.modules.pop(name, None)


def things() -> Registry[Entry]:
    return Registry("thing", Entry, {"plain": Entry("Plain", "os.path:join")}, "tests.things")


@pytest.mark.usefixtures("packages")
def test_installed_packages_add_entries_after_the_built_in_ones() -> None:
    known = things()
    assert list(known) == ["plain", "good"] and len(known) == 2
    assert known.find("good").title == known["good"].title == "Good"
    assert known["plain"].title == "Plain" and known["plain"].load() is os.path.join


@pytest.mark.usefixtures("packages")
def test_a_broken_package_is_one_sentence_that_names_it() -> None:
    known = things()
    for name, why in (("missing", "no_such_package"), ("faulty", "RuntimeError: no luck"), ("other", "is no Entry")):
        with pytest.raises(MissingError, match=f"of the package the-{name} cannot be used .*{why}") as refused:
            known.find(name)
        assert "\n" not in str(refused.value)
    assert set(known.broken) == {"missing", "faulty", "other", "plain of the-taken"}


@pytest.mark.usefixtures("packages")
def test_what_is_not_known_is_told_with_what_is() -> None:
    with pytest.raises(InputError, match=r"There is no thing 'x': known are auto, plain, good, or yours\."):
        things().find("x", "auto, ", ", or yours")


def test_packages_are_asked_only_when_somebody_looks_beyond_what_is_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("styfie.registry.entry_points", never)
    known = things()
    assert known["plain"] is known.find("plain")
    with pytest.raises(AssertionError):
        list(known)


def test_an_entry_is_put_in_by_hand_and_taken_out() -> None:
    known = Registry("thing", Entry, {})
    known["mine"] = Entry("Mine", "os.path:join")
    assert dict(known) == {"mine": known["mine"]}
    del known["mine"]
    assert not known


def test_a_path_that_leads_nowhere_is_said() -> None:
    with pytest.raises(MissingError, match=r"no_such_module:name cannot be loaded"):
        load("no_such_module:name")
    with pytest.raises(MissingError, match=r"os\.path has no nothing"):
        load("os.path:nothing")


def test_help_and_lists_work_beside_broken_packages(packages: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(packages), *sys.path]), "COLUMNS": "200"}
    command = [sys.executable, "-m", "styfie"]
    helped = subprocess.run([*command, "--help"], env=env, capture_output=True, text=True, check=True)
    assert "paint" in helped.stdout and helped.stderr == ""
    listed = subprocess.run([*command, "list", "engines"], env=env, capture_output=True, text=True, check=True)
    assert "optimise" in listed.stdout
    assert "of the package the-missing cannot be used" in listed.stderr and "Traceback" not in listed.stderr
