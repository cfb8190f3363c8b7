"""`styfie evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from styfie.cli.options import Segmenter, ShardText, parse_shard
from styfie.cli.progress import print_note
from styfie.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.evaluation.clicks import Find
    from styfie.evaluation.segmenter import Predict, Scored
    from styfie.segmentation import SegmenterEntry
    from styfie.training.readers import PortraitSet

app = typer.Typer(help="Score what finds people and things, and what is painted.", no_args_is_help=True)
Thing = TypeVar("Thing")
LEFT = ("source", "painting", "mean IoU ± spread")  # headings of columns of names
LINES = 10  # plain lines of progress for a whole run


@app.command("segmenter")
def segmenter(
    data: Annotated[
        Path, typer.Argument(help="Portraits with masks, those in val/ if there is one: layouts as for training.")
    ],
    segmenter_name: Segmenter = Settings.segmenter,
    layout: Annotated[
        str | None,
        typer.Option(help="A published set as it is given out: aisegment, p3m, ppm, aim, easyportrait or coco."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for report.json and report.html.")
    ] = None,
    shard: ShardText = None,
) -> None:
    """Compare a segmenter's masks with known ones, per source and overall.

    A photo in which nobody is found counts as an empty mask. The report shows the worst pictures.
    """
    from styfie.evaluation.report import REPORT, mattes_table, parts_table, table, write_report
    from styfie.evaluation.segmenter import evaluate_segmenter, person_of
    from styfie.segmentation import find_segmenter, load_segmenter
    from styfie.storage.atomic import check_targets
    from styfie.training.layouts import PublishedSet
    from styfie.training.outputs import make_folder

    published = PublishedSet(data, layout) if layout else None
    own = None if layout else _own_set(data)
    if published:
        published.pairs = _of_shard(published.pairs, shard, lambda pair: pair.name)
    elif own:
        own.entries = _of_shard(own.entries, shard, lambda entry: entry.name)
    portraits = published or own
    assert portraits is not None
    judged = load_segmenter(segmenter_name)
    parts = _parts_of(judged, find_segmenter(segmenter_name))
    if output:
        make_folder(output)  # rather than find out after an hour that it cannot be
        check_targets([output / name for name in REPORT], [data, Path(segmenter_name)])
    sources = [entry.source for entry in own.entries] if own else [layout or ""] * len(portraits)
    trimap = {"trimap": published.trimap} if published else {}
    with _show_progress() as show:
        evaluation = evaluate_segmenter(portraits, person_of(judged), parts, show, sources, **trimap)
    _print(table(evaluation))
    typer.echo("\nMattes, over the whole picture and in the band that a trimap leaves open")
    _print(mattes_table(evaluation.mattes))
    if evaluation.parts:
        typer.echo("\nIoU of parts, pooled over labelled pixels; the mean is that of skin, hair and clothes")
        _print(parts_table(evaluation.parts))
    if output:
        settings = {"segmenter": Path(segmenter_name).name, "data": data.resolve().name}
        for file in write_report(evaluation, output, settings):
            typer.echo(f"Wrote {file}")


def _of_shard(things: list[Thing], shard: str | None, name: Callable[[Thing], str]) -> list[Thing]:
    """Those of the shard that is asked for, by its text or an array job; all if none is."""
    part = parse_shard(shard, list(map(name, things)))
    return part.pick(things, name) if part else things


def _own_set(data: Path) -> PortraitSet:
    """The portraits of a folder laid out as for training: those in val/ if there is one."""
    from styfie.training.files import Files
    from styfie.training.readers import PortraitSet

    files = Files(data)
    tops = {name.split("/")[0] for name in files.names}
    part = next((part for part in ("val", "train") if part in tops), "")
    portraits = PortraitSet(files, part)
    if part == "train":
        print_note(f"There is no val/ in {data}: scoring on all of train/.")
    portraits.check()
    return portraits


@app.command("clicks")
def clicks(
    data: Annotated[Path, typer.Argument(help="Pictures with numbered things, those in val/ if there is one.")],
    clicks: Annotated[int, typer.Option(min=1, max=20, help="Clicks on each thing.")] = 5,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also geodesic distance, GrabCut, patches, and the parts of people.")
    ] = False,
) -> None:
    """Score what finds things by clicks: each is made in the middle of the largest error, as a user would.

    Folders image/ and instances/, with things.tsv: docs/training.md. Things under 2 % of the picture do not count.
    """
    import torch

    from styfie.errors import InputError
    from styfie.evaluation.baselines import BASELINES
    from styfie.evaluation.clicks import ClickScore, as_lines, click_through
    from styfie.segmentation.clicks import ClickedPhoto, load_click_net
    from styfie.training.things import read_scenes

    network = load_click_net()
    methods: dict[str, Callable[[Tensor], Find]] = {"built in": lambda photo: ClickedPhoto(photo, network).found}
    methods |= BASELINES if compare else {}
    scores: dict[str, list[ClickScore]] = {name: [] for name in methods}
    for scene in read_scenes(data, "val"):
        photo = torch.from_numpy(scene.image.copy()).permute(2, 0, 1)[None].float() / 255
        for name, method in methods.items():
            find = method(photo)
            scores[name] += [
                click_through(find, one.mask, clicks, f"{scene.name} {one.category}") for one in scene.things
            ]
        print_note(f"{scene.name}: {len(scene.things)} things")
    if not (count := len(scores["built in"])):
        raise InputError(f"There is nothing to click on in {data}: a thing of 2 % of its picture is wanted.")
    _print(as_lines(scores))
    typer.echo(f"{count} thing{'s' if count != 1 else ''}")


@app.command("paintings")
def paintings(
    folder: Annotated[Path, typer.Argument(help="A painting of any tool, or a folder of them.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file for the numbers as JSON.")] = None,
    shard: ShardText = None,
) -> None:
    """Score paintings of any tool by what needs no weights.

    Each is a folder with photo and painting (or both), and where there are mask, face, style, style-subject and
    style-background, as pictures of any format; what styfie paint writes is such a folder. What the numbers are is said
    below them.
    """
    from styfie.evaluation.paintings import COLUMNS, find_paintings, read_painted, score, table
    from styfie.storage.atomic import check_targets, writing_file

    if output:
        check_targets([output])
    found = _of_shard(find_paintings(folder), shard, lambda one: one.name)
    scores = {one.name: score(read_painted(one)) for one in found}
    _print(table(scores))
    for name, meaning in COLUMNS.items():
        typer.echo(f"{name}: {meaning}")
    if output:
        with writing_file(output) as beside:
            beside.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
        typer.echo(f"Wrote {output}")


def _parts_of(judged: Any, entry: SegmenterEntry) -> Predict | None:
    """The probabilities of parts behind the built-in segmenter's regions; others have none."""
    from styfie.segmentation.networks import PersonNet
    from styfie.segmentation.portrait import predict

    if not entry.network:
        return None
    network, side = judged.network, judged.side
    return (lambda photo: predict(photo, network, side).parts) if isinstance(network, PersonNet) else None


@contextmanager
def _show_progress() -> Iterator[Callable[[Scored], None]]:
    """A bar on a terminal, else a few plain lines, on standard error."""
    console = Console(stderr=True)

    def line(scored: Scored) -> None:
        if scored.done % max(1, scored.total // LINES) == 0 or scored.done == scored.total:
            print_note(f"picture {scored.done}/{scored.total}")

    if not console.is_terminal:
        yield line
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("pictures", total=None)
        yield lambda scored: bar.update(task, total=scored.total, completed=scored.done)


def _print(lines: list[list[str]]) -> None:
    shown = Table(box=None, pad_edge=False)
    for column in lines[0]:
        heading = column.replace("/", " /")  # it may break there: the whole fits 80 columns
        shown.add_column(heading, justify="left" if column in LEFT else "right", min_width=5)
    for line in lines[1:]:
        shown.add_row(*map(escape, line), style="bold" if line[0] in ("all", "mean") else None)
    Console().print(shown)
