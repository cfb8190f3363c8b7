"""The command's side of the server: its address, its token, the browser."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvicorn

from styfie.errors import InputError
from styfie.web.access import EVERY_HOST
from styfie.web.app import make_app
from styfie.web.connections import limited_protocol
from styfie.web.errors import ConflictError
from styfie.web.logfile import logged
from styfie.web.messages import message
from styfie.web.network import EVERYWHERE, own_addresses, page_address
from styfie.web.options import Options
from styfie.web.qr import qr_text
from styfie.web.studio import Studio


def serve(options: Options, browser: bool, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C.

    Raises:
        InputError: the address cannot be used, or the folder.
    """
    listening = _listen(options.host, options.port)
    try:
        with logged(options.folder) as log:
            _serve(listening, _studio(options), browser, say, log)
    finally:
        listening.close()


def _studio(options: Options) -> Studio:
    try:
        return Studio(options)
    except OSError as error:
        raise InputError(f"{options.folder} cannot be used ({error.strerror or error}): name another folder.") from None


def _serve(listening: socket.socket, studio: Studio, browser: bool, say: Callable[[str], None], log: Path) -> None:
    options = studio.options
    port = listening.getsockname()[1]
    address = address_of(options, port)
    config = uvicorn.Config(
        make_app(studio, say if options.access_log else None),
        http=limited_protocol(options),
        ws="none",
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # `proxies` reads them
        timeout_graceful_shutdown=2,  # who watches a job would hold it up
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=32_768,
    )
    server = _Server(config, studio, port, say)
    for note in studio.jobs.notes:
        say(note)
    say(message("server.at", address=address, folder=options.folder, log=log.name))
    if options.is_open:
        for line in _invitation(options, port, options.host):
            say(line)
    if browser:
        threading.Thread(target=_open, args=(server, address), daemon=True).start()
    server.run(sockets=[listening])


def _invitation(options: Options, port: int, host: str) -> list[str]:
    """What is said of the addresses that other devices can open: all of them, and the first as a QR code."""
    first, *others = [address_of(options, port, one) for one in own_addresses(host)]
    lines = [message("server.others", address=first), *(message("server.or", address=one) for one in others)]
    return [*lines, qr_text(first)] if _can_draw() else lines


def _can_draw() -> bool:
    """Whether this is a terminal that has the letters of a QR code."""
    return sys.stdout.isatty() and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


class _Server(uvicorn.Server):
    """Lets go of who watches a job when it ends: else it would wait for them. Others can be let in while it runs."""

    def __init__(self, config: uvicorn.Config, studio: Studio, port: int, say: Callable[[str], None]) -> None:
        super().__init__(config)
        self.studio, self.port, self.say = studio, port, say
        studio.access.listen = self._listen_to_others

    async def _listen_to_others(self) -> None:
        """Listen at this computer's addresses in its networks, at the same port.

        Raises:
            ConflictError: it is in none, or another program listens there.
        """
        addresses = [host for host in own_addresses(EVERY_HOST) if _is_address(host)]
        opened = []
        for host in addresses:
            with contextlib.suppress(InputError):  # at one of several another program may listen
                opened.append(_listen(host, self.port))
        if not addresses:
            raise ConflictError(message("error.no_network"))
        if not opened:
            raise ConflictError(message("error.port_taken", port=self.port))
        loop = asyncio.get_running_loop()
        for listening in opened:
            self.servers.append(await loop.create_server(self._protocol, sock=listening, backlog=self.config.backlog))
        for line in _invitation(self.studio.options, self.port, EVERY_HOST):
            self.say(line)

    def _protocol(self) -> asyncio.Protocol:
        """One connection more, as uvicorn itself makes them."""
        kind = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
        return kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Break off what is still being answered after a moment, which is no fault to be told of."""
        self.studio.close()
        logging.getLogger("uvicorn.error").addFilter(_is_fault)
        await super().shutdown(sockets)


def _is_fault(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def address_of(options: Options, port: int, host: str = "") -> str:
    """What to open in the browser of this computer, or by another `host`, with the token if there is one."""
    host = host or EVERYWHERE.get(options.host, options.host)
    return page_address(host, port, options.base_path, options.token)


def _is_address(host: str) -> bool:
    """Whether it is an address, not a name."""
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(256)  # who comes while the server starts waits for it
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{host}:{port} cannot be listened at ({reason}): another --port or --host is wanted."
        ) from None
    return listening


def _open(server: uvicorn.Server, address: str) -> None:
    while not server.started:
        time.sleep(0.05)
    webbrowser.open(address)
