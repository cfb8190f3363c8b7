"""The camera: each frame painted by the fast engine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from styfie.errors import InputError
from styfie.gallery import BUILT_IN
from styfie.settings import Settings
from styfie.web.messages import message
from styfie.web.responses import CameraResponse
from styfie.web.routes.common import StudioHere, picture_responses
from styfie.web.schemas import CameraRequest, plain

router = APIRouter(tags=["camera"])
IdHere = Annotated[str, Path(max_length=64)]
MOST_PIXELS = 9_000_000  # of a frame


@router.post("/camera", status_code=201)
async def open_camera(studio: StudioHere, request: CameraRequest, response: Response) -> CameraResponse:
    """Open a camera; styles are those of the gallery."""
    named = [style.name for look in request.looks.values() for style in look.styles]
    if not named or (lost := [name for name in named if name not in BUILT_IN]):
        known = ", ".join(BUILT_IN)
        raise InputError(
            message("error.camera_style", style=lost[0], known=known)
            if named
            else message("error.no_style", known=known)
        )
    settings = asdict(Settings(size=request.size, engine="fast"))
    name = await studio.cameras.open(plain(request.looks), settings | {"drawn": str(studio.drawn)})
    response.headers["location"] = f"camera/{name}"
    return CameraResponse(id=name)


@router.post(
    "/camera/{id}/frame",
    response_class=Response,
    responses=picture_responses("image/jpeg"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def frame(studio: StudioHere, id: IdHere, request: Request) -> Response:  # noqa: A002
    """A frame painted; the rate of late is in the header `x-frames-per-second`."""
    painted, rate = await studio.cameras.frame(id, await request.body(), MOST_PIXELS)
    return Response(painted, media_type="image/jpeg", headers={"x-frames-per-second": f"{rate:.2f}"})


@router.delete("/camera/{id}", status_code=204)
async def close_camera(studio: StudioHere, id: IdHere) -> None:  # noqa: A002
    """Close a camera."""
    await studio.cameras.close(id)
