"""The example package: installed by pip without a network, it paints from command line, Python and the page's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "styfie-poster"
INSTALL = (
    "--quiet",
    "--no-deps",
    "--no-build-isolation",
    "--no-index",
    "--disable-pip-version-check",
    "--no-cache-dir",
)
PYTHON = """
import sys
import styfie
from styfie.styles import load_styles
from styfie.testing import check_engine

settings = styfie.Settings(size=64, engine="poster", device="cpu")
look = styfie.Look(load_styles("glass", 64), likeness=0)  # faces would keep features of the photo's
painting = styfie.paint(looks={"subject": look}, settings=settings)
painted = painting.layers[0].permute(1, 2, 0)[painting.regions.alpha[0, 0] == 1]
print(len(painted.unique(dim=0)))
check_engine("poster")
"""
API = """
import json, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from starlette.testclient import TestClient
from styfie.weights import ASSETS
from styfie.web.app import make_app
from styfie.web.options import Options
from styfie.web.studio import Studio

asked = {"looks": {"subject": {"styles": [{"name": "glass"}]}}, "settings": {"size": 64, "engine": "poster"}}
with TestClient(make_app(Studio(Options(Path(sys.argv[1]), threads=1))), base_url="http://localhost") as client:
    about = client.get("/api/v1/about").json()
    assert "poster" in [engine["name"] for engine in about["engines"]]
    photo = {"photo": ("me.jpg", (ASSETS / "portrait.jpg").read_bytes())}
    job = client.post("/api/v1/jobs", files=photo, data={"request": json.dumps(asked)}).json()
    while (job := client.get(f"/api/v1/jobs/{job['id']}").json())["state"] not in ("done", "failed"):
        time.sleep(0.2)
    print(job["state"], job["painted"], job["error"])
"""


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a process that has the package."""
    pytest.importorskip("setuptools")
    folder, source = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("source") / "styfie-poster"
    subprocess.run(["cp", "-r", str(EXAMPLE), str(source)], check=True)  # building writes beside what is built
    command = [sys.executable, "-m", "pip", "install", *INSTALL, "--target", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    listed = json.loads(run(environment, "-m", "styfie", "list", "engines", "--json"))
    assert listed[-1]["name"] == "poster" and listed[-1]["title"].startswith("Posters")
    run(environment, "-m", "styfie", "paint", "--engine", "poster", "--size", "64", "-o", str(tmp_path / "out"))
    assert (tmp_path / "out" / "both.png").is_file()


def test_from_python_few_colours_and_conforming(environment: dict[str, str]) -> None:
    assert 2 <= int(run(environment, "-c", PYTHON)) <= 12


def test_from_the_pages_api(environment: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    assert run(environment, "-c", API, str(tmp_path / "web")).strip() == "done ['subject']"
