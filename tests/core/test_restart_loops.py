"""Whose doing a restart is: a program that restarts itself is found out, a person who works hard is never cut off."""

from __future__ import annotations

from functools import reduce
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from reloader.core.restart_loops import (
    MAX_SPREAD,
    MIN_RESTARTS,
    MIN_TRIAL,
    SPREAD_SHARE,
    WINDOW,
    FileRestart,
    RestartLoops,
    Trial,
)

FILE = "/project/data.db"

Age = float | None


def after(*restarts: FileRestart) -> RestartLoops:
    return reduce(RestartLoops.with_restart, restarts, RestartLoops())


def history(ages: list[Age], pause: float = 0.5, path: str = FILE) -> list[FileRestart]:
    """Restarts by one file, each a moment after the change."""
    moments = accumulate((age or 0.0) + pause for age in ages)
    return [FileRestart(moment, {path: age}) for moment, age in zip(moments, ages, strict=True)]


def test_the_tenth_restart_at_the_same_age_of_a_run_suspends_the_file() -> None:
    restarts = history([0.3] * MIN_RESTARTS)
    assert after(*restarts[:-1]).suspended == frozenset()
    assert after(*restarts).suspended == {FILE}


def test_a_file_that_the_runs_reported_as_written_is_suspended_at_any_age() -> None:
    assert after(*history([None] * MIN_RESTARTS)).suspended == {FILE}
    assert after(*history([None, 5.0, None, 5.2, *[None] * 6])).suspended == {FILE}
    assert after(*history([None, 5.0, None, 9.2, *[None] * 6])).suspended == frozenset()


def test_the_ages_of_slow_starts_may_differ_more() -> None:
    assert after(*history([4.0, 4.8] * 5)).suspended == {FILE}
    assert after(*history([0.1, 0.8] * 5)).suspended == frozenset()


def test_ten_restarts_in_more_than_a_minute_are_not_a_loop() -> None:
    pause = WINDOW / (MIN_RESTARTS - 1)
    assert after(*history([0.0] * MIN_RESTARTS, pause=pause)).suspended == {FILE}
    assert after(*history([0.0] * MIN_RESTARTS, pause=pause + 0.01)).suspended == frozenset()


def test_a_restart_by_another_file_breaks_the_row() -> None:
    """As when a person saves, and a formatter writes the file again a moment later."""
    saves = history([0.3] * MIN_RESTARTS)
    mixed = [
        FileRestart(save.moment, {FILE if number % 5 else "/project/app.py": 0.3}) for number, save in enumerate(saves)
    ]
    assert after(*mixed, *mixed).suspended == frozenset()


def test_a_formatter_that_follows_each_save_is_not_a_loop() -> None:
    ages: list[Age] = [3.0, 0.4] * 20
    assert after(*history(ages)).suspended == frozenset()


def test_only_the_file_that_is_in_every_batch_is_suspended() -> None:
    restarts = [
        FileRestart(one.moment, {**one.ages, f"/project/{number}": 0.3})
        for number, one in enumerate(history([0.3] * MIN_RESTARTS))
    ]
    assert after(*restarts).suspended == {FILE}


def test_two_files_that_are_always_written_together_are_suspended_together() -> None:
    restarts = [FileRestart(one.moment, {**one.ages, "/project/other": 0.31}) for one in history([0.3] * MIN_RESTARTS)]
    assert after(*restarts).suspended == {FILE, "/project/other"}


def test_a_suspended_file_stays_so_while_others_restart() -> None:
    loops = after(*history([0.3] * MIN_RESTARTS))
    assert loops.with_restart(FileRestart(900.0, {"/project/app.py": 7.0})).suspended == {FILE}


def test_a_reset_forgets_restarts_and_suspended_files() -> None:
    restarts = history([0.3] * MIN_RESTARTS)
    forgiven = after(*restarts).reset()
    assert forgiven.suspended == frozenset()
    assert reduce(RestartLoops.with_restart, restarts[:-1], forgiven).suspended == frozenset()


