from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import tflite
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from styfie.cli.train import app
from styfie.errors import InputError, MissingError
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.files import read_network
from styfie.segmentation.guided import GuidedNet
from styfie.segmentation.pose import PoseEncoder, PoseNet
from styfie.segmentation.selfie import SelfieNet
from styfie.training.guide import read_guide, read_pose
from styfie.training.pose import settle
from styfie.training.segmenter import load_start
from styfie.weights import save_weights

HALF, SINGLE = 1, 0  # types of tensors


class Written:
    """A TensorFlow Lite file being written: tensors, operators and what they are made of."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1 << 20)
        self.buffers = [self.buffer(b"")]
        self.tensors: list[int] = []
        self.operators: list[int] = []
        self.codes: dict[int, int] = {}

    def buffer(self, data: bytes) -> int:
        content = self.builder.CreateByteVector(data)
        tflite.BufferStart(self.builder)
        tflite.BufferAddData(self.builder, content)
        return int(tflite.BufferEnd(self.builder))

    def tensor(self, shape: tuple[int, ...], kind: int = SINGLE, values: Tensor | None = None) -> int:
        at = 0
        if values is not None:
            self.buffers.append(self.buffer(values.numpy().astype(np.float16 if kind else np.float32).tobytes()))
            at = len(self.buffers) - 1
        size = self.builder.CreateNumpyVector(np.array(shape, np.int32))
        tflite.TensorStart(self.builder)
        tflite.TensorAddShape(self.builder, size)
        tflite.TensorAddType(self.builder, kind)
        tflite.TensorAddBuffer(self.builder, at)
        self.tensors.append(tflite.TensorEnd(self.builder))
        return len(self.tensors) - 1

    def constant(self, values: Tensor) -> int:
        """A tensor stored in half precision, and what it is made single by."""
        half, single = self.tensor(values.shape, HALF, values), self.tensor(values.shape)
        self.operator("DEQUANTIZE", [half], single)
        return single

    def operator(self, kind: str, inputs: list[int], output: int) -> None:
        code = self.codes.setdefault(getattr(tflite.BuiltinOperator, kind), len(self.codes))
        given, made = (self.builder.CreateNumpyVector(np.array(ends, np.int32)) for ends in (inputs, [output]))
        tflite.OperatorStart(self.builder)
        tflite.OperatorAddOpcodeIndex(self.builder, code)
        tflite.OperatorAddInputs(self.builder, given)
        tflite.OperatorAddOutputs(self.builder, made)
        self.operators.append(tflite.OperatorEnd(self.builder))

    def vector(self, items: list[int]) -> int:
        self.builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            self.builder.PrependUOffsetTRelative(item)
        return int(self.builder.EndVector())

    def finish(self, file: Path) -> Path:
        codes = []
        for code in self.codes:
            tflite.OperatorCodeStart(self.builder)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(self.builder, code)
            tflite.OperatorCodeAddBuiltinCode(self.builder, code)
            codes.append(tflite.OperatorCodeEnd(self.builder))
        tensors, operators = self.vector(self.tensors), self.vector(self.operators)
        tflite.SubGraphStart(self.builder)
        tflite.SubGraphAddTensors(self.builder, tensors)
        tflite.SubGraphAddOperators(self.builder, operators)
        graph = tflite.SubGraphEnd(self.builder)
        graphs, codes_at, buffers = self.vector([graph]), self.vector(codes), self.vector(self.buffers)
        tflite.ModelStart(self.builder)
        tflite.ModelAddVersion(self.builder, 3)
        tflite.ModelAddOperatorCodes(self.builder, codes_at)
        tflite.ModelAddSubgraphs(self.builder, graphs)
        tflite.ModelAddBuffers(self.builder, buffers)
        self.builder.Finish(tflite.ModelEnd(self.builder), file_identifier=b"TFL3")
        file.write_bytes(self.builder.Output())
        return file


Convolution = nn.Conv2d | nn.ConvTranspose2d


def layers_of(network: nn.Module) -> list[Convolution]:
    """A network's convolutions, with biases: batch norms, which only add, are folded in as its authors do."""
    layers: list[Convolution] = []
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1].bias = layer.bias
        elif isinstance(layer, Convolution):
            layers.append(layer)
    return layers


