"""`styfie segment`."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, cast

import typer

from styfie.cli.options import Masks, Segmenter, ShardText, by_name, parse_shard, warn_of_doubt
from styfie.cli.pipes import check_stdout, print_written, write_stdout
from styfie.cli.progress import print_note
from styfie.errors import InputError, StyfieError
from styfie.settings import Settings
from styfie.stores import url_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from styfie.images import Picture
    from styfie.outcomes import Outcomes
    from styfie.regions import Regions
    from styfie.segmentation.protocols import FrameSegmenter, Partitioner


def segment(
    photo: Annotated[Path, typer.Argument(help="A photo, or a folder of photos; - is standard input.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The mask, or of a folder the folder of masks; - is standard output."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="subject, background, skin, hair, clothes, accessories, person-1, person-2, … or a --mask's; of "
            "--segmenter jseg region-1, region-2, … or a name of your own for what is at --add.",
            show_default="subject, or with jseg a picture of all regions",
        ),
    ] = None,
    mask: Masks = None,
    add: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="Add what lies around this pixel to the region. Repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="Take what lies around this pixel out of it. Repeatable.")
    ] = None,
    segmenter: Segmenter = Settings.segmenter,
    shard: ShardText = None,
) -> None:
    """Find a region: a soft mask at the photo's own upright size, 8 bit, 255 = inside. The subject if none is named.

    With --segmenter jseg and no region named, all regions are shown in one picture: coloured, outlined and numbered.
    Several of them are put together under a new name by a point in each: --region sky --add 90,20 --add 400,60.
    What is no person is found by points: --region dog --add 120,300, and more of them where the mask is wrong.
    Of several people person-1 is the leftmost. Points are pixels of the upright photo from its upper left corner.
    A folder gives a folder with NAME.png for each photo, or NAME.EXT.png where names are shared, numbered if need be;
    one that cannot be used does not stop the others.
    """
    from styfie import stores
    from styfie.batch import distinct_names, find_photos
    from styfie.images import STDIN, STDOUT, read_once
    from styfie.outcomes import Outcomes
    from styfie.storage.atomic import check_targets

    options = _Options(
        region, by_name(mask or [], "--mask", "subject"), read_points(add or []), read_points(remove or []), segmenter
    )
    if not (os.path.isdir(photo) or url_of(photo)):  # noqa: PTH112 - Path's raises of some names
        if shard:
            raise InputError(f"--shard {shard} came with one photo: a folder is wanted with it.")
        file = output or (STDOUT if photo == STDIN else sibling_file(photo, "regions" if options.all else "mask"))
        if file == STDOUT:
            check_stdout()
        else:
            check_targets([file], [photo, *options.files])
        _write(read_once(photo), file, options)
        return
    photos = find_photos([photo])
    if options.add or options.remove or options.masks:
        raise InputError("Points and masks belong to one photo: name a photo, not a folder.")
    folder = output or _sibling_folder(photo, "masks")
    if folder == photo or (folder.exists() and folder.samefile(photo)):
        raise InputError(f"The masks would lie among the photos in {folder} and replace some: name another folder.")
    pairs = list(zip(photos, (folder / f"{name}.png" for name in distinct_names(photos)), strict=True))
    part = parse_shard(shard, [one.name for one in photos])
    pairs = part.pick(pairs, lambda pair: pair[0].name) if part else pairs
    check_targets([file for _, file in pairs if not url_of(file)], [*photos, *options.files])
    if url_of(folder):
        stores.check_targets([file for _, file in pairs], photos)
        stores.check_writable(folder)
    if failed := _write_each(pairs, options, Outcomes(folder, part) if part else None):
        print_note(f"{failed} of {len(pairs)} photos gave no mask.")
        raise typer.Exit(2)


def _write_each(pairs: Sequence[tuple[Path, Path]], options: _Options, outcomes: Outcomes | None) -> int:
    """Write the masks of photos, and their outcomes if wanted; how many gave none."""
    failed = 0
    if outcomes:
        outcomes.begin([file.stem for _, file in pairs])
    for photo, file in pairs:
        said: dict[str, str] = {}
        try:
            _write_at(photo, file, options)
        except StyfieError as error:
            failed += 1
            said = {"reason": str(error).rstrip(".")}
            print_note(f"{photo.name}: {error}")
        if outcomes:
            outcomes.add(file.stem, "failed" if said else "done", file=photo.name, **said)
    return failed


def _write_at(photo: Path, file: Path, options: _Options) -> None:
    """The mask of a photo; each of the two may lie elsewhere."""
    from styfie import stores

    if not (url_of(photo) or url_of(file)):
        _write(photo, file, options)
        return
    with TemporaryDirectory() as temporary:
        source, mask = photo, file
        if url_of(photo):
            source = Path(temporary) / photo.name
            stores.fetch(photo, source)
        if url_of(file):
            mask = Path(temporary) / f"{file.stem}.mask.png"
        _write(source, mask, options, file)
        if url_of(file):
            stores.send([(mask, file)])


def sibling_file(photo: Path, kind: str) -> Path:
    """`PHOTO-kind.png` beside a photo as it was named.

    Raises:
        InputError: it is a stream, beside which nothing belongs.
    """
    streams = photo.absolute().parts[1:2] in (("dev",), ("proc",))  # also where a file lies behind
    if streams or (os.path.exists(photo) and not os.path.isfile(photo)):  # noqa: PTH110, PTH113 - of any name
        raise InputError(f"{photo} is no plain file: say with --output where the result is to be.")
    return photo.with_name(f"{photo.stem}-{kind}.png")


def _sibling_folder(folder: Path, kind: str) -> Path:
    """`FOLDER-kind` beside a folder as it was named; one named by dots alone has its name elsewhere."""
    named = folder if folder.name.strip(".") else folder.resolve()
    return named.with_name(f"{named.name}-{kind}")


@dataclass(frozen=True)
class _Options:
    """What is asked of each photo; no region: all there are, or the subject of a segmenter that finds no others."""

    named: str | None
    masks: dict[str, str]
    add: list[tuple[float, float]]
    remove: list[tuple[float, float]]
    segmenter: str

    @cached_property
    def partitioner(self) -> Partitioner | None:
        """The segmenter, if it divides photos of anything."""
        from styfie.segmentation import find_segmenter, load_segmenter

        partitions = find_segmenter(self.segmenter).partitions
        return cast("Partitioner", load_segmenter(self.segmenter)) if partitions else None

    @property
    def is_of_own(self) -> bool:
        """Whether the region is a name of the user's own, for which the segmenter never looks."""
        from styfie.segmentation import find_segmenter, load_segmenter

        if self.region in ("subject", "background", *self.masks) or not find_segmenter(self.segmenter).parts:
            return False
        try:
            cast("FrameSegmenter", load_segmenter(self.segmenter)).check([self.region])
        except InputError:
            return True
        return False

    @property
    def files(self) -> list[Path]:
        """The files that are read besides the photo."""
        return [Path(one) for one in (*self.masks.values(), self.segmenter)]

    @property
    def all(self) -> bool:
        """Whether a picture of all regions is asked for."""
        return self.named is None and not (self.masks or self.add or self.remove) and self.partitioner is not None

    @property
    def region(self) -> str:
        """The one region whose mask is asked for."""
        return self.named or "subject"


