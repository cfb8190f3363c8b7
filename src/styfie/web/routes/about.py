"""What this server is, and the gallery."""

from __future__ import annotations

import socket
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from styfie._version import __version__
from styfie.engines import ENGINES
from styfie.fields import options_of
from styfie.gallery import BUILT_IN, PAIRS
from styfie.looks import BOKEHS, BRUSHES, COLORS, STROKES, Look
from styfie.web.filetypes import FILE_TYPES
from styfie.web.responses import AboutResponse, FieldResponse, StyleResponse
from styfie.web.routes.common import StudioHere, picture_responses
from styfie.web.schemas import BLURS, LookSchema, SettingsSchema

router = APIRouter(tags=["about"])


@router.get("/about")
async def about(studio: StudioHere) -> AboutResponse:
    """What this server takes, keeps and offers."""
    options = studio.options
    return AboutResponse(
        version=__version__,
        computer=socket.gethostname(),
        device=studio.device,
        limits={
            "bytes": options.most_bytes,
            "pixels": options.most_pixels,
            "size": options.longest,
            "filetypes": list(FILE_TYPES),
            "hours": options.hours,
            "gigabytes": options.gigabytes,
        },
        fields=[
            FieldResponse(name=name, help=option.help, low=option.low, high=option.high)
            for name, (_, option) in options_of(Look).items()
            if name in LookSchema.model_fields
        ],
        engines=[StyleResponse(name=n, title=entry.title) for n, entry in ENGINES.items() if not entry.needs],
        defaults={"look": LookSchema().model_dump(), "settings": SettingsSchema().model_dump()},
        choices={
            "colors": list(COLORS),
            "brushes": list(BRUSHES),
            "bokehs": list(BOKEHS),
            "strokes": list(STROKES),
            "blurs": list(BLURS),
            "pairs": [list(pair) for pair in PAIRS],
        },
    )


@router.get("/styles")
async def styles() -> list[StyleResponse]:
    """The gallery."""
    return [StyleResponse(name=name, title=entry.title, about=entry.about) for name, entry in BUILT_IN.items()]


@router.get("/styles/{name}.jpg", response_class=Response, responses=picture_responses("image/jpeg"))
async def style(
    studio: StudioHere,
    name: Annotated[str, Path(max_length=40)],
    size: Annotated[int, Query(ge=32, le=512)] = 160,
) -> Response:
    """A style of the gallery, small."""
    file = await studio.style_file(name)
    data = await studio.small(file, size)
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=86400"})
