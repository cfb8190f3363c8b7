"""Pictures: mattes, layers, what is rendered of them, and all of it as files."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from styfie.web.answers import Of
from styfie.web.jobs import Job
from styfie.web.refusals import GoneError
from styfie.web.routes.common import JobHere, RegionHere, StudioHere, picture_responses, png
from styfie.web.studio import Studio

router = APIRouter(tags=["pictures"], default_response_class=Response)
PNG = picture_responses("image/png")
Painted = Literal["painting", "preview"]


@router.get("/jobs/{id}/mattes/{name}.png", responses=PNG)
async def matte(studio: StudioHere, job: JobHere, name: RegionHere, of: Of = "regions") -> Response:
    """A region's matte, 8 bit, 255 = inside."""
    return png(await studio.ask_quick(job, "matte", name, of))


@router.get("/jobs/{id}/shares/{name}.png", responses=PNG)
async def share(studio: StudioHere, job: JobHere, name: RegionHere, of: Of = "painting") -> Response:
    """What a region weighs where both of a border are painted, 8 bit."""
    return png(await studio.ask_quick(job, "share", name, of))


@router.get("/jobs/{id}/own/{name}.png", responses=PNG)
async def own(studio: StudioHere, job: JobHere, name: RegionHere, of: Of = "painting") -> Response:
    """How a region's own colours differ from the photo, 16 bit: high bytes above, low bytes below.

    Of round(8192 * (own - photo) + 32768), for colours in [0, 1]; a PNG twice as high as the photo.
    """
    return png(await studio.ask_quick(job, "own", name, of))


@router.get("/jobs/{id}/layers/{name}.png", responses=PNG)
async def layer(
    studio: StudioHere,
    job: JobHere,
    name: RegionHere,
    of: Painted | None = None,
    color: Literal["style", "keep", "histogram", "luma"] | None = None,
    blur: Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False)] = None,
    bokeh: Literal["gaussian", "disc", "hexagon"] | None = None,
) -> Response:
    """A region's layer as it is blended: in these colours, and so blurred.

    Of the painting as long as it is of what is asked, else of the preview, if nothing else is said.
    """
    given = {"color": color, "blur": blur, "bokeh": bokeh}
    values = {k: v for k, v in given.items() if v is not None}
    if of is None:
        return png(await studio.ask_quick(job, "show_layer", studio.wanted(job), name, values))
    return png(await studio.ask_quick(job, "layer", name, of, values))


@router.get("/jobs/{id}/pictures/{name}.png", responses=PNG)
async def picture(studio: StudioHere, job: JobHere, name: RegionHere, of: Of | None = None) -> Response:
    """A picture of the result, rendered with the looks as they are now."""
    if of is None:
        return png(await studio.ask_quick(job, "show_picture", studio.wanted(job), name))
    return png(await studio.ask_quick(job, "picture", name, of, job.looks, job.settings))


@router.get("/jobs/{id}/growing.jpg", responses=picture_responses("image/jpeg"))
async def growing(studio: StudioHere, job: JobHere, size: Annotated[int, Query(ge=32, le=768)] = 768) -> Response:
    """What is painted so far, and then the painting, small."""
    found = _file(studio, job, "growing.jpg", "image/jpeg")
    if size < 768:
        file = studio.jobs.path(job) / "growing.jpg"
        found = Response(await studio.reader.call("thumbnail", str(file), size), media_type="image/jpeg")
    return found


@router.get("/jobs/{id}/all.zip", responses=picture_responses("application/zip"))
async def pack(studio: StudioHere, job: JobHere) -> Response:
    """All pictures and `painting.ora` in one file."""
    data = await studio.ask_quick(job, "show_all", studio.wanted(job))
    return Response(data, media_type="application/zip", headers=_named("styfie.zip"))


@router.get("/jobs/{id}/painting.ora", responses=picture_responses("image/openraster"))
async def painting(studio: StudioHere, job: JobHere) -> Response:
    """Layers, mattes, styles and the recipe, for Krita, GIMP and Styfie."""
    if not job.painted:
        raise GoneError("Nothing is painted yet: paint first.")
    data = await studio.ask_quick(job, "show_ora", studio.wanted(job))
    return Response(data, media_type="image/openraster", headers=_named("painting.ora"))


@router.get("/jobs/{id}/recipe.json", responses=picture_responses("application/json"))
async def recipe(job: JobHere) -> Response:
    """What is asked, as it can be sent with another photo as `asked`."""
    text = json.dumps({"looks": job.looks, "settings": job.settings}, indent=1)
    return Response(text, media_type="application/json", headers=_named("recipe.json"))


def _file(studio: Studio, job: Job, name: str, kind: str) -> Response:
    try:
        return Response((studio.jobs.path(job) / name).read_bytes(), media_type=kind)
    except FileNotFoundError:
        raise GoneError("There is no such picture yet, or no more.") from None


def _named(name: str) -> dict[str, Any]:
    return {"content-disposition": f'attachment; filename="{name}"'}
