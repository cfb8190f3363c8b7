from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from styfie.web.access import Access
from styfie.web.errors import ConflictError
from styfie.web.options import Options

TOKEN = "a-token-of-this-test"


def access(**options: Any) -> tuple[Access, list[str]]:
    """Who may come, and what was listened at."""
    found, heard = Access(Options(Path(), **{"token": TOKEN, **options})), list[str]()

    async def listen() -> None:
        heard.append("others")

    found.listen = listen
    return found, heard


def test_others_come_when_they_are_let_in_and_not_before() -> None:
    found, heard = access()
    assert (found.is_open, found.can_open, found.host) == (False, True, "127.0.0.1")
    for _ in range(2):
        asyncio.run(found.open())
    assert (found.is_open, found.can_open, found.host, heard) == (True, False, "0.0.0.0", ["others"])


def test_where_others_may_come_already_nothing_is_done() -> None:
    found, heard = access(lan=True)
    assert found.is_open and not found.can_open
    asyncio.run(found.open())
    assert not heard and found.host == "0.0.0.0"


@pytest.mark.parametrize("missing", ["listen", "token"])
def test_nobody_is_let_in_without_a_token_or_by_a_server_that_is_another_program(missing: str) -> None:
    found, heard = access(**({"token": None} if missing == "token" else {}))
    if missing == "listen":
        found.listen = None
    assert not found.can_open
    with pytest.raises(ConflictError, match="cannot be let in"):
        asyncio.run(found.open())
    assert not found.is_open and not heard


def test_what_cannot_be_listened_at_lets_nobody_in() -> None:
    found, _ = access()

    async def refused() -> None:
        raise ConflictError("no network")

    found.listen = refused
    with pytest.raises(ConflictError, match="no network"):
        asyncio.run(found.open())
    assert not found.is_open and found.can_open
