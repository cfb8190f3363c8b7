from __future__ import annotations

import subprocess
import sys

import pytest

from styfie import plugins


@pytest.mark.parametrize("name", plugins.__all__)
def test_every_name_is_there_under_its_own_name(name: str) -> None:
    found = getattr(plugins, name)
    assert found.__name__ == name and found.__module__.startswith("styfie.")
    assert found.__doc__, "and says what it is"


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        plugins.paint  # noqa: B018 - what is tried


def test_entries_are_read_without_pytorch() -> None:
    code = "import sys, styfie.plugins as p; p.EngineEntry, p.Style, p.SegmenterEntry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
