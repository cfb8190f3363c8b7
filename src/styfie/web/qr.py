"""Addresses as QR codes, which a phone's camera reads (ISO/IEC 18004)."""

from __future__ import annotations

import io
from typing import Any

from styfie.errors import MissingError

QUIET = 4  # modules that are light around the code, as the standard wants
BLACK_ON_WHITE = "\x1b[40;97m"  # what is drawn are the light modules: dark and light terminals show the same


def qr_svg(address: str) -> bytes:
    """An address as SVG, black on white with its quiet zone, 6 pixels a module."""
    held = io.BytesIO()
    _code(address).save(held, kind="svg", scale=6, border=QUIET, light="#fff", xmldecl=False, nl=False)
    return held.getvalue()


def qr_text(address: str) -> str:
    """An address for a terminal, two modules a letter, one over the other, in colours of its own."""
    held = io.StringIO()
    _code(address).terminal(out=held, border=QUIET, compact=True)
    return "\n".join(f"{BLACK_ON_WHITE}{line}\x1b[0m" for line in held.getvalue().splitlines() if line)


def _code(address: str) -> Any:
    try:
        import segno  # only who lets others in needs it
    except ImportError:
        raise MissingError("QR codes need an optional part: pip install 'styfie[web]'.") from None
    return segno.make(address, error="m", micro=False)
