from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from styfie.web.app import make_app
from styfie.web.options import Options
from styfie.web.routes import phone
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio

TOKEN = "a-token-of-this-test"
Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What a server with these options answers at a path, opened at a host."""
    monkeypatch.setattr(
        phone, "own_addresses", lambda host: ["192.168.1.7", "10.0.0.5"] if host == "0.0.0.0" else [host]
    )
    monkeypatch.setattr(phone, "qr_svg", lambda address: f"<svg>{address}</svg>".encode())

    async def listen() -> None:
        pass

    def asked(
        path: str,
        base: str = "http://localhost:8790",
        headers: Any = None,
        method: str = "GET",
        listens: bool = False,
        **options: Any,
    ) -> Any:
        studio = StubStudio(Options(tmp_path, token=TOKEN, **options))
        studio.access.listen = listen if listens else None
        app = make_app(studio)
        shown = {"authorization": f"Bearer {TOKEN}", **(headers or {})}
        with TestClient(app, base_url=base, headers=shown, client=("203.0.113.9", 5000)) as client:
            return client.request(method, API + path)

    return asked


def test_the_computers_addresses_with_the_token(ask: Ask) -> None:
    first, second = f"http://192.168.1.7:8790/styfie/?token={TOKEN}", f"http://10.0.0.5:8790/styfie/?token={TOKEN}"
    lan = {"lan": True, "base_path": "/styfie"}
    assert ask("/phone", **lan).json()["addresses"] == [first, second]
    code = ask("/phone.svg", **lan)
    assert code.headers["content-type"] == "image/svg+xml" and code.text == f"<svg>{first}</svg>"
    assert ask("/phone.svg?number=1&picture=abc_-1", **lan).text == f"<svg>{second}#abc_-1</svg>"
    for wrong, status in (("?number=2", 404), ("?number=-1", 422), ("?picture=a%20b", 422)):
        assert ask(f"/phone.svg{wrong}", **lan).status_code == status, wrong


def test_a_computer_that_lets_nobody_in_has_none(ask: Ask) -> None:
    assert ask("/phone").json() == {"addresses": [], "can_open": False}
    refused = ask("/phone.svg")
    assert refused.status_code == 404 and "lets no other device in" in refused.json()["detail"]


def test_others_are_let_in_by_this_computer(ask: Ask) -> None:
    """As the server that listens can do it: another program's cannot."""
    assert ask("/phone", method="POST").json()["code"] == "conflict"
    first = f"http://192.168.1.7:8790/?token={TOKEN}"
    assert ask("/phone", method="POST", listens=True).json() == {
        "addresses": [first, f"http://10.0.0.5:8790/?token={TOKEN}"],
        "can_open": False,
    }
    assert ask("/phone", listens=True).json() == {"addresses": [], "can_open": True}
    foreign = {"origin": "http://evil.example"}
    assert ask("/phone", method="POST", listens=True, headers=foreign).status_code == 403


def test_an_address_that_was_opened_from_elsewhere_is_the_one(ask: Ask) -> None:
    opened = ask("/phone", "http://192.168.1.9:8790", lan=True).json()["addresses"]
    assert opened == [f"http://192.168.1.9:8790/?token={TOKEN}"]
    said = {"x-forwarded-host": "paint.example.org", "x-forwarded-proto": "https", "x-forwarded-prefix": "/styfie"}
    proxied = {"allow_host": ("paint.example.org",), "trusted_proxy": ("203.0.113.9",)}
    behind = ask("/phone", headers=said, **proxied).json()["addresses"]
    assert behind == [f"https://paint.example.org/styfie/?token={TOKEN}"]
