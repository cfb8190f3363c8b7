"""The engine of flat regions: pieces, shared outlines, kinds, and an SVG that shows the same picture."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

import styfie
from styfie.engines import ENGINES
from styfie.engines.regions import KINDS
from styfie.engines.regions.kinds import Kind, toned
from styfie.engines.regions.outlines import lines_of, rings_of
from styfie.engines.regions.paint import SUITED, kind_for
from styfie.engines.regions.pieces import FACES, Pieces, cut, divided, smoothed
from styfie.gallery import BUILT_IN
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT, segment
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.settings import Settings
from styfie.storage.xmp import hash_in, packet_in_png
from styfie.testing import check_engine
from tests.conftest import fingerprint

SETTINGS = Settings(size=192, device="cpu", engine="regions")
MADE = {
    "glass": [0.424, 0.0531, 0.0438, 0.4633, 0.6165, 0.4101, 0.2042],
    "papercut": [0.4448, 0.0337, 0.0303, 0.4827, 0.6289, 0.4495, 0.2183],
    "poster": [0.4478, 0.0246, 0.0189, 0.5078, 0.6539, 0.4464, 0.1847],
}
Labels = np.ndarray[tuple[int, int], np.dtype[np.int32]]


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(PORTRAIT, 192)


@pytest.fixture(scope="module")
def regions() -> Regions:
    return segment(settings=Settings(size=192))


def kind(name: str) -> Style:
    return Style(name, torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)))


def quarters() -> Labels:
    """Four pieces that meet in one corner, one of them with an island."""
    labels = np.zeros((24, 30), np.int32)
    labels[:12, 15:], labels[12:, :15], labels[12:, 15:] = 1, 2, 3
    labels[4:8, 4:9] = 4
    return labels


@pytest.mark.parametrize("name", KINDS)
def test_keeps_the_contract(name: str) -> None:
    check_engine("regions", kind(name))


def test_it_is_in_the_registry_with_its_class() -> None:
    entry = ENGINES["regions"]
    assert entry.taxonomy == "0.2" and entry.draws_svg and not entry.frames
    assert KINDS.keys() <= BUILT_IN.keys() and SUITED.keys() <= BUILT_IN.keys()
    assert kind_for([Style("waves", torch.rand(1, 3, 8, 8), weight=3.0), kind("papercut")]) == "papercut"
    assert kind_for([kind("mosaic")]) == "glass" and kind_for([kind("mine.png")]) == "poster"


def test_pieces_are_as_many_as_asked_and_keep_to_regions(portrait: Tensor, regions: Regions) -> None:
    pieces = cut(portrait, regions.alpha, regions.face, 30)
    assert not pieces.face.all() and pieces.face.any(), "the face has pieces of its own"
    assert (~pieces.face).sum() <= 30 and pieces.face.sum() <= FACES
    hard = regions.alpha[:, 0].argmax(0).numpy()
    share = np.mean(pieces.owner[pieces.labels] == hard)
    assert share > 0.97
    fewer = cut(portrait, regions.alpha, regions.face, 10)
    assert len(fewer.owner) < len(pieces.owner)


def test_eyes_and_mouth_are_darker_pieces_of_the_face(portrait: Tensor, regions: Regions) -> None:
    pieces = cut(portrait, regions.alpha, regions.face, 30)
    luma = portrait[0].mean(0).numpy()
    means = [float(luma[pieces.labels == n].mean()) for n in np.flatnonzero(pieces.face)]
    assert max(means) - min(means) > 0.25
    assert all((pieces.labels == n).sum() > 3 for n in np.flatnonzero(pieces.face))


def test_panes_are_cut_up_but_for_faces() -> None:
    pieces = Pieces(
        np.repeat(np.array([[0, 1]], np.int32), 40, 0).repeat(20, 1), np.array([0, 1]), np.array([False, True])
    )
    found = divided(pieces, 0.1)
    area = np.bincount(found.labels.ravel()) / found.labels.size
    assert area[1] == 0.5, "the face stays whole"
    assert len(area) == 6 and np.delete(area, 1).max() < 0.2 and found.owner.tolist() == [0, 1, 0, 0, 0, 0]


def test_smoothing_takes_spikes_and_no_piece() -> None:
    labels = np.repeat(np.array([[0, 1]], np.int32), 40, 0).repeat(20, 1)
    labels[20, 20:26] = 0
    pieces = Pieces(labels, np.array([0, 0]), np.array([False, False]))
    found = smoothed(pieces)
    assert found[20, 24] == 1 and found[5, 5] == 0 and found[5, 35] == 1


def test_neighbours_share_their_lines() -> None:
    lines = lines_of(quarters())
    pairs = sorted(tuple(sorted((line.left, line.right))) for line in lines if min(line.left, line.right) >= 0)
    assert pairs == [(0, 1), (0, 2), (0, 4), (1, 3), (2, 3)]
    corner = next(line.points for line in lines if {line.left, line.right} == {0, 1})
    assert [15.0, 12.0] in (corner[0].tolist(), corner[-1].tolist()), "where they meet they stay"


def test_rings_drawn_one_over_the_other_are_the_picture() -> None:
    labels = quarters()
    rings = rings_of(lines_of(labels))
    assert [ring.piece for ring in rings][-1] == 4, "the island is drawn last"
    assert sum(ring.area for ring in rings) == pytest.approx(24 * 30 + 20, abs=8)  # the island is rounded
    canvas = Image.new("L", (300, 240), 99)
    for ring in rings:
        ImageDraw.Draw(canvas).polygon([(x, y) for x, y in ring.points * 10], fill=ring.piece)
    drawn = np.asarray(canvas)[5::10, 5::10]
    assert (drawn == labels).mean() > 0.98 and 99 not in drawn


def test_a_jagged_border_becomes_a_smooth_line() -> None:
    y, x = np.mgrid[:60, :60]
    labels = (x > 0.35 * y + 12).astype(np.int32)
    points = next(line.points for line in lines_of(labels) if min(line.left, line.right) >= 0)[6:-6]
    far = (points[:, 0] - 0.35 * points[:, 1] - 12.8) / np.hypot(1, 0.35)
    assert np.abs(far - far.mean()).max() < 0.35


def test_a_poster_has_few_colours(portrait: Tensor) -> None:
    colours = torch.rand(40, 3, generator=torch.Generator().manual_seed(1))
    found = toned(colours, Kind("few", colours=5), torch.ones(40), torch.zeros(40, dtype=torch.bool))
    assert len(found.unique(dim=0)) <= 5
    face = torch.arange(40) < 4
    assert float(toned(colours, Kind("all"), torch.ones(40), face)[:4].std(0).mean()) > float(colours[:4].std(0).mean())


@pytest.mark.parametrize("name", KINDS)
def test_kinds_are_what_they_are(name: str, portrait: Tensor, regions: Regions) -> None:
    looks = {region: Look((kind(name),)) for region in regions.names}
    *_, last = ENGINES["regions"].paint(portrait, regions, looks, SETTINGS)
    shown = (last.layers * regions.alpha).sum(0)
    flat = float(((shown[:, :, 1:] - shown[:, :, :-1]).abs().amax(0) < 1 / 255).float().mean())
    dark = float((shown.amax(0) < 0.16).float().mean())
    if name == "poster":
        assert flat > 0.85
    if name == "glass":
        assert flat < 0.5 and dark > 0.1, "streaks, and lead"


def test_colours_are_a_pictures_where_one_is_given(portrait: Tensor, regions: Regions) -> None:
    blue = Style("blue.png", torch.rand(1, 3, 24, 24) * torch.tensor([0.2, 0.3, 1.0])[None, :, None, None])
    means = []
    for styles in ((kind("poster"),), (kind("poster"), blue)):
        *_, last = ENGINES["regions"].paint(portrait, regions, {BACKGROUND: Look(styles)}, SETTINGS)
        means.append((last.layers[1] * regions[BACKGROUND][0]).mean((1, 2)))
    assert float(means[1][2] - means[1][0]) > 0.1 > float(means[0][2] - means[0][0])


@pytest.mark.parametrize(("name", "most"), [("poster", 3.0), ("papercut", 8.0), ("glass", 10.0)])
def test_a_second_program_shows_the_svg_alike(name: str, most: float, portrait: Tensor, regions: Regions) -> None:
    """All but the fibres of paper, and the streaks of glass with the light on its lead."""
    resvg = pytest.importorskip("resvg_py")
    looks = {region: Look((kind(name),)) for region in regions.names}
    *_, last = ENGINES["regions"].paint(portrait, regions, looks, SETTINGS)
    shown = 255 * (last.layers * regions.alpha).sum(0).permute(1, 2, 0).numpy()
    drawn = Image.open(io.BytesIO(bytes(resvg.svg_to_bytes(svg_string=last.svg)))).convert("RGB")
    assert drawn.size == (shown.shape[1], shown.shape[0])
    assert np.abs(np.asarray(drawn, np.float32) - shown).mean() < most
    large = Image.open(io.BytesIO(bytes(resvg.svg_to_bytes(svg_string=last.svg, zoom=3)))).convert("RGB")
    assert large.size == (3 * shown.shape[1], 3 * shown.shape[0]), "printed at any size"
    reduced = np.asarray(large.resize(drawn.size, Image.Resampling.BOX), np.float32)
    assert np.abs(reduced - np.asarray(drawn, np.float32)).mean() < 2.5


def test_the_svg_stands_beside_the_pictures_and_goes_with_them(tmp_path: Path) -> None:
    request = styfie.pipeline.Request({SUBJECT: "glass"}, Settings(size=96, engine="regions"))
    _, files = styfie.pipeline.paint_into(tmp_path, None, request)
    file = tmp_path / "regions.svg"
    assert file in files
    assert styfie.pipeline.is_painted(tmp_path, None, request)
    root = ET.parse(file).getroot()
    assert (root.get("width"), root.get("height")) == ("96", "96")
    names = [one.tag.rpartition("}")[2] for one in root]
    assert names == ["metadata", "image", "g"], "its mark, and the photo beneath what is not painted"
    assert hash_in(file.read_bytes()) == hash_in(packet_in_png((tmp_path / "both.png").read_bytes())) != ""
    paths = [one.get("d", "") for one in root.iter() if one.tag.endswith("path")]
    numbers = [float(n) for path in paths for n in re.findall(r"-?\d+\.\d", path)]
    assert len(paths) > 10 and min(numbers) > -8 and max(numbers) < 104
    file.write_bytes(file.read_bytes()[:-9])
    assert not styfie.pipeline.is_painted(tmp_path, None, request), "it is cut off"
    styfie.pipeline.paint_into(tmp_path, None, replace(request, settings=replace(request.settings, mark=False)))
    assert b"metadata" not in file.read_bytes()
    other = styfie.pipeline.Request({SUBJECT: "ink"}, Settings(size=96, engine="filters"))
    file.write_text("<svg><!-- Styfie: flat regions --></svg>")
    styfie.pipeline.paint_into(tmp_path, None, other)
    assert not file.exists()
    file.write_text("<svg>mine</svg>")
    styfie.pipeline.paint_into(tmp_path, None, other)
    assert file.read_text() == "<svg>mine</svg>"


@pytest.mark.usefixtures("float32")  # a part of the face has one tone or another
@pytest.mark.parametrize("name", KINDS)
def test_each_is_made_as_it_was(name: str) -> None:
    """What is painted with a recipe is painted so again: other pieces, borders or tones are another kind."""
    photo = read_picture(PORTRAIT, 96)
    face = torch.zeros_like(photo[:, :1])
    face[..., 20:50, 30:60] = 1
    whole = Regions((SUBJECT,), torch.ones_like(photo[:, :1]), (1.0,), face=face)
    *_, last = ENGINES["regions"].paint(photo, whole, {SUBJECT: Look((kind(name),))}, SETTINGS)
    assert fingerprint(last.layers) == pytest.approx(MADE[name], abs=2e-3)
