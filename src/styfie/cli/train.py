"""`styfie train`."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styfie.cli.options import Device
from styfie.cli.progress import print_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from styfie.training.segmenter import Trained

app = typer.Typer(help="Train the networks that ship, or your own.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--output", "-o", help="Folder for weights, checkpoints and log.jsonl.")]
Photos = Annotated[
    list[Path],
    typer.Option(
        "--photos", help="A folder or ZIP of photos of 256 pixels and more; repeat for more, each equally often."
    ),
]
LeftOut = Annotated[
    list[str] | None, typer.Option("--leave-out", help="Pictures with this in their path are not learned from; repeat.")
]
Start = Annotated[Path | None, typer.Option(help="Safetensors of an earlier run to start from.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Optimiser steps; the published run's if none.")]
RunSeed = Annotated[int, typer.Option(min=0, help="The same seed gives the same weights on the same CPU.")]


@app.command("encoder")
def encoder(
    data: Annotated[list[Path], typer.Option(help="A folder or ZIP of pictures; repeat for more, each equally often.")],
    teacher: Annotated[Path, typer.Option(help="The reference network, safetensors of conv1, conv2, ….")],
    output: Folder,
    steps: Steps = None,
    seed: RunSeed = 0,
) -> None:
    """Teach the built-in encoder to see what a reference network sees."""
    from styfie.storage.atomic import check_targets
    from styfie.training.encoder import SCHEDULE, train_encoder
    from styfie.weights import save_weights

    check_targets([output / "encoder.safetensors"], [teacher, *data])
    schedule = replace(SCHEDULE, steps=steps or SCHEDULE.steps, seed=seed)
    trained, scores = train_encoder(data, teacher, output, schedule, on_log=_log)
    save_weights(trained.state_dict(), output / "encoder.safetensors")
    typer.echo(json.dumps({"held out": {name: round(value, 4) for name, value in scores.items()}}))


@app.command("fast")
def fast(
    photos: Photos,
    styles: Annotated[
        list[Path], typer.Option(help="A folder or ZIP of paintings; repeat for more. The gallery is always learned.")
    ],
    output: Folder,
    content: Annotated[
        float | None, typer.Option(min=0, help="Weight of the photo's content; less paints more freely.")
    ] = None,
    leave_out: LeftOut = None,
    start: Start = None,
    steps: Steps = None,
    seed: RunSeed = 0,
    device: Device = "auto",
) -> None:
    """Teach the network that paints any style in one pass. Given again, the same command goes on."""
    from styfie.devices import pick_device
    from styfie.storage.atomic import check_targets
    from styfie.training.fast import LESSON, SCHEDULE, train_fast
    from styfie.training.segmenter import read_start
    from styfie.weights import save_weights

    check_targets([output / "fast.safetensors"], [*photos, *styles, *([start] if start else [])])
    schedule = replace(SCHEDULE, steps=steps or SCHEDULE.steps, seed=seed)
    lesson = LESSON if content is None else replace(LESSON, content=content)
    weights = read_start(start) if start else None
    network = train_fast(
        photos, styles, output, schedule, lesson, pick_device(device), weights, _log, leave_out=leave_out or ()
    )
    file = save_weights(network.state_dict(), output / "fast.safetensors")
    typer.echo(f"Wrote {file}")


@app.command("style")
def style(
    picture: Annotated[
        str, typer.Argument(metavar="STYLE", help="A picture, a gallery name, or `gallery`: all of it.")
    ],
    photos: Photos,
    output: Folder,
    encoder: Annotated[
        str, typer.Option(help="styfie-2; or vgg16: network and loss as Johnson et al. (2016) published them.")
    ] = "styfie-2",
    width: Annotated[
        float | None,
        typer.Option(min=0.125, max=2, help="Share of the published widths; 0.5 has a quarter of the weights."),
    ] = None,
    content_weight: Annotated[float | None, typer.Option(min=0, help="With vgg16: weight of the content; 1.")] = None,
    style_weight: Annotated[float | None, typer.Option(min=0, help="With vgg16: weight of the style; 5.")] = None,
    tv_weight: Annotated[
        float | None, typer.Option(min=0, help="With vgg16: weight of the total variation; 1e-6.")
    ] = None,
    depth_weight: Annotated[
        float, typer.Option(min=0, help="Weight of the photo's order of depths (Liu et al. 2017).")
    ] = 0.0,
    leave_out: LeftOut = None,
    start: Start = None,
    steps: Steps = None,
    seed: RunSeed = 0,
    device: Device = "auto",
) -> None:
    """Teach a network one style: styfie paint --engine per-style --background FILE paints it in one pass.

    Given again, the same command goes on where it was stopped.
    """
    from styfie.devices import pick_device
    from styfie.engines.per_style.files import save_per_style
    from styfie.gallery import GALLERY
    from styfie.storage.atomic import check_targets
    from styfie.styles import DRAWN, load_style
    from styfie.training import published
    from styfie.training.segmenter import read_start
    from styfie.training.style import GALLERY_STEPS, SCHEDULE, train_style
    from styfie.weights import save_weights

    every = picture == "gallery"
    given = {"content": content_weight, "style": style_weight, "tv": tv_weight}
    weights = {name: one for name, one in given.items() if one is not None}
    _check_encoder(encoder, every, bool(weights))
    file = output / f"{'gallery' if every else Path(picture).stem}.safetensors"
    check_targets([file], [*photos, Path(picture), *([start] if start else [])])
    pictures = [load_style(name, DRAWN).picture for name in (GALLERY if every else [picture])]
    more: dict[str, Any] = {
        "device": pick_device(device),
        "on_log": _log,
        "start": read_start(start) if start else None,
    }
    more["leave_out"] = leave_out or ()
    if encoder == "vgg16":
        schedule = replace(published.SCHEDULE, steps=steps or published.SCHEDULE.steps, seed=seed)
        asked = published.PublishedWeights(**weights, depth=depth_weight)
        net = published.train_published(photos, pictures[0], output, schedule, width or 1.0, asked, **more)
        typer.echo(f"Wrote {save_per_style(net, pictures[0], file)}")
        return
    schedule = replace(SCHEDULE, steps=steps or (GALLERY_STEPS if every else SCHEDULE.steps), seed=seed)
    network = train_style(photos, pictures, output, schedule, width or 0.5, depth=depth_weight, **more)
    if every:
        save_weights(network.state_dict(), file)
    else:
        save_per_style(network, pictures[0], file)
    typer.echo(f"Wrote {file}")


def _check_encoder(encoder: str, every: bool, weighted: bool) -> None:
    """Refuse encoders that no style is taught by, and what goes with another one.

    Raises:
        InputError: such a choice.
    """
    from styfie.errors import InputError

    if encoder not in ("styfie-2", "vgg16"):
        raise InputError(f"--encoder {encoder} came: styfie-2 or vgg16 is wanted.")
    if encoder == "vgg16" and every:
        raise InputError("--encoder vgg16 came with gallery: a network as published paints one style, name one.")
    if encoder != "vgg16" and weighted:
        raise InputError("Weights of content, style and total variation came: they go with --encoder vgg16.")


@app.command("segmenter")
def segmenter(
    data: Annotated[
        list[Path], typer.Option(help="A folder or ZIP of portraits and mattes (docs/training.md); repeat for more.")
    ],
    output: Folder,
    arch: Annotated[
        str, typer.Option(help="portrait, pose, guided, segnet, segnet-slim, banet or unet88.")
    ] = "portrait",
    preset: Annotated[
        str,
        typer.Option(
            help="ours; finish, for a trained network; scratch, from random weights; long, for a GPU; or the founding "
            "paper's: paper."
        ),
    ] = "ours",
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels, a multiple of 32.")] = 256,
    passes: Annotated[float | None, typer.Option(min=0.001, help="Length in passes over the pictures.")] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=0, help="Length in steps; the preset's if neither is given. 0 scores what it starts from."),
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures a step, over all processes and parts.")] = None,
    accumulate: Annotated[int, typer.Option(min=1, help="Parts in which a batch is computed, to save memory.")] = 1,
    scenes: Annotated[
        list[Path] | None, typer.Option(help="A folder or ZIP of pictures without people to paste people on.")
    ] = None,
    leave_out: LeftOut = None,
    start: Annotated[
        Path | None, typer.Option(help="Safetensors of an earlier run to start from; the built-in encoder if none.")
    ] = None,
    guide: Annotated[
        Path | None,
        typer.Option(
            help="MediaPipe's network to start with: pose_landmark_full.tflite for pose, selfie_segmentation.tflite "
            "for guided."
        ),
    ] = None,
    seed: RunSeed = 0,
    device: Device = "auto",
) -> None:
    """Teach a network to find people. Given again, the same command goes on where it was stopped."""
    from styfie.errors import InputError
    from styfie.storage.atomic import check_targets
    from styfie.training.guide import read_guide, read_pose
    from styfie.training.presets import load_preset
    from styfie.training.processes import joined, rank_and_count
    from styfie.training.segmenter import read_start, train_segmenter

    if passes and steps is not None:
        raise InputError("Both --passes and --steps are given: choose one.")
    if guide and arch not in ("pose", "guided"):
        raise InputError(f"--guide came with --arch {arch}: it goes with --arch pose and --arch guided.")
    if guide and start and arch == "pose":
        raise InputError("Both --guide and --start are given, and a pose network starts from either: choose one.")
    check_targets(
        [output / name for name in ("segmenter.safetensors", "table.json", "pairs.png", "curves.png")],
        [*data, *(scenes or ()), *([start] if start else []), *([guide] if guide else [])],
    )
    recipe = load_preset(preset)
    schedule = replace(
        recipe.schedule,
        steps=recipe.schedule.steps if steps is None else steps,
        batch=batch or recipe.schedule.batch,
        accumulate=accumulate,
        seed=seed,
    )
    recipe = replace(recipe, schedule=schedule, side=size, passes=passes or (recipe.passes if steps is None else 0))
    weights = read_start(start) if start else None
    if guide:
        weights = read_pose(guide) if arch == "pose" else dict(weights or {}) | read_guide(guide)
    with joined(device) as where:
        trained = train_segmenter(
            arch,
            data,
            output,
            recipe,
            start=weights,
            scenes=scenes or (),
            leave_out=leave_out or (),
            device=where,
            on_log=_log,
        )
        if rank_and_count()[0] == 0:
            _finish(trained, arch, output, where)


@app.command("parts")
def parts(
    data: Annotated[
        list[Path], typer.Option(help="A folder or ZIP of portraits and parts (docs/training.md); repeat for more.")
    ],
    start: Annotated[Path, typer.Option(help="A segmenter.safetensors, whose network looks at the pictures.")],
    output: Folder,
    head: Annotated[Path | None, typer.Option(help="A parts.safetensors to go on from.")] = None,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels, a multiple of 32.")] = 256,
    steps: Steps = None,
    scenes: Annotated[
        list[Path] | None, typer.Option(help="A folder or ZIP of pictures without people to paste people on.")
    ] = None,
    leave_out: LeftOut = None,
    seed: RunSeed = 0,
    device: Device = "auto",
) -> None:
    """Teach a network that finds people to tell their parts. Given again, the same command goes on where it was."""
    from styfie.devices import pick_device
    from styfie.storage.atomic import check_targets
    from styfie.training.parts import FINISH, PRESET, train_parts
    from styfie.weights import save_weights

    file = output / "parts.safetensors"
    check_targets([file], [*data, start, *(scenes or ()), *([head] if head else [])])
    preset = FINISH if head else PRESET
    schedule = replace(preset.schedule, steps=steps or preset.schedule.steps, seed=seed)
    trained, clear = train_parts(
        start,
        data,
        output,
        replace(preset, side=size, schedule=schedule),
        head=head,
        scenes=scenes or (),
        leave_out=leave_out or (),
        device=pick_device(device),
        on_log=_log,
    )
    typer.echo(f"Wrote {save_weights(trained.state_dict(), file, {'arch': 'parts', 'clear': f'{clear:g}'})}")


@app.command("clicks")
def clicks(
    data: Annotated[
        list[Path],
        typer.Option(help="A folder or ZIP of numbered things, or of portraits (docs/training.md); repeat for more."),
    ],
    output: Folder,
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", help="Pictures with this in their path or licence are not learned from; repeat."),
    ] = None,
    people: Annotated[int, typer.Option(min=0, help="Pictures of each --data of portraits; all if 0.")] = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps of each half.")] = None,
    seed: RunSeed = 0,
) -> None:
    """Teach the network that finds anything by clicks."""
    from styfie.storage.atomic import check_targets
    from styfie.training.clicks import SCHEDULE, train_clicks
    from styfie.weights import save_weights

    file = output / "clicks.safetensors"
    check_targets([file], data)
    schedule = replace(SCHEDULE, seed=seed, steps=steps or SCHEDULE.steps)
    network = train_clicks(data, output, schedule, leave_out=leave_out or (), people=people, on_log=_log)
    typer.echo(f"Wrote {save_weights(network.state_dict(), file)}")


@app.command("depth")
def depth(
    data: Annotated[
        list[Path],
        typer.Option(help="A folder or ZIP of numbered things, or of portraits (docs/training.md); repeat for more."),
    ],
    scenes: Annotated[
        list[Path], typer.Option(help="A folder or ZIP of pictures without people to paste things on; repeat.")
    ],
    output: Folder,
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", help="Pictures with this in their path or licence are not learned from; repeat."),
    ] = None,
    people: Annotated[int, typer.Option(min=0, help="Pictures of each --data of portraits; all if 0.")] = 0,
    steps: Steps = None,
    seed: RunSeed = 0,
    device: Device = "auto",
) -> None:
    """Teach the network that sees what is nearer. Given again, the same command goes on where it was stopped."""
    from styfie.devices import pick_device
    from styfie.storage.atomic import check_targets
    from styfie.training.depth import SCHEDULE, score_depth, train_depth
    from styfie.training.layered import LayeredScenes
    from styfie.weights import save_weights

    file, where, words = output / "depth.safetensors", pick_device(device), leave_out or ()
    check_targets([file], [*data, *scenes])
    held_out = LayeredScenes(data, scenes, part="val", leave_out=words)
    schedule = replace(SCHEDULE, steps=steps or SCHEDULE.steps, seed=seed)
    network = train_depth(data, scenes, output, schedule, leave_out=words, people=people, device=where, on_log=_log)
    scores = score_depth(network, held_out, where)
    typer.echo(json.dumps({"right of val": {name: round(value, 4) for name, value in scores.items()}}))
    typer.echo(f"Wrote {save_weights(network.state_dict(), file)}")


def _finish(trained: Trained, arch: str, output: Path, device: torch.device) -> None:
    """Write weights, Table 1, pairs to look at, and curves."""
    from styfie.errors import MissingError
    from styfie.training.curves import draw_curves
    from styfie.training.outputs import write_atomically
    from styfie.training.pairs import draw_pairs
    from styfie.training.segmenter import calibrate_segmenter, score_segmenter, table_one
    from styfie.training.table import as_record, as_text
    from styfie.weights import save_weights

    held_out, side = trained.material.held_out, trained.recipe.side
    calibration, trust = calibrate_segmenter(trained.network, held_out, side, device)
    about = {"arch": arch, "side": str(side), **calibration.as_metadata()}
    save_weights(trained.network.state_dict(), output / "segmenter.safetensors", about)
    rows = table_one(trained, device)
    record = as_record(rows)
    each = score_segmenter(trained.network, held_out, side, device)
    record["val"] |= {"per_picture": asdict(each), "reliability": trust}
    with write_atomically(output / "table.json") as part:
        part.write_text(json.dumps(record, indent=1))
    typer.echo(as_text(rows))
    draw_pairs(trained.material.learned, output / "pairs.png")
    if not trained.recipe.schedule.steps:  # nothing was learned, and nothing logged
        return
    try:
        draw_curves(output / "log.jsonl", output / "curves.png")
    except MissingError as error:
        print_note(f"No curves.png: {error}")


def _log(line: Mapping[str, float]) -> None:
    print_note(json.dumps(line))
