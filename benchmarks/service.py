"""The web server as a service: clients at once, its workers killed half way, and files and requests that mean harm.

    PYTHONPATH=. python benchmarks/service.py load --seconds 300
    PYTHONPATH=. python benchmarks/service.py hostile

The exit code is 1 if anything is answered by a status from 500 on (a full disk and `/ready` excepted), if a job does
not end or does not say why, if the memory grows, or if what means harm is not refused with a code. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from typing import Any

import httpx

from styfie.pipeline import PORTRAIT
from tests.web import hostile

from web import LOOKS, children, memory_of, serving, until

PHOTO = PORTRAIT.read_bytes()
REQUEST = json.dumps({"looks": LOOKS, "settings": {"engine": "fast", "size": 256, "device": "cpu"}})
ENDS = ("ready", "done", "stopped", "failed")
LEVEL = 1.15  # times the memory after the first quarter that the last quarter may hold
LONG = 120.0  # seconds from which on that is looked at
HOSTILE = 200  # files, besides the requests


class Load:
    """Clients of a server, what they were answered, and what was wrong."""

    def __init__(self, client: httpx.Client, seconds: float) -> None:
        self.base, self.headers = client.base_url, dict(client.headers)
        self.ends = time.monotonic() + seconds
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []

    def ask(self, client: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask, and count what comes."""
        answer = client.request(method, path, **given)
        what = f"{method} {answer.status_code}"
        if answer.status_code >= 400:
            what += f" {answer.json()['code']}"
        self.answers[what] += 1
        if answer.status_code >= 500 and answer.status_code != 507:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def work(self, number: int) -> None:
        """What one client does until the time is over: post, watch, change, look, and mostly delete."""
        choose = random.Random(number)
        with httpx.Client(base_url=self.base, headers=self.headers, timeout=300) as client:
            while time.monotonic() < self.ends:
                try:
                    self._one(client, choose)
                except Exception as error:  # a client that is not answered is what is looked for here
                    self.wrong.append(f"client {number}: {type(error).__name__}: {error}")

    def _one(self, client: httpx.Client, choose: random.Random) -> None:
        data = {"request": REQUEST} if choose.random() < 0.5 else {}
        posted = self.ask(client, "POST", "jobs", files={"photo": ("me.jpg", PHOTO)}, data=data)
        if posted.status_code != 201:
            time.sleep(min(float(posted.headers.get("retry-after", 1)), 2.0))
            return
        job = f"jobs/{posted.json()['id']}"
        while (now := self.ask(client, "GET", job).json())["state"] not in ENDS and time.monotonic() < self.ends:
            time.sleep(0.3)
        if now["state"] == "ready" and now["regions"]:
            self.ask(client, "PUT", f"{job}/looks", json=LOOKS)
            self.ask(client, "POST", f"{job}/preview")
        for path in ("about", "jobs?most=5", "styles/glass.jpg", f"{job}/photo.jpg", f"{job}/pictures/both.png"):
            self.ask(client, "GET", path)
        if choose.random() < 0.8:
            self.ask(client, "DELETE", job)

    def probe(self, root: httpx.URL) -> None:
        """Ask meanwhile whether it lives, as who watches over it does."""
        with httpx.Client(base_url=root, timeout=30) as client:
            while time.monotonic() < self.ends:
                self.answers[f"/ready {client.get('/ready').status_code}"] += 1
                if (found := client.get("/health").status_code) != 200:
                    self.wrong.append(f"/health: {found}")
                time.sleep(0.5)


