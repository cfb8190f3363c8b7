"""Paintings of a job as they were."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from styfie.web.errors import NotFoundError
from styfie.web.messages import message
from styfie.web.responses import JobResponse, TrashResponse
from styfie.web.routes.common import AnswerHere, JobHere, SeenHere, StudioHere, picture_responses
from styfie.web.versions import folder_of

router = APIRouter(tags=["versions"])
Number = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get(
    "/jobs/{id}/versions/{number}.png", response_class=Response, responses=picture_responses("image/png", "image/jpeg")
)
async def picture(
    studio: StudioHere, job: JobHere, number: Number, size: Annotated[int, Query(ge=0, le=768)] = 0
) -> Response:
    """A painting as it was when it was done, or small, at most so many pixels, as JPEG."""
    file = folder_of(studio.jobs.path(job), number) / "both.png"
    if not file.is_file():
        raise NotFoundError(message("error.no_version"))
    headers = {"cache-control": "private, max-age=86400"}
    if size:
        return Response(await studio.small(file, size), media_type="image/jpeg", headers=headers)
    return Response(file.read_bytes(), media_type="image/png", headers=headers)


@router.post("/jobs/{id}/versions/{number}")
async def put_back(studio: StudioHere, job: JobHere, number: Number, seen: SeenHere, answer: AnswerHere) -> JobResponse:
    """Make it the painting again, with its regions, looks and settings; the one that is now is a version, too."""
    await studio.put_back(job, number, seen)
    return answer(job)


@router.delete("/jobs/{id}/versions/{number}")
async def delete(studio: StudioHere, job: JobHere, number: Number) -> TrashResponse:
    """A version goes into the trash; the painting that is shown stays."""
    return studio.trash_response(await studio.delete_version(job, number))
