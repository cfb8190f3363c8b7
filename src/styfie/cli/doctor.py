"""`styfie doctor`."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import typer

OPTIONAL = {
    "cloud": (("fsspec", "s3fs", "gcsfs", "paramiko"), "photos and results in s3://, gs:// and sftp://"),
    "heif": (("pillow_heif",), "HEIC photos"),
    "onnx": (("onnx", "onnxruntime"), "networks as ONNX files"),
    "ray": (("ray",), "many photos on a cluster"),
    "vgg": (("h5py",), "VGG weights in Keras files"),
    "video": (("av", "cv2"), "video and films"),
    "web": (("fastapi", "uvicorn", "python_multipart", "ifaddr", "segno"), "the page in the browser"),
}


def _state(modules: Sequence[str]) -> str | None:
    """Whether packages are there and can be imported; None if one is not there."""
    if not all(find_spec(module) for module in modules):
        return None
    for module in modules:
        try:
            import_module(module)
        except Exception as error:  # a package that is broken raises whatever it likes
            said = str(error).splitlines() or [type(error).__name__]
            return f"broken, {module} cannot be imported ({said[0]}): install it anew"
    return "present"


def doctor() -> None:
    """Say what is there and works: the device used, the weights, the optional parts."""
    import torch

    from styfie._version import __version__
    from styfie.devices import has_bf16, pick_device
    from styfie.errors import StyfieError
    from styfie.weights import PACKAGED, load_packaged

    device = pick_device("auto")
    typer.echo(f"styfie {__version__}, Python {platform.python_version()}, torch {torch.__version__}")
    precision = "bfloat16" if has_bf16(device) else "float32"
    typer.echo(f"device: {device.type}, {torch.get_num_threads()} threads, convolutions in {precision}")
    healthy = True
    for name in PACKAGED:
        try:
            load_packaged(name)
            typer.echo(f"weights {name}: valid")
        except StyfieError as error:
            healthy = False
            typer.echo(f"weights {name}: {error}")
    for extra, (modules, purpose) in OPTIONAL.items():
        found = _state(modules) or f"absent, pip install 'styfie[{extra}]'"
        typer.echo(f"optional part {extra} ({purpose}): {found}")
    if not healthy:
        raise typer.Exit(2)
