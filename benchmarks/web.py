"""The web server under load: latency, twenty clients at once, hostile files and requests, a worker killed meanwhile.

PYTHONPATH=. python benchmarks/web.py latency | load --seconds 300 | hostile
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from styfie.gallery import BUILT_IN
from styfie.pipeline import PORTRAIT
from tests.web import hostile
from tests.web.tokens import AUTHORIZED, address_in, write_token

CLIENTS = 20
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


def load(seconds: float) -> None:
    """Twenty clients post photos, watch them and delete some; a worker is killed in the middle."""
    with serving() as (client, pid):
        answers: Counter[str] = Counter()
        jobs: list[str] = []
        ends = time.monotonic() + seconds
        asked = json.dumps({"looks": LOOKS, "settings": {"engine": "fast", "size": 256}})

        def one(number: int) -> None:
            with httpx.Client(base_url=client.base_url, headers=AUTHORIZED, timeout=300) as mine:
                while time.monotonic() < ends:
                    answer = post(mine, request=asked) if number % 2 else post(mine)
                    answers[f"POST {answer.status_code}"] += 1
                    if answer.status_code == 201:
                        jobs.append(answer.json()["id"])
                    else:
                        time.sleep(1.0)
                    for path in ("about", "jobs?most=5", f"jobs/{jobs[-1]}", "styles/glass.jpg") if jobs else ():
                        answers[f"GET {mine.get(path).status_code}"] += 1

        memory = [memory_of(pid)]
        threads = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        killed = False
        while any(thread.is_alive() for thread in threads):
            time.sleep(seconds / 12)
            memory.append(memory_of(pid))
            if not killed and time.monotonic() > ends - seconds / 2:
                killed = True
                for worker in children(pid):
                    os.kill(worker, signal.SIGKILL)
        until(lambda: not any(one["state"] in ("reading", "queued", "painting") for one in history(client)), 1200)
        print("answers:", dict(sorted(answers.items())))
        print("jobs end:", dict(Counter(one["state"] for one in history(client))))
        print("errors:", dict(Counter(one["error"] for one in history(client) if one["error"])))
        print("memory of all processes, MB:", [round(one / 1e6) for one in [*memory, memory_of(pid)]])
        failed = [one["id"] for one in history(client) if one["state"] == "failed"]
        for job in failed:
            client.post(f"jobs/{job}/paint", json={"engine": "fast", "size": 256}).raise_for_status()
        until(lambda: not any(one["state"] in ("queued", "painting") for one in history(client)))
        print(
            "failed ones asked for again:", dict(Counter(client.get(f"jobs/{job}").json()["state"] for job in failed))
        )
        faults = sum(count for name, count in answers.items() if " 5" in name)
        print("faults (5xx):", faults)


def history(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("jobs?most=1000").json()
    return found


def harm() -> None:
    """Three hundred hostile files and requests."""
    with serving() as (client, pid):
        job = post(client).json()["id"]
        until(lambda: client.get(f"jobs/{job}").json()["state"] == "ready")
        answers: Counter[int] = Counter()
        slowest = 0.0
        before = memory_of(pid)
        sent: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/jobs", {"files": {"photo": one}}) for one in hostile.files(PORTRAIT.read_bytes(), 190)
        ]
        sent += list(hostile.requests(job))
        for method, path, given in sent:
            started = time.monotonic()
            answer = client.request(method, path.lstrip("/"), **given)
            slowest = max(slowest, time.monotonic() - started)
            answers[answer.status_code] += 1
            if not 400 <= answer.status_code < 500 or "error" not in answer.json():
                print("NOT REFUSED:", method, path, answer.status_code, answer.text[:200])
        print(f"{len(sent)} hostile files and requests:", dict(sorted(answers.items())), f"slowest {slowest:.1f} s")
        print("memory of all processes, MB:", round(before / 1e6), round(memory_of(pid) / 1e6))
        print("it lives:", post(client).status_code)


def children(pid: int) -> list[int]:
    """The workers."""
    found = [one for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    return [int(one) for one in found if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text(encoding="utf-8")]


def memory_of(pid: int) -> int:
    """Bytes that the server and its workers hold."""
    total = 0
    for one in [pid, *children(pid)]:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{one}/statm").read_text(encoding="utf-8").split()[1]) * 4096
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("latency", "load", "hostile"))
    parser.add_argument("--seconds", type=float, default=300.0)
    given = parser.parse_args()
    {"latency": latency, "hostile": harm}.get(given.what, lambda: load(given.seconds))()
