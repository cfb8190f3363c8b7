"""The graphs of a browser tab against the network that paints, and what is written beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from PIL import Image
from torch import Tensor

from styfie.engines.fast.network import draw_noise
from styfie.engines.fast.paint import FastPainter
from styfie.engines.fast.transport import Gaussian, transports
from styfie.export import export
from styfie.export.clicks import export_clicks
from styfie.export.tab import TAPS, export_painting, export_statistics
from styfie.gallery import BUILT_IN
from styfie.images import resize
from styfie.looks import Look, Style
from styfie.segmentation.clickmaps import MAPS
from styfie.segmentation.clicks import load_click_net
from styfie.segmentation.portrait import load_shipped
from styfie.segmentation.prediction import MIN_AREA
from styfie.settings import Settings
from styfie.storage.xmp import SourceType, xmp_packet
from styfie.styles import load_style

pytestmark = pytest.mark.usefixtures("float32")

CLOSE = 2 / 255
Numbers = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]


def run(file: Path, inputs: Numbers) -> Numbers:
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def gaussians(found: Numbers) -> list[Gaussian]:
    pairs = [(found[f"mean_{tap}"], found[f"covariance_{tap}"]) for tap in TAPS]
    return [Gaussian(torch.from_numpy(mean)[None], torch.from_numpy(covariance)[None]) for mean, covariance in pairs]


def summary(style: list[Gaussian]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What the network is told of a style, by the docs' words: everything in units of a tap's root mean square."""
    found = []
    for mean, covariance in style:
        deviations = covariance[0].diagonal().clamp_min(0).sqrt().numpy()
        unit = max(1e-4, float(np.sqrt(np.mean(deviations**2 + mean[0].numpy() ** 2))))
        found += [mean[0].numpy() / unit, np.log(np.maximum(0.02, deviations / unit))]
    return np.concatenate(found).astype(np.float32)


@pytest.mark.parametrize("style", ["kiss", "great-wave"])
def test_two_graphs_paint_any_style_as_the_engine_does(portrait: Tensor, tmp_path: Path, style: str) -> None:
    photo, picture = resize(portrait, (70, 93)), resize(load_style(style, 93).picture, (84, 93))
    band = torch.ones(1, 1, 70, 93)
    band[..., 40:] = 0.25
    figures, painting = export_statistics(tmp_path / "s.onnx"), export_painting(tmp_path / "p.onnx")
    mine = run(figures, {"picture": photo.numpy(), "region": band.numpy()})
    theirs = run(figures, {"picture": picture.numpy(), "region": np.ones((1, 1, 84, 93), np.float32)})
    inputs = {"picture": photo.numpy(), "style": summary(gaussians(theirs))}
    inputs |= {name: value for name, value in mine.items() if name.startswith("features")}
    inputs |= {f"noise{n}": noise.numpy() for n, noise in enumerate(draw_noise((70, 93), 0), 1)}
    for tap, affine in zip(TAPS, transports(gaussians(mine), gaussians(theirs)), strict=True):
        inputs |= {f"matrix_{tap}": affine.matrix[0].numpy(), f"offset_{tap}": affine.offset[0].numpy()}
    look = Look((Style(style, picture),))
    wanted = FastPainter({"picture": look}, Settings(device="cpu")).paint(photo, band, look).clamp(0, 1)
    assert np.abs(run(painting, inputs)["painted"] - wanted.numpy()).max() < CLOSE


def test_writes_all_that_a_tab_needs_in_half_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styfie.export.tab.BUILT_IN", {name: BUILT_IN[name] for name in ("kiss", "waves", "ink")})
    assert export("tab", tmp_path / "models") == tmp_path / "models"
    graphs = {name: tmp_path / "models" / f"{name}.onnx" for name in ("segmenter", "clicks", "statistics", "painting")}
    assert sum(file.stat().st_size for file in graphs.values()) < 12.5e6
    for file in graphs.values():
        kinds = {one.data_type for one in onnx.load(file).graph.initializer}
        assert onnx.TensorProto.FLOAT16 in kinds and onnx.TensorProto.DOUBLE not in kinds
        # WebGPU turns graphs around, and goes wrong where an operator says which axes are padded.
        assert not [one.name for one in onnx.load(file).graph.node if one.op_type == "Pad" and len(one.input) > 2]
    listed = json.loads((tmp_path / "models" / "gallery.json").read_text())
    assert listed["marks"]["painted"].encode() == xmp_packet(SourceType.PAINTED)
    assert [one["name"] for one in listed["styles"]] == ["kiss", "waves", "ink"]
    assert [one.get("technique") for one in listed["styles"]] == [None, "comic", "ink"]
    for one in listed["styles"]:
        with Image.open(tmp_path / "models" / "styles" / one["file"]) as image:
            assert max(image.size) >= 512
        with Image.open(tmp_path / "models" / "styles" / one["small"]) as image:
            assert max(image.size) == 160
    assert (tmp_path / "models" / "portrait.jpg").exists()


def test_the_graph_of_clicks_decides_as_the_network_does(tmp_path: Path) -> None:
    maps = torch.randn(1, MAPS, 37, 50, generator=torch.Generator().manual_seed(0))
    found = run(export_clicks(tmp_path / "clicks.onnx"), {"maps": maps.numpy()})["thing"]
    with torch.no_grad():
        wanted = load_click_net()(maps).sigmoid().numpy()
    assert np.abs(found - wanted).max() < 2e-3 and wanted.std() > 0.05
    assert (tmp_path / "clicks.onnx").stat().st_size < 900_000


def test_the_tab_reads_the_network_by_the_numbers_that_ship() -> None:
    """How probabilities are spread, what is sure, and below what nobody counts as found."""
    text = (Path(__file__).parents[1] / "tab/site/engine/segmenter.js").read_text()
    shipped = load_shipped()[2]
    assert f"CONTRAST = {shipped.contrast:g};" in text
    assert f"[SURE, LEAST] = [{shipped.sure:g}, {MIN_AREA:g}]" in text
    assert f"CLEAR = {shipped.clear:g};" in text
    assert f"SCORE = {shipped.nobody:g};" in text
    assert f"CURVE = {json.dumps(shipped.curve)};" in text
