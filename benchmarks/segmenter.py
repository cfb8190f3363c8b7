"""The shipped segmenter and reference networks on the same portraits with known masks.

Ours as the network sees the person (`coarse`), with wide doubt decided and the photo's edges found (`refined`), and as
engines that paint in one pass have it (`brief`); the reference networks where `--references` names a folder with
`prisma_nchw.onnx`, `SINet_Softmax.onnx` and `slim_reshape.tflite` (anilsathyan7/Portrait-Segmentation, MIT; not part of
this project). Times are of one picture, best of three, resizing included, beside the coarse network's and a fixed
convolution's of the same run.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styfie.evaluation.report import as_record, difference, parts_table, table, write_report
from styfie.evaluation.segmenter import Evaluation, Predict, evaluate_segmenter, person_of
from styfie.images import resize, to_image
from styfie.segmentation.matting import refine
from styfie.segmentation.portrait import PortraitSegmenter, load_shipped, predict
from styfie.storage.sheet import lay_out
from styfie.training.portraits import as_picture
from styfie.training.readers import PortraitSet

from common import arguments, best_of, fixed_convolution

SINET_MEAN, SINET_STD = (107.30, 115.70, 132.36), (63.97, 65.13, 68.30)  # blue, green, red


def prisma(file: Path, threads: int) -> Predict:
    """256 pixels, RGB in [0, 1], probability out."""
    run = onnx(file, threads)
    return lambda photo: run(resize(photo, (256, 256)))


def sinet(file: Path, threads: int) -> Predict:
    """SINet (Park et al. 2020): 320 pixels, BGR standardised and divided by 255, two classes out."""
    run = onnx(file, threads)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (SINET_MEAN, SINET_STD))
    return lambda photo: run((255 * resize(photo, (320, 320)).flip(1) - mean) / std / 255)[:, 1:]


def slim(file: Path, threads: int) -> Predict:
    """Slim-net: 512 pixels, RGB in [0, 1], channels last, a flat probability out."""
    network = importlib.import_module("ai_edge_litert.interpreter").Interpreter(str(file), num_threads=threads)
    network.allocate_tensors()
    into, out = network.get_input_details()[0]["index"], network.get_output_details()[0]["index"]

    def predict(photo: Tensor) -> Tensor:
        network.set_tensor(into, resize(photo, (512, 512)).permute(0, 2, 3, 1).contiguous().numpy())
        network.invoke()
        return torch.from_numpy(network.get_tensor(out).copy()).view(1, 1, 512, 512)

    return predict


def onnx(file: Path, threads: int) -> Callable[[Tensor], Tensor]:
    """An ONNX network with one input and one output."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, threads
    session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda picture: torch.from_numpy(session.run(None, {name: picture.contiguous().numpy()})[0])


REFERENCES: Mapping[str, tuple[str, Callable[[Path, int], Predict]]] = {
    "prisma": ("prisma_nchw.onnx", prisma),
    "slim": ("slim_reshape.tflite", slim),
    "SINet": ("SINet_Softmax.onnx", sinet),
}


def our_own() -> dict[str, tuple[Predict, Predict | None]]:
    """How ours finds the person, and its parts."""
    network = load_shipped()[0]

    def refined(photo: Tensor) -> Tensor:
        sight = predict(photo, network).decided()
        return refine(sight.matte, photo, hair=sight.hair)

    return {
        "coarse": (lambda photo: predict(photo, network).matte, lambda photo: predict(photo, network).parts),
        "refined": (refined, None),
        "brief": (person_of(PortraitSegmenter(*load_shipped()).fast()), None),
    }


def references(folder: Path | None, threads: int) -> dict[str, tuple[Predict, Predict | None]]:
    """Those of the reference networks that can be run here; a line for each that cannot."""
    found: dict[str, tuple[Predict, Predict | None]] = {}
    for name, (file, make) in REFERENCES.items():
        if folder is None or not (folder / file).is_file():
            print(f"{name}: skipped, " + (f"no {file} in {folder}" if folder else "no --references FOLDER"))
            continue
        try:
            found[name] = (make(folder / file, threads), None)
        except ModuleNotFoundError as error:
            print(f"{name}: skipped, {error.name} is not installed")
    return found


def show(name: str, evaluation: Evaluation) -> None:
    """The tables as plain text."""
    lines = table(evaluation)
    if evaluation.parts:
        lines += [["parts", *row] for row in parts_table(evaluation.parts)]
    print(f"\n{name}")
    for line in lines:
        print(f"  {line[0]:<12}" + "".join(f"{cell:>14}" for cell in line[1:]), flush=True)


def draw_worst(evaluation: Evaluation, file: Path) -> None:
    """Photo, truth, found and difference of the worst pictures, three to a row."""
    cells = [
        (f"{w.row.score.iou:.2f} {w.row.name}" if not i else "", to_image(picture))
        for w in evaluation.worst
        for i, picture in enumerate((w.photo, w.truth, w.found, difference(w.photo, w.truth, w.found)))
    ]
    lay_out(cells, columns=12, cell=160).save(file)


def main() -> None:
    parser = arguments((__doc__ or "").partition("\n")[0])
    parser.add_argument("--split", default="val")
    parser.add_argument("--references", type=Path, help="folder with the reference networks")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    portraits = PortraitSet(options.data / "portraits" / options.split)
    numbers: dict[str, dict[str, Any]] = {}
    for name, (run, parts) in {**our_own(), **references(options.references, options.threads)}.items():
        photo = as_picture(portraits[0])
        seconds = best_of(3, partial(run, photo))
        evaluation = evaluate_segmenter(portraits, run, parts)
        show(name, evaluation)
        folder = options.output / f"segmenter-{options.split}" / name
        settings = {"network": name, "data": options.split}
        write_report(evaluation, folder, settings)
        draw_worst(evaluation, folder / "worst.png")
        numbers[name] = as_record(evaluation, settings) | {"milliseconds": 1000 * seconds}
    ours = numbers["coarse"]["milliseconds"]
    print(f"\ntime of one picture, {options.threads} threads, fixed convolution {fixed_convolution():.1f} ms")
    for name, record in numbers.items():
        print(f"  {name:<12}{record['milliseconds']:8.1f} ms, {record['milliseconds'] / ours:5.2f} of coarse")
    summary = {name: {k: r[k] for k in ("overall", "sources", "parts", "milliseconds")} for name, r in numbers.items()}
    (options.output / f"segmenter-{options.split}.json").write_text(json.dumps(summary, indent=1) + "\n")


if __name__ == "__main__":
    main()
