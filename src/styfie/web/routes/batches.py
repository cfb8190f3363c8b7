"""Photos that came together: all their paintings in one file, and on one sheet."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from styfie.web.errors import NotFoundError
from styfie.web.jobs import Job
from styfie.web.messages import message
from styfie.web.routes.common import StudioHere, attached, picture_responses, stem_of
from styfie.web.routes.export import Kind
from styfie.web.schemas import BATCH
from styfie.web.studio import Studio

router = APIRouter(tags=["batches"], default_response_class=Response)
Batch = Annotated[str, Path(pattern=BATCH)]


@router.get("/batches/{name}/all.zip", responses=picture_responses("application/zip"))
async def pack(
    studio: StudioHere, name: Batch, kind: Kind = "jpeg", quality: Annotated[int, Query(ge=1, le=100)] = 90
) -> Response:
    """The paintings of all photos of a batch that are painted, named after their photos."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for job, stem in _named(_painted(studio, name)):
            request = studio.result_request(job)
            suffix, data = await studio.ask_interactive(job, "export", request, {"both": stem}, kind, quality)
            await asyncio.to_thread(archive.writestr, f"{stem}.{suffix}", data)
    return Response(held.getvalue(), media_type="application/zip", headers=attached("styfie.zip"))


@router.get("/batches/{name}/sheet.jpg", responses=picture_responses("image/jpeg"))
async def sheet(studio: StudioHere, name: Batch) -> Response:
    """All paintings of a batch on one sheet, with the names of their photos."""
    cells = [(stem, str(studio.jobs.path(job))) for job, stem in _named(_painted(studio, name))]
    data = await studio.contact_sheet(cells)
    return Response(data, media_type="image/jpeg", headers=attached("styfie - contact sheet.jpg"))


def _painted(studio: Studio, name: str) -> list[Job]:
    """The painted jobs of a batch, in the order they came."""
    if found := [job for job in reversed(list(studio.jobs)) if job.batch == name and job.painted]:
        return found
    raise NotFoundError(message("error.batch_unpainted"))


def _named(jobs: list[Job]) -> list[tuple[Job, str]]:
    """Jobs with file names of their own: the second of a name is `… (2)`."""
    taken: dict[str, int] = {}
    found = []
    for job in jobs:
        stem = f"{stem_of(job)} - painted"
        taken[stem] = taken.get(stem, 0) + 1
        found.append((job, stem if taken[stem] == 1 else f"{stem} ({taken[stem]})"))
    return found
