from __future__ import annotations

import asyncio
import logging
import re
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner

from styfie.cli import app
from styfie.errors import InputError
from styfie.web import serving
from styfie.web.app import make_app
from styfie.web.errors import ConflictError
from styfie.web.logfile import logged
from styfie.web.options import Options
from styfie.web.routes import phone
from styfie.web.serving import address_of, serve
from tests.web.stubs import StubStudio

# Within this computer: tests may connect to nothing else.
CONNECTING = [
    (owner, name, getattr(owner, name))
    for owner, name in ((socket.socket, "connect"), (socket, "create_connection"), (socket, "getaddrinfo"))
]


@pytest.mark.parametrize(
    ("host", "token", "address"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8790/"),
        ("::1", None, "http://[::1]:8790/"),
        ("0.0.0.0", "secret", "http://127.0.0.1:8790/?token=secret"),
        ("192.168.1.7", "secret", "http://192.168.1.7:8790/?token=secret"),
    ],
)
def test_the_address_to_open(host: str, token: str | None, address: str) -> None:
    assert address_of(Options(Path(), host, token=token), 8790) == address


def test_others_are_told_all_addresses_and_one_as_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "own_addresses", lambda host: ["192.168.1.7", "10.0.0.5"] if host == "0.0.0.0" else [])
    monkeypatch.setattr(serving, "qr_text", lambda address: f"a code of {address}")
    lan = Options(tmp_path, lan=True, token="secret", base_path="/styfie")
    first = "http://192.168.1.7:8790/styfie/?token=secret"
    for terminal in (True, False):
        monkeypatch.setattr(serving, "_can_draw", lambda terminal=terminal: terminal)
        said = serving._invitation(lan, 8790, lan.host)
        assert said[0].endswith(f": {first}") and said[1] == "or http://10.0.0.5:8790/styfie/?token=secret"
        assert said[2:] == ([f"a code of {first}"] if terminal else [])


def test_others_are_let_in_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At an address where nobody listened before; here another one of this computer's own."""
    for owner, name, connect in CONNECTING:
        monkeypatch.setattr(owner, name, connect)
    monkeypatch.setattr(serving, "own_addresses", lambda _host: ["127.0.0.2", "a-name-of-no-address"])
    monkeypatch.setattr(phone, "own_addresses", lambda _host: ["127.0.0.2"])
    studio, said = StubStudio(Options(tmp_path, port=0, token="a-token-of-this-test")), list[str]()
    listening = serving._listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    inside, outside = (f"http://{host}:{port}/api/v1" for host in ("127.0.0.1", "127.0.0.2"))
    thread = threading.Thread(target=serving._serve, args=(listening, studio, False, said.append, tmp_path / "log"))
    thread.start()
    try:
        with httpx.Client(headers={"authorization": "Bearer a-token-of-this-test"}, timeout=20) as client:
            assert client.get(f"{inside}/about", headers={"host": f"127.0.0.2:{port}"}).status_code == 421
            with pytest.raises(httpx.ConnectError):
                client.get(f"{outside}/about")
            answer = client.post(f"{inside}/phone").json()
            assert answer["addresses"] == [f"http://127.0.0.2:{port}/?token=a-token-of-this-test"]
            assert client.get(f"{outside}/about").status_code == 200
            assert httpx.get(f"{outside}/about").status_code == 401, "only with the token"
            assert any(f"127.0.0.2:{port}" in line for line in said)
    finally:
        assert studio.access.listen is not None
        studio.access.listen.__self__.should_exit = True  # type: ignore[attr-defined]
        thread.join(20)
        listening.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{outside}/about")


