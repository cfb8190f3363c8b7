from __future__ import annotations

import importlib.util
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from styfie import cluster
from styfie.batch import Outcome, paint_many
from styfie.cluster import Cluster, Painter, paint_on_cluster
from styfie.errors import InputError, MissingError
from styfie.outcomes import read_report
from styfie.pipeline import PORTRAIT, Request
from styfie.settings import Settings
from tests.conftest import opened
from tests.ray_stand_in import Ray

INK = Request({"subject": "ink"}, Settings(engine="filters", size=64, device="cpu"))


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{name}.png" for name in "abcd"]
    for number, file in enumerate(files):
        opened(PORTRAIT).resize((64 + number, 64)).save(file)
    return files


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    found = Ray()
    monkeypatch.setattr(cluster, "_ray", lambda: found)
    return found


@pytest.mark.parametrize(
    ("text", "address", "options"),
    [
        ("ray", "", {}),
        ("ray://head:10001", "ray://head:10001", {}),
        ("ray?num_gpus=0.25", "", {"num_gpus": 0.25}),
        ("ray://head:10001?num_cpus=2&memory=4e9", "ray://head:10001", {"num_cpus": 2.0, "memory": 4e9}),
    ],
)
def test_a_cluster_and_rays_own_options(text: str, address: str, options: dict[str, float]) -> None:
    assert Cluster.parse(text) == Cluster(address, options)


@pytest.mark.parametrize(
    "text", ["slurm", "ray:/x", "ray://", "rays", "ray?gpus=1", "ray?num_gpus=x", "ray?num_cpus=0"]
)
def test_what_is_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"--on {text[:4]}.* wanted"):
        Cluster.parse(text)


def test_the_same_bytes_as_on_one_machine_and_kept_the_next_time(
    ray: Ray, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    given = [*(Path(photo.name) for photo in photos), Path("bad.png")]
    found = list(paint_on_cluster(given, Path("out"), INK, Cluster()))
    assert {(one.photo, one.folder, one.kind) for one in found} == {
        *((Path(f"{name}.png"), Path("out") / name, "painted") for name in "abcd"),
        (Path("bad.png"), Path("out/bad"), "failed"),
    }
    assert ray.addresses == ["local", ""] and ray.most == 2, "as many as there are cores, one photo each"
    assert all(one.kind in ("painted", "failed") for one in paint_many(given, Path("here"), INK, jobs=1))
    for file in Path("here").rglob("*.*"):
        assert file.read_bytes() == (Path("out") / file.relative_to("here")).read_bytes(), file
    again = {one.kind for one in paint_on_cluster(given, Path("out"), INK, Cluster("ray://head:1"), jobs=1)}
    assert again == {"kept", "failed"} and ray.addresses[2] == "ray://head:1"
    assert read_report(Path("out")).numbers == {"done": 0, "skipped": 4, "failed": 1, "waiting": 0}


@pytest.mark.parametrize(("variable", "address"), [("10.0.0.1:6379", "10.0.0.1:6379"), ("http://head:8265", "local")])
def test_a_job_of_a_cluster_finds_its_own(
    ray: Ray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", variable)
    assert list(paint_on_cluster([], tmp_path, INK, Cluster())) == []
    assert ray.addresses == [address, ""]


def test_a_lost_workers_photo_is_painted_by_another(ray: Ray, photos: list[Path], tmp_path: Path) -> None:
    begun: list[str] = []
    lock = threading.Lock()

    def loses(name: str, *given: str) -> bool:
        if name != "paint":
            return False
        with lock:
            begun.append(Path(given[0]).name)
            return begun[-1] == "d.png" or begun.count(begun[-1]) == 1  # each once; d for ever

    ray.loses = loses
    found = {one.photo.name: one for one in paint_on_cluster(photos, tmp_path / "out", INK, Cluster())}
    assert {name: one.kind for name, one in found.items()} == {
        "a.png": "painted",
        "b.png": "painted",
        "c.png": "painted",
        "d.png": "failed",
    }
    assert found["d.png"].reason.startswith("its worker was lost 3 times")
    assert sorted(begun) == sorted(["a.png", "b.png", "c.png"] * 2 + ["d.png"] * 3)


def test_workers_that_never_start_are_one_sentence(ray: Ray, photos: list[Path], tmp_path: Path) -> None:
    ray.loses = lambda name, *_: name == "ready"
    with pytest.raises(InputError, match=r"No worker could be started .*the same Styfie"):
        list(paint_on_cluster(photos, tmp_path / "out", INK, Cluster()))
    with pytest.raises(InputError, match="ray://nowhere:1 cannot be reached"):
        list(paint_on_cluster(photos, tmp_path / "out", INK, Cluster("ray://nowhere:1")))


def test_closed_it_tells_the_workers_to_leave_nothing_half_written(
    ray: Ray, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Path] = []

    def paint(photo: Path, folder: Path, request: Request, looks: object, on_progress: object) -> Outcome:
        if photo.name == "a.png":
            return Outcome(photo, folder, "painted")
        assert callable(on_progress)
        try:
            while True:
                on_progress(None)
        except KeyboardInterrupt:
            stopped.append(photo)
            raise

    monkeypatch.setattr(cluster, "paint_one", paint)
    painted = paint_on_cluster(photos, tmp_path / "out", INK, Cluster())
    assert next(painted).photo.name == "a.png"
    painted.close()
    assert stopped and {one.name for one in stopped} <= {"b.png", "c.png"}
    assert ray.addresses[-1] == "" and ray.killed == 2
    assert read_report(tmp_path / "out").numbers["waiting"] == 3


def test_cores_memory_and_gpus_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "share_of_machine", lambda _settings: (4, 2))
    cpu, gpu = Request(settings=Settings(device="cpu", max_memory=4)), Request(settings=Settings(max_memory=4))
    big = {"CPU": 64.0, "GPU": 4.0, "memory": 400e9}
    assert cluster._share(big, Cluster(), cpu) == ({"num_cpus": 2.0}, 2, 32)
    assert cluster._share({**big, "memory": 17e9}, Cluster(), cpu)[2] == 4
    assert cluster._share(big, Cluster(), gpu) == ({"num_gpus": 1.0, "num_cpus": 16.0}, 16, 4)
    assert cluster._share(big, Cluster(options={"num_gpus": 0.5}), gpu)[1:] == (8, 8)
    assert cluster._share({"CPU": 1.0}, Cluster(options={"num_cpus": 3}), cpu)[1:] == (3, 1)


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingError, match=r"pip install 'styfie\[ray\]'"):
        cluster._ray()


