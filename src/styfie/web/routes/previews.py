"""Previews of styles on one's own face."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from styfie.errors import InputError
from styfie.web.checks import check_styles
from styfie.web.messages import message
from styfie.web.routes.common import JobHere, StudioHere, picture_responses
from styfie.web.schemas import LookSchema, StyleSchema
from styfie.web.service import FACE

router = APIRouter(tags=["pictures"])
StyleName = Annotated[str, Query(max_length=60)]


@router.get("/jobs/{id}/face.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def face(
    studio: StudioHere,
    job: JobHere,
    subject: StyleName = "",
    background: StyleName = "",
    size: Annotated[int, Query(ge=64, le=512)] = FACE,
) -> Response:
    """The head as it is with a style for the person and one for the background, painted in one pass.

    It changes neither looks nor pictures. Ask for one after the other: whatever else is asked of the server waits for
    the one under way alone.
    """
    styles = {side: name for side, name in (("subject", subject), ("background", background)) if name}
    if not styles:
        raise InputError(message("error.no_pair"))
    check_styles({side: LookSchema(styles=[StyleSchema(name=name)]) for side, name in styles.items()}, job.styles)
    device = studio.settings(job)["device"]
    data = await studio.look_interactive(job, "face_preview", styles, job.styles, str(studio.drawn), size, device)
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})
