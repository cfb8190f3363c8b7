"""Jobs: post, watch, ask, paint, stop, delete."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, File, Form, Header, Path, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Json

from styfie.errors import InputError
from styfie.web.checks import check_styles
from styfie.web.errors import NotFoundError
from styfie.web.jobs import PHOTO
from styfie.web.messages import message
from styfie.web.responses import JobResponse, NameResponse, PreviewResponse, TrashResponse
from styfie.web.routes.common import (
    AnswerHere,
    JobHere,
    SeenHere,
    StudioHere,
    job_response,
    picture_responses,
    tag,
)
from styfie.web.schemas import BATCH, LOOKS, Looks, LookSchema, PaintRequest, SettingsSchema, StyleSchema
from styfie.web.uploads import Source, label_of

router = APIRouter(tags=["jobs"])
MOST_STYLES = 8
PAIR = r"^[a-z-]{1,30},[a-z-]{1,30}$"


@router.post("/jobs", status_code=201)
async def post(
    studio: StudioHere,
    answer: AnswerHere,
    photo: Annotated[UploadFile, File(description="JPEG, PNG, WebP, AVIF, TIFF, HEIC, BMP or GIF.")],
    request: Annotated[
        Json[PaintRequest] | None, Form(description="Looks and settings as JSON; with a style in them, it is painted.")
    ] = None,
    style: Annotated[list[UploadFile] | None, File(description="Pictures for looks, named as their files.")] = None,
    recipe: Annotated[
        UploadFile | None, File(description="painting.ora, recipe.json or look.json: its looks and settings once more.")
    ] = None,
    batch: Annotated[str | None, Form(pattern=BATCH, description="The same for photos that come together.")] = None,
    size: Annotated[int | None, Form(ge=1, le=16_384, description="Of the painting, whatever the recipe says.")] = None,
    first: Annotated[
        str | None, Form(pattern=PAIR, description="Styles for person and background of `first.jpg`: `autumn,night`.")
    ] = None,
) -> JobResponse:
    """A new job: the photo is checked at once, and then looked at."""
    files = style or []
    if len(files) > MOST_STYLES:
        raise InputError(message("error.styles_sent", count=len(files), most=MOST_STYLES))
    if recipe and request:
        raise InputError(message("error.request_and_recipe"))
    styles = [(file.filename or "style", file.file) for file in files]
    _check_names([name for name, _ in styles], request)
    source = Source(photo.filename or "", batch or "", size, _pair(first) if first else None)
    recipe_file = recipe.file if recipe else None
    job = await studio.post(photo.file, request, styles, recipe_file, source)
    return answer(job, f"jobs/{job.id}")


def _pair(first: str) -> tuple[str, str]:
    """Two styles of the gallery, as `autumn,night`."""
    subject, background = first.split(",")
    asked = {"subject": subject, "background": background}
    check_styles({side: LookSchema(styles=[StyleSchema(name=name)]) for side, name in asked.items()}, ())
    return subject, background


def _check_names(names: list[str], request: PaintRequest | None) -> None:
    """Refuse looks that name one of several styles of the same name: which of them is meant cannot be known."""
    labels = [label_of(name) for name in names]
    named = {style.name for look in request.looks.values() for style in look.styles} if request else set()
    if twice := [label for label in labels if label in named and labels.count(label) > 1]:
        raise InputError(message("error.styles_alike", style=twice[0]))


@router.get("/jobs")
async def history(
    studio: StudioHere,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    batch: Annotated[str | None, Query(pattern=BATCH)] = None,
) -> list[JobResponse]:
    """The newest jobs, the newest first, without the `skip` newest of them; those of one `batch` alone."""
    jobs = (job for job in studio.jobs if batch is None or job.batch == batch)
    return [job_response(studio, job) for job in itertools.islice(jobs, skip, skip + most)]


@router.get(
    "/jobs/{id}", response_model=JobResponse, responses={304: {"description": "It is as `If-None-Match` says."}}
)
async def one(
    studio: StudioHere,
    job: JobHere,
    answer: AnswerHere,
    if_none_match: Annotated[str | None, Header(max_length=64)] = None,
) -> Any:
    """One job; nothing if it is still that of the entity tag in `If-None-Match`."""
    if if_none_match == tag(studio, job):
        return Response(status_code=304, headers={"etag": tag(studio, job)})
    return answer(job)


@router.delete("/jobs/{id}")
async def delete(studio: StudioHere, job: JobHere) -> TrashResponse:
    """A job goes into the trash, from where it can be brought back; what is under way ends."""
    return studio.trash_response(await studio.delete(job))


@router.post("/jobs/{id}/again", status_code=201)
async def again(
    studio: StudioHere, job: JobHere, photo: Annotated[UploadFile, File()], answer: AnswerHere
) -> JobResponse:
    """The same looks and settings for another photo."""
    asked = PaintRequest.model_validate({"looks": job.looks, "settings": job.settings})
    with contextlib.ExitStack() as stack:
        folder = studio.jobs.path(job)
        styles = [(name, stack.enter_context((folder / file).open("rb"))) for name, file in job.styles.items()]
        source = Source(photo.filename or "")
        made = await studio.post(photo.file, asked, styles, source=source)
    return answer(made, f"../{made.id}")


@router.get("/jobs/{id}/events", response_class=StreamingResponse, responses=picture_responses("text/event-stream"))
async def events(studio: StudioHere, job: JobHere) -> StreamingResponse:
    """The job each time that it changes, as server-sent events; ends with `deleted` when it is."""

    async def on_event() -> AsyncIterator[str]:
        async for changed in studio.watch(job):
            yield f"data: {job_response(studio, changed).model_dump_json()}\n\n" if changed else ": still here\n\n"
        if studio.is_deleted(job):
            yield "event: deleted\ndata:\n\n"

    headers = {"x-accel-buffering": "no"}  # nginx would wait for more
    return StreamingResponse(on_event(), headers=headers, media_type="text/event-stream")


@router.put("/jobs/{id}/looks")
async def looks(
    studio: StudioHere,
    job: JobHere,
    request: Annotated[Looks, Body(max_length=16, examples=[LOOKS])],
    seen: SeenHere,
    answer: AnswerHere,
) -> JobResponse:
    """What is asked of the regions; of a painting strength, color and blur change at once.

    With the version of the job that was seen in `If-Match` it is refused (412) if the looks were changed since.
    """
    studio.ask(job, request, seen)
    return answer(job)


@router.get("/jobs/{id}/styles/{name}.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def own_style(
    studio: StudioHere,
    job: JobHere,
    name: Annotated[str, Path(max_length=200)],
    size: Annotated[int, Query(ge=32, le=512)] = 160,
) -> Response:
    """A style picture of the job's own, small."""
    if (file := job.styles.get(name)) is None:
        raise NotFoundError(message("error.no_own_style"))
    return Response(await studio.small(studio.jobs.path(job) / file, size), media_type="image/jpeg")