@given(
    first=st.floats(0.0, 4.5),
    jitter=st.lists(st.floats(0.0, 1.0), min_size=MIN_RESTARTS, max_size=4 * MIN_RESTARTS),
    before=st.lists(st.floats(0.0, 100.0), max_size=15),
)
def test_a_program_that_writes_as_it_starts_is_found_out_by_the_tenth_restart(
    first: float, jitter: list[float], before: list[float]
) -> None:
    """Whatever a person did before."""
    allowed = MAX_SPREAD + SPREAD_SHARE * first
    ages: list[Age] = [*before, *(first + share * allowed * 0.999 for share in jitter)]
    restarts = history(ages)
    assert after(*restarts[: len(before) + MIN_RESTARTS]).suspended == {FILE}


@given(st.lists(st.floats(0.0, 20.0), max_size=60), st.floats(0.01, 3.0))
def test_saves_at_different_ages_are_never_suspended(ages: list[float], pause: float) -> None:
    """In no ten saves in a row were all at the same moment of a run, by the plainest way to say so."""
    tens = [ages[start : start + MIN_RESTARTS] for start in range(len(ages) - MIN_RESTARTS + 1)]
    is_periodic = any(max(ten) - min(ten) <= MAX_SPREAD + SPREAD_SHARE * min(ten) for ten in tens)
    if not is_periodic:
        assert after(*history(list(ages), pause)).suspended == frozenset()


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.sets(st.sampled_from("abc"), min_size=1)), max_size=80))
def test_the_kept_restarts_are_bounded_and_a_suspended_file_is_in_all_of_them(
    history: list[tuple[float, set[str]]],
) -> None:
    moment, loops, named = 0.0, RestartLoops(), list[set[str]]()
    for pause, paths in history:
        moment += pause
        before, loops = loops, loops.with_restart(FileRestart(moment, dict.fromkeys(paths, 0.2)))
        named.append(paths)
        fresh = loops.suspended - before.suspended
        assert all(path in one for one in named[-MIN_RESTARTS:] for path in fresh)
        assert not fresh or len(named) >= MIN_RESTARTS
        assert before.suspended <= loops.suspended
        assert len(loops.restarts) <= MIN_RESTARTS


def test_external_activity_breaks_the_row_and_keeps_suspended_files() -> None:
    restarts = tuple(FileRestart(float(moment), {"/a": 0.5}) for moment in range(MIN_RESTARTS - 1))
    known = (
        RestartLoops(restarts, frozenset({"/b"})).note_external_activity().with_restart(FileRestart(10.0, {"/a": 0.5}))
    )
    assert known.suspended == {"/b"}
    assert RestartLoops(restarts).with_restart(FileRestart(10.0, {"/a": 0.5})).suspended == {"/a"}


class TestTheTrial:
    def test_comes_before_the_restart_that_would_suspend(self) -> None:
        restarts = history([0.3] * MIN_RESTARTS)
        assert after(*restarts[:-2]).trial_before(restarts[-2]) is None
        assert after(*restarts[:-1]).trial_before(restarts[-1]) == Trial(frozenset({FILE}), MIN_TRIAL)

    def test_lasts_longer_than_the_highest_age_at_a_change(self) -> None:
        restarts = history([2.0, 2.25] * (MIN_RESTARTS // 2), pause=0.0)
        trial = after(*restarts[:-1]).trial_before(restarts[-1])
        assert trial is not None
        assert trial.seconds == 2.25 + MAX_SPREAD

    def test_is_not_needed_for_reported_writes(self) -> None:
        restarts = history([None] * MIN_RESTARTS)
        assert after(*restarts[:-1]).trial_before(restarts[-1]) is None

    def test_is_not_needed_for_suspended_files(self) -> None:
        restarts = history([0.3] * MIN_RESTARTS)
        assert after(*restarts).trial_before(restarts[-1]) is None

    @given(st.lists(st.one_of(st.none(), st.floats(0.0, 3.0)), min_size=1, max_size=3 * MIN_RESTARTS))
    def test_comes_before_every_suspension_for_periodicity_and_before_no_other(self, ages: list[Age]) -> None:
        loops = RestartLoops()
        for restart in history(ages):
            trial, before = loops.trial_before(restart), loops
            loops = before.with_restart(restart)
            fresh = loops.suspended - before.suspended
            is_certain = all(one.ages[FILE] is None for one in loops.restarts)
            assert (trial is not None) == (bool(fresh) and not is_certain)
