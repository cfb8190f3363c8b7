"""All of it as one application."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from styfie._version import __version__
from styfie.errors import StyfieError
from styfie.web.accesslog import AccessLog
from styfie.web.errors import DISK_FULL, FAULT, FaultError, FullError, InvalidRequestError, is_full
from styfie.web.guard import Guard
from styfie.web.messages import message
from styfie.web.openapi import describe, methods_at
from styfie.web.pagefiles import PageFiles
from styfie.web.problem_response import problem_response
from styfie.web.problems import problem_of, problem_of_status
from styfie.web.proxies import Addressed, path_of
from styfie.web.routes import (
    about,
    batches,
    camera,
    changes,
    clips,
    export,
    health,
    jobs,
    page,
    phone,
    pictures,
    presets,
    previews,
    regions,
    trash,
    versions,
)
from styfie.web.routes.common import API
from styfie.web.studio import Studio

_log = logging.getLogger(__name__)
PAGE = Path(__file__).with_name("page")


def make_app(studio: Studio, log: Callable[[str], None] | None = None) -> ASGIApp:
    """The application: page at `/`, interface at `/api/v1`, described by `/api/v1/openapi.json`.

    `log` is called with a line for each request.
    """

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await studio.start()
        yield
        await studio.stop()

    app = FastAPI(
        title="Styfie",
        version=__version__,
        summary="Paint the person in one style and the world behind them in another.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # its page asks another site for scripts
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
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
        trash,
    ):
        app.include_router(part.router, prefix=API)
    app.include_router(health.router)
    app.router.default = PageFiles(PAGE)  # no mount: it would answer for routes that are asked by another method
    describe(app)
    _say_why(app)
    guarded: ASGIApp = Guard(app, studio.options, studio.access)
    return Addressed(AccessLog(guarded, log) if log else guarded, studio.options)


def _say_why(app: FastAPI) -> None:
    """Every error is a problem with a code and a sentence; of a fault of the program's the log has the traceback."""

    async def refuse(_request: Request, error: Exception) -> Response:
        assert isinstance(error, StyfieError)
        return problem_response(problem_of(type(error)), str(error))

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        said = message("error.invalid", where=where or message("error.request"), reason=first["msg"])
        return problem_response(problem_of(InvalidRequestError), said)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.__cause__ and is_full(error.__cause__):  # while what was sent was received
            return problem_response(problem_of(FullError), DISK_FULL)
        problem = problem_of_status(error.status_code)
        bare = error.detail == HTTPStatus(error.status_code).phrase  # the framework has no sentence for it
        headers = error.headers
        if error.status_code == 405:
            headers = {"allow": ", ".join(methods_at(app, path_of(request.scope)))}
        return problem_response(problem, f"{problem.title}." if bare else error.detail, headers)

    async def fault(_request: Request, error: Exception) -> Response:
        if is_full(error):
            _log.warning("%s", error)
            return problem_response(problem_of(FullError), DISK_FULL)
        _log.error("a request failed", exc_info=error)
        return problem_response(problem_of(FaultError), FAULT)

    app.add_exception_handler(StyfieError, refuse)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(OSError, fault)
    app.add_exception_handler(Exception, fault)
