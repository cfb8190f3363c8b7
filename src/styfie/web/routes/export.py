"""Pictures as files for elsewhere, named after the photo."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from styfie.errors import InputError
from styfie.web.messages import message
from styfie.web.responses import CostResponse
from styfie.web.rewording import of_page
from styfie.web.routes.common import JobHere, StudioHere, attached, job_response, picture_responses, stem_of
from styfie.web.schemas import CostRequest, SettingsSchema

router = APIRouter(tags=["pictures"], default_response_class=Response)
Kind = Literal["jpeg", "png", "webp"]
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "zip": "application/zip"}
WORDS = {
    "both": "painted",
    "subject": "person painted",
    "background": "background painted",
    "cutout": "cut out",
    "blur": "portrait blur",
}


@router.get("/jobs/{id}/export", responses=picture_responses(*TYPES.values()))
async def export(
    studio: StudioHere,
    job: JobHere,
    names: Annotated[list[str], Query(min_length=1, max_length=24, description="Which of the job's `pictures`.")],
    kind: Kind = "jpeg",
    quality: Annotated[int, Query(ge=1, le=100)] = 90,
) -> Response:
    """Pictures with the looks as they are now, in one format; several come as a ZIP.

    Photo, mask and cut-out are of the photo's own size, all others of the painting's.
    """
    there = job_response(studio, job).pictures
    if absent := [name for name in names if name not in there]:
        raise InputError(message("error.no_picture", picture=absent[0], known=", ".join(there)))
    stem = stem_of(job)
    files = {name: f"{stem} - {WORDS.get(name, name)}" for name in names}
    suffix, data = await studio.ask_interactive(job, "export", studio.result_request(job), files, kind, quality)
    title = files[names[0]] if len(files) == 1 else stem
    return Response(data, media_type=TYPES[suffix], headers=attached(f"{title}.{suffix}"))


@router.post("/jobs/{id}/costs", response_class=JSONResponse)
async def costs(studio: StudioHere, job: JobHere, request: CostRequest) -> list[CostResponse]:
    """The time that paintings of these sizes would take here, and the memory; nothing is painted."""
    said = request.settings.model_dump(exclude_unset=True)
    settings = SettingsSchema(**job.settings | said).model_dump()
    given = (job.looks, job.styles, str(studio.drawn), settings, request.sizes)
    found = await studio.look_interactive(job, "costs", *given)
    return [CostResponse(**one | {"error": of_page(one["error"])}) for one in found]
