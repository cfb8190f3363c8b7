from __future__ import annotations

from collections.abc import Mapping

import pytest

from styfie.errors import InputError
from styfie.shards import Shard, shard_of_job

NAMES = [f"photo{n}.jpg" for n in range(1000)]


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_every_name_is_of_one_shard(count: int) -> None:
    shards = [Shard(number + 1, count).pick(NAMES, str) for number in range(count)]
    assert sorted(name for shard in shards for name in shard) == sorted(NAMES)
    assert all(shard == sorted(shard, key=NAMES.index) for shard in shards), "in their order"
    assert all(abs(len(shard) - 1000 / count) < 5 * (1000 / count) ** 0.5 for shard in shards), "evenly"


def test_what_comes_or_goes_moves_no_other() -> None:
    before = Shard(2, 4).pick(NAMES, str)
    after = Shard(2, 4).pick(["aaa.jpg", *NAMES[:500], "zzz.jpg"], str)
    assert [name for name in after if name in NAMES] == [name for name in before if name in NAMES[:500]]


def test_a_name_is_the_same_however_its_letters_are_composed() -> None:
    for count in range(2, 9):
        shards = [Shard(number + 1, count) for number in range(count)]
        assert [one.holds("Zo\u00eb.jpg") for one in shards] == [one.holds("zoe\u0308.JPG") for one in shards]


def test_the_split_is_the_same_everywhere_and_for_ever() -> None:
    found = [next(n for n in (1, 2, 3, 4) if Shard(n, 4).holds(name)) for name in NAMES[:6]]
    assert found == [4, 4, 3, 2, 1, 1], "the last digit of `printf photo0.jpg | sha256sum | cut -c1-16`, and so on"


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "1/0", "a/b", "-1/4", "1/4/2", "1.5/4", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="wanted"):
        Shard.parse(text)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"ID": "0", "COUNT": "4", "MIN": "0", "MAX": "3", "STEP": "1"}, "1/4"),
        ({"ID": "4", "COUNT": "4", "MIN": "1", "MAX": "4", "STEP": "1"}, "4/4"),
        ({"ID": "5", "COUNT": "5", "MIN": "1", "MAX": "9", "STEP": "2"}, "3/5"),
        ({"ID": "7", "MIN": "0", "MAX": "9"}, "8/10"),
        ({"ID": "3", "COUNT": "1", "MIN": "3", "MAX": "3", "STEP": "1"}, "1/1"),
    ],
)
def test_slurms_tasks_are_shards(variables: Mapping[str, str], wanted: str) -> None:
    found = shard_of_job({f"SLURM_ARRAY_TASK_{name}": value for name, value in variables.items()})
    assert str(found) == wanted
    assert found is not None and found.source == "SLURM_ARRAY_TASK_ID"


def test_tasks_of_slurm_that_are_not_evenly_numbered_are_refused() -> None:
    for task in ("1", "5", "7"):  # --array=1,5,7
        said = {"ID": task, "COUNT": "3", "MIN": "1", "MAX": "7", "STEP": "1"}
        with pytest.raises(InputError, match="--array=0-2"):
            shard_of_job({f"SLURM_ARRAY_TASK_{name}": value for name, value in said.items()})


def test_aws_batch_counts_from_0() -> None:
    variables = {"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "3"}
    assert str(shard_of_job(variables)) == "1/3"
    assert shard_of_job({}) is None
