"""The tab's filters in Node, against the library's engine: the same pictures."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.engines import ENGINES
from styfie.engines.filters import RECIPES
from styfie.engines.filters.paint import SUITED, kind_for
from styfie.images import read_picture, resize
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.styles import load_style

NODE = shutil.which("node")
PAINT = Path(__file__).parents[2] / "tab" / "site" / "engine" / "filters" / "paint.js"
pytestmark = pytest.mark.skipif(NODE is None, reason="no Node was found: the tab's filters are not tested")
CLOSE = 0.1  # levels of 8 bits in the mean, where 2 are promised
SIZE = (144, 120)
RUN = """
import { readFileSync, writeFileSync } from "node:fs";
const [module, folder] = process.argv.slice(1);
const { kindFor, layer } = await import(module);
const planes = ({ file, size: [channels, height, width] }) =>
  ({ channels, height, width, data: new Float32Array(new Uint8Array(readFileSync(`${folder}/${file}`)).buffer) });
const { photo, alpha, face, looks } = JSON.parse(readFileSync(`${folder}/asked.json`, "utf8"));
const kinds = looks.map((look, n) => {
  const styles = look.styles.map((style) => ({ ...style, picture: planes(style.picture) }));
  const { data } = layer(planes(photo), planes(alpha), { ...look, styles }, planes(face));
  writeFileSync(`${folder}/painted-${n}`, data);
  return kindFor(styles);
});
writeFileSync(`${folder}/kinds.json`, JSON.stringify(kinds));
"""
GREY, PALE, LOUD = (torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(n)) for n in range(3))
OWN = {"grey.png": GREY[:, :1].expand(1, 3, 20, 30), "pale.png": 0.8 + 0.2 * PALE, "loud.png": LOUD}
ASKED = {
    **{name: Look((Style(name),)) for name in RECIPES},
    **{f"{name}, broad": Look((Style(name),), stroke=4.0, likeness=0.2) for name in RECIPES},
    "ink in a picture's colours": Look((Style("ink"), Style("kiss", weight=2.0), Style("great-wave"))),
    "what suits a picture": Look((Style("grande-jatte"),), content=0.8),
    **{f"what suits {name}": Look((Style(name, picture),)) for name, picture in OWN.items()},
}


@pytest.fixture(scope="module")
def scene() -> tuple[Tensor, Regions]:
    """The portrait, its left and upper part one region with a soft border, and a face."""
    photo = resize(read_picture(PORTRAIT, 192)[..., :192, :160], SIZE).clamp(0, 1).contiguous()
    across, down = torch.arange(SIZE[1]) / SIZE[1], torch.arange(SIZE[0])[:, None] / SIZE[0]
    alpha = ((0.9 - across - 0.2 * down) * 20).clamp(0, 1)[None, None]
    face = ((0.25 - ((across - 0.5) ** 2 + (down - 0.4) ** 2).sqrt()) * 12).clamp(0, 1)[None, None]
    return photo, Regions(("one", "rest"), torch.cat([alpha, 1 - alpha]), (1.0, 1.0), face=face)


@pytest.fixture(scope="module")
def looks() -> dict[str, Look]:
    """What is asked for, with its pictures."""
    found = {}
    for label, look in ASKED.items():
        each = ((style, style.picture if style.loaded else load_style(style.name, 64).picture) for style in look.styles)
        styles = tuple(Style(style.name, picture, style.weight) for style, picture in each)
        found[label] = Look(styles, stroke=look.stroke, likeness=look.likeness, content=look.content)
    return found


@pytest.fixture(scope="module")
def painted(
    scene: tuple[Tensor, Regions], looks: dict[str, Look], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, NDArray[np.float32]]]:
    """The kind of filter that the tab chose for each look, and the layer that it painted."""
    folder = tmp_path_factory.mktemp("filters")

    def held(name: str, picture: Tensor) -> dict[str, Any]:
        (folder / name).write_bytes(picture.contiguous().numpy().tobytes())
        return {"file": name, "size": list(picture.shape[1:])}

    photo, regions = scene
    asked: dict[str, Any] = {"photo": held("photo", photo), "alpha": held("alpha", regions["one"]), "looks": []}
    assert regions.face is not None
    asked["face"] = held("face", regions.face)
    for look in looks.values():
        styles = [
            {
                "name": "" if style.name in OWN else style.name,
                "technique": SUITED.get(style.name, ""),
                "picture": held(style.name, style.picture),
                "weight": style.weight,
            }
            for style in look.styles
        ]
        more = {"stroke": look.stroke, "likeness": look.likeness, "content": look.content}
        asked["looks"].append({"styles": styles, **more})
    (folder / "asked.json").write_text(json.dumps(asked))
    assert NODE is not None
    command = [NODE, "--input-type=module", "-e", RUN, PAINT.as_uri(), str(folder)]
    subprocess.run(command, check=True, timeout=120)
    kinds = json.loads((folder / "kinds.json").read_text())
    pixels = (np.frombuffer((folder / f"painted-{n}").read_bytes(), np.float32) for n in range(len(looks)))
    return {label: (kind, one.reshape(3, *SIZE)) for label, kind, one in zip(looks, kinds, pixels, strict=True)}


@pytest.mark.parametrize("label", ASKED)
def test_the_tab_draws_as_the_library_does(
    label: str,
    scene: tuple[Tensor, Regions],
    looks: dict[str, Look],
    painted: dict[str, tuple[str, NDArray[np.float32]]],
) -> None:
    photo, regions = scene
    kind, mine = painted[label]
    assert kind == kind_for(looks[label].styles)
    settings = Settings(size=0, device="cpu", engine="filters")
    *_, last = ENGINES["filters"].paint(photo, regions, {"one": looks[label]}, settings)
    theirs = last.layers[0].numpy()
    assert 255 * np.abs(mine - theirs).mean() < CLOSE
    assert 255 * np.abs(theirs - photo[0].numpy()).mean() > 5
