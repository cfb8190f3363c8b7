"""The one table of weight files: what ships with the package and what is fetched when asked for by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from styfie.errors import InputError, MissingError
from styfie.storage.atomic import writing_file

if TYPE_CHECKING:
    from torch import Tensor

ASSETS = Path(__file__).with_name("assets")
KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
VGG_LICENCE = "CC BY 4.0, Visual Geometry Group, University of Oxford"
CHUNK = 1 << 20  # bytes
TIMEOUT = 30.0  # seconds without an answer
OnBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class WeightFile:
    """One file of weights: `checksum` is `sha256:…` or `md5:…`, `size` in bytes.

    `source` is an https address, or the command that makes a file that ships.
    """

    file: str
    checksum: str
    size: int
    source: str
    licence: str
    origin: str

    @property
    def packaged(self) -> bool:
        """Whether the file ships with the package."""
        return not self.source.startswith("https://")


WEIGHTS: dict[str, WeightFile] = {
    "encoder": WeightFile(
        file="encoder.safetensors",
        checksum="sha256:9ddc9d21eca8e8859a7997a091f4863c2a170b9b2a0bc79d9123517673d86a5f",
        size=1_120_712,
        source="styfie train encoder",
        licence="Apache-2.0",
        origin="Trained by this project to see what the first five convolutions of the Darknet Reference classifier "
        "(public domain) see.",
    ),
    "segmenter": WeightFile(
        file="segmenter.safetensors",
        checksum="sha256:62842997287ccb10cc53694ae76323af21dfcffa802d35b086de8bf64ad3e040",
        size=5_822_286,
        source="styfie train segmenter",
        licence="Apache-2.0, no picture it learned from states terms that forbid commercial use: see WEIGHTS.md",
        origin="Trained by this project on people with known mattes, from the encoder of MediaPipe's network for poses "
        "and beside its network for selfies (Apache-2.0), which is a part of it.",
    ),
    "parts": WeightFile(
        file="parts.safetensors",
        checksum="sha256:c24cf2f6d7d180e85c9e993c9c23d69b5a28f9bb03004cd902d97a71d063a8d7",
        size=3_285_754,
        source="styfie train parts",
        licence="Apache-2.0, trained on pictures some of which are for research only: see WEIGHTS.md",
        origin="Trained by this project to tell skin, hair, clothes and accessories by what the segmenter sees.",
    ),
    "clicks": WeightFile(
        file="clicks.safetensors",
        checksum="sha256:3005d9e7dc91df1952da2a7a307a924b3bfa977e60f704a5c37a9af9aeeee412",
        size=830_542,
        source="styfie train clicks",
        licence="Apache-2.0, no picture it learned from states terms that forbid commercial use: see WEIGHTS.md",
        origin="Trained by this project on things and people that were clicked on; it reads what the encoder and the "
        "segmenter see.",
    ),
    "depth": WeightFile(
        file="depth.safetensors",
        checksum="sha256:b57519cbf62afd64d6164c1c0ae24edf4e374a689455127d29fa62438e929182",
        size=417_250,
        source="styfie train depth",
        licence="Apache-2.0, no picture it learned from states terms that forbid commercial use: see WEIGHTS.md",
        origin="Trained by this project, from chance alone, on scenes put together of people, things and drawn styles.",
    ),
    "fast": WeightFile(
        file="fast.safetensors",
        checksum="sha256:8826f34246875a7fee6ed177c664261f752bc0eab64a230f28d730e446c049ac",
        size=3_318_566,
        source="styfie train fast",
        licence="Apache-2.0, trained on pictures some of which are for research only: see WEIGHTS.md",
        origin="Trained by this project on portraits, paintings and its own gallery, by the built-in encoder's losses.",
    ),
    "gallery": WeightFile(
        file="gallery.safetensors",
        checksum="sha256:cd5731ad3c27aaa705221fa51cb3b8abb0136da7e84c1d44f652d03567eaa9bc",
        size=896_630,
        source="styfie train style",
        licence="Apache-2.0, trained on pictures some of which are for research only: see WEIGHTS.md",
        origin="Trained by this project on portraits and its own gallery, by the built-in encoder's losses.",
    ),
    "vgg16": WeightFile(
        file="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        checksum="md5:6d6bbae143d832006294945121d1f1fc",
        size=58_889_256,
        source=f"{KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        licence=VGG_LICENCE,
        origin="Simonyan and Zisserman 2015, trained on ImageNet; converted by Keras Applications.",
    ),
    "vgg19": WeightFile(
        file="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        checksum="md5:253f8cb515780f3b799900260a226db6",
        size=80_134_624,
        source=f"{KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        licence=VGG_LICENCE,
        origin="Simonyan and Zisserman 2015, trained on ImageNet; converted by Keras Applications.",
    ),
}
PACKAGED = tuple(name for name, entry in WEIGHTS.items() if entry.packaged)


def load_packaged(name: str) -> dict[str, Tensor]:
    """The tensors of a file that ships, checked, floats as float32.

    Raises:
        MissingError, InputError: as `check_packaged`.
    """
    from safetensors.torch import load

    state = load(check_packaged(name).read_bytes())
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def check_packaged(name: str) -> Path:
    """Where a file that ships lies, once its checksum is found right.

    Raises:
        MissingError: the file is not there.
        InputError: no such name among `PACKAGED`, or the file is damaged.
    """
    if name not in PACKAGED:
        raise InputError(f"No weights {name!r} ship: known are {', '.join(PACKAGED)}.")
    entry, path = WEIGHTS[name], ASSETS / WEIGHTS[name].file
    if not path.is_file():
        raise MissingError(f"The weights {entry.file} are missing from the package: install styfie anew.")
    if fault := find_fault(path, entry):
        raise InputError(f"The weights {entry.file} are damaged ({fault}): install styfie anew.")
    return path


def save_weights(
    state: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None, half: bool = True
) -> Path:
    """Write tensors as safetensors, beside and renamed; floats as float16, as in files that ship, or float32.

    The same tensors and metadata give the same bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    import torch
    from safetensors.torch import save

    kind = torch.float16 if half else torch.float32
    kept = {key: (value.to(kind) if value.is_floating_point() else value) for key, value in state.items()}
    content = save({key: value.detach().cpu().contiguous() for key, value in kept.items()}, dict(metadata or {}))
    with writing_file(path) as part:
        part.write_bytes(_in_order(content))
    return path