def load(seconds: float, clients: int) -> list[str]:
    """So many clients at once for so long; whatever was wrong."""
    with serving() as (client, pid):
        run = Load(client, seconds)
        threads = [threading.Thread(target=run.work, args=(number,)) for number in range(clients)]
        threads.append(threading.Thread(target=run.probe, args=(client.base_url.copy_with(path="/"),)))
        for thread in threads:
            thread.start()
        half, memory, killed = run.ends - seconds / 2, [], False
        while time.monotonic() < run.ends:
            time.sleep(min(1.0, seconds / 40))
            memory.append((memory_of(pid), memory_of(pid, *children(pid))))
            if not killed and time.monotonic() > half:
                killed = True
                for worker in children(pid):
                    os.kill(worker, signal.SIGKILL)
        for thread in threads:
            thread.join()
        jobs = _ended(client, run)
        print("answers:", dict(sorted(run.answers.items())))
        print("jobs that are left:", dict(Counter(f"{job['state']} {job['error_code']}".strip() for job in jobs)))
        return [*run.wrong, *_grown(memory, seconds)]


def _ended(client: httpx.Client, run: Load) -> list[dict[str, Any]]:
    """The jobs that are left when each has ended; one that failed is asked for once more, and is painted then."""

    def jobs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get("jobs?most=1000").json()
        return found

    def ended() -> bool:
        return all(job["state"] in ENDS for job in jobs())

    with contextlib.suppress(TimeoutError):
        until(ended, 600)
    left = jobs()
    run.wrong += [f"{job['id']} is still {job['state']}" for job in left if job["state"] not in ENDS]
    failed = [job for job in left if job["state"] == "failed"]
    run.wrong += [
        f"{job['id']} does not say why it failed" for job in failed if not job["error"] or not job["error_code"]
    ]
    for job in failed:
        until(lambda job=job: client.post(f"jobs/{job['id']}/paint").status_code == 202)
    until(ended)
    again = {job["id"]: job for job in jobs()}
    run.wrong += [f"{job['id']} fails again" for job in failed if again[job["id"]]["state"] != "done"]
    return left


def _grown(memory: list[tuple[float, float]], seconds: float) -> list[str]:
    """Whether the server, or it and its workers, hold more in the last quarter than in the second."""
    wrong, quarter = [], max(1, len(memory) // 4)
    for name, held in zip(("server", "server and workers"), zip(*memory, strict=True), strict=True):
        before, after = (statistics.median(part) for part in (held[quarter : 2 * quarter], held[-quarter:]))
        print(f"memory of {name}: {before:.0f} MB in the second quarter, {after:.0f} MB in the last")
        if seconds >= LONG and after > LEVEL * before:
            wrong.append(f"the memory of {name} grows from {before:.0f} to {after:.0f} MB")
    return wrong


def harm() -> list[str]:
    """Files and requests that mean harm; those that are not refused with a code."""
    with serving() as (client, pid):
        job = client.post("jobs", files={"photo": ("me.jpg", PHOTO)}).json()["id"]
        until(lambda: client.get(f"jobs/{job}").json()["state"] == "ready")
        sent: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/jobs", {"files": {"photo": one}}) for one in hostile.files(PHOTO, HOSTILE)
        ]
        sent += list(hostile.requests(job))
        before, answers, wrong, slowest = memory_of(pid), Counter[str](), [], 0.0
        for method, path, given in sent:
            began = time.monotonic()
            answer = client.request(method, path.lstrip("/"), **given)
            slowest = max(slowest, time.monotonic() - began)
            code = _code_of(answer)
            answers[f"{answer.status_code} {code}"] += 1
            if not 400 <= answer.status_code < 500 or not code:
                wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        print(f"{len(sent)} files and requests that mean harm:", dict(sorted(answers.items())))
        print(f"the slowest took {slowest:.1f} s; memory of the server {before:.0f} and then {memory_of(pid):.0f} MB")
        if client.post("jobs", files={"photo": ("me.jpg", PHOTO)}).status_code != 201:
            wrong.append("it takes no photo any more")
        return wrong


def _code_of(answer: httpx.Response) -> str:
    """The code of a problem; nothing if there is none."""
    if answer.headers.get("content-type") != "application/problem+json":
        return ""
    return str(answer.json().get("code", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "hostile"))
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--clients", type=int, default=20)
    given = parser.parse_args()
    wrong = load(given.seconds, given.clients) if given.what == "load" else harm()
    print(*wrong[:20], sep="\n", end="\n" if wrong else "")
    print("faults:", len(wrong))
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
