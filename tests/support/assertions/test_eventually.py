from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.fakes.clock import ManualClock


def test_a_fact_that_is_there_is_returned_at_once():
    assert eventually(lambda: "here", within=0.0) == "here"


def test_a_fact_is_awaited():
    answers: Iterator[object] = iter(["", 0, None, [], "here"])
    assert eventually(lambda: next(answers), within=60.0) == "here"


def test_a_fact_that_does_not_come_is_named_with_the_last_answer():
    with pytest.raises(AssertionError, match=r"not within 0\.01 seconds: the third child \(last answer: 0\)"):
        eventually(lambda: 0, within=0.01, what="the third child")


def test_a_manual_clock_moves_only_forward_and_only_when_it_is_moved():
    clock = ManualClock()
    before = clock()
    assert clock() == before
    assert clock.advance(1.5) == clock() == before + 1.5
    assert clock.advance_to(before) == before + 1.5
    assert clock.advance_to(before + 2.0) == before + 2.0
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1.0)
