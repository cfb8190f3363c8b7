"""Ours beside paintings that others published, of the same photos and styles, at the same size.

    python benchmarks/published.py --data DATA --judge JUDGE --teacher WEIGHTS [--set steps=120] [--only lion]
    python benchmarks/published.py --onepass --engine fast --data DATA --judge JUDGE --teacher WEIGHTS

Paints by the defaults, or judges `--pictures` painted before. Prints style and content distance by the judge and by the
teacher, the distance of patches, and seconds; writes the pictures, sheets, and pages for judges who do not know which
side is ours. All distances are the lower the better. With `--onepass`, portraits beside those of a network that paints
in one pass, also with our strength lowered until both are as far from the photos.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import styfie
from styfie.engines import ENGINES
from styfie.evaluation.patches import Part
from styfie.images import read_matte, read_picture, resize, to_image
from styfie.looks import Look, Style
from styfie.regions import BACKGROUND, SUBJECT
from styfie.settings import Settings

from common import arguments, fixed_convolution, load_judge
from distances import Network, judge_network, patch_distance, teacher_network
from pages import Compared, write_pages, write_sheets

HALVINGS = 8  # of the strength's range, where it is lowered
Row = dict[str, float]


@dataclass(frozen=True)
class Pair:
    """A photo and a painting of it; with a mask, `outside` is the style of what is not in it."""

    name: str
    photo: Path
    style: Path
    theirs: Path
    mask: Path | None = None
    outside: Path | None = None

    @property
    def styles(self) -> tuple[Path, ...]:
        """The style, and the other one if there is one."""
        return (self.style,) if self.outside is None else (self.style, self.outside)

    def parts(self, result: Tensor) -> list[Part]:
        """Each style, and where in the result it is wanted."""
        inside = torch.ones_like(result[:, :1])
        if self.mask is not None:
            inside = read_matte(self.mask, (result.shape[-2], result.shape[-1]))
        return list(zip(map(read_picture, self.styles), (inside, 1 - inside), strict=False))


def main() -> None:
    """Paint or read, judge, write."""
    asked = options()
    pairs = [pair for pair in read_pairs(asked.data, asked.onepass) if asked.only in pair.name]
    networks = [judge_network(load_judge(asked.judge)), teacher_network(asked.teacher)]
    (asked.output / "ours").mkdir(parents=True, exist_ok=True)
    print(f"fixed convolution {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads; ours / theirs")
    rows, compared = {}, []
    for pair in pairs:
        ours, seconds = painted(pair, asked) if asked.pictures is None else (found(pair, asked.pictures), math.nan)
        to_image(ours).save(asked.output / "ours" / f"{pair.name}.png")
        rows[pair.name] = measure(pair, ours, networks) | {"seconds": seconds}
        print(f"{pair.name}: {describe(rows[pair.name])}", flush=True)
        compared.append(shown(pair, ours))
    print_means(rows.values())
    if asked.onepass:
        at_equal_content(pairs, asked.output / "ours", networks)
    (asked.output / "published.json").write_text(json.dumps(rows, indent=1) + "\n")
    write_sheets(compared, asked.output)
    write_pages(compared, asked.output / "pages", asked.output / "key.txt", asked.seed)
    print(f"sheets, pages and ours in {asked.output}; sides of the pages drawn by seed {asked.seed}, see key.txt")


def options() -> argparse.Namespace:
    """What is asked."""
    parser = arguments(__doc__ or "", judge=True)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--teacher", type=Path, required=True, help="weights of the VGG-19 with a quarter of channels")
    parser.add_argument("--onepass", action="store_true", help="the portraits that were painted in one pass")
    parser.add_argument("--engine", choices=ENGINES, default=Settings().engine)
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="of Settings or Look"
    )
    parser.add_argument("--size", type=int, default=0, help="longest side of ours for a trial; 0: as published")
    parser.add_argument("--only", default="", metavar="TEXT", help="pairs whose names have this in them")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="ours, painted before, by the pairs' names")
    parser.add_argument("--seed", type=int, default=0, help="draws the sides of the pages")
    return parser.parse_args()


def read_pairs(data: Path, onepass: bool) -> list[Pair]:
    """The pairs that the data's tables name."""
    folder = data / "published" / ("onepass" if onepass else ".")
    inputs = folder / "inputs"
    photos, styles, theirs = (
        (data / "selfies", data / "art", folder) if onepass else (inputs, inputs, folder / "outputs")
    )
    with (folder / "pairs.tsv").open() as table:
        return [
            Pair(
                Path(row["output"]).stem,
                photos / row["content"],
                styles / row["style"],
                theirs / row["output"],
                inputs / row["mask"] if row.get("mask") else None,
                styles / row["style_outside"] if row.get("style_outside") else None,
            )
            for row in csv.DictReader(table, delimiter="\t")
        ]