@pytest.mark.parametrize(("found", "why"), [([], "in no network"), (["127.0.0.1"], "Another program already uses")])
def test_others_cannot_be_let_in_where_there_is_no_way(
    found: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "own_addresses", lambda _host: found)
    studio = StubStudio(Options(tmp_path, token="a-token-of-this-test"))
    with serving._listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(make_app(studio))
        serving._Server(config, studio, port, lambda _line: None)
        with pytest.raises(ConflictError, match=why):
            asyncio.run(studio.access.open())
    assert not studio.access.is_open


def test_what_is_broken_off_at_the_end_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    log, handler = logging.getLogger("uvicorn.error"), logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: told.append(record.exc_info[0]))

    async def broken_off(*_given: Any) -> None:  # as uvicorn does with what is still being answered
        for error in (asyncio.CancelledError("timeout graceful shutdown exceeded"), ValueError("a fault")):
            log.error("Exception in ASGI application", exc_info=error)

    monkeypatch.setattr(uvicorn.Server, "shutdown", broken_off)
    studio = StubStudio(Options(tmp_path))
    server = serving._Server(uvicorn.Config(make_app(studio), log_config=None), studio, 8790, lambda _line: None)
    log.addHandler(handler)
    try:
        asyncio.run(server.shutdown())
    finally:
        log.removeHandler(handler)
    assert told == [ValueError]


def test_faults_are_written_beside_the_jobs(tmp_path: Path) -> None:
    with logged(tmp_path) as file:
        try:
            raise ZeroDivisionError("what went wrong")
        except ZeroDivisionError:
            logging.getLogger("styfie.web.somewhere").exception("this failed")
    logging.getLogger("styfie").error("after its end")
    text = file.read_text()
    assert "Traceback" in text and "what went wrong" in text and "after its end" not in text
    assert file.stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = Options(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(InputError, match=r"cannot be listened at .* --port"):
            serve(options, browser=False, say=lambda _text: None)


def test_a_folder_that_cannot_be_used_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("no folder")
    with pytest.raises(InputError, match=r"cannot be used \(.*\): name another folder"):
        serve(Options(tmp_path, port=0), browser=False, say=lambda _text: None)
    assert (tmp_path / "jobs").read_text() == "no folder"


def test_the_command_asks_for_a_token_and_says_who_may_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(serving, "serve", lambda options, browser, say: asked.append((options, browser)))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["web", str(tmp_path / "web"), *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert run("--no-browser", "--hours", "2", "--port", "0") == ""
    outside = run("--lan", "--allow-host", "a.example", "--allow-host", "b.example", "--most-memory", "2GB")
    assert "can be reached by others" in outside and "with its token" in " ".join(outside.split())
    (here, no), (there, yes) = asked
    token = (tmp_path / "web" / "token").read_text()
    assert re.fullmatch(r"[\w-]{43}", token)
    assert here == Options(tmp_path / "web", port=0, hours=2.0, token=token) and not here.is_open
    names = ("a.example", "b.example")
    assert there == Options(tmp_path / "web", token=token, lan=True, allow_host=names, most_memory=2.0)
    assert there.is_open and there.host == "0.0.0.0" and (no, yes) == (False, True)


def test_a_token_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Options] = []
    monkeypatch.setattr(serving, "serve", lambda options, browser, say: asked.append(options))
    file = tmp_path / "my token"
    file.write_text("a-token-of-my-own-choice\n")
    file.chmod(0o644)
    done = CliRunner().invoke(app, ["web", str(tmp_path / "web"), "--token-file", str(file)])
    assert asked[0].token == "a-token-of-my-own-choice" and "chmod 600" in done.output
    assert not (tmp_path / "web" / "token").exists()
    file.write_text("short")
    done = CliRunner().invoke(app, ["web", str(tmp_path / "web"), "--token-file", str(file)])
    assert len(asked) == 1 and isinstance(done.exception, InputError) and "holds no token" in str(done.exception)
    bad = CliRunner().invoke(app, ["web", str(tmp_path / "web"), "--port", "70000"])
    assert "--port 70000 came: a number from 0 to 65535 is wanted" in str(bad.exception)
