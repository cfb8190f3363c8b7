"""The client of `docs/service.md` as it stands there, beside a server: what it asks is in the description."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from styfie.web.options import Options
from tests.documents import blocks
from tests.web.served import serving
from tests.web.stubs import BOTH, StubStudio, painted, photo

TOKEN = "a-token-of-this-test"
(CLIENT,) = (block.text for block in blocks("docs/service.md") if block.title == "client.py")


class Served(StubStudio):
    """One whose pictures are texts."""

    def _hire(self) -> None:
        super()._hire()
        found = {"regions": BOTH, "note": "", "parts": [], "heads": {}}
        self.interactive.answers |= {"show_picture": b"a picture", "find": found}


@pytest.fixture
def studio(tmp_path: Path) -> Served:
    return Served(Options(tmp_path / "jobs", token=TOKEN))


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def address(studio: Served, lines: list[str]) -> Iterator[str]:
    with serving(studio, lines.append) as port:
        yield f"http://127.0.0.1:{port}/"


def run(folder: Path, *given: str) -> subprocess.CompletedProcess[str]:
    (folder / "me.jpg").write_bytes(photo().read())
    command = [sys.executable, "-I", "-c", CLIENT, *given, "me.jpg"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_it_paints_a_photo(address: str, studio: Served, lines: list[str], tmp_path: Path) -> None:
    done = run(tmp_path, address, TOKEN)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "both.png").read_bytes() == b"a picture"
    assert not list(studio.jobs), "and it is deleted"
    ((_, given),) = studio.painter.calls
    assert given[2]["background"]["styles"][0]["name"] == "waves" and given[4]["size"] == 512
    asked = {" ".join(line.split()[2:5]) for line in lines}
    assert asked == {
        "POST /api/v1/jobs 201",
        "GET /api/v1/jobs/{id} 200",
        "GET /api/v1/jobs/{id}/pictures/{name}.png 200",
        "DELETE /api/v1/jobs/{id} 200",
    }


def test_it_says_by_code_why_not(address: str, studio: Served, tmp_path: Path) -> None:
    assert run(tmp_path, address, "another-token").stderr.startswith("unauthorized: A token is wanted")

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    studio.painter.answers["run"] = fails
    assert run(tmp_path, address, TOKEN).stderr.startswith("fault: ")
    studio.painter.answers["run"] = painted


def test_it_waits_while_too_much_waits(address: str, studio: Served, lines: list[str], tmp_path: Path) -> None:
    object.__setattr__(studio.options, "waiting", 0)
    script = CLIENT.replace("time.sleep(int(error.headers", "raise SystemExit((problem, error.headers")
    (tmp_path / "me.jpg").write_bytes(photo().read())
    command = [sys.executable, "-I", "-c", script, address, TOKEN, "me.jpg"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "'busy'" in done.stderr and re.search(r"'\d+'\)$", done.stderr.strip()), done.stderr


def test_it_is_short_and_takes_nothing_from_elsewhere() -> None:
    lines = [line for line in CLIENT.splitlines() if line and not re.match(r"import|from", line)]
    imports = set(re.findall(r"^(?:import|from) (\w+)", CLIENT, re.MULTILINE))
    assert len(lines) <= 32 and imports <= sys.stdlib_module_names
