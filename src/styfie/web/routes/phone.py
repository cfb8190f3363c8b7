"""The page on a phone: the addresses that open it, and their QR codes."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from styfie.web.errors import NotFoundError
from styfie.web.messages import message
from styfie.web.network import own_addresses, page_address
from styfie.web.options import LOOPBACK
from styfie.web.qr import qr_svg
from styfie.web.responses import PhoneResponse
from styfie.web.routes.common import StudioHere, picture_responses
from styfie.web.studio import Studio

router = APIRouter(tags=["phone"])


@router.get("/phone")
async def phone(studio: StudioHere, request: Request) -> PhoneResponse:
    """Addresses by which other devices in the network open the page, the token in them; none where they cannot."""
    return _response(studio, request)


@router.post("/phone")
async def let_in(studio: StudioHere, request: Request) -> PhoneResponse:
    """Let other devices in the network open the page, as long as the server runs; whoever has the token may come."""
    await studio.access.open()
    return _response(studio, request)


@router.get("/phone.svg", response_class=Response, responses=picture_responses("image/svg+xml"))
async def code(
    studio: StudioHere,
    request: Request,
    number: Annotated[int, Query(ge=0, le=99)] = 0,
    picture: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]*$", max_length=64)] = "",
) -> Response:
    """One of these addresses as a QR code; with the id of a `picture`, that one is opened."""
    addresses = _addresses(studio, request)
    if number >= len(addresses):
        raise NotFoundError(message("error.no_phone"))
    address = addresses[number] + (f"#{picture}" if picture else "")
    return Response(qr_svg(address), media_type="image/svg+xml")


def _response(studio: Studio, request: Request) -> PhoneResponse:
    return PhoneResponse(addresses=_addresses(studio, request), can_open=studio.access.can_open)


def _addresses(studio: Studio, request: Request) -> list[str]:
    """The address that this page was opened by, if others can open it too; else those of the computer itself."""
    options, url, root = studio.options, request.url, request.scope["root_path"]
    if not _is_inside(url.hostname or ""):
        return [page_address(url.hostname or "", url.port, root, options.token, url.scheme)]
    if not studio.access.is_open:
        return []
    port = (request.scope["server"] or ("", 0))[1] or options.port
    return [page_address(host, port, root, options.token) for host in own_addresses(studio.access.host)]


def _is_inside(host: str) -> bool:
    """Whether a host's name leads nowhere but to the computer that says it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK
