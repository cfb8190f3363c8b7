from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from styfie.cli.train import app
from styfie.errors import InputError, MissingError, StyfieError
from styfie.segmentation.banet import BANet
from styfie.segmentation.files import read_parts
from styfie.segmentation.networks import PARTS
from styfie.segmentation.pose import OWN, PartsHead, PoseNet
from styfie.training.parts import PRESET, train_parts
from styfie.training.sampler import Material
from styfie.weights import checksum, save_weights


@pytest.fixture
def network() -> PoseNet:
    torch.manual_seed(0)
    return PoseNet().half().float().eval()


@pytest.fixture
def start(network: PoseNet, tmp_path: Path) -> Path:
    return save_weights(network.state_dict(), tmp_path / "s.safetensors", {"arch": "pose", "side": "64"})


def test_only_what_is_labelled_is_learned_from(portraits: Path) -> None:
    labelled = Material([portraits]).learned.with_parts()
    assert [entry.name for entry in labelled.entries] == ["a_0"]


def test_a_head_learns_from_where_its_network_is(
    network: PoseNet, start: Path, portraits: Path, tmp_path: Path
) -> None:
    deep = network.state_dict()[f"encoder.stages.{OWN}.0.expand.0.weight"]
    schedule = replace(PRESET.schedule, steps=30, batch=4, log_every=1, bf16=False)
    head, clear = train_parts(start, [portraits], tmp_path / "run", replace(PRESET, side=64, schedule=schedule))
    assert 0 <= clear <= 1
    log = [json.loads(line)["total"] for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert sum(log[-5:]) < 0.7 * sum(log[:5])
    with torch.no_grad():
        taps = network.encode(torch.rand(2, 3, 64, 96))
        found = head(taps, network.levels(taps))
    assert found.shape == (2, PARTS, 32, 48)
    own = head.stages[0].state_dict()["0.expand.0.weight"]
    assert 0 < float((own - deep).abs().max()) < 0.1, "its deep stages begin as the network's, and learn"


def test_a_head_goes_on_where_another_was(start: Path, portraits: Path, tmp_path: Path) -> None:
    """After one step it is the other one, and not what the network's encoder would begin."""
    torch.manual_seed(5)
    other = PartsHead().half().float()
    file = save_weights(other.state_dict(), tmp_path / "other.safetensors", {"arch": "parts", "clear": "0.5"})
    options = ("--data", str(portraits), "--start", str(start), "--size", "64", "--steps", "1", "--device", "cpu")
    done = CliRunner().invoke(app, ["parts", *options, "--head", str(file), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    found = read_parts(tmp_path / "out/parts.safetensors")[0].state_dict()
    for name, value in other.named_parameters():
        assert torch.allclose(found[name], value, atol=5e-3), name
    about = json.loads((tmp_path / "out/schedule.json").read_text())
    assert checksum(file) in json.dumps(about)


def test_the_head_to_go_on_from_is_not_written_over(start: Path, portraits: Path, tmp_path: Path) -> None:
    file = tmp_path / "parts.safetensors"
    save_weights(PartsHead().state_dict(), file, {"arch": "parts", "clear": "0.5"})
    before = file.read_bytes()
    options = ("--data", str(portraits), "--start", str(start), "--head", str(file), "-o", str(tmp_path))
    done = CliRunner().invoke(app, ["parts", *options])
    assert isinstance(done.exception, StyfieError) and file.read_bytes() == before


def test_accessories_have_to_be_likelier_than_all_else(
    start: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times: by the odds of two runs of which one is not hesitant."""
    schedule = replace(PRESET.schedule, steps=1, batch=2, bf16=False)
    odds = []
    for times in (1.0, 3.0):
        monkeypatch.setattr("styfie.training.parts.HESITANT", times)
        head, _ = train_parts(start, [portraits], tmp_path / f"{times}", replace(PRESET, side=64, schedule=schedule))
        assert head.answer.bias is not None
        odds.append(head.answer.bias.exp())
    assert torch.allclose(odds[1] / odds[0], torch.tensor([1, 1, 1, 1, 1 / 3]), rtol=1e-4)


def test_nothing_labelled_is_refused(start: Path, portraits: Path, tmp_path: Path) -> None:
    shutil.rmtree(portraits / "train/parsing")
    with pytest.raises(InputError, match="parsing"):
        train_parts(start, [portraits], tmp_path / "run")


def test_the_command_writes_what_is_read_again(start: Path, portraits: Path, tmp_path: Path) -> None:
    options = ("--data", str(portraits), "--start", str(start), "--size", "64", "--steps", "2", "--device", "cpu")
    done = CliRunner().invoke(app, ["parts", *options, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    head, clear = read_parts(tmp_path / "out/parts.safetensors")
    assert isinstance(head, PartsHead) and 0 <= clear <= 1
    assert not any(parameter.requires_grad for parameter in head.parameters())


def test_a_network_without_levels_is_refused(portraits: Path, tmp_path: Path) -> None:
    start = save_weights(BANet().state_dict(), tmp_path / "b.safetensors", {"arch": "banet", "side": "64"})
    done = CliRunner().invoke(
        app, ["parts", "--data", str(portraits), "--start", str(start), "-o", str(tmp_path / "o")]
    )
    assert isinstance(done.exception, InputError) and "guided" in str(done.exception)
    assert not (tmp_path / "o").exists()


def test_what_is_no_head_is_one_sentence(network: PoseNet, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no file"):
        read_parts(tmp_path / "none.safetensors")
    file = tmp_path / "p.safetensors"
    state = PartsHead().state_dict()
    for held, about in ((network.state_dict(), {"clear": "0.5"}), (state, {}), (state, {"clear": "2"})):
        save_weights(held, file, about)
        with pytest.raises(InputError, match="styfie train parts"):
            read_parts(file)
    file.write_bytes(b"nothing")
    with pytest.raises(InputError, match="styfie train parts"):
        read_parts(file)


def test_a_checkpoint_is_of_its_own_data_alone(
    start: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that makes a run is told to the loop, which refuses to go on with another's; and who is to draw for it."""
    asked: dict[str, Any] = {}

    def learn(*_given: object, **named: Any) -> None:
        asked.update(named)
        raise InterruptedError

    monkeypatch.setattr("styfie.training.parts.fit", learn)
    monkeypatch.setattr("styfie.training.parts.count_drawers", lambda _: 5)
    scenes = portraits / "backgrounds"
    options = ("--data", str(portraits), "--start", str(start), "--scenes", str(scenes), "--device", "cpu")
    done = CliRunner().invoke(app, ["parts", *options, "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, InterruptedError), done.output
    assert (asked["about"]["data"], asked["about"]["scenes"]) == ([str(portraits)], [str(scenes)])
    assert asked["drawers"] == 5
