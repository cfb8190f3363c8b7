"""Static files as any host of them would serve them."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import Any


class Server:
    """A folder served on loopback, as any host of static files would: it is not at the root."""

    def __init__(self, folder: Path) -> None:
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def guess_type(self, path: Any) -> str:
                kinds = {".mjs": "text/javascript", ".wasm": "application/wasm"}
                return kinds.get(Path(path).suffix) or super().guess_type(path)

            def log_message(self, *_: object) -> None:
                pass

        handler = functools.partial(Quiet, directory=str(folder.parent))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}/{folder.name}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
