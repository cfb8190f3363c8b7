"""Every command and every block of code in README and docs is run as it stands there, on small pictures.

A page's blocks are run in their order in a folder that has the photos they speak of. A block with a title is the text
of a file. What cannot be run here stands in `UNRUN`, with the reason, and is at least parsed by its own parser.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.cli.lists import registries
from styfie.encoders.vgg import Vgg
from styfie.gallery import GALLERY, draw
from styfie.images import to_image
from styfie.pipeline import PORTRAIT
from styfie.registry import Registry
from styfie.settings import Settings
from tests.document_commands import COMMAND, UNRUN, find_command, make_missing, options_of, run_command, texts_of
from tests.documents import ROOT, SHELLS, blocks, commands, dead_links, pages, spans
from tests.test_example import INSTALL
from tests.web.tokens import TOKEN, address_in, write_token

SIZE, STEPS = 96, 1  # pixels and steps of whatever is painted
SMALL = {  # constants that no setting changes
    "styfie.styles.DRAWN": SIZE,  # pixels of gallery styles
    "styfie.segmentation.jseg.segmenter.JSEG_SIZE": SIZE,  # pixels at which its regions are looked for
    "styfie.engines.strokes.paint.MAX_DENSITY": 0.05,  # share of the usual number of strokes
    "styfie.engines.describe_plan": lambda *_: "",  # it times some steps
    **dict.fromkeys(
        ("styfie.engines.classic.load_vgg", "styfie.engines.gatys.load_vgg", "styfie.encoders.vgg.load_vgg19"),
        lambda name="vgg19", pooling="max": narrow_vgg(int(name.removeprefix("vgg")), pooling),
    ),  # the published weights are fetched
}
ADDRESS = "http://127.0.0.1:8790"  # a block that speaks of it is run beside a server
PATIENT = "import styfie.web.uploads as uploads; uploads.LATE = 900; from styfie.__main__ import run; run()"
TOKEN_FILE = "styfie.token"  # where the pages keep the token of theirs
FOLDERS = ("src", "tests", "docs", "benchmarks")  # of the repository's Python
LOG = "styfie.log"  # a file
PRESENT = [page for page in pages() if page != "CHANGELOG.md"]  # which tells of what was, too


def narrow_vgg(depth: int, pooling: str) -> Vgg:
    """Random weights in VGG's shape, but for their widths."""
    torch.manual_seed(0)
    return Vgg(depth, pooling, widths=(4, 6, 8, 8, 8)).eval().requires_grad_(False)


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server; its token is the tests'."""
    pytest.importorskip("fastapi")
    folder = tmp_path_factory.mktemp("web")
    command = [sys.executable, "-u", "-c", PATIENT, "web", str(folder), "--port", "0", "--no-browser"]
    token = ["--token-file", str(write_token(folder))]
    with subprocess.Popen([*command, *token], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield address_in(process.stdout.readline())
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


@pytest.mark.slow
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
            (folder / TOKEN_FILE).write_text(TOKEN)
            text = block.text.replace(ADDRESS, request.getfixturevalue("server")).replace("timeout=60", "timeout=900")
            shell = ["bash", "-ec"] if block.language in SHELLS else [sys.executable, "-c"]
            if shutil.which("curl") or "curl" not in text:
                done = subprocess.run([*shell, text], capture_output=True, text=True)
                assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        elif block.language == "python":
            make_missing(re.findall(r'"([^"\n]+)"', block.text))
            exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)
        elif block.language in SHELLS:
            for words in commands(block):
                run_command(words, f"{block}: {' '.join(words)}", installed)


@pytest.mark.parametrize("page", PRESENT)
def test_commands_and_options_in_sentences_are_there(page: str) -> None:
    """`styfie …` and `--option` in a sentence or a table, whose values may be words in capitals."""
    every = options_of(COMMAND)
    for place, span in spans(page):
        words = span.split()
        if span.startswith("styfie "):
            command, rest = find_command(words[1:])
            assert command.name not in (None, "styfie") or not rest or rest[0].startswith("-"), f"{place}: {span}"
            known = options_of(command)
        elif span.startswith("--"):
            known = every
        else:
            continue
        named = [re.split(r"[=|,\[]", word)[0] for word in words if word.startswith("--")]
        assert set(named) <= known, f"{place}: {span}"


def test_sentences_that_troubleshooting_quotes_are_said() -> None:
    """What stands in bold and quotation marks is in the code, but for the dots."""
    said = "\n".join(texts_of(file) for file in (ROOT / "src" / "styfie").rglob("*.py"))
    text = " ".join((ROOT / "docs/troubleshooting.md").read_text().split())
    quoted = [quote for bold in re.findall(r"\*\*(.+?)\*\*", text) for quote in re.findall(r'"([^"]+)"', bold)]
    assert len(quoted) > 5
    for quote in quoted:
        for part in quote.split("…"):
            assert part in said, quote


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


def test_the_site_has_the_tab_as_its_demo_where_that_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mkdocs")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    hooks = importlib.import_module("hooks")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="tab.md"))
    text = (ROOT / "docs" / "tab.md").read_text()
    monkeypatch.setattr(hooks, "TAB", tmp_path / "tab")
    assert "demo/index.html" not in hooks.on_page_markdown(text, page)
    hooks.on_post_build({"site_dir": str(tmp_path / "site")})
    assert not (tmp_path / "site").exists()
    (tmp_path / "tab" / "engine").mkdir(parents=True)
    for name in ("index.html", "engine/worker.js"):
        (tmp_path / "tab" / name).write_text(name)
    assert 'href="demo/index.html"' in hooks.on_page_markdown(text, page)
    hooks.on_post_build({"site_dir": str(tmp_path / "site")})
    assert (tmp_path / "site" / "demo" / "engine" / "worker.js").read_text() == "engine/worker.js"
