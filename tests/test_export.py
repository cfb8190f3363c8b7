"""ONNX files against the networks that they were made from, and against other ways to the same matrices."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from PIL import Image
from scipy.linalg import sqrtm
from torch import Tensor, nn

from styfie.engines.fast.network import draw_noise
from styfie.engines.fast.paint import FastPainter
from styfie.engines.fast.transport import Gaussian, gaussian, transport
from styfie.engines.per_style.files import read_gallery, save_per_style
from styfie.engines.per_style.network import TransformNet
from styfie.errors import InputError, MissingError, OutputError
from styfie.export import export, export_fast, export_per_style, export_segmenter, moments
from styfie.export.graph import ABOUT, Graph, new_graph
from styfie.images import resize
from styfie.looks import Look
from styfie.pipeline import PORTRAIT
from styfie.segmentation.banet import BANet
from styfie.segmentation.exported import read_exported
from styfie.segmentation.files import NETWORKS
from styfie.segmentation.guided import GuidedNet
from styfie.segmentation.networks import PersonNet, PortraitNet
from styfie.segmentation.portrait import INPUT_SIZE, load_shipped, predict
from styfie.segmentation.segnet import SegNet
from styfie.segmentation.unet88 import UNet88
from styfie.settings import Settings
from styfie.styles import load_style, load_styles
from styfie.weights import save_weights

pytestmark = pytest.mark.usefixtures("float32")

CLOSE = 2 / 255
DOCS = Path(__file__).parents[1] / "docs" / "export.md"


def run(file: Path, **inputs: Tensor) -> list[Tensor]:
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = session.run(None, {name: value.contiguous().numpy() for name, value in inputs.items()})
    return [torch.from_numpy(one) for one in found]


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def test_the_segmenter_sees_the_same(portrait: Tensor, tmp_path: Path) -> None:
    network, side, _ = read_exported(export_segmenter(tmp_path / "a.onnx"))
    here, there = predict(portrait, load_shipped()[0]), predict(portrait, network, side)
    assert side == INPUT_SIZE
    assert there.score > 0.8 and float(there.parts[:, 2].max()) > 0.9, "a person with hair is seen"
    assert apart(here.matte, there.matte) < CLOSE
    assert apart(here.parts, there.parts) < CLOSE


def test_the_segmenter_takes_any_batch_and_size(tmp_path: Path) -> None:
    file, pictures = export_segmenter(tmp_path / "a.onnx"), torch.rand(3, 3, 64, 96)
    matte, parts = run(file, picture=pictures)
    with torch.no_grad():
        logits, part_logits = load_shipped()[0].both(pictures)
    assert apart(matte, logits.sigmoid()) < CLOSE
    assert apart(parts, part_logits.softmax(1)) < CLOSE


def test_where_bytes_count_the_deepest_layers_have_8_bits(portrait: Tensor, tmp_path: Path) -> None:
    whole, half = (export_segmenter(tmp_path / f"{half}.onnx", half=half) for half in (False, True))
    assert half.stat().st_size < 0.35 * whole.stat().st_size, "float16 alone would be a half"
    for theirs, mine in zip(run(whole, picture=portrait), run(half, picture=portrait), strict=True):
        assert 0 < apart(theirs, mine) < 0.04 and float((theirs - mine).abs().mean()) < 1e-3


def test_a_channel_of_zeros_stays_so_in_8_bits(tmp_path: Path) -> None:
    graph, layer = new_graph(half=True, in_bytes=54), torch.nn.Conv2d(3, 2, 3, padding=1)
    assert layer.bias is not None
    layer.weight.data[0] = layer.bias.data[0] = 0
    graph.give(graph.convolve(graph.take("picture", [1, 3, 8, 8]), layer), "found", [1, 2, 8, 8])
    picture = torch.rand(1, 3, 8, 8)
    (found,) = run(graph.save(tmp_path / "a.onnx", {ABOUT: "test"}), picture=picture)
    assert not found[:, 0].any() and apart(found, layer(picture).detach()) < 0.02


def test_clicks_go_by_parts_on_stated_terms(tmp_path: Path) -> None:
    picture = torch.rand(1, 3, 64, 96)
    matte, parts, own = run(export_segmenter(tmp_path / "a.onnx", own_parts=True), picture=picture)
    with torch.no_grad():
        usual, free = (load_shipped(own_parts=each)[0].both(picture) for each in (False, True))
    assert apart(matte, usual[0].sigmoid()) < CLOSE and apart(matte, free[0].sigmoid()) < CLOSE
    assert apart(parts, usual[1].softmax(1)) < CLOSE and apart(own, free[1].softmax(1)) < CLOSE
    assert apart(parts, own) > 0.01


def test_a_segmenter_of_ones_own(tmp_path: Path) -> None:
    own = PortraitNet().eval()
    assert isinstance(own.parts, torch.nn.Conv2d)
    own.parts.weight.data.neg_()
    source = save_weights(own.state_dict(), tmp_path / "own.safetensors", {"arch": "portrait", "side": "96"})
    network, side, _ = read_exported(export(str(source), tmp_path / "a.onnx"))
    assert side == 96 and isinstance(network, PersonNet)
    picture = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert apart(network.both(picture)[1].softmax(1), own.both(picture)[1].softmax(1)) < CLOSE


def test_a_guided_network_sees_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    own = GuidedNet().eval()
    with torch.no_grad():
        own.guide.head.weight.mul_(1000)  # surer than it is believed, of both
    own = own.half().float()  # as in the file
    source = save_weights(own.state_dict(), tmp_path / "own.safetensors", {"arch": "guided", "side": "64"})
    picture = torch.rand(2, 3, 64, 96)
    matte, parts = run(export(str(source), tmp_path / "a.onnx"), picture=picture)
    with torch.no_grad():
        logits, part_logits = own.both(picture)
    assert apart(matte, logits.sigmoid()) < CLOSE and float(matte.std()) > 0.01
    assert apart(parts, part_logits.softmax(1)) < CLOSE


@pytest.mark.parametrize(
    ("arch", "make"),
    [
        ("banet", BANet),
        ("segnet", partial(SegNet, (8, 8, 12, 12, 16))),
        ("segnet-slim", partial(SegNet, (4,) * 5)),
        ("unet88", partial(UNet88, (4, 6, 8, 8, 8))),
    ],
)
def test_the_papers_networks_see_the_same(
    arch: str, make: Callable[[], nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS, arch, make)
    torch.manual_seed(0)
    own = make()
    for norm in own.modules():
        if isinstance(norm, nn.BatchNorm2d):  # as after a training: folded away, they must not be lost
            norm.running_mean.uniform_(-0.2, 0.2), norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    source = save_weights(own.state_dict(), tmp_path / "own.safetensors", {"arch": arch, "side": "64"}, half=False)
    file, pictures = export(str(source), tmp_path / "a.onnx"), torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        expected = own.eval()(pictures).sigmoid()
    (matte,) = run(file, picture=pictures)
    assert float(expected.std()) > 1e-3 and apart(matte, expected) < CLOSE
    network, side, _ = read_exported(file)
    assert side == 64 and apart(network(pictures).sigmoid(), expected) < CLOSE
    assert not predict(pictures[:1], network, side).parts.any(), "it knows no parts"


@pytest.mark.parametrize("size", [(256, 256), (131, 98)])
def test_the_gallery_paints_the_same(portrait: Tensor, size: tuple[int, int], tmp_path: Path) -> None:
    network, names = read_gallery()
    file, picture = export("gallery", tmp_path / "a.onnx"), resize(portrait, size)
    assert onnx_metadata(file)["styles"].split() == list(names)
    grey, blend = torch.zeros(network.styles), torch.zeros(network.styles)
    grey[names.index("ink")] = 1
    blend[:2] = torch.tensor([0.75, 0.25])
    for shares in (grey, blend):
        with torch.no_grad():
            wanted = network(picture, shares).clamp(0, 1)
        assert apart(run(file, picture=picture, shares=shares)[0], wanted) < CLOSE
    scaled, plain = (run(file, picture=picture, shares=factor * blend)[0] for factor in (4, 1))
    assert apart(scaled, plain) < 1e-4, "shares need not sum to 1"


def test_a_taught_style_of_ones_own(portrait: Tensor, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TransformNet(0.125)
    network.last.weight.data.normal_(std=0.02)
    style = load_style("waves", 64).picture
    network.know([style])
    source = save_per_style(network, style, tmp_path / "mine.safetensors")
    file, picture = export(str(source), tmp_path / "a.onnx"), resize(portrait, (90, 70))
    with torch.no_grad():
        wanted = network(picture, torch.ones(1)).clamp(0, 1)
    assert apart(run(file, picture=picture, shares=torch.ones(1))[0], wanted) < CLOSE
    assert onnx_metadata(file)["styles"] == "mine"


@pytest.mark.parametrize(("style", "size"), [("waves", (160, 160)), ("ink:2+glass", (160, 117))])
def test_fast_paints_the_same_in_a_region(portrait: Tensor, style: str, size: tuple[int, int], tmp_path: Path) -> None:
    picture, look = resize(portrait, size), Look(load_styles(style, 160))
    region = ((size[1] * 0.7 - torch.arange(float(size[1]))) / 30).clamp(0, 1).expand(1, 1, *size)
    noise = {f"noise{i}": one for i, one in enumerate(draw_noise(size, 3), 1)}
    (found,) = run(export_fast(style, tmp_path / "a.onnx", 160), picture=picture, region=region, **noise)
    with torch.no_grad():
        wanted = FastPainter({"a": look}, Settings(device="cpu", seed=3)).paint(picture, region, look).clamp(0, 1)
    assert apart(found * (region > 0), wanted * (region > 0)) < CLOSE
    assert apart(found, picture.expand_as(found)) > 0.2, "it paints"


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_fast_bears_pictures_of_one_colour_and_regions_of_nothing(value: float, tmp_path: Path) -> None:
    file, picture = export_fast("ink", tmp_path / "a.onnx", 48), torch.full((1, 3, 48, 48), value)
    noise = {f"noise{i}": one for i, one in enumerate(draw_noise((48, 48), 0), 1)}
    for region in (torch.zeros(1, 1, 48, 48), torch.ones(1, 1, 48, 48)):
        (painted,) = run(file, picture=picture, region=region, **noise)
        assert bool(torch.isfinite(painted).all())


def onnx_metadata(file: Path) -> dict[str, str]:
    return {one.key: one.value for one in onnx.load(file).metadata_props}


def known_root(matrix: Tensor) -> Tensor:
    """By Schur's decomposition."""
    return torch.from_numpy(np.real(sqrtm(matrix.double().numpy())))


