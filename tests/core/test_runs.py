"""What notices say of runs, and when a wait for one is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.notices import Changed, Ended, Launched, Ready, WaitResult
from reloader.core.outcome import Exited, NotLaunched, Outcome, Signalled, StopStep, StopStepKind
from reloader.core.runs import (
    MAX_FILES,
    JournalEntry,
    Rejection,
    Wait,
    describe_outcome,
    describe_reason,
    describe_state,
    result_of_wait,
    updated_entry,
    with_min_run,
)
from reloader.core.states import (
    ApplyExitPolicy,
    BackingOff,
    ChildExited,
    ConfigChanged,
    ConfigRejected,
    Exit,
    FilesChanged,
    Finished,
    FirstStart,
    Idle,
    Reason,
    RequestedByChild,
    RequestedByUser,
    Restart,
    RestartHistory,
    Running,
    State,
    Stopping,
    WaitingForChange,
    WaitingForQuiet,
    reason_without_new_settings,
)

BATCH = ChangeBatch.of([PathChange(f"/app/{number}.py", ChangeKind.MODIFIED) for number in range(30)])
LAUNCHED = Launched(2, 77, ("python",), FilesChanged(BATCH))
RUN = JournalEntry(2, 1000.0, 5.0, 77)
COOLING = BackingOff(2, RestartHistory(), 9.0, ChildExited(Exited(1)))


def ended(outcome: Outcome, *, stopped: bool = False, steps: tuple[StopStep, ...] = ()) -> Ended:
    return Ended(2, outcome, 3.0, stopped, steps)


def stopping(goal: Restart | Exit | ApplyExitPolicy) -> Stopping:
    return Stopping(2, 5.0, RestartHistory(), goal, 8.0, 13.0)


class TestAnEntry:
    def test_begins_with_the_launch_and_keeps_the_first_files(self) -> None:
        entry = updated_entry(None, LAUNCHED, 5.0, 1000.0)
        assert entry is not None
        assert (entry.run, entry.pid, entry.started_at, entry.at, entry.reason) == (
            2,
            77,
            5.0,
            1000.0,
            "files changed",
        )
        assert entry.files == tuple(BATCH.kinds)[:MAX_FILES]

    def test_has_the_end_and_the_steps_of_the_stop(self) -> None:
        steps = (
            StopStep(StopStepKind.ASKED, 0.0),
            StopStep(StopStepKind.KILLED, 5.0),
            StopStep(StopStepKind.GONE, 5.1),
        )
        entry = updated_entry(RUN, ended(Signalled(9), stopped=True, steps=steps), 8.0, 1003.0)
        assert entry is not None
        assert (entry.stopped_in, entry.was_killed, entry.has_failed) == (5.1, True, False)

    def test_of_a_run_that_could_not_be_launched_begins_with_its_end(self) -> None:
        entry = updated_entry(replace(RUN, run=1), ended(NotLaunched(127, "not found")), 8.0, 1003.0)
        assert entry is not None
        assert (entry.run, entry.pid, entry.started_at, entry.has_failed) == (2, None, 5.0, True)
        assert (entry.stopped_in, entry.was_killed) == (None, False)

    def test_is_not_changed_by_other_notices(self) -> None:
        assert updated_entry(RUN, Changed(BATCH), 8.0, 1003.0) is RUN

    def test_has_the_time_until_the_run_was_ready(self) -> None:
        assert updated_entry(RUN, Ready(2, 0.5, ("http",)), 8.0, 1003.0) == replace(RUN, ready_after=0.5)
        assert updated_entry(RUN, Ready(1, 0.5, ("http",)), 8.0, 1003.0) is RUN

    def test_of_a_run_that_lives_has_no_end(self) -> None:
        assert (RUN.has_failed, RUN.stopped_in, RUN.was_killed) == (False, None, False)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (FirstStart(), "first start"),
        (FilesChanged(BATCH), "files changed"),
        (RequestedByChild(), "requested by the command"),
        (RequestedByUser("r"), "requested by r"),
        (ChildExited(Exited(1)), "the command exited"),
        (ConfigChanged(("command",)), "config changed"),
        (ConfigRejected(), "config rejected"),
    ],
)
def test_each_reason_has_its_words(reason: Reason, words: str) -> None:
    assert describe_reason(reason) == words


def test_a_first_run_is_a_first_start_even_if_other_settings_failed() -> None:
    assert reason_without_new_settings(1) == FirstStart()
    assert reason_without_new_settings(2) == ConfigRejected()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Exited(3), "exited with code 3"),
        (Signalled(15), "ended by signal 15"),
        (NotLaunched(127, "not found"), "could not be started (not found)"),
    ],
)
def test_each_outcome_has_its_words(outcome: Outcome, words: str) -> None:
    assert describe_outcome(outcome) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Idle(), "starting"),
        (Running(2, 5.0), "running"),
        (stopping(Restart(None, batch_is_open=True)), "stopping"),
        (WaitingForQuiet(2, RestartHistory()), "waiting for quiet"),
        (WaitingForChange(2, RestartHistory()), "waiting"),
        (COOLING, "backing off"),
        (Finished(0), "finished"),
    ],
)
def test_each_state_has_its_words(state: State, words: str) -> None:
    assert describe_state(state) == words


def test_a_rejected_first_start_is_waiting() -> None:
    assert describe_state(Idle(1), is_rejected=True) == "waiting"
    assert describe_state(Running(1, 5.0), is_rejected=True) == "running"


class TestAWaitForThePresent:
    WAIT = Wait(None, 100.0)

    @pytest.mark.parametrize(
        "state", [Running(2, 5.0), WaitingForChange(2, RestartHistory()), COOLING, stopping(ApplyExitPolicy(Exited(1)))]
    )
    def test_is_for_the_newest_run_if_nothing_is_pending(self, state: State) -> None:
        assert with_min_run(self.WAIT, state, is_pending=False).min_run == 2

    @pytest.mark.parametrize(
        "state",
        [
            Idle(),
            WaitingForQuiet(2, RestartHistory()),
            BackingOff(2, RestartHistory(), 9.0, FilesChanged(ChangeBatch())),
            stopping(Restart(None, batch_is_open=True)),
            Finished(0),
        ],
    )
    def test_is_not_for_a_run_that_another_is_about_to_follow(self, state: State) -> None:
        assert with_min_run(self.WAIT, state, is_pending=False).min_run is None

    def test_is_not_for_a_run_that_may_lack_a_change(self) -> None:
        assert with_min_run(self.WAIT, Running(2, 5.0), is_pending=True).min_run is None

    def test_stays_for_the_run_that_it_was_for(self) -> None:
        assert with_min_run(Wait(1, 100.0), Running(2, 5.0), is_pending=False).min_run == 1


class TestAWait:
    WAIT = Wait(2, 100.0)

    def test_is_over_when_the_run_is_ready(self) -> None:
        over = result_of_wait(self.WAIT, Running(2, 5.0), replace(RUN, ready_after=0.5), 6.0)
        assert over == WaitResult("ready", 2, 0.5, None, "", "")

    def test_is_over_with_a_failure_when_a_run_that_was_ready_has_ended_by_itself(self) -> None:
        entry = replace(RUN, ready_after=1.0, ended=ended(Exited(1)), trace="Traceback")
        over = result_of_wait(self.WAIT, WaitingForChange(2, RestartHistory()), entry, 8.0)
        assert over == WaitResult("failed", 2, 3.0, 1, "exited with code 1", "Traceback")

    def test_is_over_when_the_run_has_failed(self) -> None:
        entry = replace(RUN, ended=ended(Exited(1)), trace="ZeroDivisionError")
        over = result_of_wait(self.WAIT, WaitingForChange(2, RestartHistory()), entry, 9.0)
        assert over == WaitResult("failed", 2, 3.0, 1, "exited with code 1", "ZeroDivisionError")

    @pytest.mark.parametrize("wait", [Wait(3, 100.0), Wait(None, 100.0)])
    def test_is_over_when_its_changes_are_rejected(self, wait: Wait) -> None:
        over = result_of_wait(wait, Running(2, 5.0), RUN, 6.0, Rejection("app.py does not compile", "SyntaxError"))
        assert over == WaitResult("failed", 2, None, None, "app.py does not compile", "SyntaxError", is_running=True)

    def test_is_over_when_its_changes_are_rejected_and_no_run_is_left(self) -> None:
        state = WaitingForChange(2, RestartHistory())
        over = result_of_wait(Wait(3, 100.0), state, RUN, 6.0, Rejection("app.py does not compile"))
        assert over == WaitResult("failed", 2, None, None, "app.py does not compile", "", is_running=False)

    def test_for_a_run_that_has_started_ignores_later_rejections(self) -> None:
        assert result_of_wait(Wait(2, 100.0), Running(2, 5.0), RUN, 6.0, Rejection("it does not compile")) is None

    def test_succeeds_when_the_run_ends_with_code_0(self) -> None:
        over = result_of_wait(self.WAIT, Finished(0), replace(RUN, ended=ended(Exited(0))), 9.0)
        assert over is not None
        assert over.verdict == "finished"

    @pytest.mark.parametrize(
        ("state", "entry"),
        [
            (Running(2, 5.0), None),
            (Running(2, 5.0), RUN),
            (Running(1, 5.0), replace(RUN, run=1, ready_after=0.5)),
            (stopping(Restart(None, batch_is_open=True)), RUN),
            (WaitingForQuiet(2, RestartHistory()), replace(RUN, ended=ended(Signalled(15), stopped=True))),
            (BackingOff(2, RestartHistory(), 9.0, RequestedByChild()), replace(RUN, ended=ended(Exited(3)))),
            (BackingOff(2, RestartHistory(), 9.0, FilesChanged(ChangeBatch())), replace(RUN, ended=ended(Exited(3)))),
            (Running(3, 5.0), replace(RUN, ended=ended(Exited(3)))),
        ],
    )
    def test_continues_while_the_run_is_undecided(self, state: State, entry: JournalEntry | None) -> None:
        assert result_of_wait(self.WAIT, state, entry, 9.0) is None

    def test_without_a_run_continues(self) -> None:
        assert result_of_wait(Wait(None, 100.0), Running(2, 5.0), replace(RUN, ready_after=0.5), 9.0) is None

    def test_ends_at_its_deadline(self) -> None:
        assert result_of_wait(self.WAIT, Running(2, 5.0), None, 100.0) == WaitResult("timed out", 0, None, None, "", "")

    def test_names_at_its_deadline_the_run_that_is_not_ready(self) -> None:
        over = result_of_wait(self.WAIT, Running(2, 5.0), RUN, 100.0)
        assert over == WaitResult("timed out", 2, 95.0, None, "", "")

    @pytest.mark.parametrize("wait", [Wait(3, 100.0), Wait(None, 100.0)])
    def test_names_at_its_deadline_no_older_run(self, wait: Wait) -> None:
        assert result_of_wait(wait, Running(2, 5.0), RUN, 100.0) == WaitResult("timed out", 2, None, None, "", "")

    @pytest.mark.parametrize(("held_back", "changes"), [(1, "1 change"), (2, "2 changes")])
    def test_names_at_its_deadline_what_a_pause_holds_back(self, held_back: int, changes: str) -> None:
        over = result_of_wait(Wait(None, 100.0), Running(2, 5.0), RUN, 100.0, held_back=held_back)
        why = f"the session is paused and holds back {changes}"
        assert over == WaitResult("timed out", 2, None, None, why, "")

    def test_ends_with_the_session(self) -> None:
        over = result_of_wait(self.WAIT, Finished(143), RUN, 9.0)
        assert over == WaitResult("failed", 2, None, 143, "the session has ended", "")
