"""The page's files: packed, and kept by a browser for as long as they are the same."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from starlette.testclient import TestClient

from styfie.web.pagefiles import PageFiles

HTML = '<link href="page.css"><script src="main.js"></script><use href="#icon"><a href="https://example.org/x.js">'


def made(folder: Path, script: str = "import './api.js';") -> PageFiles:
    for name, text in {"index.html": HTML, "page.css": "a{}" * 300, "main.js": script, "types.d.ts": "no"}.items():
        (folder / name).write_text(text)
    return PageFiles(folder)


def test_the_page_names_its_files_by_what_is_in_them(tmp_path: Path) -> None:
    before = made(tmp_path)
    text = TestClient(before).get("/").text
    assert f'href="page/{before.digest}/page.css"' in text and f'src="page/{before.digest}/main.js"' in text
    assert '"#icon"' in text and '"https://example.org/x.js"' in text
    assert made(tmp_path, "other").digest != before.digest == made(tmp_path).digest


def test_files_are_kept_but_for_the_page_itself(tmp_path: Path) -> None:
    files = made(tmp_path)
    client = TestClient(files)
    page, style = client.get("/"), client.get(f"/page/{files.digest}/page.css")
    assert page.headers["cache-control"] == "no-cache" and "immutable" in style.headers["cache-control"]
    assert style.headers["content-type"].startswith("text/css")
    again = client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    (tmp_path / "index.html").write_text(HTML + "!")
    assert TestClient(PageFiles(tmp_path)).get("/", headers={"if-none-match": page.headers["etag"]}).status_code == 200
    assert client.get("/page/000000000000/page.css").status_code == 404, "another version's must not be mixed in"


def test_text_is_packed_for_who_can_unpack_it(tmp_path: Path) -> None:
    files = made(tmp_path)
    with TestClient(files).stream("GET", f"/page/{files.digest}/page.css") as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(raw) == b"a{}" * 300 != raw
    plain = TestClient(files).get("/page.css", headers={"accept-encoding": "identity"})
    assert plain.content == b"a{}" * 300 and "content-encoding" not in plain.headers
    assert re.match(r'".+"$', plain.headers["etag"])


def test_scripts_come_without_their_comments(tmp_path: Path) -> None:
    script = """// @ts-check
/** @import { A } from "./types.d.ts" */
const a = /** @type {A} */ (1); // one
/**
 * Two.
 */
const b = "// kept"; /* of
  more lines */ const c = `
  https://example.org`;
"""
    plain = """const a = /** @type {A} */ (1); // one
const b = "// kept"; /* of
  more lines */ const c = `
  https://example.org`;
"""
    files = made(tmp_path, script)
    assert TestClient(files).get(f"/page/{files.digest}/main.js").text == plain


def test_nothing_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "secret.js").write_text("no")
    client = TestClient(made(tmp_path / "page"))
    for path in ("/types.d.ts", "/../secret.js", "/%2e%2e/secret.js", "/page//index.html", "/none"):
        assert client.get(path).status_code == 404, path
    assert client.post("/").status_code == 405
    assert client.head("/").status_code == 200
