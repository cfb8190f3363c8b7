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

    def asked(path: str, base: str = "http://localhost:8790", headers: Any = None, **options: Any) -> Any:
        app = make_app(StubStudio(Options(tmp_path, token=TOKEN, **options)))
        shown = {"authorization": f"Bearer {TOKEN}", **(headers or {})}
        with TestClient(app, base_url=base, headers=shown, client=("203.0.113.9", 5000)) as client:
            return client.get(API + path)

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
    assert ask("/phone").json() == {"addresses": [], "command": "styfie web --lan"}
    refused = ask("/phone.svg")
    assert refused.status_code == 404 and "lets no other device in" in refused.json()["detail"]


def test_an_address_that_was_opened_from_elsewhere_is_the_one(ask: Ask) -> None:
    opened = ask("/phone", "http://192.168.1.9:8790", lan=True).json()["addresses"]
    assert opened == [f"http://192.168.1.9:8790/?token={TOKEN}"]
    said = {"x-forwarded-host": "paint.example.org", "x-forwarded-proto": "https", "x-forwarded-prefix": "/styfie"}
    proxied = {"allow_host": ("paint.example.org",), "trusted_proxy": ("203.0.113.9",)}
    behind = ask("/phone", headers=said, **proxied).json()["addresses"]
    assert behind == [f"https://paint.example.org/styfie/?token={TOKEN}"]
