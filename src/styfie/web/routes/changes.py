"""What changes, of all jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from styfie.web.routes.common import StudioHere, picture_responses

router = APIRouter(tags=["jobs"])


@router.get("/events", response_class=StreamingResponse, responses=picture_responses("text/event-stream"))
async def changes(studio: StudioHere) -> StreamingResponse:
    """The id of each job when it comes, changes or goes, as server-sent events, for all tabs together."""

    async def on_event() -> AsyncIterator[str]:
        yield ": here\n\n"
        async for name in studio.watch_all():
            yield f"data: {name}\n\n" if name else ": still here\n\n"

    return StreamingResponse(on_event(), media_type="text/event-stream")
