"""ONNX Runtime beside PyTorch, in float32 and in bfloat16 where the processor has it: one thread, processor time.

    python benchmarks/export.py [--runs 7]

Each round runs all of them one after the other; the best of the rounds counts. `fast` is all of one picture: encoder,
statistics, transport, decoder. The segmenter sees a picture and its mirror image.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

import onnxruntime as ort
import torch
from torch import Tensor

from styfie.devices import has_bf16, to_fast_dtype
from styfie.engines.fast.network import draw_noise
from styfie.engines.fast.paint import FastPainter
from styfie.engines.per_style.files import read_gallery
from styfie.export import export_fast, export_per_style, export_segmenter
from styfie.images import read_picture, resize
from styfie.looks import Look
from styfie.pipeline import PORTRAIT
from styfie.segmentation.portrait import load_shipped
from styfie.settings import Settings
from styfie.styles import load_styles

CPU = torch.device("cpu")
Runs = dict[str, Callable[[], object]]


def main() -> None:
    """Print a line for each network and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for size in (256, 512):
            picture = resize(read_picture(PORTRAIT, size), (size, size))
            for name, make in (("segmenter", segmenter), ("gallery", gallery), ("fast", fast)):
                print(f"{name:9} {size} px: {compared(make(picture, Path(folder)), runs)}", flush=True)


def compared(each: Runs, runs: int) -> str:
    """Milliseconds of all, and their ratios to ONNX Runtime's."""
    times: dict[str, list[float]] = {name: [] for name in each}
    for _ in range(runs + 1):
        for name, run in each.items():
            started = time.process_time()
            run()
            times[name].append(1000 * (time.process_time() - started))
    best = {name: min(found[1:]) for name, found in times.items()}
    return ", ".join(f"{name} {ms:.0f} ms ({ms / best['onnx']:.2f})" for name, ms in best.items())


def segmenter(picture: Tensor, folder: Path) -> Runs:
    """The network at one scale."""
    pair = torch.cat([picture, picture.flip(3)]).contiguous(memory_format=torch.channels_last)
    network, run = load_shipped()[0], session(export_segmenter(folder / "segmenter.onnx"))

    def by_torch(reduced: bool) -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            return network.both(pair)

    return {"onnx": lambda: run(picture=pair)} | in_both(by_torch)


def gallery(picture: Tensor, folder: Path) -> Runs:
    """The gallery's network in one style."""
    network, run = read_gallery()[0], session(export_per_style(folder / "gallery.onnx"))
    shares, seen = torch.eye(network.styles)[0], picture.contiguous(memory_format=torch.channels_last)
    lower = to_fast_dtype(network, CPU)

    def by_torch(reduced: bool) -> object:
        kind = torch.bfloat16 if reduced else torch.float32
        return (lower if reduced else network)(seen.to(kind), shares.to(kind))

    return {"onnx": lambda: run(picture=picture, shares=shares)} | in_both(by_torch)


def fast(picture: Tensor, folder: Path) -> Runs:
    """A picture painted in one style."""
    size = (picture.shape[-2], picture.shape[-1])
    look, region = Look(load_styles("waves", max(size))), torch.ones(1, 1, *size)
    run = session(export_fast("waves", folder / "fast.onnx", max(size)))
    painters = {True: FastPainter({"all": look}, Settings(device="cpu"))}
    with no_bf16():
        painters[False] = FastPainter({"all": look}, Settings(device="cpu"))
    noise = {f"noise{i}": one for i, one in enumerate(draw_noise(size, 0), 1)}

    def by_torch(reduced: bool) -> object:  # of a picture that it has not seen yet
        return painters[reduced].paint(picture.clone(), region, look)

    return {"onnx": lambda: run(picture=picture, region=region, **noise)} | in_both(by_torch)


def in_both(run: Callable[[bool], object]) -> Runs:
    """In float32 and, where it is faster, in bfloat16."""
    found: Runs = {"torch float32": lambda: run(False)}
    return found | ({"torch bfloat16": lambda: run(True)} if has_bf16(CPU) else {})


def no_bf16() -> AbstractContextManager[object]:
    """A processor without bfloat16."""
    return patch("styfie.devices.has_bf16", lambda _: False)


def session(file: Path) -> Callable[..., object]:
    """What runs a file on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    found = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda **inputs: found.run(None, {name: one.contiguous().numpy() for name, one in inputs.items()})


if __name__ == "__main__":
    main()
