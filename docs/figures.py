"""Make the pictures of README and docs: `python docs/figures.py [NAME …]`. The built-in portrait and gallery are all
they show.

    python docs/figures.py grid --photos FOLDER [--vgg] [--output grid.jpg]

draws the grid of all engines with the first ten photos of a folder of one's own.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

import styfie
from styfie.batch import find_photos
from styfie.depth import estimate_depth
from styfie.engines import ENGINES as ENTRIES
from styfie.engines.components.layers import decompose
from styfie.engines.filters import RECIPES
from styfie.engines.regions import KINDS
from styfie.gallery import GALLERY, draw
from styfie.gallery.techniques import TECHNIQUES, technique_file
from styfie.images import read_picture, to_image
from styfie.looks import BOKEHS, Look, Style
from styfie.pipeline import PORTRAIT
from styfie.regions import BACKGROUND, SUBJECT
from styfie.segmentation.jseg.drawing import draw_regions
from styfie.segmentation.jseg.segmenter import JsegSegmenter
from styfie.settings import QUALITIES
from styfie.storage.results import cutout, result_pictures
from styfie.storage.sheet import draw_sheet, lay_out
from styfie.styles import load_styles

IMAGES = Path(__file__).parent / "images"
SIDE = 384  # longest side of the pictures of likeness, in pixels
HEAD = (64, 0, 304, 200)  # left, top, right and bottom of head and shoulders in them
GRID, TEN = 128, 10  # longest side of the pictures of all engines, in pixels, and how many photos of a folder
SMALL, FRAMES = 256, 5  # pixels of the pictures without networks, and how many of a painting being painted
BRUSHED = {
    "oil": {"subject": "autumn", "background": "night"},
    "tape": {"subject": "glass", "background": "deco"},
    "marker": {"subject": "pop", "background": "waves"},
    "watercolour": {"subject": "watercolour", "background": "marble"},
}
ENGINES = ({"subject": "ink", "background": "autumn"}, {"subject": "night", "background": "glass"})
PAIR = {"subject": "mosaic", "background": "night"}
MASTERS = {"subject": "composition-vii", "background": "great-wave"}


def main() -> None:
    """Draw the figures of these names, or all; that takes some minutes on two cores."""
    IMAGES.mkdir(exist_ok=True)
    figures = {
        "gallery": draw_gallery,
        "sheet": draw_default,
        "regions": draw_parts,
        "likeness": draw_likeness,
        "dials": draw_dials,
        "blur": draw_blur,
        "engines": draw_engines,
        "without-networks": draw_without_networks,
        "techniques": draw_techniques,
        "grid": draw_grid,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(figures))
    parser.add_argument("--photos", type=Path, help="for grid: a folder, the first ten photos of which are painted")
    parser.add_argument("--vgg", action="store_true", help="for grid: also classic and gatys: VGG is fetched")
    parser.add_argument("--output", type=Path, help="for grid: the picture's file")
    asked = parser.parse_args()
    if asked.photos:
        photos = [read_picture(file, GRID) for file in find_photos([asked.photos])[:TEN]]
        draw_grid(photos, asked.output or Path("grid.jpg"), asked.vgg)
        return
    for name in asked.names or figures:
        figures[name]()


def draw_gallery() -> None:
    """The gallery's drawn styles."""
    cells = [(name, to_image(draw(name, 448))) for name in GALLERY]
    lay_out(cells, columns=7, cell=224).save(IMAGES / "gallery.jpg", quality=88)


def draw_techniques() -> None:
    """The portrait in every technique: each a style's picture of its own, and all together."""
    portrait = Style("portrait", read_picture(PORTRAIT, SIDE))
    cells = [("photo", to_image(portrait.picture))]
    for engine, names in (("filters", RECIPES), ("regions", KINDS)):
        for name in names:
            # By name it is the technique, whatever the picture.
            looks = {region: Look((replace(portrait, name=name),)) for region in (SUBJECT, BACKGROUND)}
            painted = to_image(styfie.paint(looks=looks, settings=styfie.Settings(size=SIDE, engine=engine)).render())
            cells.append((name, painted))
            if name in TECHNIQUES:
                painted.save(technique_file(name), quality=85)
    lay_out(cells, columns=4, cell=288).save(IMAGES / "techniques.jpg", quality=86)