@pytest.mark.parametrize("rank", [1, 5, 20])
def test_roots_are_those_of_another_algorithm(rank: int, tmp_path: Path) -> None:
    half = torch.randn(20, rank, generator=torch.Generator().manual_seed(rank))
    matrix, graph = half @ half.T + 1e-3 * torch.eye(20), Graph()
    for name, one in zip(
        ("root", "inverse"),
        moments.roots(graph, moments.in_float64(graph, graph.take("matrix", [20, 20])), 20),
        strict=True,
    ):
        graph.give(moments.in_float32(graph, one), name, [20, 20])
    root, inverse = run(graph.save(tmp_path / "a.onnx", {ABOUT: "roots"}), matrix=matrix)
    wanted = known_root(matrix)
    assert apart(root, wanted) < 1e-5 * float(wanted.max())
    assert apart(inverse, wanted.inverse()) < 1e-4 * float(wanted.inverse().max())


@pytest.mark.parametrize("rank", [1, 4, 12])
def test_the_transport_is_the_engines(rank: int, tmp_path: Path) -> None:
    """Also to styles of fewer colours than channels, where a covariance has no inverse."""
    generator = torch.Generator().manual_seed(rank)
    features, graph = torch.randn(1, 12, 9, 7, generator=generator), Graph()
    mixed = torch.randn(12, rank, generator=generator) @ torch.randn(rank, 200, generator=generator)
    style = gaussian(mixed.view(1, 12, 20, 10))
    given = graph.take("features", [1, 12, "height", "width"])
    own = moments.statistics(graph, given, 12, moments.even(graph, given))
    moved = moments.transport(graph, own, style, 12)
    graph.give(moved.matrix, "matrix", [12, 12])
    graph.give(moved.offset, "offset", [12, 1])
    matrix, offset = run(graph.save(tmp_path / "a.onnx", {ABOUT: "transport"}), features=features)
    photo, goal = (Gaussian(*(one.double() for one in each)) for each in (gaussian(features), style))
    exact = transport(photo, goal)
    assert apart(matrix, exact.matrix[0]) < 1e-3 * float(exact.matrix.abs().max())
    assert apart(offset[:, 0], exact.offset[0]) < 1e-3 * float(exact.matrix.abs().max())


