"""Pictures, versions and styles that are deleted: they come back as they were, also after the server was ended."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from styfie.web import versions
from styfie.web.errors import NotFoundError
from styfie.web.schemas import LookSchema
from styfie.web.trash import HOURS
from tests.web.stubs import BOTH, StubStudio, posted, until, using

LOOKS = {"subject": LookSchema.model_validate({"styles": [{"name": "mine.png"}, {"name": "ink"}]})}


def own_style(studio: StubStudio) -> io.BytesIO:
    studio.reader.answers["style"] = lambda _file, into, _most: Path(into).write_bytes(b"a picture")
    held = io.BytesIO()
    Image.new("RGB", (4, 4)).save(held, "PNG")
    return io.BytesIO(held.getvalue())


def test_a_picture_comes_back_with_all_that_was_asked(tmp_path: Path) -> None:
    name: list[str] = []

    async def delete(studio: StubStudio) -> None:
        job = await posted(studio)
        studio.ask(job, {"background": LookSchema.model_validate({"styles": [{"name": "ink"}], "blur": 4})})
        studio.jobs.keep(job)
        name.append((await studio.delete(job)).id)
        assert studio.jobs.get(job.id) is None

    async def back(studio: StubStudio) -> None:
        one = studio.trash.get(name[0])
        await studio.bring_back(one)
        job = studio.job(one.of)
        assert job.looks["background"]["blur"] == 4 and job.state == "ready" and studio.trash.all() == []

    using(tmp_path, delete)
    using(tmp_path, back)


def test_what_was_being_painted_comes_back_at_rest(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        job.state, job.painted = "painting", ["subject"]
        studio.jobs.keep(job)
        await studio.bring_back(await studio.delete(job))
        assert studio.job(job.id).state == "stopped" and studio.job(job.id).version > job.version

    using(tmp_path, use)


def test_a_style_goes_out_of_the_looks_and_comes_back_by_its_name(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        await studio.add_style(job, "mine.png", own_style(studio))
        studio.ask(job, LOOKS)
        one = await studio.delete_style(job, "mine.png")
        assert job.styles == {} and [style["name"] for style in job.looks["subject"]["styles"]] == ["ink"]
        assert studio.trash_response(one).name == "mine.png"
        await studio.add_style(job, "mine.png", own_style(studio))
        await studio.bring_back(one)
        assert list(job.styles) == ["mine.png", "mine (2).png"], "the other of that name stays"
        assert len(set(job.styles.values())) == 2

    using(tmp_path, use)


def test_a_version_comes_back_and_none_takes_its_number(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        def painted(folder: str, *_: Any) -> dict[str, Any]:
            (Path(folder) / "painting.ora").write_bytes(b"ora")
            return {"finished": True, "painted": ["subject"], "regions": BOTH}

        studio.painter.answers["run"] = painted
        job = await posted(studio, looks={"subject": {"styles": [{"name": "ink"}]}})
        one = await studio.delete_version(job, 1)
        folder = studio.jobs.path(job)
        assert versions.numbers(folder) == [] and (folder / "painting.ora").is_file()
        with pytest.raises(NotFoundError):
            await studio.delete_version(job, 1)
        await studio.paint(job)
        await until(lambda: job.state == "done")
        await studio.bring_back(one)
        assert versions.numbers(folder) == [1, 2]
        await studio.delete(job)
        with pytest.raises(NotFoundError):
            await studio.bring_back(one)

    using(tmp_path, use)


def test_only_time_and_room_empty_the_trash(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        await studio.add_style(job, "mine.png", own_style(studio))
        studio.ask(job, LOOKS)
        versions.keep(studio.jobs.path(job), with_painting(studio.jobs.path(job), job))
        needed = await studio.delete_style(job, "mine.png")
        other = await studio.delete(await posted(studio))
        await studio.sweep()
        assert {one.id for one in studio.trash.all()} == {needed.id, other.id}
        studio._tidy_trash(studio.clock.now + 3600 * HOURS + 2)
        assert [one.id for one in studio.trash.all()] == [needed.id], "a version was painted with it"
        await studio.put_back(job, 1)
        assert list(job.styles) == ["mine.png"] and job.looks["subject"]["styles"][0]["name"] == "mine.png"

    def with_painting(folder: Path, job: Any) -> Any:
        (folder / "painting.ora").write_bytes(b"ora")
        job.painted_looks = job.looks
        return job

    using(tmp_path, lambda studio: prepared(studio, use))


async def prepared(studio: StubStudio, use: Any) -> None:
    studio.interactive.answers["regions_of_painting"] = BOTH
    await use(studio)