def _write(photo: Picture, file: Path, options: _Options, place: Path | None = None) -> None:
    """The mask that is asked for, or a picture of all regions; `place` is where the user has it in the end."""
    from styfie.images import to_image

    if options.all and options.partitioner:
        _write_all(photo, file, options.partitioner, place or file)
        return
    regions = _regions(photo, options)
    save_image(to_image(regions[options.region]), file)
    if options.region in (*regions.doubtful, "background"):
        warn_of_doubt(regions.doubtful)
    print_written(place or file)


def _write_all(photo: Picture, file: Path, partitioner: Partitioner, place: Path) -> None:
    from styfie.reading import read_photo
    from styfie.segmentation.jseg.drawing import draw_regions

    regions, picture = _partition(photo, partitioner), read_photo(photo, 0)
    save_image(draw_regions(regions, picture), file)
    print_written(place, f": {regions.names[0]} to {regions.names[-1]}, by area")


def _partition(photo: Picture, partitioner: Partitioner) -> Regions:
    """All regions, small, and numbered as they are in a painting of any size."""
    from styfie.reading import read_photo
    from styfie.segmentation.jseg.drawing import LONGEST

    fitted = partitioner.fit_to(read_photo(photo, partitioner.work_size))
    return fitted.partition(read_photo(photo, 0), LONGEST)


def _regions(photo: Picture, options: _Options) -> Regions:
    """Regions with the one that is asked for, corrected by the points, or put together of those they lie in.

    Where nobody is found, or the name is none that is looked for, the points alone say what it is.
    """
    from styfie.errors import NoPersonError
    from styfie.pipeline import segment
    from styfie.reading import read_photo
    from styfie.regions import correct
    from styfie.segmentation.clicks import region_at
    from styfie.segmentation.jseg.segmenter import put_together, regions_at

    picture = read_photo(photo, 0)
    settings, finer, add = Settings(size=0, segmenter=options.segmenter), [options.region], options.add
    if add and options.partitioner and options.region not in ("subject", "background", *options.masks):
        whole = _partition(photo, options.partitioner)
        if options.region not in whole.names:
            finer, add = regions_at(whole, add, (picture.shape[-2], picture.shape[-1])), []
    if add and options.is_of_own:
        return region_at(picture, options.region, add, options.remove)
    try:
        regions = segment(photo, settings, finer, options.masks)
    except NoPersonError:
        if not add:
            raise
        return region_at(picture, options.region, add, options.remove)
    if finer != [options.region]:
        regions = put_together(regions, options.region, finer)
    if add or options.remove:
        regions = correct(regions, picture, options.region, add, options.remove)
    return regions


def read_points(given: list[str]) -> list[tuple[float, float]]:
    """`X,Y` as numbers.

    Raises:
        InputError: something else.
    """
    found = []
    for one in given:
        try:
            x, y = (float(number) for number in one.split(","))
        except ValueError:
            raise InputError(f"The point {one!r} came: two numbers such as 120,300 are wanted, x then y.") from None
        found.append((x, y))
    return found


def save_image(image: Image, file: Path) -> None:
    """Write a PIL image as PNG beside `file`, then rename; or to standard output.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """
    from styfie.images import STDOUT, write_png
    from styfie.storage.atomic import writing_file

    if file == STDOUT:
        held = io.BytesIO()
        write_png(image, held)
        write_stdout(held.getvalue())
        return
    with writing_file(file) as beside:
        write_png(image, beside)
