"""Nothing that cannot be read is ever deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from styfie.storage import atomic as writing
from styfie.web import atomic
from styfie.web.jobs import FILE, Job, Jobs
from styfie.web.schemas import LookSchema

REGION = {"name": "subject", "side": "subject", "score": 1.0, "doubtful": False, "area": 0.5}


def painted(folder: Path, **known: Any) -> tuple[Jobs, Job]:
    """A job with a photo and a painting."""
    jobs = Jobs(folder)
    job = jobs.new()
    for name, value in {"state": "done", "regions": [REGION], **known}.items():
        setattr(job, name, value)
    for name in ("upload.jpg", "painting.ora"):
        (jobs.path(job) / name).write_bytes(b"precious")
    jobs.keep(job)
    return jobs, job


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_text(""),
        lambda file: file.write_bytes(bytes(300)),
        lambda file: file.write_bytes(b"\xff\xfe{"),
        lambda file: file.write_text("[" * 100_000),
        lambda file: file.write_text("[]"),
        lambda file: file.write_text(file.read_text()[:-9]),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: (file.unlink(), file.symlink_to("nowhere")),
        lambda file: change(file, id="x" * 22),
        lambda file: change(file, schema=1000),
        lambda file: change(file, schema="new"),
        lambda file: change(file, state="dreaming"),
        lambda file: change(file, created="yesterday"),
        lambda file: change(file, looks=[]),
        lambda file: change(file, looks={"subject": 5}),
        lambda file: change(file, regions=[{"name": "subject"}]),
        lambda file: change(file, settings=5),
    ],
)
def test_what_cannot_be_read_is_set_aside_and_said(tmp_path: Path, damage: Any, caplog: Any) -> None:
    jobs, job = painted(tmp_path / "jobs")
    damage(jobs.path(job) / FILE)
    again = Jobs(jobs.folder)
    assert list(again) == []
    assert {"upload.jpg", "painting.ora"} <= {file.name for file in jobs.path(job).iterdir()}
    assert len(again.notes) == 1 and job.id in again.notes[0]
    assert job.id in caplog.text


def test_what_cannot_be_read_just_now_is_a_job_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, job = painted(tmp_path / "jobs")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", _cannot)
        assert list(Jobs(jobs.folder)) == []
    assert list(Jobs(jobs.folder)) == [job]


def _cannot(*_: object, **__: object) -> str:
    raise OSError(5, "Input/output error")


def test_another_versions_job_is_read_and_keeps_what_is_not_known_here(tmp_path: Path) -> None:
    look = LookSchema(strength=0.5).model_dump()
    jobs, job = painted(
        tmp_path / "jobs", looks={"subject": look}, painted_looks={"subject": look}, painted=["subject"]
    )
    del look["brush"]  # an older version knew no brushes, a newer one knows sparkle
    newer = {"subject": look | {"sparkle": 3, "color": "ultraviolet"}}
    file = jobs.path(job) / FILE
    change(file, looks=newer, painted_looks=newer, settings={"size": 64, "engine": "dreams"}, mood="fine")
    (read,) = Jobs(jobs.folder)
    assert LookSchema(**read.looks["subject"]) == LookSchema(strength=0.5) and read.fresh == ["subject"]
    assert read.settings == {"size": 64}
    read.note = "later"
    jobs.keep(read)
    assert json.loads(file.read_text())["mood"] == "fine"
    assert list(Jobs(jobs.folder)) == [read]


def test_a_layer_is_of_what_is_asked_until_what_it_depends_on_changes() -> None:
    asked = LookSchema().model_dump()
    painting = {"styles": [{"name": "glass", "weight": 1.0}], "stroke": 2.0, "content": 0.9, "likeness": 0.9}
    blend = {"strength": 0.5, "color": "luma", "blur": 2.0, "bokeh": "disc"}
    for changes, fresh in ((painting | {"brush": "oil"}, []), (blend, ["subject"])):
        for name, value in changes.items():
            looks = {"subject": {**asked, name: value}}
            job = Job("a", looks=looks, painted=["subject"], painted_looks={"subject": asked})
            assert job.fresh == fresh, name


def test_a_job_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut a file whose bytes were not there yet would be empty."""
    done: list[tuple[str, str]] = []
    sync, replace = writing.sync, Path.replace

    def synced(path: Path) -> None:
        done.append(("sync", path.name))
        sync(path)

    def replaced(path: Path, by: Path) -> Path:
        done.append(("replace", path.name))
        return replace(path, by)

    monkeypatch.setattr(atomic, "sync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    _, job = painted(tmp_path / "jobs")
    part = f".{FILE}.part"
    assert done == [("sync", part), ("replace", part), ("sync", job.id)]
