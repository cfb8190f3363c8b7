"""Jobs: post, watch, ask, paint, stop, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Body, File, Form, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from styfie.errors import InputError
from styfie.web.answers import JobAnswer, NameAnswer, PreviewAnswer
from styfie.web.asked import Asked, Looks, SettingsAsked
from styfie.web.routes.common import JobHere, StudioHere, answer, bytes_of, picture_responses

router = APIRouter(tags=["jobs"])
MOST_STYLES = 8


@router.post("/jobs", status_code=201)
async def post(
    studio: StudioHere,
    photo: Annotated[UploadFile, File(description="JPEG, PNG, WebP, AVIF, TIFF, HEIC, BMP or GIF.")],
    asked: Annotated[str | None, Form(description='JSON: {"looks": …, "settings": …}; with it, it is painted.')] = None,
    style: Annotated[list[UploadFile] | None, File(description="Pictures for looks, named as their files.")] = None,
) -> JobAnswer:
    """A new job: the photo is checked at once, and then looked at."""
    given = _asked(asked)
    files = style or []
    if len(files) > MOST_STYLES:
        raise InputError(f"{len(files)} styles were sent: at most {MOST_STYLES} are taken.")
    styles = {file.filename or "style": await bytes_of(file) for file in files}
    return answer(studio, await studio.post(await bytes_of(photo), given, styles))


def _asked(text: str | None) -> Asked | None:
    if text is None:
        return None
    try:
        return Asked.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"asked{'.' if where else ''}{where}: {first['msg']}.") from None


@router.get("/jobs")
def history(studio: StudioHere) -> list[JobAnswer]:
    """All jobs, the newest first."""
    return [answer(studio, job) for job in studio.jobs]


@router.get("/jobs/{id}")
def one(studio: StudioHere, job: JobHere) -> JobAnswer:
    """One job."""
    return answer(studio, job)


@router.delete("/jobs/{id}", status_code=204)
async def delete(studio: StudioHere, job: JobHere) -> None:
    """Everything of a job is deleted, also what is under way."""
    await studio.delete(job)


@router.post("/jobs/{id}/again", status_code=201)
async def again(studio: StudioHere, job: JobHere, photo: Annotated[UploadFile, File()]) -> JobAnswer:
    """The same looks and settings for another photo."""
    folder = studio.jobs.path(job)
    styles = {name: (folder / file).read_bytes() for name, file in job.styles.items()}
    asked = Asked.model_validate({"looks": job.looks, "settings": job.settings})
    return answer(studio, await studio.post(await bytes_of(photo), asked, styles))


@router.get("/jobs/{id}/events", response_class=StreamingResponse, responses=picture_responses("text/event-stream"))
async def events(studio: StudioHere, job: JobHere) -> StreamingResponse:
    """The job each time that it changes, as server-sent events; ends when it is deleted."""

    async def told() -> AsyncIterator[str]:
        async for changed in studio.watch(job):
            yield f"data: {answer(studio, changed).model_dump_json()}\n\n" if changed else ": still here\n\n"

    return StreamingResponse(told(), media_type="text/event-stream")


@router.put("/jobs/{id}/looks")
async def looks(studio: StudioHere, job: JobHere, wanted: Annotated[Looks, Body(max_length=16)]) -> JobAnswer:
    """What is asked of the regions; of a painting strength, color and blur change at once."""
    studio.ask(job, wanted)
    return answer(studio, job)


@router.post("/jobs/{id}/styles", status_code=201)
async def add_style(studio: StudioHere, job: JobHere, style: Annotated[UploadFile, File()]) -> NameAnswer:
    """A style picture of one's own, for this job; the answer says what it is called in looks."""
    return NameAnswer(name=await studio.add_style(job, style.filename or "style", await bytes_of(style)))


@router.post("/jobs/{id}/preview")
async def preview(studio: StudioHere, job: JobHere) -> PreviewAnswer:
    """Paint it in one pass, at once; its pictures are then there `of=preview`."""
    painted = await studio.preview(job)
    return PreviewAnswer(version=job.previews, painted=painted)


@router.post("/jobs/{id}/paint", status_code=202)
async def paint(studio: StudioHere, job: JobHere, settings: SettingsAsked | None = None) -> JobAnswer:
    """Queue it to be painted; without settings, with those it has."""
    studio.paint(job, settings or SettingsAsked(**job.settings))
    return answer(studio, job)


@router.post("/jobs/{id}/stop")
async def stop(studio: StudioHere, job: JobHere) -> JobAnswer:
    """Stop painting; the best so far is kept."""
    await studio.end_painting(job)
    return answer(studio, job)


@router.get("/jobs/{id}/photo.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def photo_(studio: StudioHere, job: JobHere, size: Annotated[int, Query(ge=32, le=1024)] = 1024) -> Response:
    """The photo, upright, at most so many pixels."""
    file = studio.jobs.path(job) / "photo.jpg"
    data = file.read_bytes() if size == 1024 else await studio.reader.call("thumbnail", str(file), size)
    return Response(data, media_type="image/jpeg")
