from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from styfie.engines.turns import interleave, layers_at_once


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_all_is_given_once_and_each_in_its_own_order() -> None:
    found = list(interleave([iter([("a", n) for n in range(5)]), iter([("b", n) for n in range(3)]), iter([])], 2))
    assert [n for name, n in found if name == "a"] == list(range(5))
    assert [n for name, n in found if name == "b"] == list(range(3))
    assert len(found) == 8


def test_one_at_a_time_they_are_run_here_and_in_turn() -> None:
    def run(name: str) -> Iterator[tuple[str, int, int]]:
        yield name, threading.get_ident(), torch.get_num_threads()

    here = threading.get_ident()
    assert list(interleave([run("a"), run("b")], 1)) == [("a", here, 4), ("b", here, 4)]
    ((_, _, threads),) = interleave([run("a")], 2)
    assert threads == 2, "one that is left of two has no more than it had: its sums are the same"


def test_two_run_at_the_same_time_on_half_of_the_threads_each() -> None:
    """Neither goes on before the other has come as far."""
    together = threading.Barrier(2, timeout=30)

    def run() -> Iterator[int]:
        for _ in range(3):
            together.wait()
            yield torch.get_num_threads()

    assert list(interleave([run(), run()], 2)) == [2] * 6
    assert torch.get_num_threads() == 4


def test_an_error_of_one_is_raised_and_the_other_stops() -> None:
    broken, after = threading.Event(), []

    def endless() -> Iterator[int]:
        n = 0
        while True:
            after.append(n := n + 1)
            yield n

    def breaks() -> Iterator[int]:
        yield 0
        broken.set()
        raise ValueError("no paint")

    with pytest.raises(ValueError, match="no paint"):
        for _ in interleave([endless(), breaks()], 2):
            pass
    count = len(after)
    assert broken.is_set()
    assert torch.get_num_threads() == 4
    threading.Event().wait(0.05)
    assert len(after) == count, "nothing goes on behind"


def test_who_looks_no_further_stops_all() -> None:
    ended = []

    def endless(name: str) -> Iterator[str]:
        try:
            while True:
                yield name
        finally:
            ended.append(name)

    runs = [endless("a"), endless("b"), endless("c")]
    found = interleave(runs, 2)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == 4
    begun = [run for run in runs if next(run, None) is not None]
    assert len(begun) == 3, "they could go on: nobody is in the midst of them"


def test_as_many_layers_at_once_as_there_are_threads_for() -> None:
    cpu = torch.device("cpu")
    assert [layers_at_once(layers, cpu) for layers in (1, 2, 5)] == [1, 2, 2]
    assert layers_at_once(2, torch.device("cuda")) == 1
    torch.set_num_threads(1)
    assert layers_at_once(2, cpu) == 1
