"""A segmenter is trained and scored, from the library and from the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from typer.testing import CliRunner

from styfie.cli.train import app
from styfie.encoders.plain import PlainEncoder
from styfie.errors import InputError, MissingError, OutputError, StyfieError
from styfie.segmentation.files import read_network
from styfie.segmentation.networks import PortraitNet
from styfie.training.curves import draw_curves
from styfie.training.portraits import Batch, as_matte
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.readers import PortraitSet
from styfie.training.sampler import Several
from styfie.training.segmenter import (
    check_share,
    entropy_alone,
    freeze_unasked,
    groups_of,
    load_start,
    read_start,
    score_segmenter,
    table_one,
    train_segmenter,
)
from styfie.training.table import Scores, as_record, as_text, count_pairs, mean_iou, score_pictures
from styfie.weights import load_packaged
from tests.conftest import opened
from tests.training.conftest import TINY
from tests.training.test_architectures import SMALL

CPU = torch.device("cpu")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["segmenter", *arguments], catch_exceptions=True)
    assert isinstance(done.exception, StyfieError), done.output
    return str(done.exception)


def test_a_segmenter_is_trained_and_scored(portraits: Path, tmp_path: Path) -> None:
    recipe = TrainingPreset(replace(TINY, scores=2), side=64)
    start = PlainEncoder().state_dict()
    trained = train_segmenter("portrait", [portraits], tmp_path / "run", recipe, start=start)
    summary = score_segmenter(trained.network, trained.material.held_out, 64)
    assert summary.pictures == 3
    assert 0 <= summary.worst_tenth <= summary.iou <= 1
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert {"entropy", "jaccard", "parts", "total"} <= set(log[0])
    assert [line["pass"] for line in log if "val_iou" in line] == [2, 4], "6 pictures, then 12, of 3 to learn from"
    rows = table_one(trained)
    assert (rows["train"].pictures, rows["val"].pictures) == (3, 3)
    assert rows["val"].entropy == pytest.approx(log[-1]["val_bce"], abs=1e-5)


def test_the_command_writes_weights_table_and_curves(portraits: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = (
        "--arch",
        "banet",
        "--preset",
        "paper",
        "--size",
        "64",
        "--steps",
        "2",
        "--batch",
        "2",
        "--device",
        "cpu",
    )
    done = CliRunner().invoke(app, ["segmenter", "--data", str(portraits), "-o", str(out), *options])
    assert done.exit_code == 0, done.output
    assert "Keras MeanIoU" in done.output
    table = json.loads((out / "table.json").read_text())
    assert table["val"]["pictures"] == 3
    printed = next(line.split() for line in done.output.splitlines() if line.startswith("val"))
    assert float(printed[3]) == pytest.approx(table["val"]["mean_iou"], abs=1e-4), "Table 1's own"
    assert {"iou", "boundary_f", "mean_iou"} <= set(table["val"]["per_picture"])
    assert not list(out.glob("*.part")) + list(out.glob(".*"))
    assert opened(out / "curves.png").format in {"PNG", None}
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    with safe_open(out / "segmenter.safetensors", "pt") as weights:
        about = weights.metadata()
    assert (about["arch"], about["side"]) == ("banet", "64")
    _, side, calibration = read_network(out / "segmenter.safetensors")
    assert side == 64 and calibration.as_metadata().items() <= about.items(), "how it is read stands in its file"
    for score, iou, count in table["val"]["reliability"]:
        assert 0 <= score <= 1 and 0 <= iou <= 1 and count >= 1


def test_errors_are_sentences(portraits: Path, tmp_path: Path) -> None:
    data = ("--data", str(portraits), "-o", str(tmp_path / "out"))
    assert "no network 'nonesuch'" in run(*data, "--arch", "nonesuch")
    assert "no preset 'theirs'" in run(*data, "--preset", "theirs")
    assert "choose one" in run(*data, "--passes", "1", "--steps", "2")
    assert "multiple of 32" in run(*data, "--size", "100")
    assert "No picture has 'nowhere'" in run(*data, "--leave-out", "nowhere")
    assert "to start from" in run(*data, "--start", str(tmp_path / "none"))
    assert "No portraits" in run("--data", "none", "-o", str(tmp_path / "out"))
    (tmp_path / "text").write_text("text")
    assert "no safetensors" in run(*data, "--start", str(tmp_path / "text"))
    assert "cannot be divided" in run(*data, "--batch", "3", "--accumulate", "2")
    assert "text cannot be made a folder" in run("--data", str(portraits), "-o", str(tmp_path / "text"), "--batch", "2")
    assert "leaves batch norm nothing" in run(*data, "--size", "64", "--batch", "2", "--accumulate", "2")
    for command in (("segmenter",), ("encoder", "--teacher", "none")):
        refused = CliRunner().invoke(app, [*command, *data, "--seed", "-1"])
        assert refused.exit_code == 2
        assert "--seed" in refused.output
    with pytest.raises(InputError, match="another network"):
        load_start(nn.Conv2d(3, 1, 1), {"weight": torch.zeros(2, 2)})


@pytest.mark.parametrize(
    "value", [torch.tensor([1.0, torch.nan]), torch.tensor([torch.inf]), torch.ones(2, dtype=torch.complex64)]
)
def test_weights_that_are_no_numbers_are_no_start(tmp_path: Path, value: torch.Tensor) -> None:
    save_file({"weight": value}, tmp_path / "s.safetensors")
    with pytest.raises(InputError, match="no numbers"):
        read_start(tmp_path / "s.safetensors")


def test_an_earlier_network_or_an_encoder_is_where_it_starts() -> None:
    earlier, encoder = PortraitNet(), PlainEncoder()
    whole, half = PortraitNet(), PortraitNet()
    load_start(whole, earlier.state_dict())
    load_start(half, encoder.state_dict())
    for found, wanted in ((whole, earlier), (half.encoder, encoder)):
        state = found.state_dict()
        assert all(torch.equal(state[name], value) for name, value in wanted.state_dict().items())


@pytest.mark.parametrize(("person", "saturated"), [(0.384, 0.0), (0.55, 0.13), (0.3, 1.0)])
def test_the_keras_artefact_is_what_casting_to_integers_counts(person: float, saturated: float) -> None:
    """The count against Keras' definition, pixel by pixel: `int(probability)`, then mean IoU over two classes.

    And against what docs/training.md derives, with p the person's share and q the share of it that is saturated.
    """
    count = 10_000
    truth = np.arange(count) < round(person * count)
    probability = np.where(truth, np.float32(0.999), np.float32(0.01))
    probability[: round(saturated * truth.sum())] = 1.0
    cast = probability.astype(int)
    ious = [((cast == k) & (truth == k)).sum() / ((cast == k) | (truth == k)).sum() for k in (0, 1)]
    found = mean_iou(count_pairs(torch.from_numpy(truth), torch.from_numpy(probability) == 1))
    assert found == pytest.approx(np.mean(ious), abs=1e-9)
    p, q = truth.mean(), (cast[truth] == 1).mean()
    assert found == pytest.approx((q + (1 - p) / (1 - p * q)) / 2, abs=1e-9)


class Told(nn.Module):
    """Knows the answer, with logits of one height."""

    def __init__(self, height: float) -> None:
        super().__init__()
        self.height = height

    def forward(self, pictures: Tensor) -> Tensor:
        person = (pictures - torch.tensor([200, 150, 120])[:, None, None] / 255).abs().amax(1, keepdim=True) < 0.12
        return torch.where(person, self.height, -self.height)


def test_a_perfect_network_scores_one_and_keras_sees_a_third(portraits: Path) -> None:
    held = Several([PortraitSet(portraits, "val")])
    sure = score_pictures(Told(4.0), held, 64, CPU)
    truth = torch.cat([as_matte(held[i]) for i in range(3)])
    person = float((truth > 0.5).float().mean())
    assert sure.mean_iou > 0.9
    assert sure.keras_meaniou_artifact == pytest.approx((1 - person) / 2, abs=0.01)
    saturated = score_pictures(Told(30.0), held, 64, CPU)
    assert saturated.keras_meaniou_artifact == pytest.approx(saturated.mean_iou), "a sigmoid of exactly 1 is seen"
    assert score_pictures(Told(0.0), held, 64, CPU).entropy == pytest.approx(np.log(2), abs=1e-6)


def test_curves_are_drawn_from_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, file = tmp_path / "log.jsonl", tmp_path / "curves.png"
    with pytest.raises(MissingError, match="no "):
        draw_curves(log, file)
    log.write_text('{"step": 1, "total": 2.0}\n')
    with pytest.raises(InputError, match="no scores"):
        draw_curves(log, file)
    lines = [
        {"step": i, "pass": i / 2, "train_bce": 1 / i, "train_iou": 0.9, "val_bce": 2 / i, "val_iou": 0.8}
        for i in (1, 2, 3)
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    draw_curves(log, file)
    with Image.open(file) as drawn:
        assert drawn.format == "PNG"
        colours = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 20) or []}
    assert {(0x2A, 0x6F, 0x97), (0xC8, 0x55, 0x3D)} <= colours, "both rows"
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match=r"folder.png cannot be written"):
        draw_curves(log, tmp_path / "folder.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "folder.png", "log.jsonl"]
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingError, match=r"pip install 'styfie\[plots\]'"):
        draw_curves(log, file)


def weight_of(network: PortraitNet, layer: int) -> Tensor:
    weight: Tensor = network.state_dict()[f"encoder.convs.{layer}.weight"]
    return weight


def test_from_scratch_nothing_is_started_from_and_all_is_learned(portraits: Path, tmp_path: Path) -> None:
    """What it starts with is drawn, and its first convolutions learn like the others."""
    first, second = PortraitNet(), PortraitNet()
    ready = load_packaged("encoder")["convs.0.weight"]
    for network, seed in ((first, 0), (second, 0)):
        torch.manual_seed(seed)
        load_start(network, None, scratch=True)
        assert not torch.equal(weight_of(network, 0), ready)
    assert torch.equal(weight_of(first, 3), weight_of(second, 3))
    wide = weight_of(first, 3)
    spread = float(wide.detach().std())
    assert spread == pytest.approx((2 / 1.01 / (96 * 9)) ** 0.5, rel=0.02), "He et al. with the leak"
    recipe = TrainingPreset(TINY, side=64, scratch=True)
    trained = train_segmenter("portrait", [portraits], tmp_path / "run", recipe).network
    torch.manual_seed(recipe.schedule.seed)
    before = PortraitNet()
    load_start(before, None, scratch=True)
    assert isinstance(trained, PortraitNet)
    assert not torch.equal(weight_of(trained, 0), weight_of(before, 0))


def test_a_ready_encoders_first_convolutions_stay_as_they_are(portraits: Path, tmp_path: Path) -> None:
    """The others learn, whether the encoder is the one that ships or is given."""
    ready = load_packaged("encoder")
    for name, start in (("shipped", None), ("given", PlainEncoder().state_dict())):
        recipe = TrainingPreset(TINY, side=64)
        trained = train_segmenter("portrait", [portraits], tmp_path / name, recipe, start=start).network
        before = ready if start is None else start
        assert isinstance(trained, PortraitNet)
        state = trained.encoder.state_dict()
        for value in ("weight", "bias"):
            same = [torch.equal(state[f"convs.{at}.{value}"], before[f"convs.{at}.{value}"].float()) for at in range(5)]
            assert same == [True, True, False, False, False], f"{name}: {value}"


@pytest.mark.parametrize("name", SMALL)
def test_the_papers_loss_asks_for_all_that_is_not_frozen(name: str) -> None:
    """Else the processes of a run would wait for gradients that never come."""
    network = SMALL[name]()
    groups_of(network)
    freeze_unasked(network)
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    batch = Batch(pictures, (pictures[:, :1] > 0.5).float(), torch.zeros(2, 32, 32, dtype=torch.long))
    entropy_alone(network, batch, 0.0)["total"].backward()
    for key, parameter in network.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, key


@pytest.mark.parametrize("name", ["portrait", "banet"])
def test_a_share_that_batch_norm_cannot_average_is_refused(name: str) -> None:
    """Where the refusal is, torch would refuse; a step further, it does not."""
    network = SMALL[name]()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        network(torch.rand(1, 3, 32, 32))
    single = replace(PRESETS["ours"], side=64, schedule=replace(TINY, batch=2, accumulate=2))
    with pytest.raises(InputError, match="One picture of 32x32"):
        check_share(network, single)
    check_share(network, replace(single, varied=False))
    network(torch.rand(1, 3, 64, 64))
    check_share(network, replace(single, schedule=replace(TINY, batch=2)))
    network(torch.rand(2, 3, 32, 32))
    check_share(nn.Conv2d(3, 1, 1), single)


class AskedError(Exception):
    """Raised in place of training, with what was asked."""


def asked_of(monkeypatch: pytest.MonkeyPatch, where: str, *arguments: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the command line asks of the function that trains, which is not run."""

    def train(*given: object, **named: object) -> None:
        raise AskedError(given, named)

    monkeypatch.setattr(where, train)
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    assert isinstance(done.exception, AskedError), done.output
    given, named = done.exception.args
    return given, named


