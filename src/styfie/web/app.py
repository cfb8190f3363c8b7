"""All of it as one application."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from styfie._version import __version__
from styfie.errors import StyfieError
from styfie.web.errors import DISK_FULL, is_full, of_page, status_of
from styfie.web.guard import Guard
from styfie.web.pagefiles import PageFiles
from styfie.web.proxies import Addressed
from styfie.web.responses import ErrorResponse
from styfie.web.routes import (
    about,
    batches,
    camera,
    changes,
    clips,
    export,
    jobs,
    page,
    phone,
    pictures,
    presets,
    previews,
    regions,
    versions,
)
from styfie.web.studio import Studio

_log = logging.getLogger(__name__)
PAGE = Path(__file__).with_name("page")
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": text}
    for status, text in {
        400: "What was sent cannot be read.",
        401: "A token is wanted.",
        403: "Another site's page asked.",
        404: "There is none, or no more.",
        409: "Not in this state.",
        413: "Too much was sent.",
        421: "Not the server's own address.",
        422: "It cannot be used: the sentence says why.",
        429: "Too much waits already.",
        507: "The disk is full.",
    }.items()
}


def make_app(studio: Studio) -> ASGIApp:
    """The application: page at `/`, interface at `/api/v1`, described by `/api/v1/openapi.json`."""

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await studio.start()
        yield
        await studio.stop()

    app = FastAPI(
        title="Styfie",
        version=__version__,
        summary="Paint the person in one style and the world behind them in another.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its page asks another site for scripts
        redoc_url=None,
        lifespan=life,
        responses=ERROR_RESPONSES,
    )
    app.state.studio = studio
    for part in (
        about,
        changes,
        jobs,
        regions,
        page,
        phone,
        pictures,
        previews,
        export,
        versions,
        presets,
        batches,
        clips,
        camera,
    ):
        app.include_router(part.router, prefix="/api/v1")
    app.mount("/", PageFiles(PAGE), name="page")
    _say_why(app)
    return Addressed(Guard(app, studio.options), studio.options)


def _say_why(app: FastAPI) -> None:
    """Every error is one sentence; what is a fault of the program's is in the log, with its traceback."""

    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StyfieError)
        status = status_of(error)
        return JSONResponse({"error": of_page(str(error))}, status, {"retry-after": "10"} if status == 429 else None)

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        return JSONResponse({"error": f"{where or 'The request'}: {first['msg']}."}, 422)

    async def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if error.__cause__ and is_full(error.__cause__):  # while what was sent was received
            return JSONResponse({"error": DISK_FULL}, 507)
        return JSONResponse({"error": f"{error.detail}"}, error.status_code, error.headers)

    async def fault(_request: Request, error: Exception) -> JSONResponse:
        if is_full(error):
            _log.warning("%s", error)
            return JSONResponse({"error": DISK_FULL}, 507)
        _log.error("a request failed", exc_info=error)
        return JSONResponse({"error": "This failed for a reason that is the server's own fault."}, 500)

    app.add_exception_handler(StyfieError, refuse)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(OSError, fault)
    app.add_exception_handler(Exception, fault)
