"""What the page blends from, and undoing."""

from __future__ import annotations

from fastapi import APIRouter, Response

from styfie.web.responses import JobResponse
from styfie.web.routes.common import AnswerHere, JobHere, SeenHere, StudioHere, picture_responses
from styfie.weights import ASSETS

router = APIRouter(tags=["page"])
PORTRAIT = ASSETS / "portrait.jpg"
BYTES = picture_responses("application/octet-stream")


@router.get("/portrait.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def portrait() -> Response:
    """The built-in portrait: NASA's of Eileen Collins, in the public domain."""
    return Response(PORTRAIT.read_bytes(), media_type="image/jpeg", headers={"cache-control": "private, max-age=86400"})


@router.get("/jobs/{id}/soft.bin", response_class=Response, responses=BYTES)
async def soft(studio: StudioHere, job: JobHere) -> Response:
    """Which region each pixel is of, and alphas and foreground colours where regions share it, little endian.

    uint32 width, height, R regions, N pixels; uint8 region by pixel, filled up to 4 bytes; uint32 N places; float32
    alphas (R, N); float32 colours (R, 3, N). With photo and layers that is all that `Painting.render` blends.
    """
    return Response(await studio.ask_interactive(job, "soft"), media_type="application/octet-stream")


@router.post("/jobs/{id}/undo")
async def undo(studio: StudioHere, job: JobHere, seen: SeenHere, answer: AnswerHere) -> JobResponse:
    """Take back the last change of the regions."""
    await studio.change_regions(job, "step", True, corrects=True, seen=seen)
    return answer(job)


@router.post("/jobs/{id}/redo")
async def redo(studio: StudioHere, job: JobHere, seen: SeenHere, answer: AnswerHere) -> JobResponse:
    """Do the change again that was taken back last."""
    await studio.change_regions(job, "step", False, corrects=True, seen=seen)
    return answer(job)
