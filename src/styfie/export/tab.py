"""What paints in a browser tab: networks as ONNX with weights in float16, and the built-in styles as pictures.

Two graphs serve every style. *Statistics* reads a picture, be it a style or the photo: features, and means and
covariances per tap. *Painting* takes the photo's features, the maps that move them to a style's statistics, and what
those statistics come to in a few numbers. The maps between are products and roots of float64 matrices, which GPUs in
browsers lack: they are left to whoever runs the graphs, who finds them by eigenvalues as `engines.fast.transport` does.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from styfie.encoders import load_encoder
from styfie.encoders.plain import WIDTHS as ENCODER
from styfie.encoders.plain import PlainEncoder
from styfie.engines.fast.network import CODE, GAIN, LEVELS, SLOPE, FastNet, load_fast
from styfie.engines.fast.paint import THINNED
from styfie.engines.filters import RECIPES
from styfie.engines.filters.paint import SUITED
from styfie.export.clicks import export_clicks
from styfie.export.fast import decode, encode, pooled, thinned
from styfie.export.graph import ABOUT, Graph, new_graph
from styfie.export.moments import Moved, as_pixel, inside, statistics
from styfie.export.segmenter import export_segmenter
from styfie.gallery import BUILT_IN, PAIRS
from styfie.gallery.masters import MASTERS, master_file
from styfie.images import to_image
from styfie.storage.atomic import writing_file
from styfie.storage.xmp import SourceType, xmp_packet
from styfie.styles import DRAWN, load_style
from styfie.weights import ASSETS, load_packaged

TAPS = {"rgb": 3, **{f"conv{n + 1}": width for n, width in enumerate(ENCODER)}}  # channels of what has statistics
QUALITY = 92  # of drawn styles as JPEG with all of their colours: paintings are then within 0.3/255 of what they were
FILES = (
    "segmenter.onnx",
    "clicks.onnx",
    "statistics.onnx",
    "painting.onnx",
    "portrait.jpg",
    "gallery.json",
)  # and `styles`
THUMB = 160  # pixels of a style's small picture


def export_tab(folder: Path) -> Path:
    """Write into a folder what a tab needs: four graphs, the styles' pictures and their list, the built-in portrait.

    Raises:
        MissingError: the optional part is not installed.
        OutputError: a file cannot be written.
    """
    segmenter, clicks, figures, painting, portrait, about = (folder / name for name in FILES)
    export_segmenter(segmenter, half=True, own_parts=True)
    export_clicks(clicks)
    export_statistics(figures)
    export_painting(painting)
    with writing_file(portrait) as part:
        shutil.copyfile(ASSETS / portrait.name, part)
    _write_gallery(folder / "styles", about)
    return folder


def export_statistics(file: Path) -> Path:
    """Write *picture to statistics*.

    From `picture` (1, 3, H, W) in [0, 1] and `region` (1, 1, H, W), the weight of each pixel, to
    `features1` … `features5` (1, C, h, w), the encoder's maps `conv1` …, and for these and `rgb`, the colours
    themselves, `mean_…` (C) and `covariance_…` (C, C), as `FastPainter` takes them.
    """
    graph = new_graph(half=True)
    encoder = load_encoder("styfie-1")
    assert isinstance(encoder, PlainEncoder)
    picture = graph.take("picture", [1, 3, "height", "width"])
    region = graph.take("region", [1, 1, "height", "width"])
    maps = [picture, *encode(graph, encoder, picture)]
    for n, ((tap, channels), features) in enumerate(zip(TAPS.items(), maps, strict=True)):
        mask = pooled(graph, region, max(0, n - 1))
        thin, thin_mask = (thinned(graph, one, THINNED.get(tap, 1)) for one in (features, mask))
        mean, covariance = statistics(graph, thin, channels, inside(graph, thin_mask))
        graph.give(graph("Reshape", mean, np.array([channels])), f"mean_{tap}", [channels])
        graph.give(covariance, f"covariance_{tap}", [channels, channels])
        if n:
            graph.give(features, f"features{n}", [1, channels, f"height{n - 1}", f"width{n - 1}"])
    return graph.save(file, {ABOUT: "statistics"})


def export_painting(file: Path) -> Path:
    """Write *photo and statistics to painting*.

    From `picture` (1, 3, H, W) and its `features1` … as *statistics* gives them; for `rgb` and `conv1` … `matrix_…`
    (C, C) and `offset_…` (C), which move it to the style's; `style` (2 * channels), means and logarithms of deviations
    as `network._summary`; and `noise1` … `noise4` (1, 1, h, w), each of half the size and rounded up. To `painted`
    (1, 3, H, W) in [0, 1].
    """
    graph = new_graph(half=True)
    network = load_fast(load_packaged("fast"))
    picture = graph.take("picture", [1, 3, "height", "width"])
    maps = [graph.take(f"features{n + 1}", [1, c, f"height{n}", f"width{n}"]) for n, c in enumerate(ENCODER)]
    moved = [
        Moved(
            graph.take(f"matrix_{tap}", [channels, channels]),
            graph("Reshape", graph.take(f"offset_{tap}", [channels]), np.array([channels, 1])),
        )
        for tap, channels in TAPS.items()
    ]
    style = graph.take("style", [2 * sum(TAPS.values())])
    noise = [graph.take(f"noise{n}", [1, 1, f"height{n}", f"width{n}"]) for n in range(1, len(LEVELS))]
    colours = graph("Clip", graph("Conv", picture, *as_pixel(graph, moved[0], 3), kernel_shape=[1, 1]), 0.0, 1.0)
    added = decode(graph, network, maps, moved[1:], _filters(graph, network, style), noise)
    graph.give(graph("Clip", graph("Add", colours, added), 0.0, 1.0), "painted", [1, 3, "height", "width"])
    return graph.save(file, {ABOUT: "painting"})


def _filters(graph: Graph, network: FastNet, style: str) -> list[tuple[str, str]]:
    """The weights and biases of all convolutions, as `FastNet.filters`."""
    code = _normed(graph, graph("LeakyRelu", _linear(graph, network.read, style), alpha=SLOPE))
    code = _normed(graph, graph("LeakyRelu", _linear(graph, network.think, code), alpha=SLOPE))
    said = graph("Mul", _linear(graph, network.say, code), CODE**-0.5)
    found, at = [], 0
    for conv in network.convolutions():
        wanted = []
        for width in (conv.in_channels, conv.out_channels):
            wanted.append(graph("Slice", said, np.array([at]), np.array([at + width]), np.array([0])))
            at += width
        found.append(_modulated(graph, conv, *wanted))
    return found


def _modulated(graph: Graph, conv: nn.Conv2d, scale: str, shift: str) -> tuple[str, str]:
    assert conv.bias is not None
    each = graph("Reshape", graph("Add", scale, 1.0), np.array([1, -1, 1, 1]))
    scaled = graph("Mul", conv.weight, each)
    norm = graph("Sqrt", graph("Clip", graph("ReduceSumSquare", scaled, np.array([1, 2, 3]), keepdims=1), 1e-8))
    return graph("Div", graph("Mul", scaled, GAIN), norm), graph("Add", conv.bias, shift)


def _linear(graph: Graph, layer: nn.Linear, x: str) -> str:
    return graph("Add", graph("MatMul", x, layer.weight.detach().T), layer.bias)


def _normed(graph: Graph, x: str) -> str:
    return graph("LayerNormalization", x, np.ones(CODE, np.float32), axis=-1)


def _write_gallery(folder: Path, about: Path) -> None:
    """The built-in styles as `NAME.jpg` with small pictures in a folder, and a file that lists them with their filters.

    It holds as well what the tab's pictures are to say of themselves.
    """
    listed = []
    for name, entry in BUILT_IN.items():
        file, small = folder / f"{name}.jpg", folder / f"{name}.small.webp"
        with writing_file(file) as part:
            if name in MASTERS:
                shutil.copyfile(master_file(name), part)
            else:
                to_image(load_style(name, DRAWN).picture).save(part, "JPEG", quality=QUALITY, subsampling=0)
        with Image.open(file) as image, writing_file(small) as part:
            image.thumbnail((THUMB, THUMB))
            image.save(part, "WEBP", quality=80, method=6)
        kind = name if name in RECIPES else SUITED.get(name)
        one = {"name": name, "title": entry.title, "about": entry.about, "file": file.name, "small": small.name}
        listed.append(one | ({"technique": kind} if kind else {}))
    marks = {kind.name.lower(): xmp_packet(kind).decode() for kind in SourceType}
    whole = {"styles": listed, "pairs": PAIRS, "marks": marks}
    with writing_file(about) as part:
        part.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