def test_ray_is_told_to_print_nothing_of_lost_workers_before_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its 2.60 prints that to standard output, where the outcomes are, whatever `log_to_driver` says."""
    monkeypatch.setenv("RAY_DEDUP_LOGS_SKIP_REGEX", "")
    monkeypatch.delenv("RAY_DEDUP_LOGS_SKIP_REGEX")
    seen = list[str | None]()

    def import_module(_name: str) -> None:
        seen.append(os.environ.get("RAY_DEDUP_LOGS_SKIP_REGEX"))

    monkeypatch.setattr(cluster, "import_module", import_module)
    cluster._ray()
    said = "A worker died or was killed while executing a task by an unexpected system error."
    assert seen[0] and re.search(seen[0], said)


def test_a_worker_keeps_what_it_has_loaded(photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    monkeypatch.chdir(tmp_path)  # where the worker goes, and where nobody else is to be left
    painter = Painter(pickle.dumps(INK), 1, str(tmp_path))
    assert painter.ready() > 0
    loaded = painter.looks
    for photo in photos[:2]:
        outcome = painter.paint(str(photo), str(tmp_path / "out" / photo.stem))
        assert outcome is not None and outcome.kind == "painted"
    assert painter.looks is loaded


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="ray is not installed")
@pytest.mark.filterwarnings("default")
def test_a_real_cluster_of_two_workers_gives_the_same_bytes(photos: list[Path], tmp_path: Path) -> None:
    found = list(paint_on_cluster(photos, tmp_path / "out", INK, Cluster(options={"num_cpus": 1}), jobs=2))
    assert {one.kind for one in found} == {"painted"}
    assert all(one.kind == "painted" for one in paint_many(photos[:1], tmp_path / "here", INK, jobs=1))
    for file in (tmp_path / "here").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "out" / file.relative_to(tmp_path / "here")).read_bytes(), file
