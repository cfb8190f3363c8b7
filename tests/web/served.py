"""A server that really listens, over a studio that paints nothing: for clients and proxies that are not ours."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import uvicorn

from styfie.web.app import make_app
from styfie.web.connections import limited_protocol
from styfie.web.studio import Studio


@contextlib.contextmanager
def serving(studio: Studio, log: Callable[[str], None] | None = None) -> Iterator[int]:
    """The port that it is served at meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        protocol = limited_protocol(studio.options)
        config = uvicorn.Config(make_app(studio, log), http=protocol, ws="none", log_level="error", proxy_headers=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield listening.getsockname()[1]
        finally:
            studio.close()
            server.should_exit = True
            thread.join(30)
