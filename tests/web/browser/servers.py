"""A server for browsers, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.web.tokens import address_in, write_token


@contextmanager
def serving(folder: Path, *before: str) -> Iterator[str]:
    """The address of a server without its token, as long as it runs; `before` is what its command begins with."""
    command = [*before, sys.executable, "-m", "styfie", "web", str(folder), "--port", "0", "--lan", "--no-browser"]
    token = ["--token-file", str(write_token(folder))]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen([*command, *token], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        yield address_in(server.stdout.readline())
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout:
            server.stdout.close()