def written(layers: list[Convolution], file: Path) -> Path:
    """Convolutions as MediaPipe's authors give them out: weights as TensorFlow orders them, rows first."""
    into = Written()
    for layer in layers:
        assert layer.bias is not None
        kind, order = "CONV_2D", (0, 2, 3, 1)
        if isinstance(layer, nn.ConvTranspose2d):
            kind, order = "CUSTOM", (1, 2, 3, 0)
        elif layer.groups > 1:
            kind, order = "DEPTHWISE_CONV_2D", (1, 2, 3, 0)
        weight, bias = into.constant(layer.weight.detach().permute(order)), into.constant(layer.bias.detach())
        into.operator(kind, [0, weight, bias], into.tensor((1,)))
        into.operator("RELU", [0], into.tensor((1,)))
    return into.finish(file)


def test_every_weight_is_read_where_it_belongs(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = SelfieNet()
    found = read_guide(written(layers_of(network), tmp_path / "selfie.tflite"))
    for name, value in network.state_dict().items():
        torch.testing.assert_close(found[f"guide.{name}"], value.half().float(), atol=0, rtol=0)


@torch.no_grad()
def test_an_encoder_is_read_from_among_a_decoders_layers(tmp_path: Path) -> None:
    """What its file has between the encoder's convolutions, and after them, is left out, and the maps are the same."""
    torch.manual_seed(1)
    network = PoseEncoder().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.bias, -1, 1)
            assert layer.running_var is not None
            layer.running_var.fill_(1 - layer.eps)
    for value in network.parameters():
        value.copy_(value.half())
    layers = layers_of(network)
    between = [nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.Conv2d(16, 8, 1), nn.Conv2d(24, 48, 1)]
    file = written(
        [*layers[:4], *between[:2], *layers[4:10], between[2], *layers[10:], nn.Conv2d(48, 39, 1)], tmp_path / "p"
    )
    read = PoseEncoder().eval()
    read.load_state_dict(read_pose(file))
    picture = torch.rand(1, 3, 64, 64)
    wanted = PoseEncoder().eval()
    wanted.load_state_dict({name: value for name, value in network.state_dict().items() if name in wanted.state_dict()})
    for a, b in zip(read(picture), wanted(picture), strict=True):
        torch.testing.assert_close(a, b)
    for short in (written(layers[:-1], tmp_path / "short"), written(layers_of(SelfieNet()), tmp_path / "other")):
        with pytest.raises(InputError, match="pose_landmark_full"):
            read_pose(short)
    with pytest.raises(InputError, match="selfie_segmentation"):
        read_guide(file)


def test_what_is_no_such_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="selfie_segmentation"):
        read_guide(tmp_path / "none.tflite")
    for content in (b"", b"\x00" * 64, b"not a network at all, but a text of some length"):
        (tmp_path / "other.tflite").write_bytes(content)
        with pytest.raises(InputError, match="selfie_segmentation"):
            read_guide(tmp_path / "other.tflite")
    with pytest.raises(InputError, match="selfie_segmentation"):
        read_guide(written(layers_of(SelfieNet())[:-1], tmp_path / "short.tflite"))


def test_without_the_package_that_reads_it_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tflite", None)
    (tmp_path / "selfie.tflite").write_bytes(b"x")
    with pytest.raises(MissingError, match=r"styfie\[guide\]"):
        read_guide(tmp_path / "selfie.tflite")


