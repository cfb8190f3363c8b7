"""What can be killed and started again: a small run of every engine, and of all else that writes files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import styfie.engines.gatys as gatys_module
import styfie.film.video as film_module
import styfie.training.style as style_module
from styfie.cli import main as command_line
from styfie.encoders.vgg import Vgg
from styfie.engines import ENGINES
from styfie.engines.classic import Classic, classic
from styfie.engines.gatys import gatys
from styfie.pipeline import PORTRAIT

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.film.conftest import greys, write_clip

Contents = dict[str, bytes]
FRAMES, PART = 10, 4  # of the clip, and of each of its parts
STYLES = {"filters": ("ink", "comic"), "regions": ("glass", "poster"), "per-style": ("waves", "night")}  # no pictures


@dataclass(frozen=True)
class Kind:
    """A run that writes into a folder, from files of the user's in another one.

    `run(inputs, folder, wanted)` is what is killed; with `wanted` false it is another run, whose results were there
    before. `kept` are the bytes by which two runs are the same. If `each`, every file that they write is at every
    moment as it was before, or as it is wanted.
    """

    name: str
    run: Callable[[Path, Path, bool], None]
    kept: Callable[[Path], Contents]
    each: bool = True


def kinds(size: int, steps: int) -> list[Kind]:
    """All there are; pictures have this longest side, and what goes step by step so many steps."""
    options = ("--size", str(size), "--steps", str(steps))
    engines = (Kind(name, partial(_paint, name, options), contents) for name in ENGINES)
    return [
        Kind("training", _train, _trained, each=False),
        Kind("film", _film, contents),
        Kind("server", partial(_serve, size, steps), _painted, each=False),
        Kind("batch", partial(_batch, size), contents),
        Kind("timelapse", partial(_timelapse, options), contents),
        Kind("mix", _mix, contents),
        Kind("segment", _segment, contents),
        *engines,
    ]


def make_inputs(folder: Path) -> None:
    """Files of the user's: a photo, two styles, a folder of photos, a clip; and small networks for the slow engines."""
    (folder / "photos").mkdir(parents=True)
    with Image.open(PORTRAIT) as image:
        photo = image.convert("RGB").resize((300, 300))
    photo.save(folder / "photo.png")
    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((96, 96), Image.Resampling.BICUBIC).save(folder / f"style{number}.png")
        photo.rotate(2 * number).save(folder / "photos" / f"{number}.jpg", quality=90)
    write_clip(folder / "clip.mkv", greys(FRAMES, (48, 64)))


def prepare() -> None:
    """Make what takes long short, in this process: few steps between states, narrow networks for published ones."""
    film_module.PART = PART
    style_module.SCHEDULE = replace(style_module.SCHEDULE, batch=1, accumulate=1, save_every=1, log_every=1)
    gatys_module.ACTIVATION_SIZE = 64
    for name in ("classic", "gatys"):
        ENGINES[name] = replace(ENGINES[name], path=f"{__name__}:small_{name}", encoder="", needs="")
    for entry in ENGINES.values():
        entry.load()  # once, and not in every process that is going to be killed


def small_classic(*given: Any, **named: Any) -> Any:
    """The founding paper's algorithm with a narrow network of chance."""
    return classic(*given, **named, network=_vgg(16), parameters=Classic(iterations=2, evaluations=3, size=32))


def small_gatys(*given: Any, **named: Any) -> Any:
    """The algorithm of Gatys et al. with a narrow network of chance."""
    return gatys(*given, **named, network=_vgg(19, "average"))


def _vgg(depth: int, pooling: str = "max") -> Vgg:
    torch.manual_seed(0)
    return Vgg(depth, pooling, widths=(8,) * 5).eval().requires_grad_(False)


def _command(*words: str | Path) -> None:
    sys.argv = ["styfie", *map(str, words)]
    try:
        command_line()
    except SystemExit as left:
        if left.code:
            raise


