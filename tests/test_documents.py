"""Every command and every block of code in README and docs is run as it stands there, on small pictures.

A page's blocks are run in their order in a folder that has the photos they speak of. A block with a title is the text
of a file. What cannot be run here stands in `UNRUN`, with the reason, and is at least parsed by its own parser.
"""

from __future__ import annotations

import ast
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from styfie.cli import app
from styfie.cli.lists import registries
from styfie.gallery import GALLERY, draw
from styfie.images import to_image
from styfie.pipeline import PORTRAIT
from styfie.registry import Registry
from styfie.settings import Settings
from tests.documents import ROOT, SHELLS, blocks, commands, dead_links, pages, spans
from tests.test_example import INSTALL

SIZE, STEPS = 96, 1  # pixels and steps of whatever is painted
SMALL = {  # constants that no setting changes
    "styfie.styles.DRAWN": SIZE,  # pixels of gallery styles
    "styfie.segmentation.jseg.segmenter.JSEG_SIZE": SIZE,  # pixels at which its regions are looked for
    "styfie.engines.strokes.paint.MAX_DENSITY": 0.05,  # share of the usual number of strokes
    "styfie.engines.describe_plan": lambda *_: "",  # it times some steps
}
SMALLER: dict[tuple[str, ...], tuple[str, ...]] = {  # options that make a command small which no setting does
    ("train", "segmenter"): ("--size", "32", "--steps", "1", "--batch", "2"),
    ("train", "style"): ("--steps", "1", "--width", "0.125"),
}
MADE = {  # files that pages speak of, and what makes those that are not there yet
    "painted/painting.ora": "paint me.jpg --engine fast -o painted",
    "painted/strokes.json": "paint me.jpg --engine strokes --subject autumn --size 48 -o painted",
    "runs/mine/my_painting.safetensors": "train style my_painting.jpg --photos photos/ -o runs/mine",
}
UNRUN = {  # the beginning of a command, and why it is not run here but parsed alone
    "styfie web": "it serves until Ctrl-C; the page's own tests start it",
    "styfie paint --watch": "it watches a folder until Ctrl-C",
    "styfie --install-completion": "it changes the user's shell",
    "styfie --show-completion": "it wants a shell",
    "styfie train segmenter --preset scratch": "its data are not part of the repository",
    "styfie train clicks": "its data are not part of the repository",
    "styfie evaluate clicks": "its data are not part of the repository",
    "python3 -m http.server": "it serves until Ctrl-C",
    "torchrun": "it wants several GPUs; tests/training/test_loop.py has two processes",
    "styfie paint holiday/ --on": "a cluster takes long to start; tests/test_cluster.py has one",
    "sbatch": "Slurm is not here; tests/test_deploy.py has a stand-in",
    "RAY_ADDRESS=": "no cluster is here; tests/test_deploy.py has a stand-in",
}
ADDRESS = "http://127.0.0.1:8790"  # a block that speaks of it is run beside a server
PATIENT = "import styfie.web.uploads as uploads; uploads.LATE = 900; from styfie.__main__ import run; run()"
FOREIGN = ("curl", "display", "exiftool", "sha256sum", "unzip")  # other people's programs, which may not be here
FOLDERS = ("src", "tests", "docs", "benchmarks")  # of the repository's Python
LOG = "styfie.log"  # a file
PRESENT = [page for page in pages() if page != "CHANGELOG.md"]  # which tells of what was, too
OPTIONS = {"--help", "--version", "--install-completion"}
COMMAND: Any = typer.main.get_command(app)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that ask for more than `SIZE` pixels and `STEPS` steps are cut down to them."""
    check = Settings.__post_init__

    def cut(self: Settings) -> None:
        check(self)
        object.__setattr__(self, "size", min(self.size, SIZE))
        object.__setattr__(self, "steps", STEPS)

    monkeypatch.setattr(Settings, "__post_init__", cut)
    for name, value in SMALL.items():
        monkeypatch.setattr(name, value)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that pages speak of, all from the built-in portrait and gallery."""
    folder = tmp_path_factory.mktemp("pictures")
    with Image.open(PORTRAIT) as image:
        photo = image.convert("RGB").resize((400, 500))
    pair = Image.new("RGB", photo.size)
    for left in (0, 200):
        pair.paste(photo.crop((100, 0, 300, 500)), (left, 0))
    for name in ("me.jpg", "other.jpg", "holiday/a.jpg", "holiday/b.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        photo.save(folder / name)
    pair.save(folder / "us.jpg")
    for name, style, width in (("my_painting.jpg", "autumn", 256), ("garden.jpg", "watercolour", 80)):
        to_image(draw(style, 5 * width // 4, width)).save(folder / name)
    (folder / "photos").mkdir()
    for n, style in enumerate(("waves", "dots", "mosaic", "ink")):
        to_image(draw(style, 256)).save(folder / "photos" / f"{n}.jpg")
    upper = Image.new("L", (400, 500))
    upper.paste(255, (0, 0, 400, 120))
    upper.save(folder / "sky.png")
    _make_training(folder)
    return folder


def _make_training(folder: Path) -> None:
    """A folder of portraits with masks, and pictures without people."""
    for kind in ("image", "mask"):
        (folder / "portraits" / kind).mkdir(parents=True)
    for n in range(12):
        mask = Image.new("L", (64, 48))
        mask.paste(255, (20, 8, 44, 48))
        picture = Image.fromarray(np.random.default_rng(n).integers(0, 255, (48, 64, 3), dtype=np.uint8))
        picture.paste((200, 150, 120), mask=mask)
        picture.save(folder / "portraits" / "image" / f"a{n}_{n}.jpg")
        mask.save(folder / "portraits" / "mask" / f"a{n}_{n}.png")
    shutil.make_archive(str(folder / "landscapes"), "zip", folder / "photos")


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server."""
    pytest.importorskip("fastapi")
    folder = str(tmp_path_factory.mktemp("web"))
    command = [sys.executable, "-u", "-c", PATIENT, "web", folder, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip("/")
        process.terminate()


@pytest.fixture
def folder(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a page's blocks run."""
    shutil.copytree(pictures, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """What installs a package of a page beside those that are there, until the test ends."""
    site, before = tmp_path / "site-packages", set(sys.modules)

    def install(source: str) -> None:
        pytest.importorskip("setuptools")
        if not Path(source).exists():
            shutil.copytree(ROOT / source, source)
        command = [sys.executable, "-m", "pip", "install", *INSTALL, "--target", str(site), source]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        monkeypatch.syspath_prepend(site)
        _forget_packages()

    yield install
    for name in set(sys.modules) - before:
        if site.exists() and (site / name.partition(".")[0]).exists():
            del sys.modules[name]
    _forget_packages()


def _forget_packages() -> None:
    """Have registries look again for what is installed."""
    for registry in registries().values():
        if isinstance(registry, Registry):
            registry.__dict__.pop("_added", None)
            registry.broken.clear()


def _restore(registry: Registry[Any], built_in: dict[str, Any]) -> None:
    registry.built_in.clear()
    registry.built_in.update(built_in)


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page)])
def test_a_page_runs(
    page: str,
    folder: Path,
    installed: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> None:
    for registry in (GALLERY, *registries().values()):  # a page may add to what is built in
        if isinstance(registry, Registry):
            request.addfinalizer(partial(_restore, registry, dict(registry.built_in)))
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.title:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.text)
        elif ADDRESS in block.text:
            text = block.text.replace(ADDRESS, request.getfixturevalue("server")).replace("timeout=60", "timeout=900")
            shell = ["bash", "-ec"] if block.language in SHELLS else [sys.executable, "-c"]
            if shutil.which("curl") or "curl" not in text:
                done = subprocess.run([*shell, text], capture_output=True, text=True)
                assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        elif block.language == "python":
            _make_missing(re.findall(r'"([^"\n]+)"', block.text))
            exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)
        elif block.language in SHELLS:
            for words in commands(block):
                run_command(words, f"{block}: {' '.join(words)}", installed)


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
    _make_missing(words)
    done = CliRunner().invoke(app, [*words, *SMALLER.get(tuple(words[:2]), ())])
    assert done.exit_code == 0, f"{place}\n{done.output}\n{done.exception!r}"


