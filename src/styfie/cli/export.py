"""`styfie export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styfie.settings import Settings


def export(
    what: Annotated[
        str,
        typer.Argument(help="segmenter, gallery, fast, tab, or a FILE.safetensors of styfie train segmenter or style."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The ONNX file (NAME.onnx if none); of tab a folder."),
    ] = None,
    style: Annotated[
        str | None, typer.Option("--style", metavar="STYLE[:WEIGHT]+…", help="Of fast: the style that it is to paint.")
    ] = None,
    size: Annotated[
        int, typer.Option(min=32, max=2048, help="Of fast: the longer side of the pictures that it is to paint.")
    ] = Settings.size,
) -> None:
    """Write a network as ONNX, to run it without PyTorch: see docs/export.md."""
    import styfie.export

    name = "-".join(filter(None, (Path(what).stem, style and Path(style).stem)))
    file = styfie.export.export(what, output or Path(name if what == "tab" else f"{name}.onnx"), style, size)
    typer.echo(f"Wrote {file}")
