"""VGG against a second implementation that reads the same files by itself; no weights, no network."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import h5py
import numpy as np
import platformdirs
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from styfie.encoders import load_encoder
from styfie.encoders.vgg import Vgg, import_vgg, layer_names, load_vgg, read_vgg
from styfie.errors import InputError, MissingError
from styfie.weights import checksums

# (name, channels in, channels out), written out once more and not taken from the package.
VGG16 = [
    *[("block1_conv1", 3, 64), ("block1_conv2", 64, 64)],
    *[("block2_conv1", 64, 128), ("block2_conv2", 128, 128)],
    *[("block3_conv1", 128, 256), ("block3_conv2", 256, 256), ("block3_conv3", 256, 256)],
    *[("block4_conv1", 256, 512), ("block4_conv2", 512, 512), ("block4_conv3", 512, 512)],
    *[("block5_conv1", 512, 512), ("block5_conv2", 512, 512), ("block5_conv3", 512, 512)],
]
TORCHVISION16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
TAPS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block4_conv2", "block5_conv1")
OLD_NAMES = "{0}/{0}_W_1:0", "{0}/{0}_b_1:0"
NEW_NAMES = "{0}/{0}/kernel:0", "{0}/{0}/bias:0"


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: folder)
    return folder


@pytest.fixture(scope="module")
def kernels() -> dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Random weights at full width: kernels (3, 3, in, out) that keep the activations' size, and biases."""
    rng = np.random.default_rng(0)
    return {
        name: (
            (rng.standard_normal((3, 3, a, b), np.float32) * np.sqrt(2 / (9 * a))).astype(np.float32),
            rng.standard_normal(b, np.float32),
        )
        for name, a, b in VGG16
    }


@pytest.fixture
def torchvision(kernels: Any) -> dict[str, Tensor]:
    """The same weights as torchvision keeps them."""
    state = {"classifier.0.bias": torch.zeros(3)}
    for index, (kernel, bias) in zip(TORCHVISION16, kernels.values(), strict=True):
        state[f"features.{index}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"features.{index}.bias"] = torch.from_numpy(bias)
    return state


def write_keras(path: Path, kernels: Any, names: tuple[str, str] = OLD_NAMES) -> Path:
    with h5py.File(path, "w") as file:
        for name, arrays in kernels.items():
            for pattern, array in zip(names, arrays, strict=True):
                file[pattern.format(name)] = array
        file.create_group("block1_pool")
    return path


def caffe(picture: Tensor) -> Tensor:
    blue, green, red = (255 * picture[:, i] for i in (2, 1, 0))
    return torch.stack([blue - 103.939, green - 116.779, red - 123.68], 1)


def imagenet(picture: Tensor) -> Tensor:
    red, green, blue = picture.unbind(1)
    return torch.stack([(red - 0.485) / 0.229, (green - 0.456) / 0.224, (blue - 0.406) / 0.225], 1)


def second_implementation(path: Path, x: Tensor, names: tuple[str, str]) -> dict[str, Tensor]:
    """Plain convolutions over prepared pictures, straight from the Keras file."""
    found = {}
    with h5py.File(path) as file:
        for name, _, _ in VGG16:
            if name.endswith("conv1") and not name.startswith("block1"):
                x = F.max_pool2d(x, 2)
            kernel, bias = (torch.from_numpy(file[pattern.format(name)][:]) for pattern in names)
            x = F.conv2d(F.pad(x, (1, 1, 1, 1)), kernel.permute(3, 2, 0, 1), bias).clamp_min(0)
            if name in TAPS:
                found[name.replace("block", "relu").replace("conv", "")] = x
    return found


def assert_same(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-3 * float(value.std()))


@pytest.mark.parametrize(("depth", "parameters"), [(16, 14_714_688), (19, 20_024_384)])
def test_parameters_and_names(depth: int, parameters: int) -> None:
    with torch.device("meta"):
        network = Vgg(depth)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert sum(name.startswith("conv") for name in network.names) == depth - 3
    assert network.names[:5] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1")
    assert layer_names(16)[28] == "conv5_3" and layer_names(19)[34] == "conv5_4"


@pytest.mark.parametrize("names", [OLD_NAMES, NEW_NAMES])
def test_keras_files_give_the_second_implementations_features(
    tmp_path: Path, kernels: Any, names: tuple[str, str]
) -> None:
    path, picture = write_keras(tmp_path / "file.h5", kernels, names), torch.rand(1, 3, 35, 48)
    assert_same(read_vgg("vgg16", path)(picture), second_implementation(path, caffe(picture), names))


def test_imported_state_dicts_keep_their_normalisation(
    tmp_path: Path, cache: Path, kernels: Any, torchvision: dict[str, Tensor]
) -> None:
    picture = torch.rand(1, 3, 32, 32)
    keras = write_keras(tmp_path / "file.h5", kernels)
    torch.save(torchvision, tmp_path / "vgg.pth")
    kept = import_vgg("vgg16", tmp_path / "vgg.pth")
    assert list(cache.iterdir()) == [kept] and kept.name == "vgg16.safetensors"
    assert "vgg16" in checksums(["vgg16"])
    wanted = second_implementation(keras, imagenet(picture), OLD_NAMES)
    assert_same(load_encoder("vgg16")(picture), wanted)

    save_file(torchvision, tmp_path / "vgg.safetensors")
    import_vgg("vgg16", tmp_path / "vgg.safetensors")
    assert_same(load_vgg("vgg16")(picture), wanted)

    import_vgg("vgg16", keras)
    assert_same(load_vgg("vgg16")(picture), second_implementation(keras, caffe(picture), OLD_NAMES))


def drop(state: dict[str, Tensor]) -> None:
    del state["features.28.bias"]


def add(state: dict[str, Tensor]) -> None:
    state["features.30.weight"] = torch.zeros(512, 512, 3, 3)


def reshape(state: dict[str, Tensor]) -> None:
    state["features.0.weight"] = torch.zeros(64, 1, 3, 3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop, r"bad\.safetensors does not hold the weights of vgg16: features\.28\.bias is missing"),
        (add, r"features\.30\.weight is one too many"),
        (reshape, r"features\.0\.weight is \(64, 1, 3, 3\), not \(64, 3, 3, 3\)"),
    ],
)
def test_weights_that_do_not_fit(
    tmp_path: Path, torchvision: dict[str, Tensor], change: Callable[[dict[str, Tensor]], None], sentence: str
) -> None:
    change(torchvision)
    save_file(torchvision, tmp_path / "bad.safetensors")
    with pytest.raises(InputError, match=sentence):
        read_vgg("vgg16", tmp_path / "bad.safetensors")