def _in_order(content: bytes) -> bytes:
    """Safetensors with their metadata in alphabetical order: the library has another one at every call."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    if len(metadata := header.get("__metadata__", {})) < 2:
        return content
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]


def cache_folder() -> Path:
    """Where fetched and imported files are kept; it is made when the first one comes."""
    return platformdirs.user_cache_path("styfie", appauthor=False)


def imported(name: str) -> Path:
    """Where the user's own file for `name` is kept once imported; it takes precedence over a fetched one."""
    return cache_folder() / f"{name}.safetensors"


def locate(name: str) -> Path | None:
    """The file that serves `name` on this computer, if there is one."""
    entry = WEIGHTS[name]
    places = [ASSETS / entry.file] if entry.packaged else [imported(name), cache_folder() / entry.file]
    return next((place for place in places if place.is_file()), None)


def checksums(names: Iterable[str] = PACKAGED) -> dict[str, str]:
    """SHA-256 of the files that serve these names, for the recipe; names whose file is not here are left out."""
    found = ((name, locate(name)) for name in names)
    return {name: checksum(path) for name, path in found if path is not None}


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return _digest(path, "sha256")


def fetch(name: str, on_progress: OnBytes | None = None) -> Path:
    """The published file of `name`, from the cache or else from its address; checked either way.

    `on_progress` is told the bytes that are here and the bytes there will be.

    Raises:
        InputError: there is nothing to fetch under that name.
        MissingError: offline, or what came is not the published file; nothing is left behind.
        OutputError: the cache cannot be written.
    """
    entry = WEIGHTS.get(name)
    if entry is None or entry.packaged:
        known = ", ".join(key for key, value in WEIGHTS.items() if not value.packaged)
        raise InputError(f"There is nothing to fetch for {name!r}: known are {known}.")
    path = cache_folder() / entry.file
    if path.is_file() and find_fault(path, entry) is None:
        return path
    with writing_file(path) as part:
        with part.open("wb") as stream:
            for chunk in _download(name, entry):
                stream.write(chunk)
                if on_progress:
                    on_progress(stream.tell(), entry.size)
        if fault := find_fault(part, entry):
            raise MissingError(f"What came from {entry.source} is not the published file ({fault}): {_remedy(name)}")
    return path


def find_fault(path: Path, entry: WeightFile) -> str | None:
    """What is wrong with a file, by size and checksum; None if it is the one of the table."""
    size = path.stat().st_size
    if size != entry.size:
        return f"{size} bytes, not {entry.size}"
    algorithm, _, wanted = entry.checksum.partition(":")
    return None if _digest(path, algorithm) == wanted else f"another {algorithm} checksum"


def _download(name: str, entry: WeightFile) -> Iterator[bytes]:
    """The bytes behind an address, at most one chunk more than there should be."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(entry.source, timeout=TIMEOUT) as response:
            if not response.url.startswith("https://"):
                raise MissingError(f"{entry.source} leads to {response.url}, which is not https: {_remedy(name)}")
            came = 0
            while came <= entry.size and (chunk := response.read(CHUNK)):
                came += len(chunk)
                yield chunk
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise MissingError(f"{name} could not be fetched from {entry.source} ({reason}): {_remedy(name)}") from None


def _remedy(name: str) -> str:
    return f"try again online, or give a {name} file of your own with --import FILE."


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
