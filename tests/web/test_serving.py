from __future__ import annotations

import logging
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from styfie.cli import app
from styfie.errors import InputError
from styfie.web import serving
from styfie.web.logfile import logged
from styfie.web.options import Options
from styfie.web.serving import address_of, serve


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


def test_others_are_told_an_address_that_is_not_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def connect(self, _address: object) -> None:
            pass

        def getsockname(self) -> Any:
            return found, 9

    monkeypatch.setattr(socket, "socket", Socket)
    options = Options(Path(), "0.0.0.0", token="secret")
    for found in ("192.168.1.7", "127.0.0.1", "0.0.0.0"):
        on_event = address_of(options, 8790, serving.own_address(options.host))
        expected = found if found == "192.168.1.7" else socket.gethostname()
        assert on_event == f"http://{expected}:8790/?token=secret"


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


def test_the_command_asks_for_a_token_elsewhere_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(serving, "serve", lambda options, browser, say: asked.append((options, browser)))
    run = CliRunner().invoke
    inside = run(app, ["web", str(tmp_path), "--no-browser", "--hours", "2"])
    assert inside.exit_code == 0 and inside.output == ""
    outside = run(app, ["web", str(tmp_path), "--host", "0.0.0.0"])
    assert outside.exit_code == 0 and "with its token" in outside.output
    (here, no), (there, yes) = asked
    assert here == Options(tmp_path, hours=2.0) and here.token is None and (no, yes) == (False, True)
    assert re.fullmatch(r"[\w-]{43}", there.token) and there.host == "0.0.0.0"
    run(app, ["web", str(tmp_path), "--host", "0.0.0.0"])
    assert asked[2][0].token != there.token
