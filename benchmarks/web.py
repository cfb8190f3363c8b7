"""How long the web server takes: from a photo to its first picture, its regions and a preview.

python benchmarks/web.py
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from styfie.gallery import BUILT_IN
from styfie.pipeline import PORTRAIT
from tests.web.tokens import AUTHORIZED, address_in, write_token

LOOKS = {"subject": {"styles": [{"name": "glass"}]}, "background": {"styles": [{"name": "waves"}]}}


@contextlib.contextmanager
def serving() -> Iterator[tuple[httpx.Client, int]]:
    """A client of a server of its own, and the server's process id."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "styfie", "web", folder, "--no-browser", "--port", "0"]
        command += ["--token-file", str(write_token(Path(folder)))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        address = address_in(process.stdout.readline())
        try:
            with httpx.Client(base_url=f"{address}/api/v1/", headers=AUTHORIZED, timeout=300) as client:
                drawn = Path(folder, "styles")
                until(lambda: client.get("about").json()["device"] and len(list(drawn.glob("*.png"))) == len(BUILT_IN))
                yield client, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def until(true: Any, seconds: float = 600.0) -> None:
    """Wait for something to be true."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(0.02)


def post(client: httpx.Client, **data: Any) -> httpx.Response:
    return client.post("jobs", files={"photo": ("me.jpg", PORTRAIT.read_bytes())}, data=data)


def latency() -> None:
    """From the drop to the first picture, to the regions, to a preview at 512 pixels; the best of three."""
    with serving() as (client, _):
        runs = []
        for _ in range(3):
            started = time.monotonic()
            job = post(client).json()["id"]
            client.get(f"jobs/{job}/photo.jpg")
            seen = time.monotonic()
            until(lambda job=job: client.get(f"jobs/{job}").json()["state"] == "ready")
            ready = time.monotonic()
            client.put(f"jobs/{job}/looks", json=LOOKS)
            client.post(f"jobs/{job}/preview").raise_for_status()
            previewed = time.monotonic()
            both = client.get(f"jobs/{job}/pictures/both.png")
            assert both.status_code == 200
            rendered = time.monotonic()
            client.get(f"jobs/{job}/layers/background.png?color=keep")
            runs.append(
                (seen - started, ready - seen, previewed - ready, rendered - previewed, time.monotonic() - rendered)
            )
            client.delete(f"jobs/{job}")
        names = ("first picture", "regions", "preview", "rendered", "layer in other colours")
        for name, times in zip(names, zip(*runs, strict=True), strict=True):
            print(f"{name:24} {min(times):6.2f} s   ({', '.join(f'{one:.2f}' for one in times)})")


def children(pid: int) -> list[int]:
    """The workers."""
    found = [one for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    return [int(one) for one in found if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text(encoding="utf-8")]


def memory_of(*pids: int) -> float:
    """Megabytes that processes hold, as far as they live."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * 4096
    return total / 1e6


if __name__ == "__main__":
    latency()
