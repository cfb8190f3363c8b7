"""What the tab finds by clicks, and its mattes of hair, in Node with ONNX Runtime, against the library's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from styfie.export import export_segmenter
from styfie.export.clicks import export_clicks
from styfie.export.tab import export_statistics
from styfie.images import read_picture, resize
from styfie.pipeline import PORTRAIT
from styfie.segmentation.clicks import ClickedPhoto
from styfie.segmentation.matting import refine
from styfie.segmentation.portrait import load_shipped, predict

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
RUNTIME = ROOT / "node_modules" / "onnxruntime-web" / "dist" / "ort.wasm.min.mjs"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        NODE is None or not RUNTIME.exists(), reason="no ONNX Runtime from npm: the tab's clicks are not tested"
    ),
]
RUN = """
import { readFileSync, writeFileSync } from "node:fs";
const [runtime, engine, folder] = process.argv.slice(1);
const ort = await import(runtime);
ort.env.wasm.numThreads = 1;
const part = (name) => import(`${engine}/${name}.js`);
const [{ Clicks }, { refine }] = [await part("clicks"), await part("matting")];
const [{ Painter }, { Segmenter }] = [await part("painter"), await part("segmenter")];
const network = (name) => ort.InferenceSession.create(readFileSync(`${folder}/${name}.onnx`));
const planes = ({ file, size: [channels, height, width] }) =>
  ({ channels, height, width, data: new Float32Array(new Uint8Array(readFileSync(`${folder}/${file}`)).buffer) });
const asked = JSON.parse(readFileSync(`${folder}/asked.json`, "utf8"));
const photo = planes(asked.photo);
const segmenter = new Segmenter(ort, await network("segmenter"));
const clicks = new Clicks(ort, () => network("clicks"), segmenter, new Painter(ort, await network("statistics"), null));
for (const [n, { add, remove }] of asked.clicks.entries()) {
  const found = await clicks.coarse(photo, add, remove);
  writeFileSync(`${folder}/found-${n}`, found.data);
}
writeFileSync(`${folder}/hair`, refine(planes(asked.matte), photo, asked.work).data);
"""
CLICKS: dict[str, dict[str, list[tuple[float, float]]]] = {
    "one": {"add": [(0.5, 0.45)], "remove": []},
    "beside it, too": {"add": [(0.5, 0.7), (0.52, 0.35)], "remove": [(0.1, 0.1)]},
    "behind": {"add": [(0.08, 0.2)], "remove": [(0.5, 0.5)]},
}
SIZE, WORK = (160, 128), 96
Found = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def photo() -> Tensor:
    return resize(read_picture(PORTRAIT, 320), SIZE).clamp(0, 1).contiguous()


@pytest.fixture(scope="module")
def coarse(photo: Tensor) -> Tensor:
    return predict(photo, load_shipped()[0]).matte


@pytest.fixture(scope="module")
def tab(photo: Tensor, coarse: Tensor, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What the tab finds for each of the clicks, and its matte."""
    folder = tmp_path_factory.mktemp("clicks")
    export_segmenter(folder / "segmenter.onnx", half=True, own_parts=True)
    export_statistics(folder / "statistics.onnx")
    export_clicks(folder / "clicks.onnx")

    def held(name: str, picture: Tensor) -> dict[str, Any]:
        (folder / name).write_bytes(picture.contiguous().numpy().tobytes())
        return {"file": name, "size": list(picture.shape[1:])}

    asked = {"photo": held("photo", photo), "matte": held("matte", coarse), "work": WORK}
    (folder / "asked.json").write_text(json.dumps({**asked, "clicks": list(CLICKS.values())}))
    assert NODE is not None
    engine = ROOT / "tab" / "site" / "engine"
    command = [NODE, "--input-type=module", "-e", RUN, RUNTIME.as_uri(), engine.as_uri(), str(folder)]
    subprocess.run(command, check=True, timeout=240)
    files = {**{name: f"found-{n}" for n, name in enumerate(CLICKS)}, "hair": "hair"}
    return {name: np.frombuffer((folder / file).read_bytes(), np.float32) for name, file in files.items()}


@pytest.mark.usefixtures("float32")  # as in the tab: the part that was clicked on hangs by a thread
@pytest.mark.parametrize("name", CLICKS)
def test_clicks_find_what_they_find_in_the_library(name: str, photo: Tensor, tab: Found) -> None:
    asked = {side: [(x * SIZE[1], y * SIZE[0]) for x, y in points] for side, points in CLICKS[name].items()}
    theirs = ClickedPhoto(photo).coarse(**asked)[0, 0].numpy()
    mine = tab[name].reshape(theirs.shape)
    assert np.abs(mine - theirs).mean() < 2e-3  # the deepest layers are in 8 bits there
    both, either = (mine > 0.5) & (theirs > 0.5), (mine > 0.5) | (theirs > 0.5)
    assert 0 < both.sum() < theirs.size and both.sum() / either.sum() > 0.97


def test_hair_is_as_in_the_library(photo: Tensor, coarse: Tensor, tab: Found) -> None:
    theirs = refine(coarse, photo, WORK)[0, 0].numpy()
    mine = tab["hair"].reshape(theirs.shape)
    soft = (theirs > 0.02) & (theirs < 0.98)
    apart = np.abs(mine - theirs)
    assert soft.mean() > 0.02 and apart[soft].mean() < 1e-3
