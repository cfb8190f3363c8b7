"""Where other devices find this computer: what its own interfaces say, nobody else being asked."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import quote

from styfie.errors import MissingError

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that mean all of this computer's, and the one of them that it opens itself."""
VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "cni", "podman", "lxc")
"""Interfaces that lead to nothing but what runs on this computer itself begin so."""


def page_address(host: str, port: int | None, path: str = "", token: str | None = None, scheme: str = "http") -> str:
    """The page's address at a host, with the token if there is one; without a port it is the scheme's own."""
    host = f"[{host}]" if ":" in host else host
    query = f"?token={quote(token, safe='')}" if token else ""  # a plus would be read as a space
    return f"{scheme}://{host}{f':{port}' if port else ''}{path}/{query}"


def own_addresses(host: str) -> list[str]:
    """Addresses by which others reach what listens at `host`, the likeliest first; the computer's name if it has none.

    First is the one of the interface that leads out of the network: phones and computers are mostly there, too.
    """
    if host not in EVERYWHERE:
        return [host]
    version = 6 if host == "::" else 4
    first = _outward(version)
    found = dict.fromkeys(one for one in _of_interfaces() if one.version == version)
    return [str(one) for one in sorted(found, key=lambda one: str(one) != first)] or [socket.gethostname()]


def _of_interfaces() -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses of all interfaces that lead to others."""
    try:
        import ifaddr  # only who lets others in needs it
    except ImportError:
        raise MissingError("The addresses of this computer need an optional part: pip install 'styfie[web]'.") from None
    for adapter in ifaddr.get_adapters():
        if not adapter.nice_name.lower().startswith(VIRTUAL):
            for one in adapter.ips:
                address = ipaddress.ip_address(one.ip if isinstance(one.ip, str) else one.ip[0])
                if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                    yield address


def _outward(version: int) -> str:
    """The address that this computer has towards the world, as its own table of routes says; nothing if it is alone."""
    family, somewhere = {
        4: (socket.AF_INET, "192.0.2.1"),
        6: (socket.AF_INET6, "2001:db8::1"),
    }[version]
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.connect((somewhere, 9))  # sends nothing: it says which way it would go
        return str(asked.getsockname()[0])
    return ""