def _make_missing(words: Collection[str]) -> None:
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
        assert {word for word in rest if word.startswith("-")} <= _options(command), place
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
    known = "\n".join(_texts(one) for one in (file, ROOT / "benchmarks" / "common.py")).splitlines()
    missing = [option for option in options if option.startswith("--") and option not in known]
    assert not missing, f"{place}: {file.name} knows no {' '.join(missing)}"


@cache
def _options(command: Any) -> set[str]:
    """All options of a command and of those below it."""
    below = getattr(command, "commands", {}).values()
    own = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return own.union(OPTIONS, *(_options(one) for one in below))


@pytest.mark.parametrize("page", PRESENT)
def test_commands_and_options_in_sentences_are_there(page: str) -> None:
    """`styfie …` and `--option` in a sentence or a table, whose values may be words in capitals."""
    every = _options(COMMAND)
    for place, span in spans(page):
        words = span.split()
        if span.startswith("styfie "):
            command, rest = find_command(words[1:])
            assert command.name not in (None, "styfie") or not rest or rest[0].startswith("-"), f"{place}: {span}"
            known = _options(command)
        elif span.startswith("--"):
            known = every
        else:
            continue
        named = [re.split(r"[=|,\[]", word)[0] for word in words if word.startswith("--")]
        assert set(named) <= known, f"{place}: {span}"


