"""What is asked, as JSON: of regions, of a run. Defaults are those of `Look` and `Settings`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from styfie.engines import ENGINES
from styfie.errors import InputError
from styfie.looks import BOKEHS, BRUSHES, COLORS, STROKES, Look
from styfie.losses import STYLE_LOSSES
from styfie.segmentation import SEGMENTERS
from styfie.settings import DEVICES, OLD_ENGINES, QUALITIES, STARTS, Settings

LONGEST_NAME = 60
"""Letters of a region's or a style's name."""
MOST_STEPS = 2000
BLURS = (0, 2, 4, 6, 10, 15, 20)
"""Amounts of blur that the page offers."""
MOST_BLUR = 100.0

RegionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=LONGEST_NAME)]
UnitFloat = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Point = tuple[UnitFloat, UnitFloat]

if TYPE_CHECKING:
    Color = str
    Bokeh = str
    BrushName = str
    Quality = str
    Device = str
    EngineName = str
    LossName = str
    Start = str
else:  # one list of each: that of the library, and of the packages installed beside it
    Color, Bokeh, BrushName = Literal[COLORS], Literal[BOKEHS], Literal[BRUSHES]
    Quality, Device, Start = Literal[tuple(QUALITIES)], Literal[DEVICES], Literal[STARTS]
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


class LookSchema(_Schema):
    """How one region is to look; without styles it stays photo."""

    styles: list[StyleSchema] = Field(default_factory=list, max_length=8)
    strength: float = Field(default=Look.strength, ge=0, le=1)
    color: Color = Look.color
    stroke: float = Field(default=Look.stroke, ge=STROKES[0], le=STROKES[1])
    content: float = Field(default=Look.content, ge=0, le=1)
    likeness: float = Field(default=Look.likeness, ge=0, le=1)
    brush: BrushName = Look.brush
    blur: float = Field(default=Look.blur, ge=0, le=MOST_BLUR)
    bokeh: Bokeh = Look.bokeh


Looks = dict[RegionName, LookSchema]


class SettingsSchema(_Schema):
    """What is asked of a run."""

    size: int = Field(default=Settings.size, ge=0, le=16_384, description="Longest side; 0 = the photo's own.")
    quality: Quality = Settings.quality
    steps: int = Field(default=Settings.steps, ge=0, le=MOST_STEPS, description="0 = as the quality asks.")
    seed: int = Field(default=Settings.seed, ge=0, le=2**53)
    device: Device = Settings.device
    engine: EngineName = Settings.engine
    loss: LossName = Settings.loss
    segmenter: str = Field(default=Settings.segmenter, pattern=SEGMENTER)
    start: Start = Settings.start
    max_memory: float = Field(default=Settings.max_memory, ge=0.5, le=64)
    radius: float = Field(default=Settings.radius, ge=0, le=MOST_BLUR)
    lens: Bokeh = Settings.lens
    mark: bool = Field(default=Settings.mark, description="Whether pictures say in their metadata that they are paint.")

    def settings(self) -> Settings:
        """The same for the library."""
        return Settings(**self.model_dump())


class PaintRequest(_Schema):
    """All that is asked of a photo in one go."""

    looks: Looks = Field(default_factory=dict, max_length=16)
    settings: SettingsSchema = Field(default_factory=SettingsSchema)

    @classmethod
    def from_json(cls, text: str | bytes, called: str) -> PaintRequest:
        """What a text asks.

        Raises:
            InputError: it is no such text.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join([called, *(str(part) for part in first["loc"])])
            raise InputError(f"{where}: {first['msg']}.") from None


class SplitRequest(_Schema):
    """The region to split off the subject: skin, hair, clothes, accessories, person-1, person-2, …"""

    name: RegionName


class PointsRequest(_Schema):
    """Points, as shares of width and height from the upper left corner, whose surroundings come in or go out."""

    add: list[Point] = Field(default_factory=list, max_length=64)
    remove: list[Point] = Field(default_factory=list, max_length=64)


class CostRequest(_Schema):
    """Longest sides that paintings might have, and settings that they would be made with; others are the job's."""

    sizes: list[Annotated[int, Field(ge=32, le=16_384)]] = Field(min_length=1, max_length=8)
    settings: SettingsSchema = Field(default_factory=SettingsSchema)


class CameraRequest(_Schema):
    """Looks for frames of a camera, painted at `size` pixels on the longest side."""

    looks: Looks = Field(max_length=16)
    size: int = Field(default=256, ge=64, le=1024)


def plain(looks: Mapping[str, LookSchema]) -> dict[str, dict[str, Any]]:
    """Looks as plain values, as they are kept in `job.json`."""
    return {name: look.model_dump() for name, look in looks.items()}
