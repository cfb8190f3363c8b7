"""What the documentation site makes when it is built: the imports' picture, errors, pages above `docs/`, a demo.

The demo is the site of `make tab`, in the folder `demo` of this one, where that was built before.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from styfie.web.problems import table

DOCS = Path(__file__).parent
ABOVE = ("CONTRIBUTING.md", "CHANGELOG.md", "WEIGHTS.md")  # pages of the repository's root
PICTURE = "<!-- imports -->"
ERRORS = "<!-- errors -->"
TAB, DEMO = DOCS.parent / "build" / "tab", "<!-- demo -->"
TRY = '<p><a class="md-button md-button--primary" href="demo/index.html">Try it here</a></p>'
LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the root."""
    for name in ABOVE:
        files.append(File.generated(config, name, abs_src_path=str(DOCS.parent / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Draw the imports, list the errors and lead to the demo where a page asks for it.

    Links name pages of the site. What is linked to and no page, as an example's folder, is named by its path instead.
    """
    if PICTURE in markdown:
        markdown = markdown.replace(PICTURE, _imports())
    if ERRORS in markdown:
        markdown = markdown.replace(ERRORS, table())
    markdown = markdown.replace(DEMO, TRY if (TAB / "index.html").exists() else "")
    base = DOCS.parent if page.file.src_uri in ABOVE else (DOCS / page.file.src_uri).parent
    return LINK.sub(lambda link: _moved(link, base, page.file.src_uri), markdown)


def on_post_build(config: Any) -> None:
    """Put the demo beside the pages."""
    if (TAB / "index.html").exists():
        shutil.copytree(TAB, Path(config["site_dir"]) / "demo", dirs_exist_ok=True)


def _imports() -> str:
    sys.path.insert(0, str(DOCS))
    try:
        import imports
    finally:
        sys.path.pop(0)
    return f"<div>{imports.draw(imports.read_imports()).strip()}</div>"


def _moved(link: re.Match[str], base: Path, page: str) -> str:
    """A link that is relative to `base`, as one of the site's own."""
    path, hash_, anchor = link[2].partition("#")
    target = (base / path).resolve()
    if not target.exists():  # code that looks like a link, or a mistake, which the build complains of
        return link[0]
    if target.is_relative_to(DOCS):
        at = target.relative_to(DOCS).as_posix()
    elif target.name in ABOVE and target.parent == DOCS.parent:
        at = target.name
    else:
        return f"{link[1]} (`{target.relative_to(DOCS.parent)}`)"
    return f"[{link[1]}]({'../' * page.count('/')}{at}{hash_}{anchor})"
