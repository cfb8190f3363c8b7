from __future__ import annotations

import json
from pathlib import Path

import pytest

from styfie.errors import InputError, OutputError
from styfie.outcomes import Outcomes, read_report
from styfie.shards import Shard


def test_shards_are_told_of_together(tmp_path: Path) -> None:
    one, three = (Outcomes(tmp_path, Shard(number, 3)) for number in (1, 3))
    one.begin(["a", "b"])
    three.begin(["c", "d"])
    one.add("a", "done", file="a.jpg")
    three.add("c", "failed", file="c.jpg", reason="no picture")
    three.add("d", "skipped", file="d.jpg")
    found = read_report(tmp_path)
    assert found.numbers == {"done": 1, "skipped": 1, "failed": 1, "waiting": 1}
    assert (found.begun, found.missing, found.complete) == ((1, 3), (2,), False)
    assert found.as_text().splitlines() == [
        "4 in 3 shards: 1 done, 1 skipped, 1 failed, 1 waiting",
        "failed: c (no picture)",
        "waiting: b",
        "not begun: shard 2 of 3",
    ]
    record = json.loads(json.dumps(found.as_record()))
    assert [(each["name"], each["outcome"], each["shard"]) for each in record["outcomes"]] == [
        ("a", "done", "1/3"),
        ("b", "waiting", "1/3"),
        ("c", "failed", "3/3"),
        ("d", "skipped", "3/3"),
    ]
    Outcomes(tmp_path, Shard(2, 3)).begin([])
    one.add("b", "done")
    three.add("c", "done")
    assert read_report(tmp_path).complete


def test_another_number_of_shards_is_another_run(tmp_path: Path) -> None:
    Outcomes(tmp_path, Shard(2, 3)).begin(["a"])
    Outcomes(tmp_path, Shard(1, 2)).begin(["a"])
    assert (read_report(tmp_path).count, read_report(tmp_path).begun) == (2, (1,))


def test_long_lists_of_what_waits_are_cut(tmp_path: Path) -> None:
    Outcomes(tmp_path).begin([f"p{n:03d}" for n in range(500)])
    text = read_report(tmp_path).as_text()
    assert text.startswith("500 in 1 shard: 0 done") and text.endswith("p019 and 480 more")


def test_what_a_kill_or_a_user_leaves_there_is_not_minded(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path)
    outcomes.begin(["a"])
    outcomes.add("a", "done")
    (tmp_path / ".outcomes" / "b.json").write_bytes(b'{"outco')
    (tmp_path / ".outcomes" / "a.json.part").write_bytes(b"{")
    (tmp_path / ".outcomes" / "c.json").write_text("[1]")
    assert read_report(tmp_path).numbers["done"] == len(read_report(tmp_path).outcomes) == 1
    assert outcomes.of("a")["outcome"] == "done" and not outcomes.of("b")


def test_a_folder_without_outcomes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no report"):
        read_report(tmp_path)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".outcomes").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        Outcomes(tmp_path).add("a", "done")
