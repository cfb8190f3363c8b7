"""Build a release and try it: `python release/dist.py`, or `make dist`.

Source archive and wheel are built and checked; the source archive must give the same wheel as the tree. The wheel and
what it needs are gathered in a folder, and installed from there, without index and compiler, into a fresh environment
of every Python at hand. There README's first command paints with no network, and no compiler on the path. Beside them
come the licences of all that Styfie needs, or can use, and a software bill of materials (CycloneDX). Last is said what
of `publisher.toml` is still empty.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
CITATION_SCHEMA = "vendor.citation-file-format"
MOST = 20e6  # bytes of all weights
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
WANTED = (
    "styfie/assets/encoder.safetensors",
    "styfie/assets/segmenter.safetensors",
    "styfie/assets/parts.safetensors",
    "styfie/assets/clicks.safetensors",
    "styfie/assets/depth.safetensors",
    "styfie/assets/fast.safetensors",
    "styfie/assets/gallery.safetensors",
    "styfie/assets/portrait.jpg",
    "styfie/assets/WEIGHTS.md",
    "styfie/web/page/index.html",
    "styfie/py.typed",
)
SOURCES = (  # of the source archive: what the wheel is built with, and what `make` and the tests want
    "pyproject.toml",
    "LICENSE",
    "WEIGHTS.md",
    "Makefile",
    "Dockerfile",
    "release/publisher.toml",
    "release/metadata.py",
    "tests/conftest.py",
    "benchmarks/bench.py",
    "tab/build.mjs",
)
UNWANTED = ("tests/", "benchmarks/", "docs/", ".d.ts", ".pyc")
NO_NETWORK = """\
import socket
def refuse(*_, **__):
    raise OSError("this environment has no network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
"""
PHOTO = ROOT / "src" / "styfie" / "assets" / "portrait.jpg"
TRIES = (  # README's first command, small
    ("paint", "me.jpg", "--subject", "mosaic", "--background", "night", "-o", "painted", "--size", "128"),
    ("verify", "painted/painting.ora"),
    ("doctor",),
)


def main() -> None:
    """Build, check, install, try, and say what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", action="append", help="a Python to install into; those at hand if none is named")
    pythons = parser.parse_args().python or [one for one in PYTHONS if runs(one)] or [sys.executable]
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)  # the wheel from the source archive
    (wheel,), (archive,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    check_tree(wheel)
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, archive)
    run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", CITATION_SCHEMA, ROOT / "CITATION.cff")
    faults = [*wheel_faults(wheel), *archive_faults(archive), *publisher_faults(ROOT)]
    if faults:
        raise SystemExit("\n".join(faults))
    say(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB; {archive.name}: {archive.stat().st_size / 1e6:.1f} MB")
    for number, python in enumerate(pythons):
        with tempfile.TemporaryDirectory() as folder:
            try_in(python, wheel, Path(folder), inventory=number == 0)
    if missing := empty(ROOT):
        say(f"Still empty in release/publisher.toml, and left out: {', '.join(missing)}.")


def say(text: str) -> None:
    """A line, at once."""
    print(text, flush=True)


def runs(python: str) -> bool:
    """Whether a Python of that name is there and starts."""
    found = shutil.which(python)
    return found is not None and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0


def run(*command: str | Path, **more: object) -> None:
    """Run a command, and stop where it fails."""
    say("$ " + " ".join(Path(one).name if isinstance(one, Path) else one for one in command))
    if subprocess.run(command, check=False, **more).returncode:  # type: ignore[call-overload]
        raise SystemExit(f"{command[0]} failed.")


def check_tree(wheel: Path) -> None:
    """Stop where the tree itself gives another wheel than its source archive gave."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
        if (Path(folder) / wheel.name).read_bytes() != wheel.read_bytes():
            raise SystemExit(
                f"{wheel.name} is another one when it is built from the tree than from the source archive."
            )


def wheel_faults(wheel: Path) -> Iterator[str]:
    """What a wheel lacks, or should not hold."""
    with zipfile.ZipFile(wheel) as held:
        names = held.namelist()
        weights = sum(one.file_size for one in held.infolist() if one.filename.endswith(".safetensors"))
    if weights > MOST:
        yield f"{wheel.name} holds {weights / 1e6:.1f} MB of weights: at most {MOST / 1e6:.0f} are wanted."
    yield from (f"{wheel.name} lacks {name}." for name in WANTED if name not in names)
    yield from (f"{wheel.name} holds {n}." for n in names if n.startswith(UNWANTED[:3]) or n.endswith(UNWANTED[3:]))
    if not any(name.endswith("licenses/LICENSE") for name in names):
        yield f"{wheel.name} lacks the licence."


def archive_faults(archive: Path) -> Iterator[str]:
    """What a source archive lacks."""
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    yield from (f"{archive.name} lacks {name}." for name in SOURCES if name not in names)


def publisher_faults(root: Path) -> Iterator[str]:
    """What files say otherwise than `publisher.toml`."""
    known = publisher(root)
    for table, key, name in (("citation", "doi", "CITATION.cff"), ("security", "contact", "SECURITY.md")):
        value = known[table][key]
        if value and value not in (root / name).read_text(encoding="utf-8"):
            yield f"{name} does not name the {key} of release/publisher.toml: {value}."


def publisher(root: Path) -> dict[str, dict[str, str]]:
    """What `publisher.toml` says."""
    found: dict[str, dict[str, str]] = tomllib.loads((root / "release" / "publisher.toml").read_text(encoding="utf-8"))
    return found


def empty(root: Path) -> list[str]:
    """What of it is still empty."""
    return [f"{table}.{key}" for table, values in publisher(root).items() for key, value in values.items() if not value]


def optional_parts(root: Path) -> list[str]:
    """The extras that a user may install, without those for who develops Styfie."""
    known = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return [name for name in known["project"]["optional-dependencies"] if name not in ("dev", "docs")]


def try_in(python: str, wheel: Path, folder: Path, inventory: bool) -> None:
    """Install the wheel into a fresh environment, and paint there without a network; with an inventory if asked."""
    run(python, "-m", "venv", folder / "env")
    inside = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    own = inside / ("python.exe" if os.name == "nt" else "python")
    given = ("--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-c", CONSTRAINTS)
    run(own, "-m", "pip", "download", *given, "--dest", folder / "wheels", wheel)
    run(own, "-m", "pip", "install", *given, "--no-index", "--find-links", folder / "wheels", wheel)
    shutil.rmtree(folder / "wheels")  # some 200 MB
    shutil.copy(PHOTO, folder / "me.jpg")
    (folder / "offline").mkdir()
    (folder / "offline" / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    bare |= {"PYTHONPATH": str(folder / "offline"), "PATH": str(inside)}  # where there is no compiler
    for command in TRIES:
        run(*cut_off(), own, "-m", "styfie", *command, cwd=folder, env=bare)
    if inventory:  # of the optional parts, too
        run(own, "-m", "pip", "install", *given, f"{wheel}[{','.join(optional_parts(ROOT))}]")
        write_inventory(own, wheel)


def cut_off() -> tuple[str, ...]:
    """What begins a command that is to have no network but its own; nothing where the system grants none."""
    command = (shutil.which("unshare") or "", "--net", "--map-root-user")
    granted = command[0] and not subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    return command if granted else ()


def write_inventory(python: Path, wheel: Path) -> None:
    """Licences and bill of materials of an environment, beside the wheel."""
    name = "-".join(wheel.name.split("-")[:2])
    here: Sequence[str] = (sys.executable, "-m")
    run(
        *here,
        "piplicenses",
        "--python",
        python,
        "--format=markdown",
        "--with-urls",
        f"--output-file={DIST}/LICENCES.md",
    )
    bill = DIST / f"{name}.cdx.json"
    run(*here, "cyclonedx_py", "environment", python, "--pyproject", ROOT / "pyproject.toml", "--output-reproducible",
        "--output-file", bill)  # fmt: skip


if __name__ == "__main__":
    main()