def test_files_are_the_same_each_time_and_name_no_place(tmp_path: Path) -> None:
    for make in (export_segmenter, export_per_style):
        first, second = make(tmp_path / "a.onnx").read_bytes(), make(tmp_path / "b.onnx").read_bytes()
        assert first == second
        model = onnx.load_from_string(first)
        said = [one.doc_string for one in model.graph.node] + [one.metadata_props for one in model.graph.node]
        assert not any(said) and not model.doc_string


def test_without_the_optional_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = export_segmenter(tmp_path / "a.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingError, match=r"pip install 'styfie\[onnx\]'"):
        read_exported(file)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingError, match=r"pip install 'styfie\[onnx\]'"):
        export("gallery", tmp_path / "new" / "b.onnx")
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_written_or_read(tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(OutputError):
        export("gallery", tmp_path / "folder.onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["folder.onnx"]
    gallery = export("gallery", tmp_path / "gallery.onnx")
    with pytest.raises(InputError, match="styfie export segmenter"):
        read_exported(gallery)
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(InputError, match="no per-style network"):
        export(str(tmp_path / "junk.safetensors"), tmp_path / "a.onnx")


def test_the_documented_program_paints_without_pytorch(tmp_path: Path) -> None:
    """The very text of docs/export.md, in a process that has no torch."""
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    with Image.open(PORTRAIT) as image:
        image.resize((136, 170)).save(tmp_path / "me.jpg")
    export("segmenter", tmp_path / "segmenter.onnx")
    export("fast", tmp_path / "fast-waves.onnx", "waves", 170)
    (tmp_path / "paint.py").write_text("import sys\nsys.modules['torch'] = None\n" + program)
    subprocess.run([sys.executable, "paint.py"], cwd=tmp_path, check=True)
    with Image.open(tmp_path / "me.jpg") as image, Image.open(tmp_path / "painted.png") as result:
        photo, painted = np.asarray(image, float), np.asarray(result, float)
    assert painted.shape == photo.shape
    assert abs(painted - photo)[-40:, 40:100].mean() > 10, "clothes are painted"
    assert abs(painted - photo)[10:50, -12:].mean() < 2, "the wall is as it was"


def damaged(source: Path, file: Path, change: Callable[[onnx.ModelProto], object]) -> Path:
    """An exported file, changed."""
    model = onnx.load(source)
    change(model)
    file.write_bytes(model.SerializeToString())
    return file


def _about(model: onnx.ModelProto, **values: str) -> None:
    for one in model.metadata_props:
        one.value = values.get(one.key, one.value)


def _without(model: onnx.ModelProto, key: str) -> None:
    model.metadata_props.remove(next(one for one in model.metadata_props if one.key == key))


def test_a_damaged_segmenter_is_one_sentence(tmp_path: Path) -> None:
    whole = export_segmenter(tmp_path / "a.onnx")
    changes: list[Callable[[onnx.ModelProto], object]] = [
        *(lambda model, side=side: _about(model, side=side) for side in ("0", "-32", "many", "10000000")),
        lambda model: _without(model, "side"),
        lambda model: model.graph.output.pop(),
        lambda model: setattr(model.graph.output[0], "name", "mask"),
        lambda model: setattr(model.graph.input[0], "name", "photo"),
        lambda model: model.graph.initializer[0].CopyFrom(
            onnx.numpy_helper.from_array(np.full((1, 1), np.nan, np.float32), model.graph.initializer[0].name)
        ),
        lambda model: model.graph.node.pop(),
    ]
    for change in changes:
        with pytest.raises(InputError, match="styfie export segmenter"):
            read_exported(damaged(whole, tmp_path / "b.onnx", change))
    random = np.random.default_rng(0)
    for _ in range(12):
        data = bytearray(whole.read_bytes())
        for at in random.integers(0, len(data) // 50, 8):  # where the structure is
            data[at] = random.integers(256)
        (tmp_path / "c.onnx").write_bytes(data)
        try:
            read_exported(tmp_path / "c.onnx")
        except InputError as error:
            assert "\n" not in str(error)
