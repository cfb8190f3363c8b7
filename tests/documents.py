"""What the repository's Markdown says to do: its blocks of code, the commands in them, and where its links lead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
SHELLS = ("sh", "bash", "console")
TITLE = re.compile(r'title="([^"]+)"')
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text, and the line that the text begins on.

    `title` is the file that it is the text of, where it names one.
    """

    page: str
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page of the repository, README first, as paths below its root."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
    names = sorted(file.relative_to(ROOT).as_posix() for file in files)
    return sorted(names, key=lambda name: (name != "README.md", name))


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = []
    for token in MarkdownIt().parse((ROOT / page).read_text()):
        if token.type == "fence":
            language, _, rest = token.info.partition(" ")
            title = TITLE.search(rest)
            line = (token.map or [0])[0] + 2
            found.append(Block(page, line, language, title[1] if title else "", token.content))
    return found


def commands(block: Block) -> list[list[str]]:
    """The commands of a block of shell as words, without comments; of a console's those after `$`."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    found, waiting = [], ""
    for line in lines:
        waiting += line
        try:
            words = shlex.split(waiting, comments=True)
        except ValueError:  # a quotation goes on in the next line
            waiting += "\n"
            continue
        waiting = ""
        if words:
            found.append(words)
    assert not waiting, f"{block}: a quotation does not end"
    return found


def spans(page: str) -> list[tuple[str, str]]:
    """Code within a page's sentences and tables, each with the place that it stands at."""
    parser = MarkdownIt().enable("table")
    return [
        (f"{page}:{(token.map or [0])[0] + 1}", child.content)
        for token in parser.parse((ROOT / page).read_text())
        for child in token.children or ()
        if child.type == "code_inline"
    ]


def dead_links(page: str) -> Iterator[str]:
    """Links of a page, and pictures in it, to files of the repository that are not there, and to headings likewise."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in LINK.findall(text):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            yield f"{page}: {link}"


def _anchors(file: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
