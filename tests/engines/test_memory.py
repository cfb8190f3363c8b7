"""What engines without a plan take is known beforehand, and refused where it is more than is allowed."""

from __future__ import annotations

import re

import pytest

import styfie
from styfie.engines import ENGINES, check_memory
from styfie.errors import InputError
from styfie.settings import Settings


@pytest.mark.parametrize(
    ("engine", "longest", "measured"), [("fast", 2048, 1.94), ("fast", 4000, 4.39), ("components", 768, 1.68)]
)
def test_what_was_measured_is_known(engine: str, longest: int, measured: float) -> None:
    memory = ENGINES[engine].memory
    assert memory is not None
    assert measured <= memory.need((longest, longest)) <= 1.25 * measured


@pytest.mark.parametrize("engine", ["fast", "components"])
@pytest.mark.parametrize("longest", [768, 2048, 4000])
def test_the_number_that_would_do_does(engine: str, longest: int) -> None:
    settings = Settings(engine=engine, max_memory=0.8)
    with pytest.raises(InputError, match="--max-memory") as caught:
        check_memory(settings, (longest, longest))
    found = re.search(r"need ([0-9.]+) GB", str(caught.value))
    assert found is not None
    check_memory(Settings(engine=engine, max_memory=float(found[1])), (longest, longest))


def test_it_is_refused_before_anything_is_painted() -> None:
    with pytest.raises(InputError, match=r"need .* GB with the engine fast"):
        styfie.paint(settings=Settings(engine="fast", size=512, max_memory=0.5))


def test_the_default_suffices_for_large_prints() -> None:
    check_memory(Settings(engine="fast"), (3000, 3000))
    check_memory(Settings(engine="components"), (3000, 3000))
