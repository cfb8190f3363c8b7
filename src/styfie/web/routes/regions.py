"""Regions: split, correct, brush, give back."""

from __future__ import annotations

import io

from fastapi import APIRouter, Request

from styfie.errors import InputError
from styfie.web.messages import message
from styfie.web.responses import JobResponse
from styfie.web.routes.common import AnswerHere, JobHere, RegionHere, SeenHere, StudioHere
from styfie.web.schemas import PointsRequest, SplitRequest

router = APIRouter(tags=["regions"])


@router.post("/jobs/{id}/regions")
async def split(
    studio: StudioHere, job: JobHere, request: SplitRequest, seen: SeenHere, answer: AnswerHere
) -> JobResponse:
    """Split a region off the subject."""
    await studio.change_regions(job, "split", request.name, studio.settings(job), corrects=False, seen=seen)
    return answer(job)


@router.post("/jobs/{id}/regions/{name}/points")
async def points(
    studio: StudioHere, job: JobHere, name: RegionHere, request: PointsRequest, seen: SeenHere, answer: AnswerHere
) -> JobResponse:
    """Correct a region by points on it and beside it, or find one that is not there yet."""
    if not request.add and not request.remove:
        raise InputError(message("error.no_points"))
    await studio.change_regions(job, "points", name, request.add, request.remove, corrects=True, seen=seen)
    return answer(job)


@router.put(
    "/jobs/{id}/mattes/{name}.png",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def brush(
    studio: StudioHere, job: JobHere, name: RegionHere, request: Request, seen: SeenHere, answer: AnswerHere
) -> JobResponse:
    """A region as it was brushed, white = inside; a new name is a new region, laid over the others."""
    data = await request.body()
    await studio.brush(job, name, io.BytesIO(data), seen)
    return answer(job)


@router.delete("/jobs/{id}/regions/{name}")
async def merge(studio: StudioHere, job: JobHere, name: RegionHere, seen: SeenHere, answer: AnswerHere) -> JobResponse:
    """Give a region back to what it was split off from."""
    await studio.change_regions(job, "merge", name, corrects=True, seen=seen)
    return answer(job)