def painted(pair: Pair, asked: argparse.Namespace) -> tuple[Tensor, float]:
    """Ours and its seconds, from the photo's file to the picture. Without a mask all of the photo is the subject."""
    size = asked.size or max(read_picture(pair.theirs).shape[-2:])
    settings = Settings(**{"size": size, "engine": asked.engine} | chosen(Settings, asked.set))
    look = Look(**chosen(Look, asked.set))
    styles = [Style(file.name, file) for file in pair.styles]
    looks = {n: replace(look, styles=(s,)) for n, s in zip((SUBJECT, BACKGROUND), styles, strict=False)}
    height, width = read_picture(pair.photo, size).shape[-2:]
    mask = torch.ones(1, 1, height, width) if pair.mask is None else pair.mask
    began = time.perf_counter()
    ours = styfie.paint(pair.photo, looks, settings, masks={SUBJECT: mask}).render()
    return ours, time.perf_counter() - began


def chosen(kind: type[Settings] | type[Look], texts: Iterable[str]) -> dict[str, Any]:
    """The fields of one kind among `NAME=VALUE`s, each of its default's type."""
    values, known = {}, {f.name: f.default for of in (Settings, Look) for f in fields(of)}
    own = {f.name for f in fields(kind)}
    for text in texts:
        name, equals, value = text.partition("=")
        default = known.get(name)
        if not equals or not isinstance(default, str | int | float):
            raise SystemExit(f"{text} came: NAME=VALUE with a field of Settings or Look is wanted.")
        if name in own:
            values[name] = type(default)(value)
    return values


def found(pair: Pair, folder: Path) -> Tensor:
    """A picture of the pair's name, whatever its format."""
    files = sorted(file for file in folder.iterdir() if file.stem == pair.name)
    if not files:
        raise SystemExit(f"{folder} has no picture called {pair.name}.")
    return read_picture(files[0])


def measure(pair: Pair, ours: Tensor, networks: Sequence[Network]) -> Row:
    """All distances of ours and theirs."""
    photo, theirs = read_picture(pair.photo), read_picture(pair.theirs)
    row: Row = {}
    for whose, picture in (("ours", ours), ("theirs", theirs)):
        parts = pair.parts(picture)
        for network in networks:
            row[f"{network.name} style {whose}"] = network.style_distance(picture, parts)
            row[f"{network.name} content {whose}"] = network.content_distance(picture, photo)
        row[f"patches {whose}"] = patch_distance(picture, parts)
    return row


def describe(row: Mapping[str, float]) -> str:
    """`what ours / theirs = ratio` for each distance, and seconds."""
    whats = [name.removesuffix(" ours") for name in row if name.endswith(" ours")]
    texts = []
    for what in whats:
        ours, theirs = row[f"{what} ours"], row[f"{what} theirs"]
        texts.append(f"{what} {ours:.4f} / {theirs:.4f} = {ours / theirs:.2f}")
    return "; ".join(texts) + (f"; {row['seconds']:.1f} s" if math.isfinite(row.get("seconds", math.nan)) else "")


def print_means(rows: Iterable[Row]) -> None:
    """Geometric and arithmetic mean of every column."""
    table = list(rows)
    arithmetic = {name: sum(row[name] for row in table) / len(table) for name in table[0]}
    geometric = {name: math.exp(sum(math.log(row[name]) for row in table) / len(table)) for name in table[0]}
    print(f"geometric mean of {len(table)}: {describe(geometric)}")
    print(f"arithmetic mean of {len(table)}: {describe(arithmetic)}")


def at_equal_content(pairs: Sequence[Pair], folder: Path, networks: Sequence[Network]) -> None:
    """The distances with one strength for all, the largest at which ours are on average no farther from the photos.

    All of the photo is painted, so that a picture's strength is its share beside the photo.
    """
    judge = networks[0]
    ours = [read_picture(folder / f"{pair.name}.png") for pair in pairs]
    photos = [photo_beside(pair, one) for pair, one in zip(pairs, ours, strict=True)]
    theirs = [judge.content_distance(read_picture(pair.theirs), read_picture(pair.photo)) for pair in pairs]

    def farther(strength: float) -> bool:
        mixed = (torch.lerp(photo, one, strength) for photo, one in zip(photos, ours, strict=True))
        return sum(judge.content_distance(one, photo) for one, photo in zip(mixed, photos, strict=True)) > sum(theirs)

    low, high = 0.0 if farther(1.0) else 1.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if farther(middle) else (middle, high)
    print(f"at strength {low:.3f}, content on average as theirs by the judge:")
    mixed = (torch.lerp(photo, one, low) for photo, one in zip(photos, ours, strict=True))
    print_means([measure(pair, one, networks) for pair, one in zip(pairs, mixed, strict=True)])


def photo_beside(pair: Pair, picture: Tensor) -> Tensor:
    """The pair's photo at a picture's size."""
    return resize(read_picture(pair.photo), (picture.shape[-2], picture.shape[-1]))


def shown(pair: Pair, ours: Tensor) -> Compared:
    """The pair's pictures for sheets and pages."""
    photo, theirs, *styles = (to_image(read_picture(f)) for f in (pair.photo, pair.theirs, *pair.styles))
    return Compared(pair.name, photo, styles, theirs, to_image(ours))


if __name__ == "__main__":
    main()
