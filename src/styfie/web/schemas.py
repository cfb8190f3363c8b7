"""What is asked, as JSON: of regions, of a run. Defaults are those of `Look` and `Settings`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from styfie.engines import ENGINES
from styfie.errors import InputError
from styfie.fields import options_of
from styfie.looks import BOKEHS, COLORS, Look
from styfie.losses import STYLE_LOSSES
from styfie.segmentation import SEGMENTERS
from styfie.settings import OLD_ENGINES, Settings
from styfie.web.messages import message

LONGEST_NAME = 60
"""Letters of a region's or a style's name."""
MOST_STEPS = 2000
BATCH = r"^[A-Za-z0-9_-]{8,40}$"
"""What photos that come together have in common: whoever sends them chooses it."""
BLURS = (0, 2, 4, 6, 10, 15, 20)
"""Amounts of blur that the page offers."""
MOST_BLUR = 100.0

RegionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=LONGEST_NAME)]
UnitFloat = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Point = tuple[UnitFloat, UnitFloat]

if TYPE_CHECKING:
    Color = str
    Bokeh = str
    EngineName = str
    LossName = str
else:  # one list of each: that of the library, and of the packages installed beside it
    Color, Bokeh = Literal[COLORS], Literal[BOKEHS]
    EngineName = Annotated[
        Literal[tuple(name for name, entry in ENGINES.items() if not entry.needs)],
        BeforeValidator(lambda name: OLD_ENGINES.get(name, name) if isinstance(name, str) else name),
    ]
    LossName = Literal[tuple(name for name, entry in STYLE_LOSSES.items() if not entry.needs)]
_NAMES = (re.escape(name) + ("(:[1-9][0-9]?)?" if entry.counted else "") for name, entry in SEGMENTERS.items())
SEGMENTER = f"^({'|'.join(['auto', *_NAMES])})$"


class _Schema(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class StyleSchema(_Schema):
    """A style of the gallery, or one that was sent to this job, by name."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    weight: float = Field(default=1.0, ge=0.001, le=1000)


class _Styled(_Schema):
    styles: list[StyleSchema] = Field(default_factory=list, max_length=8)


def _with_fields(
    base: type[_Schema], kind: Any, types: Mapping[str, Any], most: Mapping[str, float], without: Collection[str]
) -> Any:
    """A schema with the fields of a dataclass that are asked for: their kinds, defaults, ranges and help.

    `types` are those that the registries know better, `most` what a server takes where the library takes more, and
    `without` are those that are not asked for here.
    """
    made: dict[str, Any] = {}
    for name, (field, option) in options_of(kind).items():
        if name not in without:
            plain: Any = {"int": int, "float": float, "bool": bool, "str": str}[str(field.type)]
            if option.choices:
                plain = Literal[option.choices]
            high = most.get(name, option.high)
            said = Field(default=field.default, ge=option.low, le=high, description=option.help)
            made[name] = (types.get(name, plain), said)
    return create_model(f"_{kind.__name__}Fields", __base__=base, **made)


# Depth is not asked for here.
_LookFields: Any = _with_fields(_Styled, Look, {}, {"blur": MOST_BLUR}, without=("depth_falloff",))
_SettingsFields: Any = _with_fields(
    _Schema,
    Settings,
    {"engine": EngineName, "loss": LossName, "segmenter": Annotated[str, Field(pattern=SEGMENTER)]},
    {"steps": MOST_STEPS, "seed": 2**53, "max_memory": 64, "radius": MOST_BLUR},
    without=("encoder", "content_weight", "tv_weight", "evaluations", "depth_weight"),
)


LOOKS: dict[str, Any] = {
    "subject": {"styles": [{"name": "glass"}], "strength": 0.8},
    "background": {"styles": [{"name": "waves"}]},
}
SETTINGS: dict[str, Any] = {"size": 512, "engine": "fast"}
"""Examples for the description: a person, and what is behind; a quick run."""


class LookSchema(_LookFields):  # type: ignore[misc]
    """How one region is to look; without styles it stays photo."""

    model_config = ConfigDict(json_schema_extra={"examples": [LOOKS["subject"]]})


Looks = dict[RegionName, LookSchema]


class SettingsSchema(_SettingsFields):  # type: ignore[misc]
    """What is asked of a run."""

    model_config = ConfigDict(json_schema_extra={"examples": [SETTINGS]})

    def settings(self) -> Settings:
        """The same for the library."""
        return Settings(**self.model_dump())


class PaintRequest(_Schema):
    """All that is asked of a photo in one go."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"looks": LOOKS, "settings": {"size": 512, "engine": "fast"}}]}
    )

    looks: Looks = Field(default_factory=dict, max_length=16)
    settings: SettingsSchema = Field(default_factory=SettingsSchema)

    @classmethod
    def from_json(cls, text: str | bytes, called: str) -> Self:
        """What a text asks.

        Raises:
            InputError: it is no such text.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join([called, *(str(part) for part in first["loc"])])
            raise InputError(message("error.invalid", where=where, reason=first["msg"])) from None


class SplitRequest(_Schema):
    """The region to split off the subject: skin, hair, clothes, accessories, person-1, person-2, …"""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "hair"}]})

    name: RegionName


class PointsRequest(_Schema):
    """Points, as shares of width and height from the upper left corner, whose surroundings come in or go out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"add": [[0.5, 0.2]], "remove": [[0.1, 0.9]]}]})

    add: list[Point] = Field(default_factory=list, max_length=64)
    remove: list[Point] = Field(default_factory=list, max_length=64)


class PresetRequest(_Schema):
    """The job whose look is to be saved, and what it is called."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job": "J0b_that-has-this-look", "name": "Evening"}]})

    job: str = Field(max_length=64)
    name: str = Field(min_length=1, max_length=LONGEST_NAME)


class CostRequest(_Schema):
    """Longest sides that paintings might have, and settings that they would be made with; others are the job's."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sizes": [1024, 2048]}]})

    sizes: list[Annotated[int, Field(ge=32, le=16_384)]] = Field(min_length=1, max_length=8)
    settings: SettingsSchema = Field(default_factory=SettingsSchema)


class CameraRequest(_Schema):
    """Looks for frames of a camera, painted at `size` pixels on the longest side."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"looks": LOOKS, "size": 256}]})

    looks: Looks = Field(max_length=16)
    size: int = Field(default=256, ge=64, le=1024)


def plain(looks: Mapping[str, LookSchema]) -> dict[str, dict[str, Any]]:
    """Looks as plain values, as they are kept in `job.json`."""
    return {name: look.model_dump() for name, look in looks.items()}
