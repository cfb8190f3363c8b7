"""The table of weight files: what ships is what the table says, and nothing damaged is ever kept."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError

import platformdirs
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from styfie import weights
from styfie.errors import InputError, MissingError, OutputError
from styfie.weights import PACKAGED, WEIGHTS, checksums, fetch, load_packaged, locate, save_weights

CONTENT = b"weights" * 1000


class Answer(io.BytesIO):
    """What urlopen returns."""

    def __init__(self, content: bytes, url: str = "https://example.org/file") -> None:
        super().__init__(content)
        self.url = url


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "styfie"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: folder)
    return folder


@pytest.fixture
def small_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table's `vgg16` is a file of 7000 bytes."""
    checksum = "md5:" + hashlib.md5(CONTENT).hexdigest()
    monkeypatch.setitem(WEIGHTS, "vgg16", replace(WEIGHTS["vgg16"], size=len(CONTENT), checksum=checksum))


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[str]]:
    """Let urlopen answer, or raise, as told; returns the list of addresses asked for."""

    def let(what: Any) -> list[str]:
        asked: list[str] = []

        def urlopen(url: str, timeout: float) -> Any:
            asked.append(url)
            if isinstance(what, Exception):
                raise what
            return what

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        return asked

    return let


@pytest.mark.parametrize("name", PACKAGED)
def test_what_ships_is_what_the_table_says(name: str) -> None:
    found = hashlib.sha256((weights.ASSETS / WEIGHTS[name].file).read_bytes()).hexdigest()
    assert WEIGHTS[name].checksum == f"sha256:{found}"
    assert checksums()[name] == found
    assert all(value.dtype == torch.float32 for value in load_packaged(name).values() if value.is_floating_point())


def test_every_entry_is_complete() -> None:
    for entry in WEIGHTS.values():
        algorithm, _, digest = entry.checksum.partition(":")
        assert len(digest) == {"sha256": 64, "md5": 32}[algorithm]
        assert entry.packaged == (algorithm == "sha256")
        assert entry.size and entry.licence and entry.origin and "http://" not in entry.source


def test_missing_and_damaged_files_are_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = bytearray((weights.ASSETS / "encoder.safetensors").read_bytes())
    monkeypatch.setattr(weights, "ASSETS", tmp_path)
    with pytest.raises(MissingError, match="install styfie anew"):
        load_packaged("encoder")
    content[-1] ^= 1
    (tmp_path / "encoder.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"encoder\.safetensors are damaged \(another sha256"):
        load_packaged("encoder")
    (tmp_path / "encoder.safetensors").write_bytes(content[:100])
    with pytest.raises(InputError, match="100 bytes"):
        load_packaged("encoder")


def test_unknown_names_are_answered_with_the_known() -> None:
    with pytest.raises(InputError, match="known are encoder"):
        load_packaged("vgg16")
    with pytest.raises(InputError, match="known are vgg16, vgg19"):
        fetch("encoder")
    with pytest.raises(InputError, match="known are vgg16, vgg19"):
        fetch("alexnet")


def test_saved_weights_come_back(tmp_path: Path) -> None:
    state = {"a": torch.linspace(0, 1, 6).view(2, 3).T, "n": torch.tensor(3)}
    loaded = load_file(save_weights(state, tmp_path / "new" / "half.safetensors"))
    assert loaded["a"].dtype == torch.float16 and loaded["n"] == 3
    torch.testing.assert_close(loaded["a"].float(), state["a"], atol=1e-3, rtol=0)
    full = load_file(save_weights(state, tmp_path / "new" / "full.safetensors", half=False))
    assert torch.equal(full["a"], state["a"])
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"half.safetensors", "full.safetensors"}


def test_weights_cannot_be_saved_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        save_weights({"a": torch.zeros(1)}, tmp_path / "file" / "a.safetensors")


@pytest.mark.usefixtures("small_file")
def test_a_file_is_fetched_once(cache: Path, answer: Callable[[Any], list[str]]) -> None:
    asked = answer(Answer(CONTENT))
    told: list[tuple[int, int]] = []
    assert locate("vgg16") is None and not cache.exists()
    path = fetch("vgg16", lambda here, total: told.append((here, total)))
    assert path.read_bytes() == CONTENT and list(cache.iterdir()) == [path]
    assert told[-1] == (7000, 7000)
    assert fetch("vgg16") == path and len(asked) == 1
    assert checksums(["vgg16", "vgg19"]) == {"vgg16": hashlib.sha256(CONTENT).hexdigest()}


@pytest.mark.usefixtures("small_file")
def test_a_damaged_file_in_the_cache_is_fetched_again(cache: Path, answer: Callable[[Any], list[str]]) -> None:
    asked = answer(Answer(CONTENT))
    cache.mkdir(parents=True)
    (cache / WEIGHTS["vgg16"].file).write_bytes(CONTENT[::-1])
    assert fetch("vgg16").read_bytes() == CONTENT and len(asked) == 1


@pytest.mark.usefixtures("small_file")
@pytest.mark.parametrize(
    ("came", "sentence"),
    [
        (URLError("Name or service not known"), "could not be fetched .*Name or service not known.*--import FILE"),
        (TimeoutError("timed out"), "timed out"),
        (Answer(CONTENT[::-1]), "another md5 checksum"),
        (Answer(CONTENT[:10]), "10 bytes, not 7000"),
        (Answer(CONTENT + b"!"), "7001 bytes, not 7000"),
        (Answer(CONTENT, "http://example.org/file"), "not https"),
    ],
)
def test_a_failed_download_says_so_and_leaves_nothing(
    cache: Path, answer: Callable[[Any], list[str]], came: Any, sentence: str
) -> None:
    answer(came)
    with pytest.raises(MissingError, match=sentence) as caught:
        fetch("vgg16")
    assert WEIGHTS["vgg16"].source in str(caught.value)
    assert list(cache.glob("*")) == []


@pytest.mark.usefixtures("small_file")
def test_an_interrupted_download_leaves_nothing(cache: Path, answer: Callable[[Any], list[str]]) -> None:
    answer(Answer(CONTENT))

    def interrupt(_here: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("vgg16", interrupt)
    assert list(cache.glob("*")) == []


def test_an_unwritable_cache_is_said(cache: Path, answer: Callable[[Any], list[str]]) -> None:
    answer(Answer(CONTENT))
    cache.parent.mkdir()
    cache.touch()
    with pytest.raises(OutputError, match="cannot be written"):
        fetch("vgg16")


def test_tables_are_read_without_torch() -> None:
    code = "import sys, styfie.encoders, styfie.engines, styfie.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0


def test_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    """However many metadata there are: the library's own order is another one at every call."""
    state, about = {"w": torch.rand(3, 5), "n": torch.arange(4)}, {name: f"{name} é" for name in "qwertzuiop"}
    files = [save_weights(state, tmp_path / f"{n}.safetensors", about, half=False) for n in range(6)]
    assert len({file.read_bytes() for file in files}) == 1
    with safe_open(files[0], "pt") as found:
        assert found.metadata() == about
        assert torch.equal(found.get_tensor("w"), state["w"]) and torch.equal(found.get_tensor("n"), state["n"])
    backwards = dict(reversed(about.items()))
    assert save_weights(state, tmp_path / "b", backwards, half=False).read_bytes() == files[0].read_bytes()
