"""`styfie doctor`."""

from __future__ import annotations

import platform
from importlib.util import find_spec

import typer

OPTIONAL = {
    "heif": ("pillow_heif", "HEIC photos"),
    "onnx": ("onnxruntime", "networks as ONNX files"),
    "vgg": ("h5py", "VGG weights in Keras files"),
    "video": ("av", "video and films"),
    "web": ("fastapi", "the page in the browser"),
}


def doctor() -> None:
    """Say what is there and works: the device used, the weights, the optional parts."""
    import torch

    import styfie
    from styfie.devices import has_bf16, pick_device
    from styfie.errors import StyfieError
    from styfie.weights import PACKAGED, load_packaged

    device = pick_device("auto")
    typer.echo(f"styfie {styfie.__version__}, Python {platform.python_version()}, torch {torch.__version__}")
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
    for extra, (module, purpose) in OPTIONAL.items():
        found = "present" if find_spec(module) else f"absent, pip install 'styfie[{extra}]'"
        typer.echo(f"optional part {extra} ({purpose}): {found}")
    if not healthy:
        raise typer.Exit(2)
