from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from styfie.errors import InputError
from styfie.gallery import PAIRS
from styfie.web.checks import check_budget, check_styles, is_styled, with_styles
from styfie.web.options import Options
from styfie.web.schemas import LookSchema, PaintRequest, SettingsSchema

INK: dict[str, Any] = {"styles": [{"name": "ink", "weight": 1.0}]}


def test_a_painting_may_be_as_large_and_long_as_the_server_allows() -> None:
    options = Options(Path(), longest=2048, most_steps=100)
    for size, steps in ((0, 0), (32, 1), (2048, 100)):
        check_budget(SettingsSchema(size=size, steps=steps), options)
    with pytest.raises(InputError, match="The size is 2049: at most 2048 pixels"):
        check_budget(SettingsSchema(size=2049), options)
    with pytest.raises(InputError, match="The number of steps is 101: at most 100"):
        check_budget(SettingsSchema(steps=101), options)
    with pytest.raises(InputError, match="size is 5"):
        check_budget(SettingsSchema(size=5), options)


def test_styles_are_the_gallerys_or_the_jobs_own() -> None:
    own = {"subject": LookSchema.model_validate({"styles": [{"name": "ink"}, {"name": "mine"}]})}
    check_styles(own, ["mine"])
    with pytest.raises(InputError, match="The style “mine” of subject is not known"):
        check_styles(own, ["other"])


def test_only_styles_have_to_be_painted() -> None:
    assert not is_styled(None) and not is_styled(PaintRequest())
    assert not is_styled(PaintRequest.model_validate({"looks": {"subject": {"blur": 5}}}))
    assert is_styled(PaintRequest.model_validate({"looks": {"subject": {}, "background": INK}}))


def test_where_nothing_is_asked_it_is_the_first_pair() -> None:
    subject, background = PAIRS[0]
    found = with_styles({}, ["subject", "background", "hair"])
    assert {name: look["styles"] for name, look in found.items()} == {
        "subject": [{"name": subject, "weight": 1.0}],
        "background": [{"name": background, "weight": 1.0}],
    }
    alone = with_styles({"background": {"strength": 0.5}}, ["background"])
    assert list(alone) == ["background"] and alone["background"]["strength"] == 0.5, "nobody is there"
    asked = {"subject": INK}
    assert with_styles(asked, ["subject", "background"]) == asked
    with pytest.raises(InputError, match="Only blur was chosen"):
        with_styles({"background": {"blur": 3.0}}, ["subject", "background"])
