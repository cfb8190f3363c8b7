"""Who may change a job when, and what becomes of what was changed at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from styfie.web.asked import SettingsAsked
from styfie.web.refusals import ConflictError
from tests.web.stubs import BOTH, StubStudio, photo, posted, region, until, using

INK = {"subject": {"styles": [{"name": "ink"}]}}


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
        studio.quick.answers["brush"], studio.painter.answers["run"] = brush, run
        strokes = asyncio.create_task(studio.brush(job, "subject", photo()))
        await until(lambda: "brush" in [name for name, _ in studio.quick.calls])
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
        await studio.paint(job, SettingsAsked(steps=12))
        await until(lambda: job.state == "done")
        assert {"engine": "strokes", "size": 2048, "seed": 3, "steps": 12}.items() <= job.settings.items()
        studio.set_up(job, SettingsAsked(size=512))
        assert (job.settings["size"], job.settings["steps"], job.regions) == (512, 12, BOTH)

    using(tmp_path, use)
