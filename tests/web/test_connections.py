"""Slow and too many clients of a real server: closed, while all others are answered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn

from styfie.web import connections
from styfie.web.connections import LimitedConnection, limited_protocol
from styfie.web.options import Options
from styfie.web.proxies import Trusted

PATIENCE = 0.4  # seconds
CONNECT = socket.socket.connect  # within this computer: tests may connect to nothing else
EACH, ALL = 4, 9  # connections
GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with how much came; late, or with more than anybody keeps for a client, if that is asked."""
    read, more = 0, True
    while more:
        message = await receive()
        read, more = read + len(message.get("body", b"")), message.get("more_body", False)
    if scope["path"] == "/late":
        await asyncio.sleep(1.5 * PATIENCE)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(600 if scope["path"] == "/much" else 0):
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
    await send({"type": "http.response.body", "body": b"%d came" % read})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """That of a server with little patience."""
    patch = pytest.MonkeyPatch()
    patch.setattr(connections, "READ_SECONDS", PATIENCE / 4)
    options = Options(Path(), patience=PATIENCE, connections=ALL, connections_each=EACH)
    config = uvicorn.Config(app, http=limited_protocol(options), ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()
    patch.undo()


def connected(port: int) -> socket.socket:
    one = socket.socket()
    one.settimeout(30)
    CONNECT(one, ("127.0.0.1", port))
    return one


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with connected(port) as one:
        yield one


def answer(client: socket.socket) -> bytes:
    """What comes until the answer's last chunk, or until the connection is closed."""
    found = b""
    while not found.endswith(b"\r\n0\r\n\r\n"):  # it may come apart from the words before it
        try:
            more = client.recv(65536)
        except ConnectionError:
            break
        if not more:
            break
        found += more
    return found


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: loc", POST % 1000 + b"x" * 10])
def test_half_a_request_is_closed(client: socket.socket, begun: bytes) -> None:
    client.sendall(begun)
    assert answer(client) == b""


def test_a_trickle_is_closed(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\n")
    with pytest.raises(ConnectionError):
        for _ in range(600):
            client.sendall(b"a: b\r\n")
            time.sleep(PATIENCE / 8)


def test_the_second_request_of_a_connection_is_waited_for_no_longer(client: socket.socket) -> None:
    client.sendall(GET % b"")
    assert b"0 came" in answer(client)
    client.sendall((GET % b"")[:20])
    assert answer(client) == b""


def test_what_comes_steadily_may_take_longer(client: socket.socket) -> None:
    client.sendall(POST % 9000)
    for _ in range(10):
        client.sendall(b"x" * 900)
        time.sleep(PATIENCE / 4)
    assert b"9000 came" in answer(client)


def test_who_waits_for_an_answer_is_not_slow(client: socket.socket) -> None:
    client.sendall(GET % b"late")
    assert b"0 came" in answer(client)


def test_who_does_not_read_is_closed(client: socket.socket) -> None:
    client.sendall(GET % b"much")
    time.sleep(PATIENCE)
    assert b"came" not in answer(client)


def together(port: int, count: int) -> int:
    """How many of so many connections are answered."""
    found = 0
    with contextlib.ExitStack() as stack:
        some = [stack.enter_context(connected(port)) for _ in range(count)]
        for one in some:
            with contextlib.suppress(ConnectionError):
                one.sendall(GET % b"late")
        for one in some:
            found += b"came" in answer(one)
    return found


def test_no_more_connections_than_there_may_be(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert together(port, 6) == EACH
    monkeypatch.setattr(LimitedConnection, "_siblings", lambda _self: 0)
    assert together(port, 12) == ALL


def test_a_trusted_proxy_brings_many() -> None:
    """All of them come from its address."""
    for trusted, beside in (((), 2), (("127.0.0.0/8",), 0)):
        one = Mock(spec=LimitedConnection, client=("127.0.0.1", 1), trusted=Trusted(trusted))
        one.connections = {one, Mock(client=("127.0.0.1", 2)), Mock(client=("127.0.0.2", 1)), Mock(client=None)}
        assert LimitedConnection._siblings(one) == beside