def draw_grid(photos: Sequence[Tensor] = (), file: Path = IMAGES / "grid.jpg", vgg: bool = False) -> None:
    """A row a photo by every engine, and by patches: each class of Jing et al. (2018).

    Without photos the built-in portrait and its head; without `vgg` the engines that need nothing fetched.
    """
    portrait = read_picture(PORTRAIT, GRID)
    head = read_picture(to_image(read_picture(PORTRAIT, SIDE)).crop(HEAD), GRID)
    columns = {name: {"engine": name} for name, entry in ENTRIES.items() if vgg or not entry.needs}
    columns["optimise"] |= {"loss": "wasserstein"}
    columns["--loss patches"] = {"engine": "optimise", "loss": "patches"}
    cells = []
    for n, photo in enumerate(photos or (portrait, head)):
        regions = styfie.segment(photo)
        for name, asked in {"": {}, **columns}.items():
            settings = styfie.Settings(size=GRID, quality="draft", **asked)
            result = styfie.paint(photo, PAIR, settings, regions=regions).render() if name else photo
            cells.append(((name or "photo") if n == 0 else "", to_image(result)))
    lay_out(cells, columns=len(columns) + 1, cell=GRID).save(file, quality=82)


def draw_default() -> None:
    """The sheet of the built-in portrait in the default pair."""
    painting = styfie.paint()
    sheet = draw_sheet(painting, result_pictures(painting), cutout(painting))
    sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4)).save(IMAGES / "sheet.jpg", quality=88)


def draw_parts() -> None:
    """The portrait's parts, and each in a style of its own."""
    styles = {"hair": "waves", "skin": "watercolour", "clothes": "mosaic", "background": "night"}
    parts = styfie.paint(looks=styles)
    cells = [("photo", to_image(parts.photo))]
    cells += [(name, to_image(parts.regions[name])) for name in ("hair", "skin", "clothes")]
    cells.append(("a style for each", to_image(parts.render())))
    lay_out(cells, columns=5, cell=320).save(IMAGES / "regions.jpg", quality=88)


def draw_likeness() -> None:
    """The face of the built-in portrait, painted freely, by default and as like as can be."""
    cells = []
    for likeness in (0.0, 0.5, 1.0):
        looks = {name: Look(load_styles(style, SIDE), likeness=likeness) for name, style in PAIR.items()}
        painted = styfie.paint(looks=looks, settings=styfie.Settings(size=SIDE))
        score = painted.likeness
        label = f"--likeness {likeness:g}" if score is None else f"--likeness {likeness:g}: score {score:.2f}"
        cells.append((label, to_image(painted.render()).crop(HEAD)))
    lay_out(cells, columns=4, cell=288).save(IMAGES / "likeness.jpg", quality=85)


def draw_dials() -> None:
    """The portrait with little of its drawing kept, half and nearly all, and painted briefly, as usual and long."""
    cells = []
    for content in (0.0, 0.5, 1.0):
        looks = {name: Look(load_styles(style, SIDE), content=content) for name, style in MASTERS.items()}
        painted = styfie.paint(looks=looks, settings=styfie.Settings(size=SIDE))
        cells.append((f"--content {content:g}", to_image(painted.render())))
    for quality in QUALITIES:
        painted = styfie.paint(looks=MASTERS, settings=styfie.Settings(size=SIDE, quality=quality))
        cells.append((f"--quality {quality}", to_image(painted.render())))
    lay_out(cells, columns=4, cell=288).save(IMAGES / "dials.jpg", quality=85)


