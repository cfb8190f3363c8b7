"""The token that everybody must show: one for a folder, kept in a file that only its user can read."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from styfie.errors import InputError

FILE = "token"  # in the folder of the jobs
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")  # what `Authorization: Bearer` may carry (RFC 6750)


def read_token(file: Path) -> str:
    """The token in a file, which is made when it is missing: 256 random bits.

    It stays the same as long as the file does, so that open pages, bookmarks and phones go on after a restart.

    Raises:
        InputError: it cannot be read or made, or holds no token.
    """
    try:
        return _read(file) or _make(file)
    except FileNotFoundError:
        raise InputError(f"{file} cannot be made: there is no folder {file.parent}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{file} cannot be used ({reason}): name another --token-file.") from None


def _read(file: Path) -> str:
    """What is in it; nothing if it is not there, or empty, as a process that ended too soon leaves it."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    if token and not TOKEN.fullmatch(token):
        raise InputError(f"{file} holds no token: 16 letters and digits or more are wanted, or no file at all.")
    return token


def _make(file: Path) -> str:
    token = secrets.token_urlsafe(32)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as held:
        if hasattr(os, "fchmod"):
            os.fchmod(held.fileno(), 0o600)
        held.write(token)
        held.flush()
        os.fsync(held.fileno())
    return token


def is_readable_by_others(file: Path) -> bool:
    """Whether other users of this computer can read a file, where that can be known."""
    return os.name == "posix" and bool(file.stat().st_mode & 0o077)
