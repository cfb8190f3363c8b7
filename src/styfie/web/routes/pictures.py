"""Pictures: mattes, layers, what is rendered of them, and all of it as files."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from styfie.web.errors import NotFoundError
from styfie.web.jobs import FIRST, GROWING, LONGEST, PHOTO, Job
from styfie.web.messages import message
from styfie.web.routes.common import JobHere, RegionHere, StudioHere, picture_responses, png
from styfie.web.schemas import MOST_BLUR, Bokeh, Color, PaintRequest
from styfie.web.studio import Studio

router = APIRouter(tags=["pictures"], default_response_class=Response)
PNG = picture_responses("image/png")
REGIONS, PHOTO_ENTRY = "regions.ora", "data/photo.png"  # a job's regions, and in them the photo at their size


@router.get("/jobs/{id}/mattes/{name}.png", responses=PNG)
async def matte(studio: StudioHere, job: JobHere, name: RegionHere) -> Response:
    """A region's matte, 8 bit, 255 = inside."""
    return png(await studio.ask_interactive(job, "matte", name))


@router.get("/jobs/{id}/layers/{name}.png", responses=PNG)
async def layer(
    studio: StudioHere,
    job: JobHere,
    name: RegionHere,
    color: Color | None = None,
    blur: Annotated[float | None, Query(ge=0, le=MOST_BLUR, allow_inf_nan=False)] = None,
    bokeh: Bokeh | None = None,
) -> Response:
    """A region's layer as it is blended: in these colours, and so blurred; what is not said, as it is asked.

    Of the painting as long as that is of the styles that are asked, else of the preview.
    """
    given = {"color": color, "blur": blur, "bokeh": bokeh}
    values = {k: v for k, v in given.items() if v is not None}
    return png(await studio.ask_interactive(job, "show_layer", studio.result_request(job), name, values))


@router.get("/jobs/{id}/pictures/{name}.png", responses=PNG)
async def picture(studio: StudioHere, job: JobHere, name: RegionHere) -> Response:
    """A picture of the result, rendered with the looks as they are now."""
    if name == "photo" and (found := await asyncio.to_thread(_photo, studio.jobs.path(job) / REGIONS)):
        return png(found)
    return png(await studio.ask_interactive(job, "show_picture", studio.result_request(job), name))


@router.get(
    "/jobs/{id}/first.jpg", responses=picture_responses("image/jpeg") | {204: {"description": "There will be none."}}
)
async def first(studio: StudioHere, job: JobHere) -> Response:
    """The first small sketch, if one was asked for with the photo; it is waited for until the photo was looked at."""
    file = studio.jobs.path(job) / FIRST
    async for changed in studio.watch(job):
        if file.is_file() or (changed and changed.state != "reading"):
            break
    return _file(studio, job, FIRST, "image/jpeg") if file.is_file() else Response(status_code=204)


@router.get("/jobs/{id}/growing.jpg", responses=picture_responses("image/jpeg"))
async def growing(
    studio: StudioHere, job: JobHere, size: Annotated[int, Query(ge=32, le=LONGEST)] = LONGEST
) -> Response:
    """What is painted so far, and then the painting, small; before the first step the photo."""
    name = GROWING if (studio.jobs.path(job) / GROWING).is_file() else PHOTO
    found = _file(studio, job, name, "image/jpeg")
    if size == LONGEST:
        return found
    return Response(await studio.small(studio.jobs.path(job) / name, size), media_type="image/jpeg")


@router.get("/jobs/{id}/all.zip", responses=picture_responses("application/zip"))
async def pack(studio: StudioHere, job: JobHere) -> Response:
    """All pictures and `painting.ora` in one file."""
    data = await studio.ask_interactive(job, "show_all", studio.result_request(job))
    return Response(data, media_type="application/zip", headers=_named("styfie.zip"))


@router.get("/jobs/{id}/painting.ora", responses=picture_responses("image/openraster"))
async def painting(studio: StudioHere, job: JobHere) -> Response:
    """Layers, mattes, styles and the recipe, for Krita, GIMP and Styfie."""
    if not job.painted:
        raise NotFoundError(message("error.unpainted"))
    data = await studio.ask_interactive(job, "show_ora", studio.result_request(job))
    return Response(data, media_type="image/openraster", headers=_named("painting.ora"))


@router.get("/jobs/{id}/recipe.json", responses={200: {"model": PaintRequest}})
async def recipe(job: JobHere) -> Response:
    """What is asked, as it can be sent with another photo as `request`."""
    text = json.dumps({"looks": job.looks, "settings": job.settings}, indent=1)
    return Response(text, media_type="application/json", headers=_named("recipe.json"))


def _photo(file: Path) -> bytes | None:
    """The photo as it stands beside its regions: what shows them need not wait for the worker."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(PHOTO_ENTRY)
    except (OSError, KeyError, zipfile.BadZipFile):
        return None


def _file(studio: Studio, job: Job, name: str, kind: str) -> Response:
    try:
        return Response((studio.jobs.path(job) / name).read_bytes(), media_type=kind)
    except FileNotFoundError:
        raise NotFoundError(message("error.picture_absent")) from None


def _named(name: str) -> dict[str, Any]:
    return {"content-disposition": f'attachment; filename="{name}"'}
