"""The commands of README and docs: run as they stand there, on small pictures, or parsed where they cannot be run."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from styfie.cli import app
from styfie.pipeline import PORTRAIT
from tests.documents import ROOT

SMALLER: dict[tuple[str, ...], tuple[str, ...]] = {  # options that make a command small which no setting does
    ("train", "segmenter"): ("--size", "32", "--steps", "1", "--batch", "2"),
    ("train", "style"): ("--steps", "1", "--width", "0.125"),
}
MADE = {  # files that pages speak of, and what makes those that are not there yet
    "painted/painting.ora": "paint me.jpg --engine fast -o painted",
    "painted/strokes.json": "paint me.jpg --engine strokes --subject autumn --size 96 -o painted",
    "runs/mine/my_painting.safetensors": "train style my_painting.jpg --photos photos/ -o runs/mine",
}
UNRUN = {  # the beginning of a command, and why it is not run here but parsed alone
    "styfie web": "it serves until Ctrl-C; the page's own tests start it",
    "styfie paint --watch": "it watches a folder until Ctrl-C",
    "styfie --install-completion": "it changes the user's shell",
    "styfie --show-completion": "it wants a shell",
    "styfie train segmenter --preset scratch": "its data are not part of the repository",
    "styfie train segmenter --arch pose": "its data and MediaPipe's file are not part of the repository",
    "styfie train segmenter --arch guided": "its data and MediaPipe's file are not part of the repository",
    "styfie train segmenter --arch unet88": "88 million parameters want a GPU; tests/training trains it narrow",
    "styfie paint me.jpg --preset paper --segmenter": "its segmenter is the one above; tests/cli/test_preset.py",
    "styfie paint me.jpg --engine filters --segmenter": "after the one step of the command before it finds nobody",
    "styfie train style my_painting.jpg --photos photos/ --encoder vgg16": "it wants VGG; training/test_published",
    "styfie train parts": "its data are not part of the repository",
    "styfie train clicks": "its data are not part of the repository",
    "styfie train depth": "its data are not part of the repository",
    "styfie evaluate clicks": "its data are not part of the repository",
    "python3 -m http.server": "it serves until Ctrl-C",
    "torchrun": "it wants several GPUs; tests/training/test_loop.py has two processes",
    "styfie paint holiday/ --on": "a cluster takes long to start; tests/test_cluster.py has one",
    "docker": "no daemon is here; the steps of the Dockerfile were run one by one",
    "sbatch": "Slurm is not here; tests/test_deploy.py has a stand-in",
    "RAY_ADDRESS=": "no cluster is here; tests/test_deploy.py has a stand-in",
}
FOREIGN = ("curl", "display", "exiftool", "sha256sum", "unzip")  # other people's programs, which may not be here
OPTIONS = {"--help", "--version", "--install-completion"}
COMMAND: Any = typer.main.get_command(app)


def run_command(words: list[str], place: str, install: Callable[[str], None]) -> None:
    """Run a command of a page, or see that it could be."""
    said = " ".join(words)
    match words:
        case _ if piped := set(words) & {"|", "<", ">"}:  # what speaks to other programs is parsed, each part by itself
            for part in " ".join(words).split(" | "):
                own = re.split(r" [<>] ", part)[0].split()
                assert own[0] in ("styfie", *FOREIGN), f"{place}: {piped} beside {own[0]}"
                if own[0] == "styfie":
                    parse(own[1:], place)
        case [program, *_] if program in FOREIGN:
            return
        case ["styfie", *rest] if not any(said.startswith(one) for one in UNRUN):
            run_styfie(rest, place)
        case ["styfie", *rest]:
            parse(rest, place)
        case ["torchrun", *rest]:
            parse(rest[rest.index("styfie") + 1 :], place)
        case ["pip", "install", *what] | ["python", "-m", "pip", "install", *what]:
            check_install(what, place, install)
        case ["make", *targets]:
            for target in targets:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), place
        case ["python", "-m", "pytest", *paths]:
            assert all((ROOT / path).exists() for path in paths if not path.startswith("-")), place
        case ["python", "-m", module, *options]:
            check_script(ROOT / f"{module.replace('.', '/')}.py", options, place)
        case _ if any(said.startswith(one) for one in UNRUN):
            return
        case ["python", script, *options]:
            check_script(ROOT / script, options, place)
        case _:
            raise AssertionError(f"{place}: neither run nor said why not")


def run_styfie(words: list[str], place: str) -> None:
    """Run the command line on the small."""
    for word in words:
        if word.endswith(".mp4") and "/" not in word and "--timelapse" not in words:
            _make_clip(Path(word))
    if any(word.endswith(".HEIC") for word in words):
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.from_pillow(Image.open("me.jpg")).save("IMG_0042.HEIC")
    make_missing(words)
    done = CliRunner().invoke(app, [*words, *SMALLER.get(tuple(words[:2]), ())])
    assert done.exit_code == 0, f"{place}\n{done.output}\n{done.exception!r}"


def make_missing(words: Collection[str]) -> None:
    """Make files that are spoken of and not there."""
    for file, made in MADE.items():
        if file in words and not Path(file).exists():
            run_styfie(made.split(), file)


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words begin with, and the words after its name."""
    command, rest = COMMAND, list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    return command, rest


def parse(words: list[str], place: str) -> None:
    """Have the command line read its options, and do nothing."""
    command, rest = find_command(words)
    if command is COMMAND:  # whose options do what they say while they are read
        assert {word for word in rest if word.startswith("-")} <= options_of(command), place
        return
    try:
        command.make_context(place, rest)
    except Exception as error:
        raise AssertionError(f"{place}: {error}") from error


def check_install(words: list[str], place: str, install: Callable[[str], None]) -> None:
    """Install a package of the page's own; of Styfie itself see that its extras and files are there."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for word in words:
        for extra in re.findall(r"\[([\w,-]+)\]", word):
            assert set(extra.split(",")) <= set(extras), f"{place}: there is no extra {extra}"
    if words[:1] == ["-c"]:
        assert (ROOT / words[1]).is_file(), place
    elif words[-1].startswith("./"):
        install(words[-1])


def check_script(file: Path, options: list[str], place: str) -> None:
    """See that a script of the repository is there and knows its options."""
    assert file.is_file(), f"{place}: there is no {file.name}"
    known = "\n".join(texts_of(one) for one in (file, ROOT / "benchmarks" / "common.py")).splitlines()
    missing = [option for option in options if option.startswith("--") and option not in known]
    assert not missing, f"{place}: {file.name} knows no {' '.join(missing)}"


@cache
def options_of(command: Any) -> set[str]:
    """All options of a command and of those below it."""
    below = getattr(command, "commands", {}).values()
    own = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return own.union(OPTIONS, *(options_of(one) for one in below))


def _make_clip(file: Path) -> None:
    """Three seconds of the portrait, two frames each."""
    av = pytest.importorskip("av")
    with Image.open(PORTRAIT) as image:
        frame = av.VideoFrame.from_image(image.convert("RGB").resize((96, 120)))
    with av.open(str(file), "w") as out:
        stream = out.add_stream("mpeg4", rate=2)
        stream.width, stream.height, stream.pix_fmt = 96, 120, "yuv420p"
        for n in range(6):
            frame.pts = n
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def texts_of(file: Path) -> str:
    """All texts of a module, those parts of one expression joined and what is computed left out."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(one.value) for one in node.values if isinstance(one, ast.Constant)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return "\n".join(found)