def test_sentences_that_troubleshooting_quotes_are_said() -> None:
    """What stands in bold and quotation marks is in the code, but for the dots."""
    said = "\n".join(_texts(file) for file in (ROOT / "src" / "styfie").rglob("*.py"))
    text = " ".join((ROOT / "docs/troubleshooting.md").read_text().split())
    quoted = [quote for bold in re.findall(r"\*\*(.+?)\*\*", text) for quote in re.findall(r'"([^"]+)"', bold)]
    assert len(quoted) > 5
    for quote in quoted:
        for part in quote.split("…"):
            assert part in said, quote


def _texts(file: Path) -> str:
    """All texts of a module, those parts of one expression joined and what is computed left out."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(one.value) for one in node.values if isinstance(one, ast.Constant)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return "\n".join(found)


@pytest.mark.parametrize("page", PRESENT)
def test_files_and_names_in_sentences_are_there(page: str) -> None:
    """`FILE.py` is somewhere in the repository, `styfie.a.b` can be imported, or is a group of entry points."""
    files = [file.as_posix() for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    groups = [one.group for one in registries().values() if isinstance(one, Registry)]
    for place, span in spans(page):
        if re.fullmatch(r"[\w/-]+\.py", span):
            assert any(file.endswith(f"/{span}") for file in files), f"{place}: {span}"
        elif re.fullmatch(r"styfie(\.\w+)+", span) and span not in (*groups, LOG):
            assert pkgutil.resolve_name(span) is not None, f"{place}: {span}"


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    assert list(dead_links(page)) == []


def test_every_page_of_the_docs_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    listed = re.findall(r"[\w/-]+\.md", menu)
    docs = [page.removeprefix("docs/") for page in pages() if page.startswith("docs/")]
    assert sorted(listed) == sorted([*docs, "CHANGELOG.md", "CONTRIBUTING.md", "WEIGHTS.md"])


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


def test_every_reason_is_needed() -> None:
    shells = [block for page in pages() for block in blocks(page) if block.language in SHELLS]
    every = [" ".join(words) for block in shells for words in commands(block)]
    unused = [start for start in UNRUN if not any(said.startswith(start) for said in every)]
    assert not unused, f"No page says {' or '.join(unused)}: take the reason out"


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings")
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    fetched = re.compile(r"<(?:script|img|iframe|source)[^>]* src=\"?(?:https?:)?//|<link[^>]* href=\"?(?:https?:)?//")
    written = list(tmp_path.rglob("*.html"))
    assert len(written) > 20
    assert not [file for file in written if fetched.search(file.read_text())]
    assert 'class="imports"' in (tmp_path / "architecture.html").read_text()
