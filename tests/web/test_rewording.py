"""What the library says in its own way is said in the page's words: each sentence as the library itself raises it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from styfie import decoding
from styfie.engines import check_memory
from styfie.errors import StyfieError
from styfie.images import read_picture
from styfie.reading import check_narrow, find_regions
from styfie.regions import Regions
from styfie.segmentation.portrait import PortraitSegmenter
from styfie.segmentation.prediction import Prediction
from styfie.settings import Settings
from styfie.storage.openraster import read_painting
from styfie.web.messages import catalogue, message
from styfie.web.rewording import SENTENCES, of_page

PHOTO = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
BODY = torch.ones(1, 1, 64, 64)


def seen(skin: float, matte: torch.Tensor = BODY) -> Prediction:
    parts = torch.zeros(1, 5, 32, 32)
    parts[:, 1] = skin
    return Prediction(PHOTO, matte, parts)


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def cut(folder: Path) -> Path:
    whole = Path(str(decoding.__file__)).parent / "assets" / "portrait.jpg"
    return written(folder, "cut.jpg", whole.read_bytes()[:5000])


def cut_clip(_folder: Path) -> None:
    raise StyfieError("me.mp4 is damaged or was cut off (of 9 s 2 s are there): --to 2 paints what is there.")


def no_video(_folder: Path) -> None:
    raise StyfieError("me.mp4 cannot be read as a video: it is damaged, or holds no picture.")


def no_memory(_folder: Path) -> None:
    with decoding.decoding("me.jpg"):
        raise MemoryError


def no_heif(_folder: Path) -> None:
    decoding.register_heif()


SAID: list[tuple[Callable[[Path], object], str]] = [
    (lambda _: PortraitSegmenter(torch.nn.Identity())._whole(seen(1, 0 * BODY)), message("note.nobody")),
    (lambda _: seen(1).part("hair"), message("library.no_part", region="hair")),
    (lambda _: seen(0).part("hair"), message("library.no_parts")),
    (lambda _: seen(1).person("person-7"), message("library.no_person")),
    (
        lambda _: Regions.of_subject(BODY / 2).index("hat"),
        message("error.no_region", region="hat", known="subject, background"),
    ),
    (
        lambda _: find_regions(PHOTO, Settings(), {"subject": 0 * BODY[0, 0].numpy()}),
        message("error.mask_empty", region="subject"),
    ),
    (
        lambda _: decoding.check_size((20, 300), "me.jpg"),
        message("library.small", width=20, height=300, least=32),
    ),
    (
        lambda _: decoding.check_size((20_000, 10_000), "me.jpg"),
        message("error.pixels", width=20_000, height=10_000, most=178),
    ),
    (lambda _: check_narrow(torch.zeros(1, 3, 400, 4)), message("library.narrow", width=4, height=400)),
    (no_memory, message("error.file_memory")),
    (lambda folder: read_picture(cut(folder)), message("error.damaged")),
    (cut_clip, message("error.damaged")),
    (no_video, message("error.no_clip_file")),
    (lambda folder: read_picture(written(folder, "a.png", b"nothing")), message("library.no_picture")),
    (lambda folder: read_painting(written(folder, "a.ora", b"nothing")), message("library.no_painting")),
    (no_heif, message("library.not_installed", what="HEIC pictures")),
]


@pytest.mark.parametrize("number", range(len(SAID)))
def test_a_sentence_of_the_library_is_the_pages(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    raised, said = SAID[number]
    with pytest.raises(StyfieError) as found:
        raised(tmp_path)
    assert of_page(str(found.value)) == said != str(found.value)


def test_the_memory_that_is_needed_is_said() -> None:
    with pytest.raises(StyfieError) as found:
        check_memory(Settings(engine="fast", max_memory=0.5), (8000, 8000))
    said = of_page(str(found.value))
    assert re.fullmatch(r"8000 x 8000 pixels need [\d.]+ GB of memory, and 0.5 GB are allowed here\. .*size\.", said)


def test_what_is_not_known_is_said_without_options() -> None:
    said = "It was not found: give a mask with --mask FILE (white = subject), or raise --max-memory."
    assert of_page(said) == "It was not found: brush a mask of it, or raise max_memory."
    assert of_page("Nothing is painted yet: paint first.") == "Nothing is painted yet: paint first."


def test_no_sentence_of_the_catalogue_is_reworded() -> None:
    """Each is said as it stands, though it passes by here too."""
    for found in catalogue().values():
        for text in [found] if isinstance(found, str) else found.values():
            assert not any(re.fullmatch(pattern, text, re.DOTALL) for pattern, _ in SENTENCES), text