def test_what_is_not_said_is_as_docs_training_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data, out = tmp_path / "portraits", tmp_path / "out"
    where = "styfie.training.segmenter.train_segmenter"
    (arch, sources, into, recipe), named = asked_of(
        monkeypatch, where, "segmenter", "--data", str(data), "-o", str(out), "--device", "cpu"
    )
    assert (arch, sources, into) == ("portrait", [data], out) and isinstance(recipe, TrainingPreset)
    assert (recipe.side, recipe.schedule.batch, recipe.schedule.accumulate, recipe.schedule.seed) == (256, 16, 1, 0)
    assert replace(recipe, schedule=PRESETS["ours"].schedule) == PRESETS["ours"]
    assert named["start"] is None and named["scenes"] == () and named["leave_out"] == ()
    given = ("--preset", "paper", "--steps", "7", "--batch", "4", "--accumulate", "2", "--seed", "5", "--size", "96")
    (_, _, _, recipe), _ = asked_of(
        monkeypatch, where, "segmenter", "--data", str(data), "-o", str(out), "--device", "cpu", *given
    )
    assert isinstance(recipe, TrainingPreset)
    schedule = recipe.schedule
    assert (schedule.steps, schedule.batch, schedule.accumulate, schedule.seed) == (7, 4, 2, 5)
    assert (recipe.side, recipe.passes, recipe.varied) == (96, 0, False), "steps in place of the preset's passes"
    (_, _, _, recipe), _ = asked_of(
        monkeypatch, where, "segmenter", "--data", str(data), "-o", str(out), "--device", "cpu", "--passes", "2.5"
    )
    assert isinstance(recipe, TrainingPreset) and recipe.passes == 2.5


