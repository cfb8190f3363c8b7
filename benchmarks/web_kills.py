"""The web server killed at random moments and started again: nothing lost, nothing old shown as new.

Two clients, as two tabs or two devices, change looks all the time, each its own region, and join what the other changed
as the page does; photos are posted and painted meanwhile. After each kill all that was answered must be there.

PYTHONPATH=. python benchmarks/web_kills.py --kills 20
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from styfie.pipeline import PORTRAIT
from styfie.storage.openraster import read_painting
from tests.web.tokens import AUTHORIZED, write_token

STYLES = ("ink", "waves", "glass", "night", "mosaic")
SETTINGS = {"size": 96, "engine": "filters", "device": "cpu"}
SIDES = ("subject", "background")


@dataclass
class Answered:
    """What the server has answered: it may not be lost any more."""

    photos: dict[str, bytes] = field(default_factory=dict)
    looks: dict[str, tuple[str, float]] = field(default_factory=dict)  # style and strength by region of the first job
    sent: dict[str, tuple[str, float]] = field(default_factory=dict)  # was sent; whether it came is not known
    versions: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0


def start(folder: str, port: int) -> subprocess.Popen[str]:
    """A server that answers."""
    command = [sys.executable, "-m", "styfie", "web", folder, "--no-browser", "--port", str(port)]
    command += ["--token-file", str(write_token(Path(folder)))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    if "Styfie is at" not in process.stdout.readline():
        raise SystemExit("the server did not start")
    return process


def change(client: httpx.Client, job: str, side: str, answered: Answered, ends: float, moments: random.Random) -> None:
    """Change one region's look until it is time, joining what was changed elsewhere."""
    while time.monotonic() < ends:
        style, strength = moments.choice(STYLES), round(moments.uniform(0.1, 1), 3)
        with contextlib.suppress(httpx.HTTPError):
            while True:
                now = client.get(f"jobs/{job}").json()
                look = {"styles": [{"name": style}], "strength": strength}
                answered.sent[side] = (style, strength)
                version = {"If-Match": f'"{now["version"]}"'}
                reply = client.put(f"jobs/{job}/looks", json={**now["looks"], side: look}, headers=version)
                if reply.status_code != 409:
                    break
                answered.conflicts += 1
            if reply.status_code == 200:
                answered.looks[side] = (style, strength)
        time.sleep(moments.uniform(0, 0.2))


def paint(client: httpx.Client, job: str, answered: Answered, ends: float) -> None:
    """Post photos and paint the first job until it is time."""
    data = PORTRAIT.read_bytes()
    while time.monotonic() < ends:
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
            if len(answered.photos) < 12:
                reply = client.post("jobs", files={"photo": ("me.jpg", data)})
                if reply.status_code == 201:
                    answered.photos[reply.json()["id"]] = data
            client.post(f"jobs/{job}/paint", json=SETTINGS)
            found = client.get(f"jobs/{job}").json()
            answered.versions[job] = max([answered.versions.get(job, 0), *found["versions"]])
        time.sleep(0.3)


def check(client: httpx.Client, folder: Path, first: str, answered: Answered) -> list[str]:
    """What is lost, or older than it is said to be."""
    wrong = []
    for name, data in answered.photos.items():
        reply = client.get(f"jobs/{name}")
        uploads = list((folder / "jobs" / name).glob("upload.*"))
        if reply.status_code != 200 or not uploads or uploads[0].read_bytes() != data:
            wrong.append(f"the photo {name} is lost")
    found = client.get(f"jobs/{first}").json()
    for side, (style, strength) in answered.looks.items():
        look = found["looks"].get(side, {"styles": [{"name": ""}], "strength": 0})
        here = (look["styles"][0]["name"], look["strength"])
        if here not in ((style, strength), answered.sent.get(side)):
            wrong.append(f"{side} is {here}, and {(style, strength)} was answered")
    if max(found["versions"], default=0) < answered.versions.get(first, 0):
        wrong.append(f"version {answered.versions[first]} is lost: there are {found['versions']}")
    if found["painted"]:
        painting = read_painting(folder / "jobs" / first / "painting.ora", styles=False)
        for side in found["painted"]:
            styles = [style.name for style in painting.looks[side].styles]
            if styles != [style["name"] for style in found["looks"][side]["styles"]]:
                wrong.append(f"{side} is said to be painted as asked, and is {styles}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6.0, help="that the server lives, at most")
    parser.add_argument("--port", type=int, default=8797)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    moments, answered, wrong = random.Random(options.seed), Answered(), []
    with tempfile.TemporaryDirectory() as folder:
        server = start(folder, options.port)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{options.port}/api/v1/", headers=AUTHORIZED, timeout=300
        ) as client:
            first = client.post("jobs", files={"photo": ("me.jpg", PORTRAIT.read_bytes())}).json()["id"]
            while client.get(f"jobs/{first}").json()["state"] != "ready":
                time.sleep(0.1)
            for kill in range(1, options.kills + 1):
                lives = moments.uniform(0.2, options.seconds)
                ends = time.monotonic() + lives + 0.5
                threads = [
                    threading.Thread(target=change, args=(client, first, side, answered, ends, random.Random(kill + n)))
                    for n, side in enumerate(SIDES)
                ]
                threads.append(threading.Thread(target=paint, args=(client, first, answered, ends)))
                for thread in threads:
                    thread.start()
                time.sleep(lives)
                server.send_signal(signal.SIGKILL)
                for thread in threads:
                    thread.join()
                server.wait()
                server = start(folder, options.port)
                found = check(client, Path(folder), first, answered)
                wrong += found
                print(f"kill {kill} after {lives:.1f} s: {'; '.join(found) or 'nothing lost'}", flush=True)
        server.send_signal(signal.SIGINT)
        server.wait(30)
    print(
        f"{options.kills} kills, {len(answered.photos)} photos, {answered.conflicts} changes that met another's: "
        f"{len(wrong)} things lost or old"
    )


if __name__ == "__main__":
    main()
