"""Whether the server lives, and whether it can work: for who watches over it, without a token and without a secret."""

from __future__ import annotations

from fastapi import APIRouter

from styfie.web.errors import NotReadyError
from styfie.web.openapi import OPEN
from styfie.web.responses import HealthResponse
from styfie.web.routes.common import StudioHere

router = APIRouter(tags=["health"])


@router.get("/health", openapi_extra=OPEN)
async def health() -> HealthResponse:
    """The server answers; that is all."""
    return HealthResponse(status="ok")


@router.get("/ready", openapi_extra=OPEN, responses={503: {"$ref": "#/components/responses/Error503"}})
async def ready(studio: StudioHere) -> HealthResponse:
    """Its workers have started, its folder can be written to, and there is room on the disk."""
    if reasons := await studio.not_ready():
        raise NotReadyError(" ".join(reasons))
    return HealthResponse(status="ready")