def test_a_style_is_taught_half_as_wide_as_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    options = ("--photos", str(tmp_path), "-o", str(tmp_path / "out"), "--device", "cpu")
    where = "styfie.training.style.train_style"
    (_, styles, _, schedule, width), _ = asked_of(monkeypatch, where, "style", "ink", *options)
    assert (len(styles), width, schedule.seed) == (1, 0.5, 0)
    (_, _, _, schedule, width), _ = asked_of(
        monkeypatch, where, "style", "ink", *options, "--width", "0.25", "--steps", "9", "--seed", "3"
    )
    assert (width, schedule.steps, schedule.seed) == (0.25, 9, 3)


def test_the_networks_that_ship_are_taught_from_seed_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = str(tmp_path)
    (_, _, _, schedule, lesson, _, start, _), _ = asked_of(
        monkeypatch, "styfie.training.fast.train_fast", "fast", "--photos", folder, "--styles", folder, "-o", folder
    )
    assert schedule.seed == 0 and start is None
    assert lesson.content == 0.2
    (_, _, _, _, lesson, _, _, _), _ = asked_of(
        monkeypatch,
        "styfie.training.fast.train_fast",
        *("fast", "--photos", folder, "--styles", folder, "-o", folder, "--content", "0"),
    )
    assert lesson.content == 0, "none at all"
    (_, _, _, schedule), _ = asked_of(
        monkeypatch,
        "styfie.training.encoder.train_encoder",
        *("encoder", "--data", folder, "--teacher", f"{folder}/t", "-o", folder, "--steps", "2"),
    )
    assert (schedule.steps, schedule.seed) == (2, 0)


