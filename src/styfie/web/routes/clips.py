"""Short clips: one in, the same painted out."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Response, UploadFile
from fastapi.responses import FileResponse

from styfie.web.clips import FILM, FIRST, FRAME
from styfie.web.jobs import Job
from styfie.web.responses import ClipResponse, TrashResponse
from styfie.web.routes.common import StudioHere, attached, picture_responses, stem_of

router = APIRouter(tags=["clips"])


async def _clip(studio: StudioHere, id: Annotated[str, Path(max_length=64)]) -> Job:  # noqa: A002
    return studio.clips.get(id)


ClipHere = Annotated[Job, Depends(_clip)]


def _response(clip: Job) -> ClipResponse:
    return ClipResponse.model_validate(
        {name: getattr(clip, name) for name in ("id", "name", "state", "error", "error_code", "width", "height")}
        | {"frame": 0, "frames": 0, "seconds_left": 0.0, "preview": 0, "created": max(0.0, time.time() - clip.created)}
        | {{"step": "frame", "steps": "frames"}.get(name, name): value for name, value in clip.progress.items()}
    )


@router.post("/clips", status_code=201)
async def post(
    studio: StudioHere,
    clip: Annotated[UploadFile, File(description="MP4, MOV, WebM, MKV or AVI, a minute at most.")],
    look: Annotated[UploadFile, File(description="look.json or recipe.json.")],
    response: Response,
    size: Annotated[int, Form(ge=64, le=1920)] = 480,
) -> ClipResponse:
    """A new clip, which is painted frame by frame."""
    made = await studio.clips.post(clip.file, look.file, size, clip.filename or "")
    response.headers["location"] = f"clips/{made.id}"
    return _response(made)


@router.get("/clips")
async def clips(studio: StudioHere) -> list[ClipResponse]:
    """All clips, the newest first."""
    return [_response(clip) for clip in studio.clips]


@router.get("/clips/{id}")
async def one(clip: ClipHere) -> ClipResponse:
    """One clip, and how far it is."""
    return _response(clip)


@router.post("/clips/{id}/paint", status_code=202)
async def paint(studio: StudioHere, clip: ClipHere) -> ClipResponse:
    """Go on with one that was stopped, or failed."""
    studio.clips.paint(clip)
    return _response(clip)


@router.post("/clips/{id}/stop")
async def stop(studio: StudioHere, clip: ClipHere) -> ClipResponse:
    """Stop: what is painted so far is kept, as a film that plays."""
    await studio.clips.stop(clip)
    return _response(clip)


@router.delete("/clips/{id}")
async def delete(studio: StudioHere, clip: ClipHere) -> TrashResponse:
    """Clip and film go into the trash; what is under way ends."""
    return studio.trash_response(await studio.delete_clip(clip))


@router.get("/clips/{id}/film.mp4", response_class=FileResponse, responses=picture_responses("video/mp4"))
async def film(studio: StudioHere, clip: ClipHere) -> FileResponse:
    """The painted film, or so much of it as there is after a stop."""
    headers = {"cache-control": "private, no-cache"} | attached(f"{stem_of(clip)} - painted.mp4")
    return FileResponse(studio.clips.file(clip, FILM), media_type="video/mp4", headers=headers)


@router.get("/clips/{id}/frame.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def frame(studio: StudioHere, clip: ClipHere) -> Response:
    """A frame of late, painted; before that the first as it was sent."""
    return Response(studio.clips.file(clip, FRAME, FIRST).read_bytes(), media_type="image/jpeg")