def draw_engines() -> None:
    """Two pairs of styles, each painted in one pass by either network, and by the optimisation."""
    cells = [("photo", to_image(read_picture(PORTRAIT, SIDE)))]
    for pair in ENGINES:
        for engine in ("fast", "per-style", "optimise"):
            painted = styfie.paint(looks=pair, settings=styfie.Settings(size=SIDE, engine=engine))
            cells.append((f"{engine}: {', '.join(pair.values())}", to_image(painted.render())))
    lay_out(cells, columns=7, cell=224).save(IMAGES / "engines.jpg", quality=88)


def draw_blur() -> None:
    """The background of the built-in portrait out of focus, by all shapes, by depth, and behind a painted person."""
    looks = {"subject": Look(load_styles("mosaic", SIDE)), "background": Look(blur=10, bokeh="disc")}
    painted = styfie.paint(looks=looks, settings=styfie.Settings(size=SIDE, engine="fast"))
    photo, matte = painted.photo, painted.matte
    depth = estimate_depth(photo, painted.regions)
    cells = [("photo", to_image(photo))]
    cells += [(bokeh, to_image(styfie.lens_blur(photo, matte, 10, bokeh))) for bokeh in BOKEHS]
    cells.append(("disc, --depth auto", to_image(styfie.lens_blur(photo, matte, 10, "disc", depth))))
    cells.append(("painted, --blur background=10", to_image(painted.render())))
    lay_out(cells, columns=6, cell=320).save(IMAGES / "blur.jpg", quality=85)


def draw_without_networks() -> None:
    """The brushes, strokes as they are laid, a portrait's components, and JSEG's regions, each in a style."""
    settings = styfie.Settings(size=SMALL, steps=20, engine="strokes", device="cpu")
    cells, seen = [], []
    for brush, pair in BRUSHED.items():
        looks = {name: Look(load_styles(one, SMALL), brush=brush) for name, one in pair.items()}
        painting = styfie.paint(looks=looks, settings=settings, on_progress=lambda one: seen.append(one.strokes))
        cells.append((f"--brush {brush}", to_image(painting.render())))
        if brush == "oil" and seen[-1] is not None:
            frames = seen[-1].frames(painting.regions.size, FRAMES)
            laid = [("", to_image(so_far(painting, frame))) for frame in frames]
            lay_out(laid, columns=FRAMES, cell=SMALL).save(IMAGES / "laid.jpg", quality=82)
    lay_out(cells, columns=len(cells), cell=SMALL).save(IMAGES / "brushes.jpg", quality=82)
    settings = styfie.Settings(size=SIDE, engine="components", device="cpu")
    painting = styfie.paint(looks=PAIR, settings=settings)
    layers = decompose(painting.photo, SIDE)
    shown = {"photo": painting.photo, "draft": layers.draft, "paint": layers.paint + 0.5, "edge": layers.edge + 0.5}
    cells = [(name, to_image(one.clamp(0, 1))) for name, one in shown.items()]
    cells.append(("mosaic on night", to_image(painting.render())))
    lay_out(cells, columns=len(cells), cell=SMALL).save(IMAGES / "components.jpg", quality=82)
    regions = JsegSegmenter(5).partition(painting.photo)
    styles = dict(zip(regions.names, ("marble", "waves", "autumn", "glass", "deco"), strict=True))
    many = styfie.paint(looks=styles, settings=replace(settings, segmenter="jseg:5"))
    cells = [("jseg:5", draw_regions(regions, painting.photo)), ("a style for each", to_image(many.render()))]
    lay_out(cells, columns=2, cell=SMALL).save(IMAGES / "jseg.jpg", quality=82)


def so_far(painting: styfie.Painting, laid: Mapping[str, Tensor]) -> Tensor:
    """A painting with its layers as far as their strokes are laid."""
    layers = painting.layers.clone()
    for name, picture in laid.items():
        layers[painting.regions.index(name)] = picture[0]
    return replace(painting, layers=layers).render()


if __name__ == "__main__":
    main()
