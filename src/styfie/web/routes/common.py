"""What the routes share."""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Path, Request, Response

from styfie.errors import InputError
from styfie.web.jobs import AFTER, BEFORE, Job, region_states
from styfie.web.messages import message
from styfie.web.responses import JobResponse
from styfie.web.schemas import LONGEST_NAME
from styfie.web.studio import Studio
from styfie.web.versions import numbers

API = "/api/v1"
PICTURES = ("photo", "mask", "cutout", "blur")
SAME = tuple(JobResponse.model_fields.keys() & {field.name for field in fields(Job)})
PAINTED = ("subject", "background", "both", "sheet")


async def _studio(request: Request) -> Studio:
    found: Studio = request.app.state.studio
    return found


StudioHere = Annotated[Studio, Depends(_studio)]


async def _job(studio: StudioHere, id: Annotated[str, Path(max_length=64)]) -> Job:  # noqa: A002
    return studio.job(id)


JobHere = Annotated[Job, Depends(_job)]
RegionHere = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=LONGEST_NAME)]


def job_response(studio: Studio, job: Job) -> JobResponse:
    """A job as it is answered."""
    finer = [f"mask-{r['name']}" for r in job.regions] if len(job.regions) > 2 else []
    there = [*PICTURES, *finer] if job.regions else []
    return JobResponse.model_validate(
        {
            **{name: getattr(job, name) for name in SAME},
            "created": max(0.0, round(time.time() - job.created, 1)),
            "styles": list(job.styles),
            "progress": job.progress or None,
            "queue": studio.queue_of(job),
            "painted": job.fresh,
            "sketched": job.sketched,
            "undo": len(region_states(studio.jobs.path(job), BEFORE)),
            "redo": len(region_states(studio.jobs.path(job), AFTER)),
            "versions": numbers(studio.jobs.path(job)),
            "pictures": [*there, *(PAINTED if job.painted or job.previews else [])],
        }
    )


def tag(studio: Studio, job: Job) -> str:
    """The job's entity tag: its version, and its place in the queue, which others change."""
    return f'"{job.version}.{studio.queue_of(job)}"'


def _seen(if_match: Annotated[str | None, Header(max_length=64)] = None) -> int | None:
    """The version of the job in an `If-Match`: a number, or an entity tag of the job's."""
    if if_match is None or if_match.strip() == "*":
        return None
    version = if_match.strip().removeprefix("W/").strip('"').partition(".")[0]
    if not version.isascii() or not version.isdigit():
        raise InputError(message("error.if_match", value=repr(if_match)))
    return int(version)


SeenHere = Annotated[int | None, Depends(_seen)]


class Answer:
    """Answers with a job, whose entity tag is in a header: what changes it may say in `If-Match` which it has seen."""

    def __init__(self, studio: StudioHere, response: Response) -> None:
        self.studio, self.response = studio, response

    def __call__(self, job: Job, location: str = "") -> JobResponse:
        """The job; of one that was made its `location`, relative to the address that was asked."""
        self.response.headers["etag"] = tag(self.studio, job)
        if location:
            self.response.headers["location"] = location
        return job_response(self.studio, job)


AnswerHere = Annotated[Answer, Depends()]


def png(data: bytes) -> Response:
    """A PNG answer."""
    return Response(data, media_type="image/png")


def picture_responses(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """How a picture is described that is of one of these kinds."""
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}}


def stem_of(job: Job) -> str:
    """What files made of a job's photo are called."""
    return PurePath(job.name).stem.strip(". ")[:60] or "styfie"


def attached(name: str) -> dict[str, str]:
    """The header that names a file, whatever letters are in it (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return {"content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}
