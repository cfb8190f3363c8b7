"""VGG-16 and VGG-19 (Simonyan and Zisserman 2015), the networks of Gatys et al. (2016) and of the founding paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from styfie.encoders.vgg_files import import_h5py, read_file
from styfie.errors import InputError, MissingError
from styfie.weights import fetch, imported, save_weights

CONVOLUTIONS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # per block, by depth
WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = {"vgg16": 16, "vgg19": 19}
POOLINGS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}
STYLE_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_TAP = "relu4_2"


@dataclass(frozen=True)
class Normalisation:
    """What a network was trained to expect: `(picture[order] * scale - mean) / deviation`."""

    order: tuple[int, int, int]
    scale: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


NORMALISATIONS = {
    "caffe": Normalisation((2, 1, 0), 255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),  # as published: BGR
    "torch": Normalisation((0, 1, 2), 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # torchvision's
}


class Vgg(nn.Module):
    """The convolutions of a VGG; its state dict has torchvision's names (`features.0.weight`, …).

    Padding is by zeros and pooling by maximum, as published. Gatys et al. average instead, and rescale the
    filters to a mean activation of 1; `pooling="average"` averages without rescaling.

    Raises:
        InputError: a depth, pooling or normalisation that there is not.
    """

    style_taps: tuple[str, ...]
    content_tap: str
    content_taps: tuple[str, ...]
    stride: int
    reach: int
    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        depth: int = 16,
        pooling: str = "max",
        normalisation: str = "caffe",
        widths: tuple[int, ...] = WIDTHS,
    ) -> None:
        super().__init__()
        _check_choice("depth", depth, CONVOLUTIONS)
        _check_choice("pooling", pooling, POOLINGS)
        _check_choice("normalisation", normalisation, NORMALISATIONS)
        self.normalisation = normalisation
        self.style_taps, self.content_tap, self.content_taps = STYLE_TAPS, CONTENT_TAP, (CONTENT_TAP,)
        self.stride = 16
        seen = sum(
            2**i * count for i, count in enumerate((*CONVOLUTIONS[depth][:4], 1))
        )  # relu5_1 is the first of its block
        self.reach = -(-seen // self.stride) * self.stride
        self.names = layer_names(depth)
        layers: list[nn.Module] = []
        channels = 3
        for name in self.names:
            if name.startswith("conv"):
                width = widths[_block(name) - 1]
                layers.append(nn.Conv2d(channels, width, 3, padding=1))
                channels = width
            else:
                layers.append(POOLINGS[pooling](2) if name.startswith("pool") else nn.ReLU())
        self.features = nn.Sequential(*layers)
        expected = NORMALISATIONS[normalisation]
        self.register_buffer("mean", torch.tensor(expected.mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(expected.deviation)[:, None, None], persistent=False)

    def prepare(self, picture: Tensor) -> Tensor:
        """RGB (B, 3, H, W) in [0, 1] to the channels, range and mean that the network was trained with."""
        expected = NORMALISATIONS[self.normalisation]
        return (picture[:, list(expected.order)] * expected.scale - self.mean) / self.deviation

    def taps(self, prepared: Tensor) -> dict[str, Tensor]:
        """The named maps of prepared pictures (B, 3, H, W); no layer deeper than the deepest of them is computed."""
        wanted, found, x = {*self.style_taps, self.content_tap}, {}, prepared
        for name, layer in zip(self.names, self.features, strict=True):
            x = layer(x)
            if name in wanted:
                found[name] = x
            if len(found) == len(wanted):
                break
        return found

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """RGB (B, 3, H, W) in [0, 1] to `relu1_1` (B, 64, H, W), … `relu5_1` (B, 512, H/16, W/16), rounded down."""
        return self.taps(self.prepare(picture).to(next(self.parameters()).dtype))


def layer_names(depth: int) -> tuple[str, ...]:
    """`conv1_1, relu1_1, …, pool5`: a layer's place is its index in torchvision's `features`."""
    names: list[str] = []
    for block, count in enumerate(CONVOLUTIONS[depth], 1):
        for i in range(1, count + 1):
            names += [f"conv{block}_{i}", f"relu{block}_{i}"]
        names.append(f"pool{block}")
    return tuple(names)


def load_vgg(name: str, pooling: str = "max") -> Vgg:
    """`vgg16` or `vgg19`, frozen: from the file the user imported, else the published one, fetched if need be.

    Raises:
        InputError: another name, or a file that does not fit.
        MissingError: offline, or `styfie[vgg]` is not installed.
    """
    _check_choice("encoder", name, DEPTHS)
    path = imported(name)
    if not path.is_file():
        import_h5py()  # say so before 59 MB are fetched that could not be read
        path = fetch(name)
    return read_vgg(name, path, pooling)


def load_vgg16() -> Vgg:
    """VGG-16 with its own pooling, as `load_vgg`."""
    return load_vgg("vgg16")


def load_vgg19() -> Vgg:
    """VGG-19 with its own pooling, as `load_vgg`."""
    return load_vgg("vgg19")


def import_vgg(name: str, file: Path) -> Path:
    """Take the weights of `vgg16` or `vgg19` from a file of the user's and keep them for every later run.

    `file` is a Keras `.h5`, a torchvision state dict, or safetensors with torchvision's names, whose metadata
    may say `normalisation` (`caffe` or `torch`, the latter if nothing is said). Returns where they are kept.

    Raises:
        InputError: another name, or a file that does not fit.
        MissingError: no such file, or `styfie[vgg]` is wanted to read it.
        OutputError: the cache cannot be written.
    """
    _check_choice("encoder", name, DEPTHS)
    network = read_vgg(name, file)
    return save_weights(network.state_dict(), imported(name), {"normalisation": network.normalisation}, half=False)


def read_vgg(name: str, file: Path, pooling: str = "max") -> Vgg:
    """A frozen network from any file that `import_vgg` takes; raises as that does."""
    if not file.is_file():
        raise MissingError(f"There is no file {file}: the weights of {name} are wanted.")
    state, normalisation = read_file(file, layer_names(DEPTHS[name]))
    network = Vgg(DEPTHS[name], pooling, normalisation)
    _check(state, network.state_dict(), f"{file.name} does not hold the weights of {name}")
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _check(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], complaint: str) -> None:
    """Exactly the wanted names and shapes: VGG-19 holds every layer of VGG-16, and must not pass for it."""
    for key in sorted(expected.keys() ^ state.keys()):
        raise InputError(f"{complaint}: {key} is {'missing' if key in expected else 'one too many'}.")
    for key, value in state.items():
        if value.shape != expected[key].shape:
            raise InputError(f"{complaint}: {key} is {tuple(value.shape)}, not {tuple(expected[key].shape)}.")


def _block(name: str) -> int:
    """The number of the block that `conv3_1` is in: 3."""
    return int(name.removeprefix("conv").partition("_")[0])


def _check_choice(what: str, value: object, table: Mapping[int, object] | Mapping[str, object]) -> None:
    if value not in table:
        raise InputError(f"{what} is {value!r}: one of {', '.join(map(str, table))} is wanted.")
