"""What is answered, as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from styfie.web.jobs import JobState
from styfie.web.problems import PROBLEMS, TYPE
from styfie.web.schemas import LookSchema, SettingsSchema
from styfie.web.trash import TrashKind

STATES = (
    "`reading`: the photo is looked at. `ready`: its regions are found, and nothing is asked to be painted; the end of "
    "a job that was posted without looks. `queued`, `painting`: under way. `done`: painted. `stopped`: ended early by "
    "`stop`, what was painted until then is kept. `failed`: `error` and `error_code` say why. `done`, `stopped` and "
    "`failed` are ends: a job leaves them only when it is asked to be painted once more."
)
CLIP_STATES = (
    "`queued`, `painting`: under way. `done`: the film is whole. `stopped`: ended early, the film is as long as what "
    "was painted. `failed`: `error` and `error_code` say why. `paint` goes on with one that stopped or failed."
)
WHY = "Why it failed: one sentence; empty if it did not."
HEADS = (
    "Whose head is where, of the people among `parts`: top, left, bottom and right of a square, as shares of the "
    "photo's height and width."
)
CODE = "Why it failed: the `code` of that error; empty if it did not."


class ErrorResponse(BaseModel):
    """Why something was not done, as RFC 9457 has it: `code` says which kind of error, `detail` is one sentence."""

    type: str = Field(description=f"`{TYPE}` and the code.")
    title: str = Field(description="What all errors of this code have in common.")
    status: int
    detail: str = Field(description="One sentence for a person to read: what came, what was wanted, what to do.")
    code: str = Field(
        description="For programs: it stays, whatever the sentence says.",
        json_schema_extra={"enum": [problem.code for problem in PROBLEMS]},
    )


class RegionResponse(BaseModel):
    """One region: on which side, how sure (`score` in [0, 1]), and its share of the picture's area."""

    name: str
    side: str
    score: float
    doubtful: bool
    area: float


class ProgressResponse(BaseModel):
    """How far a painting is; `preview` counts the pictures that `growing.jpg` has shown."""

    step: int
    steps: int
    seconds_left: float
    preview: int


class JobResponse(BaseModel):
    """A job: one photo, its regions, what is asked of them, and what there is of it.

    `name` is what the photo was called, `painted` are the regions whose painted layer is still of what is asked,
    `sketched` those whose layer in the preview is, `parts` what may be split off, `undo` and `redo` how many changes of
    the regions may be taken back and done again. `versions` are the paintings that were made of it, the oldest first.
    """

    id: str
    name: str
    state: JobState = Field(description=STATES)
    note: str = Field(description="What is to be known of a job that did not fail: nobody was found, or not all parts.")
    error: str = Field(description=WHY)
    error_code: str = Field(description=CODE)
    created: float
    width: int
    height: int
    regions: list[RegionResponse]
    looks: dict[str, LookSchema]
    settings: SettingsSchema
    styles: list[str]
    previews: int
    painted: list[str]
    sketched: list[str]
    parts: list[str]
    heads: dict[str, list[float]] = Field(description=HEADS)
    undo: int
    redo: int
    progress: ProgressResponse | None
    queue: int
    pictures: list[str]
    versions: list[int]
    batch: str
    version: int


class StyleResponse(BaseModel):
    """A style or an engine by name."""

    name: str
    title: str
    about: str = ""


class NameResponse(BaseModel):
    """What it is called here."""

    name: str


class PresetResponse(BaseModel):
    """A saved look: what it is called, and the names of its styles by region."""

    id: str
    name: str
    styles: dict[str, list[str]]


class TrashResponse(BaseModel):
    """Something that was deleted: `of` is the picture's, clip's or look's id, `number` that of a version.

    It is gone for good after `seconds_left` of the server's running.
    """

    id: str
    kind: TrashKind
    of: str
    number: int
    name: str
    seconds_left: float


class CostResponse(BaseModel):
    """What a painting of that longest side would cost here: `seconds` 0 is not known, `error` says why it cannot be."""

    size: int
    seconds: float
    gigabytes: float
    error: str


class PreviewResponse(BaseModel):
    """The number of the preview, and the regions painted in it."""

    version: int
    painted: list[str]


class ClipResponse(BaseModel):
    """A clip: how many of its frames are painted; `preview` counts the frames that `frame.jpg` has shown."""

    id: str
    name: str
    state: JobState = Field(description=CLIP_STATES)
    error: str = Field(description=WHY)
    error_code: str = Field(description=CODE)
    width: int
    height: int
    frame: int
    frames: int
    seconds_left: float
    preview: int
    created: float


class HealthResponse(BaseModel):
    """That the server lives, or can work."""

    status: Literal["ok", "ready"]


class CameraResponse(BaseModel):
    """A camera's id."""

    id: str


class FieldResponse(BaseModel):
    """A field of a look: what it is, and for a number its range."""

    name: str
    help: str
    low: float | None
    high: float | None


class PhoneResponse(BaseModel):
    """Addresses by which other devices open the page, the likeliest first; whether `POST phone` can let them in."""

    addresses: list[str]
    can_open: bool


class AboutResponse(BaseModel):
    """What this server is, takes and keeps; `computer` is the name of the one that it runs on."""

    version: str
    computer: str
    device: str
    limits: dict[str, Any]
    fields: list[FieldResponse]
    engines: list[StyleResponse]
    defaults: dict[str, Any]
    choices: dict[str, list[Any]]
