"""The library's sentences as the page says them: in its own words, of the catalogue, and without the command line's."""

from __future__ import annotations

import re
from collections.abc import Callable

from styfie.web.messages import message

MASK = re.compile(r"\b([Gg])ive a mask with --mask \S*?FILE( \(white = subject\))?")
OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
Found = re.Match[str]
# What the library says of what people of the page send and ask, and what the page says instead: the first that fits.
SENTENCES: list[tuple[str, Callable[[Found], str]]] = [
    (r"No person was found in the (?:photo|frame)\b.*", lambda _: message("note.nobody")),
    (
        r"The segmenter sees no (\S+)(?: of person-(\d+))?(?: in the photo)?: .*",
        lambda found: (
            message("library.no_part_of", region=found[1], number=found[2])
            if found[2]
            else message("library.no_part", region=found[1])
        ),
    ),
    (r"This segmenter knows no parts\b.*", lambda _: message("library.no_parts")),
    (r"There is no person-\d+: .*", lambda _: message("library.no_person")),
    (
        r"There is no region '?([^':]+)'?: known are (.*?)(?:; or .*|\.)",
        lambda found: message("error.no_region", region=found[1], known=found[2]),
    ),
    (r"The mask of (\S+) .*has nothing inside: .*", lambda found: message("error.mask_empty", region=found[1])),
    (
        r".* is (\d+)x(\d+) pixels: at least (\d+) on the shorter side are wanted\.",
        lambda found: message("library.small", width=found[1], height=found[2], least=found[3]),
    ),
    (
        r".* is (\d+)x(\d+), \d+ megapixels: at most (\d+) are read, .*",
        lambda found: message("error.pixels", width=found[1], height=found[2], most=found[3]),
    ),
    (r".* has more than (\d+) megapixels: .*", lambda found: message("library.large", most=found[1])),
    (
        r"The photo would be (\d+)x(\d+) pixels, .*",
        lambda found: message("library.narrow", width=found[1], height=found[2]),
    ),
    (r".* needs more memory than there is: .*", lambda _: message("error.file_memory")),
    (r".* is damaged or cut short: only part of it can be read\. .*", lambda _: message("error.damaged")),
    (r".* is damaged or was cut off \(.*", lambda _: message("error.damaged")),
    (
        r".* cannot be read as a video: .*|.* in no form that this FFmpeg knows: .*",
        lambda _: message("error.no_clip_file"),
    ),
    (r".* is no picture that can be read: .*", lambda _: message("library.no_picture")),
    (r".* is no painting of Styfie's, or damaged: .*", lambda _: message("library.no_painting")),
    (
        r"(\d+)x(\d+) pixels need ([\d.]+) GB .*?([\d.]+) GB are allowed: .*",
        lambda found: message("library.memory", width=found[1], height=found[2], need=found[3], most=found[4]),
    ),
    (r"(.+?) needs? an optional part: pip install .*", lambda found: message("library.not_installed", what=found[1])),
]


def of_page(sentence: str) -> str:
    """A sentence of the library's as the page says it; one that is not known only without the command line's words."""
    for pattern, reworded in SENTENCES:
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return reworded(found)
    brushed = MASK.sub(lambda found: ("B" if found[1] == "G" else "b") + "rush a mask of it", sentence)
    return OPTION.sub(lambda found: found[1].replace("-", "_"), brushed)