def _looks(engine: str, inputs: Path, wanted: bool) -> list[str | Path]:
    styles = STYLES.get(engine, (inputs / "style0.png", inputs / "style1.png"))
    return ["--subject", styles[0], "--background", styles[1], *([] if wanted else ["--strength", "0.5"])]


def _paint(engine: str, options: tuple[str, ...], inputs: Path, folder: Path, wanted: bool, *more: str | Path) -> None:
    engine = engine if wanted else "filters"  # at once; its pictures have the same names
    asked = ["--engine", engine, *options, *_looks(engine, inputs, wanted)]
    _command("paint", inputs / "photo.png", "-o", folder, *asked, *more)


def _timelapse(options: tuple[str, ...], inputs: Path, folder: Path, wanted: bool) -> None:
    _paint("optimise", options, inputs, folder, wanted, "--timelapse", folder / "lapse.gif")


def _batch(size: int, inputs: Path, folder: Path, wanted: bool) -> None:
    asked = ["--engine", "filters", "--size", str(size), "--jobs", "2", *_looks("filters", inputs, wanted)]
    _command("paint", inputs / "photos", "-o", folder, *asked)


def _film(inputs: Path, folder: Path, wanted: bool) -> None:
    asked = ["--engine", "fast", "--size", "64", "--background", inputs / "style0.png"]
    _command("paint", inputs / "clip.mkv", "-o", folder, *asked, *([] if wanted else ["--strength", "0.5"]))


def _train(inputs: Path, folder: Path, wanted: bool) -> None:
    if wanted:  # a training is not gone on with in a folder of another one
        asked = ["--photos", inputs / "photos", "--steps", "6", "--width", "0.125"]
        _command("train", "style", inputs / "style0.png", "-o", folder, *asked)


def _segment(inputs: Path, folder: Path, wanted: bool) -> None:
    _command("segment", inputs / "photo.png", "-o", folder / "mask.png", *([] if wanted else ["--region", "hair"]))


def _mix(inputs: Path, folder: Path, wanted: bool) -> None:
    """The painting itself is what is changed."""
    if not wanted:
        _paint("filters", ("--size", "64"), inputs, folder, wanted=False)
    else:
        _command("mix", folder / "painting.ora", "--strength", "subject=0.2")


def _serve(size: int, steps: int, inputs: Path, folder: Path, wanted: bool) -> None:
    """A server that has one job, or is sent it, and runs until it is done."""
    from starlette.testclient import TestClient

    from styfie.web.app import make_app
    from styfie.web.options import Options
    from styfie.web.studio import Studio
    from tests.web.conftest import API, ended, post

    looks = {name: {"styles": [{"name": style}]} for name, style in (("subject", "ink"), ("background", "waves"))}
    if not wanted:
        return
    with TestClient(make_app(Studio(Options(folder, threads=1))), base_url="http://localhost") as client:
        jobs = client.get(f"{API}/jobs").json()
        settings = {"size": size, "steps": steps, "device": "cpu"}
        job = jobs[0] if jobs else post(client, (inputs / "photo.png").read_bytes(), looks=looks, settings=settings)
        found = ended(client, job)
        if found["state"] != "done":
            raise RuntimeError(f"the job is {found['state']}: {found}")


def contents(folder: Path) -> Contents:
    """All files by name, hidden ones and those in folders too."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _trained(folder: Path) -> Contents:
    """All but the seconds in the log, and the bytes of checkpoints, which hold no two alike."""
    found = contents(folder)
    found.pop("checkpoint.pt", None)
    lines = [json.loads(line) for line in found.get("log.jsonl", b"").splitlines()]
    found["log.jsonl"] = json.dumps([line | {"seconds": 0} for line in lines]).encode()
    return found


def _painted(folder: Path) -> Contents:
    """The pictures of all jobs, without the jobs' names."""
    files = sorted(folder.glob("jobs/*/*.png"))
    return {f"{len({file.parent for file in files})} {file.name}": file.read_bytes() for file in files}