@router.post("/jobs/{id}/styles", status_code=201)
async def add_style(
    studio: StudioHere, job: JobHere, style: Annotated[UploadFile, File()], response: Response
) -> NameResponse:
    """A style picture of one's own, for this job; the answer says what it is called in looks."""
    name = await studio.add_style(job, style.filename or "style", style.file)
    response.headers["location"] = f"styles/{quote(name, safe='')}.jpg"
    return NameResponse(name=name)


@router.delete("/jobs/{id}/styles/{name}")
async def delete_style(studio: StudioHere, job: JobHere, name: Annotated[str, Path(max_length=200)]) -> TrashResponse:
    """A style of the job's own goes into the trash, and out of its looks."""
    return studio.trash_response(await studio.delete_style(job, name))


@router.post("/jobs/{id}/preview")
async def preview(
    studio: StudioHere, job: JobHere, longest: Annotated[int, Query(ge=0, le=16_384)] = 0
) -> PreviewResponse:
    """Paint it in one pass, at once; layers and pictures are then of it.

    With a `longest` side it is painted no larger than so many pixels and enlarged, to be seen while the whole comes.
    """
    painted = await studio.preview(job, longest)
    return PreviewResponse(version=job.previews, painted=painted)


@router.post("/jobs/{id}/paint", status_code=202)
async def paint(
    studio: StudioHere, job: JobHere, answer: AnswerHere, settings: SettingsSchema | None = None
) -> JobResponse:
    """Queue it to be painted; settings that are not said are those it has."""
    await studio.paint(job, settings)
    return answer(job)


@router.patch("/jobs/{id}/settings")
async def set_up(studio: StudioHere, job: JobHere, settings: SettingsSchema, answer: AnswerHere) -> JobResponse:
    """What is asked of the next run; what is not said stays as it is."""
    studio.set_up(job, settings)
    return answer(job)


@router.post("/jobs/{id}/stop")
async def stop(studio: StudioHere, job: JobHere, answer: AnswerHere) -> JobResponse:
    """Stop painting; the best so far is kept."""
    await studio.end_painting(job)
    return answer(job)


@router.get("/jobs/{id}/photo.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def photo_(studio: StudioHere, job: JobHere, size: Annotated[int, Query(ge=32, le=1024)] = 1024) -> Response:
    """The photo, upright, at most so many pixels."""
    file = studio.jobs.path(job) / PHOTO
    data = file.read_bytes() if size == 1024 else await studio.small(file, size)
    return Response(data, media_type="image/jpeg")
