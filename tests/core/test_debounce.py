"""When a batch is complete, in seconds that can be checked by hand: quiet 0.1, ceiling 2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.debounce import DebouncePolicy, Debouncer

POLICY = DebouncePolicy(quiet=0.1, ceiling=2.0)


@pytest.fixture
def debouncer():
    return Debouncer(POLICY)


@pytest.mark.parametrize(
    ("paths", "finished", "seconds"),
    [
        pytest.param(1, True, 0.02, id="one finished save: a fifth"),
        pytest.param(1, False, 0.1, id="one file that may be written on"),
        pytest.param(2, True, 0.1, id="two files may be the start of many"),
        pytest.param(25, True, 0.1, id="a few"),
        pytest.param(50, True, 0.2, id="a program is at work: twice the time"),
        pytest.param(100, False, 0.4, id="four times"),
        pytest.param(10_000, False, 0.4, id="and no more"),
    ],
)
def test_the_quiet_time_grows_with_the_batch(paths, finished, seconds):
    assert POLICY.quiet_for(paths, finished) == pytest.approx(seconds)


def test_without_hints_there_is_no_deadline(debouncer):
    assert debouncer.deadline is None
    assert debouncer.pending == ()
    assert not debouncer.is_at_ceiling(1e9)


def test_one_finished_save_waits_a_fifth_of_the_quiet_time(debouncer):
    debouncer.add(["a"], finished=True, now=10.0)
    assert debouncer.deadline == pytest.approx(10.02)
    assert debouncer.pending == ()


def test_a_file_that_is_still_written_waits_all_of_it(debouncer):
    debouncer.add(["a"], finished=False, now=10.0)
    assert debouncer.deadline == pytest.approx(10.1)
    assert debouncer.pending == ("a",)


def test_each_hint_moves_the_deadline(debouncer):
    debouncer.add(["a"], finished=False, now=10.0)
    debouncer.add(["a"], finished=False, now=10.09)
    assert debouncer.deadline == pytest.approx(10.19)


def test_a_closed_file_is_finished_and_one_that_is_written_again_is_not(debouncer):
    debouncer.add(["a"], finished=False, now=10.0)
    debouncer.add(["a"], finished=True, now=10.05)
    assert debouncer.deadline == pytest.approx(10.07)
    debouncer.add(["a"], finished=False, now=10.06)
    assert debouncer.deadline == pytest.approx(10.16)
    assert debouncer.pending == ("a",)


def test_a_second_path_makes_it_a_batch(debouncer):
    debouncer.add(["a"], finished=True, now=10.0)
    debouncer.add(["b"], finished=True, now=10.01)
    assert debouncer.deadline == pytest.approx(10.11)


def test_endless_hints_end_the_batch_at_the_ceiling(debouncer):
    for tenth in range(25):
        debouncer.add(["a"], finished=False, now=10.0 + tenth * 0.09)
    assert debouncer.deadline == pytest.approx(12.0)
    assert not debouncer.is_at_ceiling(11.99)
    assert debouncer.is_at_ceiling(12.0)


def test_a_batch_starts_empty_after_the_previous_one(debouncer):
    debouncer.add(["a", "b"], finished=False, now=10.0)
    debouncer.clear()
    assert debouncer.deadline is None
    debouncer.add(["c"], finished=True, now=50.0)
    assert debouncer.deadline == pytest.approx(50.02)
    assert not debouncer.is_at_ceiling(51.9)


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.lists(st.sampled_from("abcdef"), min_size=1), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
def test_a_deadline_is_after_the_last_hint_and_never_after_the_ceiling(hints):
    debouncer, now = Debouncer(POLICY), 100.0
    first = now + hints[0][0]
    for pause, paths, finished in hints:
        now += pause
        debouncer.add(paths, finished=finished, now=now)
    assert debouncer.deadline is not None
    assert debouncer.deadline <= first + POLICY.ceiling
    assert debouncer.deadline > now or debouncer.is_at_ceiling(now)
