"""What a painting was made from, as one text: the key of a run, the fingerprint of what is asked, the weights used.

Which fields of `Look`, `Style` and `Settings` count is read from the fields themselves, see `styfie.fields`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from styfie._version import __version__
from styfie.devices import pick_device
from styfie.engines import ENGINES
from styfie.fields import Part, fields_of, is_said, names_of
from styfie.looks import Look, Style
from styfie.segmentation import FREE
from styfie.settings import Settings
from styfie.weights import WEIGHTS, checksum, checksums

if TYPE_CHECKING:
    from styfie.regions import Regions

# `since` of the latest fields that each key holds whatever they are, see `fields.painting`.
RUNS, FILMS = 0, 1
KEY_NAMES = {  # of fields and engines, in keys
    "depth_falloff": "graded",
    "source": "picture",
    "mask": "alpha",
    "network": "taught",
    "per-style": "taught",
}
BEFORE_NAMES = {"styfie-1": "styfie"}  # encoders by the name they had when there was one


def run_key(photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings) -> str:
    """SHA-256 of all that the painted layers depend on: runs of one key paint the same bytes.

    That is the photo, the regions with face and depth, of looks, styles and settings what belongs to the painting, the
    kind of device, the weights, and the versions of Styfie and PyTorch; not what only changes the blend: strength,
    colours and blur.
    """
    painted = {name: look for name, look in looks.items() if look.styles}
    plain = {
        "styfie": __version__,
        "torch": torch.__version__,
        "settings": _settings_in_key(settings),
        "device": pick_device(settings.device).type,
        "weights": checksums(weights_used(settings)),
        "regions": [regions.names, regions.sides],
        "looks": {name: _look_in_key(look) for name, look in painted.items()},
        **_later_in_key(painted),
    }
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    pictures = [one for name in sorted(looks) for style in looks[name].styles for one in _pictures(style)]
    for tensor in (photo, regions.alpha, regions.face, regions.depth, *pictures):
        digest.update(b"none" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor is not None:
            digest.update(tensor_bytes(tensor))
    return digest.hexdigest()


def _settings_in_key(settings: Settings) -> dict[str, Any]:
    known = {field.name: getattr(settings, field.name) for field in _said(settings)}
    if settings.steps:  # what quality decides
        del known["quality"]
    encoder, engine = BEFORE_NAMES.get(settings.encoder, settings.encoder), _key_name(settings.engine)
    return known | {"encoder": encoder, "engine": engine}


def _look_in_key(look: Look) -> list[Any]:
    """What belongs to the painting and was there from the beginning, and of each style its weight."""
    plain = [f.name for f in fields_of(Look, Part.PAINTING) if f.metadata["since"] <= RUNS and f.name != "styles"]
    return [*(getattr(look, name) for name in plain), [style.weight for style in look.styles]]


def _later_in_key(looks: Mapping[str, Look]) -> dict[str, dict[str, Any]]:
    """Fields that came later, by name: their values by region where they are not as by default."""
    found: dict[str, dict[str, Any]] = {}
    for field in fields_of(Look, Part.PAINTING):
        values = {n: getattr(k, field.name) for n, k in looks.items() if is_said(field, getattr(k, field.name), RUNS)}
        if values and field.metadata["since"] > RUNS:
            found[field.name] = values
    return found


def _said(settings: Settings) -> list[Any]:
    parts = fields_of(settings, Part.PAINTING)
    return [field for field in parts if is_said(field, getattr(settings, field.name), RUNS)]


def _pictures(style: Style) -> tuple[Tensor | None, ...]:
    """What of a style belongs to the painting and is a picture: all of it but the weight."""
    return tuple(getattr(style, name) for name in names_of(Style, Part.PAINTING) if name != "weight")


def fingerprint(
    photo: Tensor, looks: Mapping[str, Look], settings: Settings, depth: str | None, weights: Mapping[str, str]
) -> str:
    """A SHA-256 of everything that is asked of a photo (1, 3, H, W) without masks of the user's own.

    The same of two runs of the same version says that they end with the same pictures.
    """
    digest = hashlib.sha256()
    plain: list[Any] = [__version__, _said_values(settings) | {"segmenter": Path(settings.segmenter).name}]
    pictures = [photo]
    for name, look in sorted(looks.items()):
        values = {key: value for key, value in _said_values(look).items() if key != "styles"}
        plain.append([name, values, [(s.name, s.weight, s.mask is None) for s in look.styles]])
        plain += [checksum(s.network) for s in look.styles if s.network]  # trained anew, it paints another picture
        pictures += [picture for style in look.styles for picture in _pictures(style) if picture is not None]
    digest.update(json.dumps([*plain, depth, dict(weights)], sort_keys=True).encode())
    for picture in pictures:
        digest.update(repr(tuple(picture.shape)).encode())
        digest.update(tensor_bytes(picture))
    return digest.hexdigest()


def _said_values(value: Look | Settings) -> dict[str, Any]:
    """All fields by name, whatever they belong to; those that came after films had keys where not as by default."""
    values = {field: _key_value(field.name, getattr(value, field.name)) for field in fields_of(value)}
    return {_key_name(field.name): one for field, one in values.items() if is_said(field, one, FILMS)}


def _key_name(name: str) -> str:
    """A field's or an engine's name as keys have it: those that were renamed by the name before."""
    return KEY_NAMES.get(name, name)


def _key_value(field: str, value: Any) -> Any:
    return _key_name(value) if field == "engine" else value


def versions_and_settings(settings: Settings) -> dict[str, Any]:
    """What a recipe says of the program and of the run, in plain values: of a segmenter's file only the name."""
    values = {name: getattr(settings, name) for name in names_of(settings)}
    return {
        "styfie": __version__,
        "torch": torch.__version__,
        "settings": {**values, "segmenter": Path(settings.segmenter).name},
    }


