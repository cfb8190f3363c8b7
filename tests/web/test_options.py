"""What `docs/web.md` promises of a server that nothing is said to."""

from __future__ import annotations

from pathlib import Path

import pytest

from styfie.web.errors import is_full
from styfie.web.options import Options, default_folder
from tests.web.stubs import StubStudio


def test_the_defaults_are_those_of_the_documentation(tmp_path: Path) -> None:
    options = Options(tmp_path)
    assert (options.host, options.port, options.token) == ("127.0.0.1", 8790, None)
    assert (options.hours, options.gigabytes) == (72, 4)
    assert (options.most_bytes, options.most_pixels) == (40 * 10**6, 64 * 10**6)
    assert options.waiting == 24, "photos, and paintings"
    assert options.longest == 4 * 1024
    assert options.threads == 0, "as many as there are cores"
    assert (options.most_steps, options.most_memory, options.most_minutes) == (2000, 64, 24 * 60)
    assert (options.connections, options.connections_each, options.patience) == (512, 64, 10)
    assert not options.is_open and Options(tmp_path, lan=True).host == "0.0.0.0"
    assert Options(tmp_path, "192.168.1.7", lan=True).host == "192.168.1.7", "who names an address means it"
    assert default_folder().parts[-2:] == ("styfie", "web")


def test_a_full_disk_is_told_from_other_errors() -> None:
    assert is_full(OSError(28, "No space left on device"))
    assert not is_full(OSError(13, "Permission denied")) and not is_full(ValueError("28"))


def test_the_process_that_decodes_takes_3_gb_and_40_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from styfie.web.studio import Studio
    from styfie.web.uploads import LATE

    async def hired() -> Studio:
        studio = StubStudio(Options(tmp_path, threads=7))
        Studio._hire(studio)
        studio.shut()
        return studio

    studio = asyncio.run(hired())
    module, threads, nice, memory = studio.reader.made
    assert module.endswith("reading") and (threads, nice) == (1, 0) and memory == 3 * 1024**3
    assert studio.interactive.made[1:] == (7, 0, 0) and studio.interactive.recycle == studio.reader.recycle == 0
    assert studio.painter.made[1] == 7 and studio.painter.made[3] == 0
    assert 0 < studio.painter.made[2] < 20, "a painting gives way to what is answered at once"
    assert studio.painter.recycle > 1, "and begins anew now and then"
    assert studio.painter.budget == 24 * 60 * 60 and not studio.interactive.budget
    assert LATE == 40