def test_the_command_starts_from_a_pose_network_and_a_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it asks of the function that trains, which is not run."""
    asked: dict[str, Any] = {}

    def train(*_given: object, **named: Any) -> None:
        asked.update(named)
        raise InterruptedError

    monkeypatch.setattr("styfie.training.segmenter.train_segmenter", train)
    torch.manual_seed(1)
    plain, selfie = PoseNet(), SelfieNet()
    start = save_weights(plain.state_dict(), tmp_path / "p.safetensors", {"arch": "pose", "side": "64"})
    guide = written(layers_of(selfie), tmp_path / "selfie.tflite")
    command = ["segmenter", "--data", str(tmp_path), "-o", str(tmp_path / "out"), "--device", "cpu"]
    command += ["--start", str(start), "--guide", str(guide)]
    done = CliRunner().invoke(app, [*command, "--arch", "guided"])
    assert isinstance(done.exception, InterruptedError), done.output
    network = GuidedNet()
    load_start(network, asked["start"])
    for part, wanted in ((network, plain), (network.guide, selfie)):
        state = part.state_dict()
        assert all(torch.equal(state[name], value.half().to(value)) for name, value in wanted.state_dict().items())
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, InputError) and "--arch guided" in str(refused.exception)
    both = CliRunner().invoke(app, [*command, "--arch", "pose"])
    assert isinstance(both.exception, InputError) and "choose one" in str(both.exception)


def test_a_guided_network_starts_from_a_pose_network_and_its_guide() -> None:
    plain, guide, network = PoseNet(), SelfieNet(), GuidedNet()
    guiding = {f"guide.{name}": value for name, value in guide.state_dict().items()}
    load_start(network, plain.state_dict() | guiding)
    for part, wanted in ((network, plain), (network.guide, guide)):
        state = part.state_dict()
        assert all(torch.equal(state[name], value) for name, value in wanted.state_dict().items())
    again = GuidedNet()
    load_start(again, network.state_dict())
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in again.state_dict().items())
    for missing, scratch in ((None, True), (None, False), (plain.state_dict(), False), (guiding, False)):
        with pytest.raises(InputError, match=r"--start.*--guide"):
            load_start(again, missing, scratch)
    with pytest.raises(InputError, match="another network"):
        load_start(PoseNet(), plain.state_dict() | guiding)


def test_without_steps_two_networks_are_added_up_and_calibrated(portraits: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    plain, selfie, out = PoseNet(), SelfieNet(), tmp_path / "out"
    start = save_weights(plain.state_dict(), tmp_path / "p.safetensors", {"arch": "pose", "side": "64"})
    guide = written(layers_of(selfie), tmp_path / "selfie.tflite")
    command = ["segmenter", "--arch", "guided", "--steps", "0", "--size", "64", "--data", str(portraits)]
    command += ["-o", str(out), "--start", str(start), "--guide", str(guide), "--device", "cpu"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in out.iterdir()) == ["pairs.png", "segmenter.safetensors", "table.json"]
    network, side, calibration = read_network(out / "segmenter.safetensors")
    assert side == 64 and calibration != Calibration()
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    parts = [one.half().float().eval() for one in (plain, selfie)]
    with torch.no_grad():
        summed = parts[0](picture) + parts[1](picture).clamp(-4, 4)
        torch.testing.assert_close(network(picture), summed, atol=1e-3, rtol=0)


def test_a_pose_network_starts_from_its_encoder_and_settles(
    portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maps come to the trunk at one scale, and what it learned is still there after a step."""
    shown: list[Tensor] = []

    def watch(encoder: PoseEncoder, pictures: Tensor) -> None:
        shown.append(pictures)
        settle(encoder, pictures)

    monkeypatch.setattr("styfie.training.segmenter.settle", watch)
    torch.manual_seed(1)
    encoder, out = PoseEncoder(), tmp_path / "out"
    for conv in (layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)):
        nn.init.kaiming_normal_(conv.weight)
    encoder.state_dict()["project.0.weight"] *= 100
    file = written(layers_of(encoder), tmp_path / "pose.tflite")
    command = ["segmenter", "--arch", "pose", "--steps", "1", "--batch", "4", "--size", "64", "--data", str(portraits)]
    command += ["--device", "cpu"]
    done = CliRunner().invoke(app, [*command, "-o", str(out), "--guide", str(file)])
    assert done.exit_code == 0, done.output
    network = read_network(out / "segmenter.safetensors")[0]
    assert isinstance(network, PoseNet)
    (pictures,) = shown
    assert len(pictures) > 4 and pictures.std((1, 2, 3)).gt(0.02).all(), "more than a batch, each of them a picture"
    with torch.no_grad():
        for before, one in zip(encoder.eval()(pictures), network.encode(pictures), strict=True):
            assert float(torch.cosine_similarity(before.flatten(), one.flatten(), 0)) > 0.8
            assert 0.3 < float(one.square().mean().sqrt()) < 6
    bare = CliRunner().invoke(app, [*command, "-o", str(tmp_path / "bare")])
    assert isinstance(bare.exception, InputError) and "pose_landmark_full" in str(bare.exception)
