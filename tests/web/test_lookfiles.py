from __future__ import annotations

from styfie.web.lookfiles import fitted
from tests.web.stubs import region


def test_a_look_fits_other_regions_by_name_else_by_side() -> None:
    hair = region("hair") | {"side": "subject"}
    looks = {"hair": {"blur": 1}, "subject": {"blur": 2}, "background": {"blur": 3}}
    regions = [region("subject"), hair, hair | {"name": "skin"}, region("background")]
    found = {"subject": {"blur": 2}, "hair": {"blur": 1}, "skin": {"blur": 2}, "background": {"blur": 3}}
    assert fitted(looks, regions) == found
    assert fitted({"hair": {"blur": 1}}, regions[::3]) == {"subject": {"blur": 1}}, "a part stands for the person"
    assert fitted({"background": {"blur": 3}}, [region("subject")]) == {}
