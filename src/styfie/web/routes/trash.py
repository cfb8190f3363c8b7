"""What was deleted: listed, shown, brought back, deleted for good."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from styfie.web.responses import TrashResponse
from styfie.web.routes.common import StudioHere, picture_responses

router = APIRouter(tags=["trash"])
IdHere = Annotated[str, Path(max_length=80)]


@router.get("/trash")
async def trash(studio: StudioHere) -> list[TrashResponse]:
    """All that was deleted and can be brought back, the last first."""
    return [studio.trash_response(one) for one in await asyncio.to_thread(studio.trash.all)]


@router.get("/trash/{id}/picture.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def picture(
    studio: StudioHere,
    id: IdHere,  # noqa: A002
    size: Annotated[int, Query(ge=32, le=512)] = 240,
) -> Response:
    """What it looks like, small."""
    data = await studio.small(studio.trash.picture(studio.trash.get(id)), size)
    return Response(data, media_type="image/jpeg")


@router.post("/trash/{id}")
async def bring_back(studio: StudioHere, id: IdHere) -> TrashResponse:  # noqa: A002
    """Bring it back to where it was."""
    one = studio.trash.get(id)
    said = studio.trash_response(one)
    await studio.bring_back(one)
    return said


@router.delete("/trash/{id}", status_code=204)
async def remove(studio: StudioHere, id: IdHere) -> None:  # noqa: A002
    """Delete it for good."""
    await asyncio.to_thread(studio.trash.remove, studio.trash.get(id))


@router.delete("/trash", status_code=204)
async def empty(studio: StudioHere) -> None:
    """Delete all of it for good."""
    for one in await asyncio.to_thread(studio.trash.all):
        await asyncio.to_thread(studio.trash.remove, one)
