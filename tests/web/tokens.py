"""The token of the servers that tests and benchmarks start, and how it is shown."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import urlsplit

TOKEN = secrets.token_urlsafe(16)  # one of the servers may be reached from the network
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


def write_token(folder: Path) -> Path:
    """The file for `--token-file`."""
    file = folder / "token-of-the-tests"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return file


def address_in(line: str) -> str:
    """The address in what `styfie web` prints first, without token and slash at the end."""
    address = next(word for word in line.split() if word.startswith("http"))
    assert address.endswith(f"/?token={TOKEN}"), address
    return address.partition("/?")[0]


def cookie_of(address: str) -> dict[str, str]:
    """The cookie that a browser has for a server, as Playwright takes it."""
    return {"name": f"styfie-{urlsplit(address).port}", "value": TOKEN, "url": address}
