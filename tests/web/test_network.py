"""Addresses that others can open, of interfaces as they are on real computers."""

from __future__ import annotations

import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from styfie.errors import MissingError
from styfie.web import network
from styfie.web.network import own_addresses, page_address

INTERFACES: dict[str, list[Any]] = {
    "lo": ["127.0.0.1", ("::1", 0, 0)],
    "docker0": ["172.17.0.1"],
    "br-5f2": ["172.18.0.1"],
    "veth12": ["169.254.3.3"],
    "wlan0": ["192.168.1.7", ("2001:db8:5::7", 0, 0), ("fe80::7", 0, 3)],
    "eth0": ["10.0.0.5", "10.0.0.6"],
    "usb0": ["169.254.7.7"],
}


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with these interfaces, which goes out by the last address of the cable."""
    ips = {name: [SimpleNamespace(ip=one) for one in given] for name, given in INTERFACES.items()}
    fake = ModuleType("ifaddr")
    fake.get_adapters = lambda: [SimpleNamespace(nice_name=name, ips=given) for name, given in ips.items()]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ifaddr", fake)
    monkeypatch.setattr(network, "_outward", {4: "10.0.0.6", 6: ""}.__getitem__)


def test_the_one_that_leads_out_comes_first_and_what_leads_nowhere_not_at_all() -> None:
    assert own_addresses("0.0.0.0") == ["10.0.0.6", "192.168.1.7", "10.0.0.5"]
    assert own_addresses("::") == ["2001:db8:5::7"]


def test_one_that_was_named_is_the_one() -> None:
    assert own_addresses("192.168.1.7") == ["192.168.1.7"]


def test_a_computer_without_a_network_has_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INTERFACES, "wlan0", [])
    monkeypatch.setattr(network, "_of_interfaces", lambda: iter(()))
    assert own_addresses("0.0.0.0") == [socket.gethostname()]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ifaddr", None)
    with pytest.raises(MissingError, match=r"styfie\[web\]"):
        own_addresses("0.0.0.0")


def test_which_way_out_is_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    sent: list[object] = []

    class Silent(socket.socket):
        def send(self, *given: object) -> int:
            sent.append(given)
            return 0

        sendto = sendall = send  # type: ignore[assignment]

    monkeypatch.setattr(socket, "socket", Silent)
    for version in (4, 6):
        network._outward(version)
    assert not sent


def test_addresses_are_written_as_browsers_want_them() -> None:
    assert page_address("192.168.1.7", 8790, "", "secret") == "http://192.168.1.7:8790/?token=secret"
    assert page_address("2001:db8::7", 1, "/styfie") == "http://[2001:db8::7]:1/styfie/"


def test_a_token_of_ones_own_comes_whole() -> None:
    token = "a+b/c=~" + 9 * "x"
    assert parse_qs(urlsplit(page_address("10.0.0.5", 8790, token=token)).query) == {"token": [token]}