def test_results_never_replace_what_is_learned_from(tmp_path: Path) -> None:
    for name in ("segmenter.safetensors", "table.json", "curves.png"):
        (tmp_path / name).touch()
        assert name in run("--data", str(tmp_path / name), "-o", str(tmp_path))


def test_only_the_first_of_several_processes_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("styfie.training.segmenter.train_segmenter", lambda *_, **__: None)
    written: list[object] = []
    monkeypatch.setattr("styfie.cli.train._finish", lambda *given: written.append(given))
    for rank in (0, 1):
        monkeypatch.setattr("styfie.training.processes.rank_and_count", lambda rank=rank: (rank, 2))
        done = CliRunner().invoke(app, ["segmenter", "--data", str(tmp_path), "-o", str(tmp_path), "--device", "cpu"])
        assert done.exit_code == 0 and len(written) == 1


def test_the_table_of_scores_is_aligned() -> None:
    rows = {"train": Scores(12, 0.13049, 0.9, 0.33333), "val": Scores(3456, 1.5, 0.85, 0.3)}
    assert as_text(rows).splitlines() == [
        "         pictures      BCE  mean IoU  Keras MeanIoU",
        "train          12   0.1305    0.9000         0.3333",
        "val          3456   1.5000    0.8500         0.3000",
    ]
    assert as_record(rows)["val"] == {"pictures": 3456, "entropy": 1.5, "mean_iou": 0.85, "keras_meaniou_artifact": 0.3}


def test_curves_are_1200_by_480_pixels(tmp_path: Path) -> None:
    line = {"step": 1, "pass": 1, "train_bce": 1, "train_iou": 0.9, "val_bce": 2, "val_iou": 0.8}
    (tmp_path / "log.jsonl").write_text(json.dumps(line) + "\n")
    with Image.open(draw_curves(tmp_path / "log.jsonl", tmp_path / "curves.png")) as drawn:
        assert drawn.size == (1200, 480)
