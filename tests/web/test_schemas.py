"""The interface's choices and defaults are the library's."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import Any, get_args

import pytest

from styfie.engines import ENGINES
from styfie.errors import InputError
from styfie.looks import BOKEHS, BRUSHES, COLORS, LENSES, Look
from styfie.losses import STYLE_LOSSES
from styfie.settings import DEVICES, QUALITIES, STARTS, Settings
from styfie.web.filetypes import suffix_of
from styfie.web.schemas import LookSchema, PaintRequest, SettingsSchema


@pytest.mark.parametrize(
    ("model", "name", "known"),
    [
        (LookSchema, "color", COLORS),
        (LookSchema, "brush", BRUSHES),
        (LookSchema, "bokeh", BOKEHS),
        (SettingsSchema, "device", DEVICES),
        (SettingsSchema, "lens", LENSES),
        (SettingsSchema, "start", STARTS),
        (SettingsSchema, "quality", tuple(QUALITIES)),
        (SettingsSchema, "loss", tuple(STYLE_LOSSES)),
        (SettingsSchema, "engine", tuple(name for name, entry in ENGINES.items() if not entry.needs)),
    ],
)
def test_choices_are_the_librarys(model: Any, name: str, known: tuple[str, ...]) -> None:
    assert set(get_args(model.model_fields[name].annotation)) == set(known)


def test_defaults_are_the_librarys() -> None:
    assert SettingsSchema().settings() == Settings()
    asked = LookSchema().model_dump()
    assert asked.pop("styles") == []
    assert asked == {name: getattr(Look(), name) for name in asked}
    assert {field.name for field in fields(Look)} - set(asked) == {"styles", "depth_falloff"}, (
        "needs depth, which is not asked for"
    )


def test_an_engines_name_of_before_is_still_read() -> None:
    assert PaintRequest.from_json('{"settings": {"engine": "taught"}}', "request").settings.engine == "per-style"
    assert SettingsSchema(engine="taught").settings() == Settings(engine="per-style")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"looks": {"../x": {}}}',
        '{"looks": {"subject": {"strength": 2}}}',
        '{"looks": {"subject": {"strength": NaN}}}',
        '{"looks": {"subject": {"sparkle": 1}}}',
        '{"settings": {"segmenter": "/etc/passwd"}}',
        '{"settings": {"segmenter": "mine.safetensors"}}',
        '{"settings": {"engine": "gatys"}}',
        '{"settings": {"encoder": "vgg19"}}',
        '{"settings": {"steps": 100000000}}',
    ],
)
def test_what_is_not_taken_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match=r"^request.*\.$"):
        PaintRequest.from_json(text, "request")


def test_kinds_by_their_first_bytes() -> None:
    assert suffix_of(b"\xff\xd8\xff\xe0" + bytes(12)) == ".jpg"
    assert suffix_of(b"RIFF\0\0\0\0WEBPVP8 ") == ".webp"
    assert suffix_of(b"\0\0\0\x18ftypheic\0\0\0\0") == ".heic"
    for data in (b"", b"\xff\xd8", b"<svg xmlns=", b"%PDF-1.7", b"RIFF\0\0\0\0WAVEfmt ", b"\0\0\0\x18ftypisom"):
        with pytest.raises(InputError, match="no picture"):
            suffix_of(data)


def test_the_servers_own_process_loads_no_pytorch() -> None:
    """It decodes no picture and computes nothing: it starts at once, stays small, and never waits for itself."""
    code = (
        "import sys, styfie.web.app, styfie.web.serving; assert not {'torch', 'scipy', 'PIL.Image'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
