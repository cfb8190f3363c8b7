"""The command's side of the server: its address, its token, the browser."""

from __future__ import annotations

import socket
import threading
import time
import webbrowser
from collections.abc import Callable

import uvicorn

from styfie.errors import InputError
from styfie.web.app import make_app
from styfie.web.options import Options
from styfie.web.studio import Studio


def serve(options: Options, browser: bool, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C.

    Raises:
        InputError: the address cannot be used.
    """
    listening = _listen(options)
    address = address_of(options, listening.getsockname()[1])
    studio = Studio(options)
    config = uvicorn.Config(
        make_app(studio),
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,  # who watches a job would hold it up
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=32_768,
    )
    server = _Server(config, studio)
    for note in studio.jobs.notes:
        say(note)
    say(f"Styfie is at {address} (Ctrl-C ends it). Jobs are kept in {options.folder}.")
    if browser:
        threading.Thread(target=_open, args=(server, address), daemon=True).start()
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Lets go of who watches a job when it ends: else it would wait for them."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self.studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.studio.close()
        await super().shutdown(sockets)


def address_of(options: Options, port: int) -> str:
    """What to open in the browser, with the token if there is one."""
    host = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}/" + (f"?token={options.token}" if options.token else "")


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
        listening.listen(256)  # who comes while the server starts waits for it
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{options.host}:{options.port} cannot be listened at ({reason}): another --port or --host is wanted."
        ) from None
    return listening


def _open(server: uvicorn.Server, address: str) -> None:
    while not server.started:
        time.sleep(0.05)
    webbrowser.open(address)
