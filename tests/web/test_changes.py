"""Who may change a job when, and what becomes of what was changed at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from styfie.errors import InputError
from styfie.web.errors import BusyError, ConflictError, NotFoundError, StaleError
from styfie.web.jobs import READ, Job
from styfie.web.routes.jobs import _check_names
from styfie.web.schemas import LookSchema, PaintRequest, SettingsSchema
from tests.web.stubs import BOTH, StubStudio, photo, posted, region, until, using

INK = {"subject": {"styles": [{"name": "ink"}]}}


def looks(style: str = "ink", **more: Any) -> dict[str, LookSchema]:
    return {"subject": LookSchema.model_validate({"styles": [{"name": style}], **more})}


def test_what_was_brushed_before_is_painted(tmp_path: Path) -> None:
    """A painting that is asked for while a mask is on its way waits for it, and nothing is brushed while it lasts."""

    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        may = asyncio.Event()
        brushed = [region("subject", 0.75), region("background", 0.25)]

        async def brush(*_: object) -> object:
            await may.wait()
            return brushed

        async def run(*_: object) -> object:
            seen.append(job.regions)
            with pytest.raises(ConflictError):
                await studio.brush(job, "subject", photo())
            return {"finished": True, "painted": ["subject"], "regions": job.regions}

        seen: list[object] = []
        studio.interactive.answers["brush"], studio.painter.answers["run"] = brush, run
        strokes = asyncio.create_task(studio.brush(job, "subject", photo()))
        await until(lambda: "brush" in [name for name, _ in studio.interactive.calls])
        painting = asyncio.create_task(studio.paint(job))
        await asyncio.sleep(0.02)
        assert job.state == "ready" and not seen
        may.set()
        await asyncio.gather(strokes, painting)
        await until(lambda: job.state == "done")
        assert seen == [brushed] and job.regions == brushed

    using(tmp_path, use)


def test_settings_that_are_not_said_are_kept(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio, settings={"engine": "strokes", "size": 2048, "seed": 3})
        await studio.paint(job, SettingsSchema(steps=12))
        await until(lambda: job.state == "done")
        assert {"engine": "strokes", "size": 2048, "seed": 3, "steps": 12}.items() <= job.settings.items()
        studio.set_up(job, SettingsSchema(size=512))
        assert (job.settings["size"], job.settings["steps"], job.regions) == (512, 12, BOTH)

    using(tmp_path, use)


def test_two_styles_of_one_name_are_two(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        names = ["image.jpg", "DCIM/image.jpg", "ink", "ink", ".hidden", "x" * 70 + ".png", "y" + "x" * 70 + ".png"]
        found = [await studio.add_style(job, name, photo()) for name in names]
        assert found[:5] == ["image.jpg", "image (2).jpg", "my ink", "my ink (2)", ".hidden"]
        assert len({*found}) == len(names) and max(map(len, found)) <= 60
        assert list(job.styles) == found and len({*job.styles.values()}) == len(names), "each with its own picture"

    using(tmp_path, use)


def test_two_styles_of_one_name_in_one_request(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        sent = [("image.jpg", photo()), ("image.jpg", photo())]
        job = await studio.post(photo(), None, sent)
        assert list(job.styles) == ["image.jpg", "image (2).jpg"]

    using(tmp_path, use)
    asked = PaintRequest(looks=looks("image.jpg"))
    with pytest.raises(InputError, match=r"Two styles are called “image\.jpg”"):
        _check_names(["one/image.jpg", "other/image.jpg"], asked)
    _check_names(["image.jpg", "wall.jpg", "wall.jpg"], asked)


def test_looks_that_were_changed_elsewhere_are_not_overwritten(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        seen = job.version
        studio._wake(job)  # as a step of a painting does: nobody has changed the looks
        studio.ask(job, looks("ink"), seen)
        with pytest.raises(StaleError, match="changed elsewhere"):
            studio.ask(job, looks("waves"), seen)
        assert job.looks["subject"]["styles"][0]["name"] == "ink"
        studio.ask(job, looks("ink"), seen)  # the same once more is no change
        with pytest.raises(StaleError):
            studio.ask(job, looks("waves"), job.version + 5)  # nobody was ever told that one
        studio.ask(job, looks("waves"), job.version)
        studio.ask(job, looks("glass"))  # who says nothing wins, as before
        seen = job.version
        await studio.change_regions(job, "merge", "subject", corrects=True)
        assert not job.looks
        with pytest.raises(StaleError):
            studio.ask(job, {"background": LookSchema()}, seen)

    async def later(studio: StubStudio) -> None:
        (job,) = studio.jobs
        studio.ask(job, {"background": LookSchema(blur=2)}, job.version)
        assert job.version > versions[-1]

    versions: list[int] = []

    async def first(studio: StubStudio) -> None:
        studio.interactive.answers["merge"] = [region("background")]
        await use(studio)
        (job,) = studio.jobs
        for _ in range(5):
            studio._wake(job)
        versions.append(job.version)

    using(tmp_path, first)
    using(tmp_path, later)


def test_who_watches_a_job_is_told_that_it_is_deleted(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        seen: list[Job | None] = []

        async def watch() -> None:
            seen.extend([one async for one in studio.watch(job)])

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.01)
        await studio.delete(job)
        await watching
        assert studio.is_deleted(job) and len(seen) == 1
        with pytest.raises(NotFoundError):
            await studio.paint(job)

    using(tmp_path, use)


def test_as_many_paintings_wait_however_they_came(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        may = asyncio.Event()

        async def run(*given: Any) -> object:
            await may.wait()
            return {"finished": True, "painted": [], "regions": BOTH}

        studio.painter.answers["run"] = run
        ready = await posted(studio)
        asked = PaintRequest.model_validate({"looks": INK})
        jobs = [await studio.post(photo(), asked) for _ in range(3)]
        with pytest.raises(BusyError, match="3 paintings"):
            await studio.post(photo(), asked)
        await until(lambda: all(job.state == "queued" for job in jobs))
        with pytest.raises(BusyError, match="3 paintings"):
            await studio.post(photo(), asked)
        with pytest.raises(BusyError, match="3 paintings"):
            await studio.paint(ready)
        assert len(list(studio.jobs.folder.iterdir())) == 4
        await studio.post(photo())  # only to be looked at
        may.set()
        await until(lambda: all(job.state == "done" for job in jobs))
        await studio.paint(ready)

    using(tmp_path, use, waiting=3)


def test_what_is_there_of_what_is_asked_is_painted(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        studio.interactive.answers["find"] = {"regions": BOTH, "note": "There is no hat.", "parts": [], "heads": {}}
        hat = {"hat": {"styles": [{"name": "waves"}]}}
        job = await posted(studio, looks=INK | hat)
        assert (job.state, job.painted, job.note) == ("done", ["subject"], "There is no hat.")
        job = await posted(studio, looks=hat)
        assert job.state == "failed" and "There is no hat." in job.error
        job = await posted(studio, looks=hat | {"background": {"blur": 4}})
        assert job.state == "failed"

    using(tmp_path, use)


def test_only_a_sketch_of_what_is_asked_is_one(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        studio.ask(job, looks("ink"))
        assert job.sketched == []
        await studio.preview(job)
        assert job.sketched == ["subject"] and studio.result_request(job).sketched == ("subject",)
        studio.ask(job, looks("ink", strength=0.5))
        assert job.sketched == ["subject"]
        studio.ask(job, looks("waves"))
        assert job.sketched == [] and studio.result_request(job).sketched == ()

    using(tmp_path, use)


def test_a_fault_does_not_leave_a_job_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    async def use(studio: StubStudio) -> None:
        studio.painter.answers["run"] = fault
        job = await posted(studio, looks=INK)
        assert job.state == "failed" and "secret" not in job.error and "server's own fault" in job.error
        studio.interactive.answers["find"] = fault
        assert (await posted(studio)).state == "failed"

    using(tmp_path, use)
    assert caplog.text.count("ZeroDivisionError: a secret") == 2


def test_a_photo_is_decoded_once_and_that_of_an_older_version_then(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        def write(file: str, *_: object) -> None:
            Path(file).with_name(READ).write_bytes(b"decoded")

        studio.reader.answers["whole"] = write
        job = await posted(studio, looks=INK)
        assert [name for name, _ in studio.reader.calls] == ["photo", "whole"]
        assert studio.interactive.calls[0][1][1] == studio.painter.calls[0][1][1] == READ
        (studio.jobs.path(job) / READ).unlink()
        await studio.paint(job)
        await until(lambda: job.state == "done")
        assert [name for name, _ in studio.reader.calls] == ["photo", "whole", "whole"]

    using(tmp_path, use)


def test_what_is_stopped_before_its_turn_is_not_painted(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        await studio.paint(job)
        await studio.end_painting(job)
        await asyncio.sleep(0.02)
        assert job.state == "ready" and not studio.painter.calls

    using(tmp_path, use)


def test_a_folder_has_one_server(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        with pytest.raises(InputError, match=r"serves .* already"):
            StubStudio(studio.options)
        assert (await posted(studio)).state == "ready"

    using(tmp_path, use)
    using(tmp_path, use)


def test_a_new_job_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(studio: StubStudio) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("styfie.web.jobs.write_whole", full)
            with pytest.raises(OSError):
                await studio.post(photo())
        assert list(studio.jobs) == [] and not list(studio.jobs.folder.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    using(tmp_path, use)


def test_a_painting_has_no_more_memory_and_time_than_the_server_gives(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        studio.painter.answers["run"] = {"finished": False, "late": True, "painted": ["subject"], "regions": BOTH}
        job = await posted(studio, looks=INK, settings={"max_memory": 8})
        assert job.state == "stopped" and "all the time that one may take here" in job.note
        (settings,) = (given[4] for name, given in studio.painter.calls if name == "run")
        assert settings["max_memory"] == 2.0 and job.settings["max_memory"] == 8
        with pytest.raises(InputError, match="The number of steps is 51: at most 50"):
            await studio.paint(job, SettingsSchema(steps=51))

    using(tmp_path, use, most_memory=2.0, most_steps=50)


def test_whoever_waits_for_any_job_hears_of_each_that_comes_changes_and_goes(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        heard: list[str | None] = []

        async def watch() -> None:
            async for name in studio.watch_all():
                heard.append(name)  # noqa: PERF401 - it is looked at meanwhile

        old = await posted(studio)
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        new = await posted(studio)
        await until(lambda: new.id in heard and old.id not in heard)
        heard.clear()
        studio.ask(old, {"subject": LookSchema.model_validate({"strength": 0.5})})
        await until(lambda: heard == [old.id])
        await studio.delete(new)
        await until(lambda: heard == [old.id, new.id])
        studio.close()
        await watching
        assert heard == [old.id, new.id]

    using(tmp_path, use)


def test_from_time_to_time_it_is_said_that_nothing_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styfie.web.watching.HEARTBEAT", 0.01)

    async def use(studio: StubStudio) -> None:
        assert [name async for name in _first(studio.watch_all(), 2)] == [None, None]

    using(tmp_path, use)


async def _first(names: AsyncIterator[str | None], count: int) -> AsyncIterator[str | None]:
    for _ in range(count):
        yield await anext(names)


def test_a_painting_does_not_wait_for_what_it_would_cost(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job, known = await posted(studio), asyncio.Event()
        studio.interactive.answers["costs"] = lambda *_: known.wait()
        asked = asyncio.create_task(studio.look_interactive(job, "costs"))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(studio.paint(job), 5)
        await until(lambda: job.state == "done")
        assert not asked.done()
        known.set()
        await asked

    using(tmp_path, use)
