"""Looks as things: saved by name, as files, and given to another picture."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, File, Header, Path, Response, UploadFile

from styfie.errors import InputError
from styfie.web.checks import is_styled
from styfie.web.errors import StaleError
from styfie.web.jobs import PHOTO, Job
from styfie.web.lookfiles import LookFile, look_file
from styfie.web.messages import message
from styfie.web.presets import LOOK, PICTURE
from styfie.web.responses import JobResponse, PresetResponse, TrashResponse
from styfie.web.routes.common import (
    AnswerHere,
    JobHere,
    SeenHere,
    StudioHere,
    attached,
    picture_responses,
    stem_of,
)
from styfie.web.schemas import PresetRequest
from styfie.web.studio import Studio

router = APIRouter(tags=["looks"])
IdHere = Annotated[str, Path(max_length=64)]
JSON: dict[int | str, dict[str, Any]] = {200: {"model": LookFile}}


@router.get("/presets")
async def presets(studio: StudioHere) -> list[PresetResponse]:
    """The saved looks, the oldest first."""
    return [PresetResponse(**asdict(one)) for one in await asyncio.to_thread(studio.presets.all)]


@router.post("/presets", status_code=201)
async def save(studio: StudioHere, request: PresetRequest, response: Response) -> PresetResponse:
    """Save the look of a job by a name, with its style pictures."""
    job = studio.job(request.job)
    folder = studio.jobs.path(job)
    look = await asyncio.to_thread(look_file, job, folder, request.name.strip())
    if not is_styled(look):
        raise InputError(message("error.no_look"))
    picture = await _picture(studio, job)
    preset = await asyncio.to_thread(studio.presets.add, look, picture)
    response.headers["location"] = f"presets/{preset.id}/look.json"
    return PresetResponse(**asdict(preset))


async def _picture(studio: Studio, job: Job) -> bytes:
    """What a job shows now as JPEG; of one that is neither painted nor sketched, its photo."""
    if not (job.fresh or job.sketched):
        return await studio.small(studio.jobs.path(job) / PHOTO, 240)
    _, data = await studio.ask_interactive(job, "export", studio.result_request(job), {"both": "look"}, "jpeg", 80)
    found: bytes = data
    return found


@router.get(
    "/presets/{name}/look.json",
    response_class=Response,
    responses={**JSON, 304: {"description": "It is as `If-None-Match` says."}},
)
async def preset_file(
    studio: StudioHere, name: IdHere, if_none_match: Annotated[str | None, Header(max_length=64)] = None
) -> Response:
    """A saved look as a file, which `POST jobs/ID/look` takes, and `recipe` of a new job; it never changes."""
    data, headers = studio.presets.file(name, LOOK).read_bytes(), {"etag": f'"{name}"'}
    if if_none_match == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="application/json", headers=headers)


@router.get("/presets/{name}/picture.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def picture(studio: StudioHere, name: IdHere) -> Response:
    """What the look was saved from, small."""
    data = studio.presets.file(name, PICTURE).read_bytes()
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=86400"})


@router.delete("/presets/{name}")
async def remove(
    studio: StudioHere, name: IdHere, if_match: Annotated[str | None, Header(max_length=64)] = None
) -> TrashResponse:
    """A saved look goes into the trash; pictures that have it keep it."""
    if if_match not in (None, "*", f'"{name}"'):
        raise StaleError(message("error.if_match_look"))
    return studio.trash_response(await studio.delete_look(name))


@router.get("/jobs/{id}/look.json", response_class=Response, responses=JSON)
async def look(studio: StudioHere, job: JobHere) -> Response:
    """The look of a job as a file: for another picture, another day, another computer."""
    found = await asyncio.to_thread(look_file, job, studio.jobs.path(job), stem_of(job))
    text = found.model_dump_json()
    return Response(text, media_type="application/json", headers=attached(f"{stem_of(job)} - look.json"))


@router.post("/jobs/{id}/look")
async def apply(
    studio: StudioHere,
    job: JobHere,
    look: Annotated[UploadFile, File(description="look.json or a painting.ora.")],
    seen: SeenHere,
    answer: AnswerHere,
) -> JobResponse:
    """Give a job the look of a file: each region by its name, else that of its side; nothing is painted yet."""
    await studio.apply_look(job, look.file, seen)
    return answer(job)
