from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from styfie.errors import NoPersonError
from styfie.evaluation.segmenter import evaluate_segmenter, person_of
from styfie.regions import Regions
from styfie.segmentation import SEGMENTERS, SegmenterEntry
from styfie.segmentation.networks import PortraitNet
from styfie.segmentation.portrait import PortraitSegmenter
from styfie.training.readers import PortraitSet
from styfie.weights import save_weights
from tests.cli.test_cli import run


class Bright:
    """Whatever is bright is the person; in a dark photo there is nobody."""

    def __call__(self, photo: Tensor, finer: object = ()) -> Regions:
        if float(photo.max()) < 0.5:
            raise NoPersonError("No person was found.")
        return Regions.of_subject((photo[:, :1] > 0.5).float())

    def split(self, regions: Regions, photo: Tensor, finer: object) -> Regions:
        return regions


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = SegmenterEntry("", f"{__name__}:Bright")
    monkeypatch.setitem(SEGMENTERS, "portrait", entry)
    monkeypatch.setitem(SEGMENTERS, "bright", entry)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One bright person, one of whom half is dark, and one all in the dark."""
    folder = tmp_path / "data"
    for kind in ("image", "mask", "parsing"):
        (folder / kind).mkdir(parents=True)
    for name, lit in (("x_1", 32), ("x_2", 16), ("y_1", 0)):
        mask, photo = Image.new("L", (64, 64)), Image.new("RGB", (64, 64))
        mask.paste(255, (16, 16, 48, 48))
        photo.paste((255, 255, 255), (16, 16, 16 + lit, 48))
        mask.save(folder / "mask" / f"{name}.png")
        photo.save(folder / "image" / f"{name}.jpg", quality=95)
    labels = Image.new("L", (64, 64))
    labels.paste(2, (16, 16, 48, 48))
    labels.save(folder / "parsing" / "x_1.png")
    return folder


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize("options", [(), ("--segmenter", "bright")])
def test_prints_each_source_and_all(capsys: pytest.CaptureFixture[str], data: Path, options: tuple[str, ...]) -> None:
    code, out, err = run(capsys, "evaluate", "segmenter", data, *options)
    assert code == 0
    assert [line for line in err.splitlines() if line.startswith("picture")] == [f"picture {n}/3" for n in (1, 2, 3)]
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert lines["x"][:3] == ["x", "2", "0.750"]
    assert lines["y"][:3] == ["y", "1", "0.000"], "nobody found is an empty mask"
    assert lines["all"][:3] == ["all", "3", "0.500"]
    assert lines["constant"][:3] == ["constant", "3", "0.250"], "the share of the person"
    assert max(map(len, out.splitlines())) <= 80
    assert "hair" not in out


@pytest.mark.usefixtures("bright")
def test_a_folder_with_val_and_a_report(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> None:
    data.rename(tmp_path / "val")
    code, out, _ = run(capsys, "evaluate", "segmenter", tmp_path, "-o", tmp_path / "report")
    assert code == 0
    record = json.loads((tmp_path / "report" / "report.json").read_text())
    assert [p["iou"] for p in record["pictures"]] == pytest.approx([1, 0.5, 0])
    assert record["settings"] == {"segmenter": "auto", "data": tmp_path.name}
    assert str(tmp_path) not in json.dumps(record) + (tmp_path / "report" / "report.html").read_text()
    assert "report.html" in out


def test_other_weights(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = PortraitNet().eval()
    everything_is_hair = {"head.1.bias": torch.tensor([9.0]), "parts.bias": torch.tensor([0.0, 0, 9, 0, 0])}
    zero = {f"{head}.weight": torch.zeros_like(network.state_dict()[f"{head}.weight"]) for head in ("head.1", "parts")}
    network.load_state_dict({**network.state_dict(), **zero, **everything_is_hair})
    about = {"arch": "portrait", "side": "256"}
    save_weights(network.state_dict(), tmp_path / "w.safetensors", about, half=False)
    code, out, _ = run(
        capsys, "evaluate", "segmenter", data, "--segmenter", tmp_path / "w.safetensors", "-o", tmp_path / "r"
    )
    assert code == 0
    record = json.loads((tmp_path / "r" / "report.json").read_text())
    ours = evaluate_segmenter(PortraitSet(data), person_of(PortraitSegmenter(network)))
    assert record["overall"]["iou"] == pytest.approx(ours.overall().iou)
    assert record["overall"]["iou"] == pytest.approx(record["constant"]["iou"]) == pytest.approx(0.25)
    assert record["parts"]["hair"] == pytest.approx(0.25)
    assert record["parts"]["background"] == 0
    assert "IoU of parts" in out
    assert record["settings"]["segmenter"] == "w.safetensors"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("nowhere",), "No portraits at nowhere"),
        (("data",), "x_2.jpg has no mask"),
        (("whole", "--segmenter", "magic"), "portrait"),
        (("whole", "--segmenter", "none.safetensors"), "no file none.safetensors"),
        (("whole", "--segmenter", "bad.safetensors"), "holds no network that finds people"),
        (("whole", "--segmenter", "other.safetensors"), "holds no network that finds people"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if options[0] == "whole":
        data.rename(tmp_path / "whole")
    else:
        (data / "mask" / "x_2.png").unlink()
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    save_weights({"other": torch.zeros(2)}, tmp_path / "other.safetensors")
    code, _, err = run(capsys, "evaluate", "segmenter", *options, "-o", "report")
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert not (tmp_path / "report").exists()


@pytest.mark.usefixtures("bright")
def test_a_folder_with_train_alone_is_scored_and_said(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    data.rename(tmp_path / "train")
    code, out, err = run(capsys, "evaluate", "segmenter", tmp_path)
    assert code == 0
    assert "no val/" in err
    assert "all of train/" in err
    assert ["all", "3"] in [line.split()[:2] for line in out.splitlines()]


@pytest.mark.usefixtures("bright")
def test_names_that_tell_no_sources_apart_are_one_row(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    for i, name in enumerate(("x_1", "x_2", "y_1")):
        for kind, suffix in (("image", "jpg"), ("mask", "png")):
            (data / kind / f"{name}.{suffix}").rename(data / kind / f"IMG{i}.{suffix}")
    _, out, _ = run(capsys, "evaluate", "segmenter", data)
    lines = [line.split()[:2] for line in out.splitlines() if line.strip()]
    first = lines.index(["data", "3"])
    assert lines[first : first + 3] == [["data", "3"], ["all", "3"], ["constant", "3"]]
    assert [line[0] for line in lines if line[0] in ("whole", "band")] == ["whole", "band"], "mattes' measures"


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("mask/y_1.png", b"broken", "mask/y_1.png in data cannot be read"),
        ("image/y_1.jpg", b"", "image/y_1.jpg in data cannot be read"),
        ("mask/y_1.png", Image.new("L", (32, 64)), "not of one size"),
        ("mask/x_1.png", Image.new("L", (64, 64), 1), "values 0 and 1: 0 and 255 are wanted"),
        ("parsing/x_1.png", Image.new("L", (64, 64), 9), "label 9: 0 to 4"),
        ("parsing/x_1.png", Image.new("RGB", (64, 64)), "one channel is wanted"),
    ],
)
def test_a_picture_that_cannot_be_used_is_named_at_once(
    capsys: pytest.CaptureFixture[str],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    content: bytes | Image.Image,
    says: str,
) -> None:
    monkeypatch.chdir(data.parent)
    if isinstance(content, bytes):
        (data / file).write_bytes(content)
    else:
        content.save(data / file)
    code, _, err = run(capsys, "evaluate", "segmenter", "data")
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert "picture 1/" not in err, "before any is scored"


@pytest.mark.usefixtures("bright")
def test_an_output_that_is_a_file_is_named_before_scoring(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    code, _, err = run(capsys, "evaluate", "segmenter", data, "-o", tmp_path / "taken")
    assert code == 2
    assert "taken cannot be made a folder" in err
    assert "picture" not in err
