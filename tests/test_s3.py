"""A whole command with its worker processes on a local S3 server."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from styfie import stores
from styfie.pipeline import PORTRAIT, Request, paint_into
from styfie.settings import Settings
from tests.cli.test_cli import run
from tests.conftest import opened

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")
pytestmark = pytest.mark.filterwarnings("default")  # of packages that are other people's

BUCKET = Path("s3://studio")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection but to this computer's own server."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: tuple[str, int]) -> None:
        assert address[0] == "127.0.0.1", "a test tried to open a network connection"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty bucket, and the variables by which every client of S3 finds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    # A process of its own: what its packages warn of is no fault of a test's.
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", address[0], "-p", str(address[1])]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(address, server)
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{address[0]}:{address[1]}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("studio")
        yield BUCKET
        s3fs.S3FileSystem.clear_instance_cache()
    finally:
        server.kill()
        server.wait()


def _wait_for(address: tuple[str, int], server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 240
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(address, 1):
            return
        time.sleep(0.2)
    raise AssertionError("the server does not start")


@pytest.mark.slow
def test_a_folder_of_a_bucket_is_painted_into_the_bucket(
    capsys: pytest.CaptureFixture[str], bucket: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "me [1].png"
    opened(PORTRAIT).resize((64, 64)).save(photo)
    stores.send([(photo, bucket / "photos" / photo.name)])
    stores.write(bucket / "photos" / "bad.png", b"no picture")
    command = ["paint", "s3://studio/photos", "-o", "s3://studio/painted", "--engine", "filters", "--subject", "ink"]
    command += ["--size", "64", "--jobs", "1", "--shard", "1/1"]
    code, said, err = run(capsys, *command)
    assert code == 2 and "not painted: bad.png (is no picture" in err
    assert "wrote s3://studio/painted/me [1]" in said
    request = Request({"subject": "ink"}, Settings(engine="filters", size=64))
    paint_into(tmp_path / "here", photo, request)
    place = bucket / "painted" / "me [1]"
    assert {name: stores.read(place / name) for name in stores.files_in(place)} == {
        file.name: file.read_bytes() for file in (tmp_path / "here").iterdir()
    }
    assert stores.folders_in(bucket / "painted") == [".outcomes", "me [1]"]
    assert "kept: 1" in run(capsys, *command)[2]
    code, said, _ = run(capsys, "report", "s3://studio/painted")
    assert code == 1 and said.startswith("2 in 1 shard: 0 done, 1 skipped, 1 failed, 0 waiting\n")
    assert run(capsys, "segment", "s3://studio/photos", "-o", "s3://studio/masks", "--shard", "1/1")[0] == 2
    assert list(stores.files_in(bucket / "masks")) == ["me [1].png"]


def test_a_bucket_that_is_not_there_is_one_sentence_and_is_not_made(
    capsys: pytest.CaptureFixture[str], bucket: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "me.png"
    opened(PORTRAIT).resize((64, 64)).save(photo)
    code, _, err = run(capsys, "paint", photo, photo, tmp_path / "me.png", "-o", "s3://nonesuch/painted")
    assert code == 2 and err.count("\n") == 1 and "s3://nonesuch/painted" in err and "cannot be written" in err
    assert not stores.is_folder(Path("s3://nonesuch"))
    code, _, err = run(capsys, "paint", "s3://studio/none.jpg", "-o", tmp_path / "out", "--jobs", "1")
    assert code == 2 and "There is no file s3://studio/none.jpg" in err
