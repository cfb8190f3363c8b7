from __future__ import annotations

import logging
from pathlib import Path

from styfie.web.logfile import logged


def test_the_log_is_private_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    """A megabyte, and two that are older."""
    before = [*logging.getLogger("styfie").handlers]
    with logged(tmp_path) as file:
        assert file == tmp_path / "styfie.log" and not file.exists(), "nothing is written where nothing fails"
        for number in range(33):
            logging.getLogger("styfie.web").error("%d %s", number, 100_000 * "x")
        names = sorted(one.name for one in tmp_path.iterdir())
        assert names == ["styfie.log", "styfie.log.1", "styfie.log.2"]
        for name in names:
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        sizes = [(tmp_path / name).stat().st_size for name in names]
        assert all(850_000 < size < 1_000_000 for size in sizes[1:]) and sizes[0] < 1_000_000
        assert " 32 xxx" in file.read_text()
    assert logging.getLogger("styfie").handlers == before