def plain_bytes(value: object) -> Iterator[bytes]:
    """A value as bytes: a file by its content, a tensor by its type, shape and values, a dataclass by all its fields.

    Raises:
        TypeError: a kind of value that nobody has thought of.
    """
    if isinstance(value, Path):
        yield checksum(value).encode()
    elif isinstance(value, Tensor):
        yield f"{value.dtype} {tuple(value.shape)}".encode()
        yield bytes(tensor_bytes(value))
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__.encode()
        for field in fields_of(value):
            if is_said(field, one := getattr(value, field.name), FILMS):
                yield _key_name(field.name).encode()
                yield from plain_bytes(_key_value(field.name, one))
    elif isinstance(value, Mapping):
        for name in value:  # in their order, which regions are laid over each other by
            yield str(name).encode()
            yield from plain_bytes(value[name])
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        for one in value:
            yield from plain_bytes(one)
    elif value is None or isinstance(value, str | int | float):
        yield repr(value).encode()
    else:
        raise TypeError(f"A film's key cannot be made of a {type(value).__name__}.")


def tensor_bytes(tensor: Tensor) -> memoryview:
    """A tensor's own bytes, where it lies whole in memory already: nothing is copied then."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def weights_used(settings: Settings) -> list[str]:
    """The names in `weights.WEIGHTS` of the files that a run reads, each once."""
    used = ENGINES[settings.engine].weights if settings.engine in ENGINES else ()
    start = ["fast"] if settings.start == "fast" else []
    depth = ["depth"] if settings.depth_weight else []
    parts = [] if settings.segmenter == FREE else ["parts"]
    return list(
        dict.fromkeys(["encoder", "segmenter", *parts, *used, *start, *depth, *({settings.encoder} & set(WEIGHTS))])
    )


def checksums_of(settings: Settings) -> dict[str, str]:
    """SHA-256 of the weights that a run uses, a segmenter's own file among them."""
    found = checksums(weights_used(settings))
    if settings.segmenter.endswith((".safetensors", ".onnx")):
        found["segmenter"] = checksum(Path(settings.segmenter))
    return found