def test_vgg19_does_not_pass_for_vgg16(tmp_path: Path, kernels: Any) -> None:
    path = write_keras(tmp_path / "file.h5", kernels | {"block3_conv4": kernels["block3_conv3"]})
    with pytest.raises(InputError, match="block3_conv4"):
        read_vgg("vgg16", path)
    with pytest.raises(InputError, match="is missing"):
        read_vgg("vgg19", path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not weights at all",
        b"\x89HDF\r\n\x1a\n cut short",
        b"\x10\0\0\0\0\0\0\0{ cut short",
        b"PK\x03\x04 cut short",
    ],
)
def test_files_that_are_no_weights(tmp_path: Path, cache: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError, match="file "):
        import_vgg("vgg16", tmp_path / "file")
    assert not cache.exists()


def test_a_state_dict_with_code_is_refused(tmp_path: Path) -> None:
    torch.save({"features.0.weight": Path("x")}, tmp_path / "file.pth")
    with pytest.raises(InputError, match="no weights that can be read"):
        read_vgg("vgg16", tmp_path / "file.pth")


def test_an_unknown_normalisation_is_refused(tmp_path: Path, torchvision: dict[str, Tensor]) -> None:
    save_file(torchvision, tmp_path / "file.safetensors", {"normalisation": "tf"})
    with pytest.raises(InputError, match="normalisation is 'tf': one of caffe, torch"):
        read_vgg("vgg16", tmp_path / "file.safetensors")


def test_names_and_paths_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one of vgg16, vgg19"):
        import_vgg("styfie", tmp_path / "file")
    with pytest.raises(MissingError, match="There is no file"):
        import_vgg("vgg16", tmp_path / "file")
    with pytest.raises(InputError, match="depth is 13: one of 16, 19"):
        Vgg(13)
    with pytest.raises(InputError, match="pooling is 'median': one of max, average"):
        Vgg(pooling="median")


def test_offline_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def urlopen(*_: object, **__: object) -> None:
        raise URLError("offline")

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(MissingError, match=r"vgg19 could not be fetched from https://.*offline.*--import FILE"):
        load_encoder("vgg19")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_without_h5py_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingError, match=r"pip install 'styfie\[vgg\]'"):
        load_encoder("vgg16")
    assert not cache.exists()


def test_average_pooling_and_stopping_at_the_deepest_tap() -> None:
    network = Vgg(19, pooling="average", widths=(2, 3, 4, 5, 6))
    called: list[str] = []
    for name, layer in zip(network.names, network.features, strict=True):
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
    found = network(torch.rand(2, 3, 40, 33))
    assert called[-1] == "relu5_1" and "pool4" in called
    assert found["relu5_1"].shape == (2, 6, 2, 2) and found["relu4_2"].shape == (2, 5, 5, 4)
    wanted = F.avg_pool2d(F.relu(network.features[2](found["relu1_1"])), 2)
    torch.testing.assert_close(found["relu2_1"], F.relu(network.features[5](wanted)))
