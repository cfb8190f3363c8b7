"""`styfie train`."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="Train the networks that ship, or your own.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--output", "-o", help="Folder for weights, checkpoints and log.jsonl.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Optimiser steps; the published run's if none.")]
RunSeed = Annotated[int, typer.Option(help="The same seed gives the same weights on the same machine.")]


@app.command("encoder")
def encoder(
    data: Annotated[list[Path], typer.Option(help="A folder or ZIP of pictures; repeat for more, each equally often.")],
    teacher: Annotated[Path, typer.Option(help="The reference network, safetensors of conv1, conv2, ….")],
    output: Folder,
    steps: Steps = None,
    seed: RunSeed = 0,
) -> None:
    """Teach the built-in encoder to see what a reference network sees."""
    from styfie.training.encoder import SCHEDULE, train_encoder
    from styfie.weights import save_weights

    schedule = replace(SCHEDULE, steps=steps or SCHEDULE.steps, seed=seed)
    trained, scores = train_encoder(data, teacher, output, schedule, on_log=_log)
    save_weights(trained.state_dict(), output / "encoder.safetensors")
    typer.echo(json.dumps({"held out": {name: round(value, 4) for name, value in scores.items()}}))


@app.command("segmenter")
def segmenter(
    data: Annotated[
        Path, typer.Option(help="A folder with train/, val/ (image, mask, parsing), cutouts, backgrounds.")
    ],
    output: Folder,
    steps: Steps = None,
    seed: RunSeed = 0,
) -> None:
    """Teach the built-in network to find people, from the built-in encoder's weights on."""
    from styfie.encoders.plain import load_plain
    from styfie.training.segmenter import SCHEDULE, score_segmenter, train_segmenter
    from styfie.weights import load_packaged, save_weights

    schedule = replace(SCHEDULE, steps=steps or SCHEDULE.steps, seed=seed)
    network = train_segmenter(data, load_plain(load_packaged("encoder")), output, schedule, on_log=_log)
    save_weights(network.state_dict(), output / "segmenter.safetensors")
    typer.echo(json.dumps({"val": asdict(score_segmenter(network, data / "val"))}))


def _log(line: Mapping[str, float]) -> None:
    typer.echo(json.dumps(line), err=True)
