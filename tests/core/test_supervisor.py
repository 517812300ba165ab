"""Each transition of the supervisor, and each exit policy, with the time in numbers that can be checked by hand."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.choices import OnExit
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Begin,
    ChildInterrupted,
    DeadlineReached,
    Event,
    FirstStartBlocked,
    LaunchDelayed,
    LeaderExited,
    RestartRequested,
    RunEnded,
    SettingsChanged,
    StopRequested,
)
from reloader.core.notices import (
    BackingOffNotice,
    Changed,
    Ended,
    Killed,
    KillFailed,
    Notice,
    OrphansFound,
    Postponed,
    RestartCodeIgnored,
    StoppingNotice,
    WaitingForChangeNotice,
)
from reloader.core.outcome import Exited, NotLaunched, Outcome, Signalled, StopStep, StopStepKind
from reloader.core.settings import BackOffPolicy, RestartPolicy, StopPolicy
from reloader.core.states import (
    ApplyExitPolicy,
    BackingOff,
    ChildExited,
    ConfigChanged,
    Exit,
    FilesChanged,
    Finished,
    FirstStart,
    Idle,
    RequestedByChild,
    RequestedByUser,
    Restart,
    RestartHistory,
    Running,
    State,
    Stopping,
    WaitingForChange,
    WaitingForQuiet,
    next_run,
)
from reloader.core.supervisor import (
    MAX_EARLY_RESTARTS,
    Action,
    Finish,
    Kill,
    Launch,
    Report,
    SendStopSignal,
    next_deadline,
    transition,
)

INTERRUPT = int(signal.SIGINT)
TERMINATE = int(signal.SIGTERM)

POLICY = RestartPolicy(stop=StopPolicy(signal=TERMINATE, timeout=5.0), back_off=BackOffPolicy(0.5, 8.0, healthy=10.0))
SERVED = RestartHistory(has_handled_change=True)


def batch(*paths: str) -> ChangeBatch:
    return ChangeBatch.of(PathChange(path, ChangeKind.MODIFIED) for path in paths or ("a.py",))


def stopping(goal: Restart | Exit | ApplyExitPolicy, *, asked_at: float = 20.0, killed: bool = False) -> Stopping:
    return Stopping(
        1,
        10.0,
        RestartHistory(),
        goal,
        asked_at,
        asked_at + 5.0,
        killed,
        leader_exited=isinstance(goal, ApplyExitPolicy),
    )


def policy(on_exit: OnExit, restart_code: int | None = 3) -> RestartPolicy:
    return RestartPolicy(on_exit, restart_code, POLICY.stop, POLICY.back_off)


def notices(actions: tuple[Action, ...]) -> list[Notice]:
    return [action.notice for action in actions if isinstance(action, Report)]


def deeds(actions: tuple[Action, ...]) -> list[Action]:
    return [action for action in actions if not isinstance(action, Report)]


RUNNING = Running(1, 10.0)
RELAUNCH = stopping(Restart(FilesChanged(batch()), batch_is_open=False))
COOLING_DOWN = BackingOff(4, RestartHistory(failures=2), until=30.0, reason=RequestedByChild())
HELD = BackingOff(4, SERVED, until=21.5, reason=FilesChanged(batch()))


@pytest.mark.parametrize(
    ("state", "event", "after", "expected"),
    [
        pytest.param(Idle(), Begin(), Running(1, 20.0), [Launch(1, FirstStart())], id="the first run"),
        pytest.param(Idle(), StopRequested(15), Finished(143), [Finish(143)], id="stopped before the first run"),
        pytest.param(Idle(), BatchClosed(batch()), Idle(), [], id="a change before the first run is in its baseline"),
        pytest.param(
            RUNNING,
            BatchOpened(),
            stopping(Restart(None, batch_is_open=True)),
            [SendStopSignal(1)],
            id="a change that goes on stops the old run already",
        ),
        pytest.param(RUNNING, BatchClosed(batch()), RELAUNCH, [SendStopSignal(1)], id="a change"),
        pytest.param(
            RUNNING,
            RestartRequested("r"),
            stopping(Restart(RequestedByUser("r"), batch_is_open=False)),
            [SendStopSignal(1)],
            id="a restart by hand",
        ),
        pytest.param(
            RUNNING,
            SettingsChanged(("command",)),
            stopping(Restart(ConfigChanged(("command",)), batch_is_open=False)),
            [SendStopSignal(1)],
            id="another plan",
        ),
        pytest.param(
            stopping(Restart(None, batch_is_open=True)),
            SettingsChanged(("command",)),
            stopping(Restart(ConfigChanged(("command",)), batch_is_open=True)),
            [],
            id="another plan joins a restart that waits for the disk",
        ),
        pytest.param(RELAUNCH, SettingsChanged(("command",)), RELAUNCH, [], id="or one that is due to a change"),
        pytest.param(
            stopping(Exit(15, 20.0)),
            SettingsChanged(()),
            stopping(Exit(15, 20.0)),
            [],
            id="other settings do not prevent the end",
        ),
        pytest.param(
            WaitingForChange(3, RestartHistory()),
            SettingsChanged(("command",)),
            Running(4, 20.0, SERVED),
            [Launch(4, ConfigChanged(("command",)))],
            id="another plan ends the wait",
        ),
        pytest.param(
            COOLING_DOWN,
            SettingsChanged(("command",)),
            Running(5, 20.0, SERVED),
            [Launch(5, ConfigChanged(("command",)))],
            id="and the back-off",
        ),
        pytest.param(
            WaitingForQuiet(3, RestartHistory()),
            SettingsChanged(()),
            WaitingForQuiet(3, RestartHistory()),
            [],
            id="what is about to start is from it",
        ),
        pytest.param(
            Idle(4, ConfigChanged(("watch",)), SERVED),
            Begin(),
            Running(5, 20.0, SERVED),
            [Launch(5, ConfigChanged(("watch",)))],
            id="what follows an exchange goes on counting",
        ),
        pytest.param(
            RUNNING, StopRequested(15), stopping(Exit(15, 20.0)), [SendStopSignal(1)], id="SIGTERM: the stop signal"
        ),
        pytest.param(
            RUNNING, StopRequested(1), stopping(Exit(1, 20.0)), [SendStopSignal(1)], id="SIGHUP: the stop signal too"
        ),
        pytest.param(
            RUNNING,
            StopRequested(2),
            stopping(Exit(2, 20.0)),
            [SendStopSignal(1, 2)],
            id="Ctrl-C is handed on as it is",
        ),
        pytest.param(
            RUNNING,
            LeaderExited(1, Exited(0)),
            stopping(ApplyExitPolicy(Exited(0))),
            [SendStopSignal(1)],
            id="what the program left running is stopped",
        ),
        pytest.param(RUNNING, LeaderExited(7, Exited(0)), RUNNING, [], id="an event of another leader"),
        pytest.param(RUNNING, RunEnded(7, Exited(0)), RUNNING, [], id="an event of another run"),
        pytest.param(RUNNING, Begin(), RUNNING, [], id="it begins only once"),
        pytest.param(RUNNING, DeadlineReached(), RUNNING, [], id="a running child has no deadline"),
        pytest.param(
            RELAUNCH,
            BatchOpened(),
            stopping(Restart(FilesChanged(batch()), batch_is_open=True)),
            [],
            id="more changes while it stops",
        ),
        pytest.param(
            stopping(Restart(FilesChanged(batch("a.py")), batch_is_open=True)),
            BatchClosed(batch("b.py")),
            stopping(Restart(FilesChanged(batch("a.py", "b.py")), batch_is_open=False)),
            [],
            id="they join the same restart",
        ),
        pytest.param(
            stopping(Restart(RequestedByUser("r"), batch_is_open=False)),
            BatchClosed(batch()),
            RELAUNCH,
            [],
            id="a change says more than a restart by hand",
        ),
        pytest.param(RELAUNCH, RestartRequested("r"), RELAUNCH, [], id="a restart by hand adds nothing to a change"),
        pytest.param(
            stopping(Restart(None, batch_is_open=True)),
            RestartRequested("r"),
            stopping(Restart(RequestedByUser("r"), batch_is_open=True)),
            [],
            id="nor does it close a batch",
        ),
        pytest.param(
            stopping(ApplyExitPolicy(Exited(1))),
            BatchClosed(batch()),
            replace(RELAUNCH, leader_exited=True),
            [],
            id="a change overrides the exit policy",
        ),
        pytest.param(
            RUNNING,
            RunEnded(1, Exited(1), batch_is_open=True),
            WaitingForQuiet(1, RestartHistory()),
            [],
            id="an end while changes are on their way waits for them",
        ),
        pytest.param(
            stopping(ApplyExitPolicy(Exited(130, was_foreground=True))),
            BatchClosed(batch()),
            stopping(ApplyExitPolicy(Exited(130, was_foreground=True))),
            [],
            id="a change does not undo a Ctrl-C that only the child received",
        ),
        pytest.param(
            RELAUNCH, StopRequested(15), stopping(Exit(15, 20.0)), [], id="who wants to stop wants no restart"
        ),
        pytest.param(stopping(Exit(2, 20.0)), BatchClosed(batch()), stopping(Exit(2, 20.0)), [], id="nor later"),
        pytest.param(stopping(Exit(2, 20.0)), RestartRequested("r"), stopping(Exit(2, 20.0)), [], id="nor by hand"),
        pytest.param(RELAUNCH, RunEnded(7, Exited(0)), RELAUNCH, [], id="the end of another run"),
        pytest.param(RELAUNCH, LeaderExited(1, Exited(0)), RELAUNCH, [], id="the end of the leader is not the end"),
        pytest.param(RELAUNCH, DeadlineReached(), RELAUNCH, [], id="a deadline that has not come"),
        pytest.param(
            RELAUNCH,
            RunEnded(1, Signalled(15)),
            Running(2, 20.0, SERVED),
            [Launch(2, FilesChanged(batch()))],
            id="the next run, when all of the last one is gone",
        ),
        pytest.param(
            stopping(Restart(FilesChanged(batch("a.py")), batch_is_open=True)),
            RunEnded(1, Signalled(15)),
            WaitingForQuiet(1, RestartHistory(), batch("a.py")),
            [],
            id="not while files are still written",
        ),
        pytest.param(
            stopping(Restart(None, batch_is_open=True)),
            RunEnded(1, NotLaunched(127, "gone")),
            WaitingForQuiet(1, RestartHistory()),
            [],
            id="a run that never was ends like any other",
        ),
        pytest.param(
            WaitingForQuiet(1, RestartHistory(), batch("a.py")),
            BatchClosed(batch("b.py")),
            Running(2, 20.0, SERVED),
            [Launch(2, FilesChanged(batch("a.py", "b.py")))],
            id="the disk is quiet, and nothing that changed is forgotten",
        ),
        pytest.param(
            WaitingForQuiet(1, SERVED),
            RestartRequested("r"),
            WaitingForQuiet(1, SERVED),
            [],
            id="by hand it gets no quieter",
        ),
        pytest.param(
            WaitingForQuiet(1, SERVED), BatchOpened(), WaitingForQuiet(1, SERVED), [], id="it is open already"
        ),
        pytest.param(
            WaitingForQuiet(1, SERVED),
            StopRequested(2),
            Finished(130),
            [Finish(130)],
            id="stopped while files are written",
        ),
        pytest.param(
            WaitingForChange(1, SERVED),
            BatchClosed(batch()),
            Running(2, 20.0, SERVED),
            [Launch(2, FilesChanged(batch()))],
            id="a change ends the waiting",
        ),
        pytest.param(
            WaitingForChange(1, SERVED), BatchOpened(), WaitingForQuiet(1, SERVED), [], id="a change that goes on will"
        ),
        pytest.param(
            WaitingForChange(1, RestartHistory(failures=3)),
            RestartRequested("r"),
            Running(2, 20.0, RestartHistory()),
            [Launch(2, RequestedByUser("r"))],
            id="a restart by hand ends the waiting",
        ),
        pytest.param(
            WaitingForChange(1, SERVED), StopRequested(15), Finished(143), [Finish(143)], id="stopped while it waits"
        ),
        pytest.param(
            WaitingForChange(1, SERVED), DeadlineReached(), WaitingForChange(1, SERVED), [], id="it waits for ever"
        ),
        pytest.param(
            WaitingForChange(1, SERVED),
            RunEnded(1, Exited(0)),
            WaitingForChange(1, SERVED),
            [],
            id="the dead do not die again",
        ),
        pytest.param(COOLING_DOWN, DeadlineReached(), COOLING_DOWN, [], id="the back-off is not over"),
        pytest.param(
            COOLING_DOWN,
            BatchOpened(),
            WaitingForQuiet(4, RestartHistory(failures=2)),
            [],
            id="a change ends the back-off",
        ),
        pytest.param(
            COOLING_DOWN,
            BatchClosed(batch()),
            Running(5, 20.0, SERVED),
            [Launch(5, FilesChanged(batch()))],
            id="and wipes out the failures",
        ),
        pytest.param(
            COOLING_DOWN,
            RestartRequested("r"),
            Running(5, 20.0, RestartHistory()),
            [Launch(5, RequestedByUser("r"))],
            id="so does a restart by hand",
        ),
        pytest.param(COOLING_DOWN, StopRequested(2), Finished(130), [Finish(130)], id="stopped in the back-off"),
        pytest.param(
            Running(5, 19.0, SERVED),
            LaunchDelayed(5, 1.5, FilesChanged(batch())),
            HELD,
            [],
            id="a launch that is delayed backs off, and nothing runs",
        ),
        pytest.param(RUNNING, LaunchDelayed(5, 1.5, FilesChanged(batch())), RUNNING, [], id="a hold of another launch"),
        pytest.param(
            HELD,
            BatchOpened(),
            WaitingForQuiet(4, SERVED, batch()),
            [],
            id="a change that goes on keeps what it waited with",
        ),
        pytest.param(
            HELD,
            BatchClosed(batch("b.py")),
            Running(5, 20.0, SERVED),
            [Launch(5, FilesChanged(batch("a.py", "b.py")))],
            id="a change ends the wait, and joins what it waited with",
        ),
        pytest.param(
            HELD,
            RestartRequested("r"),
            Running(5, 20.0, SERVED),
            [Launch(5, FilesChanged(batch()))],
            id="a restart by hand ends the wait, and what changed is still its reason",
        ),
        pytest.param(
            HELD,
            SettingsChanged(("command",)),
            Running(5, 20.0, SERVED),
            [Launch(5, FilesChanged(batch()))],
            id="so does another plan",
        ),
        pytest.param(Finished(4), Begin(), Finished(4), [], id="after the end nothing begins"),
        pytest.param(Finished(4), StopRequested(2), Finished(4), [], id="after the end nothing ends"),
    ],
)
def test_transition_at_second_20(state, event, after, expected):
    got, actions = transition(state, event, 20.0, POLICY)
    assert got == after
    assert deeds(actions) == expected


# Reports


@pytest.mark.parametrize(
    ("state", "event", "expected"),
    [
        (RUNNING, BatchClosed(batch()), [Changed(batch()), StoppingNotice(1, 5.0)]),
        (RUNNING, BatchOpened(), [StoppingNotice(1, 5.0)]),
        (RUNNING, LeaderExited(1, Exited(1)), [OrphansFound(1, Exited(1)), StoppingNotice(1, 5.0)]),
        (RELAUNCH, BatchClosed(batch("b.py")), [Changed(batch("b.py"))]),
        (RELAUNCH, RunEnded(1, Signalled(15)), [Ended(1, Signalled(15), 10.0, stopped=True)]),
        (
            replace(stopping(Exit(15, 20.0)), leader_exited=True),
            RunEnded(1, Exited(1)),
            [Ended(1, Exited(1), 10.0, stopped=False)],
        ),
        (RUNNING, RunEnded(1, Exited(1), batch_is_open=True), [Ended(1, Exited(1), 10.0, stopped=False)]),
        (WaitingForQuiet(1, SERVED, batch("a.py")), BatchClosed(batch("b.py")), [Changed(batch("b.py"))]),
        (WaitingForChange(1, SERVED), BatchClosed(batch()), [Changed(batch())]),
        (COOLING_DOWN, BatchClosed(batch()), [Changed(batch())]),
    ],
)
def test_each_notice_is_reported_once(state, event, expected):
    assert notices(transition(state, event, 20.0, POLICY)[1]) == expected


def test_the_exit_policy_applies_when_the_orphans_have_exited():
    after, actions = transition(
        stopping(ApplyExitPolicy(Exited(1))), RunEnded(1, Signalled(15)), 21.0, policy(OnExit.WAIT)
    )
    assert after == WaitingForChange(1, RestartHistory())
    assert notices(actions) == [Ended(1, Signalled(15), 11.0, stopped=False), WaitingForChangeNotice(Exited(1))]


# Deadlines and force


def test_only_a_stop_and_a_back_off_have_deadlines():
    assert next_deadline(RELAUNCH) == 25.0
    assert next_deadline(COOLING_DOWN) == 30.0
    for state in (Idle(), RUNNING, WaitingForQuiet(1, SERVED), WaitingForChange(1, SERVED), Finished(0)):
        assert next_deadline(state) is None


def test_a_run_is_killed_after_the_timeout_and_every_second_but_reported_once():
    killed, actions = transition(RELAUNCH, DeadlineReached(), 25.0, POLICY)
    assert actions == (Kill(1), Report(Killed(1, 5.0)))
    assert next_deadline(killed) == 26.0
    again, actions = transition(killed, DeadlineReached(), 26.5, POLICY)
    assert actions == (Kill(1),)
    assert next_deadline(again) == 27.5


def test_a_killed_run_is_launched_again():
    killed, _ = transition(RELAUNCH, DeadlineReached(), 25.0, POLICY)
    after, actions = transition(killed, RunEnded(1, Signalled(9)), 25.1, POLICY)
    assert after == Running(2, 25.1, SERVED)
    assert deeds(actions) == [Launch(2, FilesChanged(batch()))]


def test_a_second_ctrl_c_kills_at_once():
    after, actions = transition(stopping(Exit(2, 20.0)), StopRequested(2), 20.5, POLICY)
    assert deeds(actions) == [Kill(1)]
    assert next_deadline(after) == 21.5


def test_a_third_ctrl_c_kills_again():
    killed, _ = transition(stopping(Exit(2, 20.0)), StopRequested(2), 20.5, POLICY)
    _, actions = transition(killed, StopRequested(2), 20.6, POLICY)
    assert actions == (Kill(1),)


def test_one_ctrl_c_that_is_received_twice_is_one():
    asked = stopping(Exit(2, 20.0))
    assert transition(asked, StopRequested(2), 20.29, POLICY) == (asked, ())


class TestARunThatNoForceEnds:
    def killed_at_each_deadline(self, state: State, *, until: float) -> State:
        """The state at ``until``, after every deadline up to then."""
        while (deadline := next_deadline(state)) is not None and deadline < until:
            state, actions = transition(state, DeadlineReached(), deadline, POLICY)
            assert deeds(actions) == [Kill(1)]
        return state

    def test_delays_the_end_of_the_session_by_ten_seconds(self):
        state = self.killed_at_each_deadline(stopping(Exit(15, 20.0)), until=35.0)
        state, actions = transition(state, DeadlineReached(), 35.0, POLICY)
        assert state == Finished(137)
        assert notices(actions) == [KillFailed(1, 10.0)]

    def test_must_exit_before_the_next_run_is_launched(self):
        state = self.killed_at_each_deadline(RELAUNCH, until=500.0)
        assert isinstance(state, Stopping)


class TestACtrlCThatTheRunHasHeardItself:
    ONCE = Running(1, 10.0, interrupted_at=20.0)

    def test_is_left_to_the_run(self):
        assert transition(RUNNING, ChildInterrupted(1), 20.0, POLICY) == (self.ONCE, ())

    def test_kills_as_the_second_within_the_stop_timeout(self):
        after, actions = transition(self.ONCE, ChildInterrupted(1), 24.5, POLICY)
        assert deeds(actions) == [Kill(1)]
        assert notices(actions) == [Killed(1, 4.5)]
        after, actions = transition(after, RunEnded(1, Signalled(9)), 25.0, POLICY)
        assert after == Finished(137)

    def test_is_the_first_again_after_the_stop_timeout(self):
        assert transition(self.ONCE, ChildInterrupted(1), 25.1, POLICY) == (Running(1, 10.0, interrupted_at=25.1), ())

    def test_is_the_same_one_if_it_comes_at_once(self):
        assert transition(self.ONCE, ChildInterrupted(1), 20.29, POLICY) == (self.ONCE, ())

    def test_turns_a_restart_into_an_exit_and_kills_as_the_second(self):
        after, actions = transition(RELAUNCH, ChildInterrupted(1), 21.0, POLICY)
        assert (after, actions) == (replace(RELAUNCH, goal=Exit(2, 21.0)), ())
        _, actions = transition(after, ChildInterrupted(1), 21.5, POLICY)
        assert deeds(actions) == [Kill(1)]

    @pytest.mark.parametrize("state", [RUNNING, RELAUNCH, COOLING_DOWN, Idle()])
    def test_of_another_run_is_ignored(self, state):
        assert transition(state, ChildInterrupted(9), 21.0, POLICY) == (state, ())


def test_the_steps_of_a_stop_are_reported():
    steps = (StopStep(StopStepKind.ASKED, 0.0), StopStep(StopStepKind.GONE, 0.5))
    _, actions = transition(RELAUNCH, RunEnded(1, Signalled(15), steps), 20.5, POLICY)
    assert Ended(1, Signalled(15), 10.5, stopped=True, steps=steps) in notices(actions)


def test_the_first_ctrl_c_during_a_restart_does_not_kill():
    after, actions = transition(RELAUNCH, StopRequested(2), 24.0, POLICY)
    assert actions == ()
    assert next_deadline(after) == 25.0


@pytest.mark.parametrize(
    ("signal", "killed", "exit_code"),
    [(INTERRUPT, False, 130), (TERMINATE, False, 143), (1, False, 129), (INTERRUPT, True, 137), (TERMINATE, True, 137)],
)
def test_the_exit_code_says_which_signal_ended_the_session(signal, killed, exit_code):
    after, actions = transition(stopping(Exit(signal, 20.0), killed=killed), RunEnded(1, Exited(0)), 21.0, POLICY)
    assert after == Finished(exit_code)
    assert deeds(actions) == [Finish(exit_code)]


# What follows when the child ends by itself

CLEAN, FAILED, KILLED, ABSENT = Exited(0), Exited(1), Signalled(11), NotLaunched(127, "not found")


@pytest.mark.parametrize(
    ("on_exit", "history", "outcome", "expected"),
    [
        (OnExit.AUTO, RestartHistory(), CLEAN, Finished(0)),
        (OnExit.AUTO, RestartHistory(), FAILED, Finished(1)),
        (OnExit.AUTO, RestartHistory(), KILLED, Finished(139)),
        (OnExit.AUTO, RestartHistory(), ABSENT, Finished(127)),
        (OnExit.AUTO, SERVED, CLEAN, Finished(0)),
        (OnExit.AUTO, SERVED, FAILED, WaitingForChange(1, SERVED)),
        (OnExit.AUTO, SERVED, KILLED, WaitingForChange(1, SERVED)),
        (OnExit.AUTO, SERVED, ABSENT, WaitingForChange(1, SERVED)),
        (OnExit.EXIT, SERVED, CLEAN, Finished(0)),
        (OnExit.EXIT, SERVED, FAILED, Finished(1)),
        (OnExit.EXIT, SERVED, KILLED, Finished(139)),
        (OnExit.WAIT, RestartHistory(), CLEAN, WaitingForChange(1, RestartHistory())),
        (OnExit.WAIT, RestartHistory(), FAILED, WaitingForChange(1, RestartHistory())),
        (OnExit.WAIT, RestartHistory(), ABSENT, WaitingForChange(1, RestartHistory())),
        (OnExit.RESTART, SERVED, CLEAN, BackingOff(1, RestartHistory(0, 1, True), 20.5, ChildExited(CLEAN))),
        (OnExit.RESTART, SERVED, FAILED, BackingOff(1, RestartHistory(0, 1, True), 20.5, ChildExited(FAILED))),
        (OnExit.RESTART, RestartHistory(), ABSENT, BackingOff(1, RestartHistory(0, 1), 20.5, ChildExited(ABSENT))),
    ],
)
def test_a_child_that_ends_after_ten_seconds(on_exit, history, outcome, expected):
    after, actions = transition(Running(1, 10.0, history), RunEnded(1, outcome), 20.0, policy(on_exit))
    assert after == expected
    assert deeds(actions) == ([Finish(expected.exit_code)] if isinstance(expected, Finished) else [])
    assert notices(actions)[0] == Ended(1, outcome, 10.0, stopped=False)


@pytest.mark.parametrize("on_exit", list(OnExit))
@pytest.mark.parametrize("outcome", [Exited(130, was_foreground=True), Signalled(INTERRUPT, was_foreground=True)])
def test_a_ctrl_c_that_only_the_child_received_ends_the_session_under_any_policy(on_exit, outcome):
    after, actions = transition(Running(1, 10.0, SERVED), RunEnded(1, outcome), 20.0, policy(on_exit))
    assert after == Finished(130)
    assert deeds(actions) == [Finish(130)]


@pytest.mark.parametrize("outcome", [Exited(130), Signalled(INTERRUPT), Exited(1, was_foreground=True)])
def test_any_other_end_is_left_to_the_policy(outcome):
    after, _ = transition(Running(1, 10.0, SERVED), RunEnded(1, outcome), 20.0, policy(OnExit.WAIT))
    assert after == WaitingForChange(1, SERVED)


def test_a_requested_stop_is_not_a_ctrl_c_even_if_it_looks_like_one():
    after, _ = transition(RELAUNCH, RunEnded(1, Exited(130, was_foreground=True)), 21.0, POLICY)
    assert after == Running(2, 21.0, SERVED)


# Back-off


def lives_and_deaths(outcome: Outcome, lifetimes: list[float], rule: RestartPolicy) -> list[State]:
    """The states that follow on runs of these lengths, each launched when the pause before it is over."""
    now, state, seen = 0.0, transition(Idle(), Begin(), 0.0, rule)[0], []
    for lifetime in lifetimes:
        assert isinstance(state, Running)
        now += lifetime
        state, _ = transition(state, RunEnded(state.run, outcome), now, rule)
        seen.append(state)
        if isinstance(state, BackingOff):
            now = state.until
            state, _ = transition(state, DeadlineReached(), now, rule)
    return seen


def pauses(states: list[State], lifetimes: list[float]) -> list[float]:
    now, found = 0.0, []
    for state, lifetime in zip(states, lifetimes, strict=True):
        assert isinstance(state, BackingOff)
        found.append(state.until - now - lifetime)
        now = state.until
    return found


def test_the_back_off_doubles_up_to_its_ceiling():
    lifetimes = [1.0] * 7
    states = lives_and_deaths(FAILED, lifetimes, policy(OnExit.RESTART))
    assert pauses(states, lifetimes) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_healthy_run_resets_the_failures():
    lifetimes = [1.0, 1.0, 10.0, 1.0]
    states = lives_and_deaths(FAILED, lifetimes, policy(OnExit.RESTART))
    assert pauses(states, lifetimes) == [0.5, 1.0, 0.5, 1.0]


def test_a_back_off_is_reported_and_passes_on_its_reason():
    cooling, actions = transition(Running(2, 10.0), RunEnded(2, FAILED), 12.0, policy(OnExit.RESTART))
    assert notices(actions)[1:] == [BackingOffNotice(0.5, 1, FAILED)]
    after, actions = transition(cooling, DeadlineReached(), 12.5, POLICY)
    assert after == Running(3, 12.5, RestartHistory(failures=1))
    assert actions == (Launch(3, ChildExited(FAILED)),)


# The restart code


@pytest.mark.parametrize("on_exit", list(OnExit))
def test_a_restart_code_restarts_at_once_under_any_policy(on_exit):
    after, actions = transition(Running(1, 10.0, SERVED), RunEnded(1, Exited(3)), 11.0, policy(on_exit))
    assert after == Running(2, 11.0, SERVED)
    assert deeds(actions) == [Launch(2, RequestedByChild())]


def test_another_code_may_ask_for_a_restart():
    after, _ = transition(Running(1, 10.0), RunEnded(1, Exited(75)), 20.0, policy(OnExit.AUTO, restart_code=75))
    assert after == Running(2, 20.0)
    after, _ = transition(Running(1, 10.0), RunEnded(1, Exited(3)), 20.0, policy(OnExit.AUTO, restart_code=75))
    assert after == Finished(3)


def test_without_a_restart_code_three_is_an_exit_code_like_any_other():
    after, _ = transition(Running(1, 10.0), RunEnded(1, Exited(3)), 20.0, policy(OnExit.AUTO, restart_code=None))
    assert after == Finished(3)


def test_a_restart_code_right_after_the_start_backs_off():
    after, actions = transition(Running(1, 10.0), RunEnded(1, Exited(3)), 10.9, POLICY)
    assert after == BackingOff(1, RestartHistory(early_restarts=1), 11.4, RequestedByChild())
    assert notices(actions)[1:] == [BackingOffNotice(0.5, 1, Exited(3))]


def test_a_restart_code_is_early_by_the_uptime_of_the_leader_not_of_its_orphans():
    orphaned = Stopping(1, 10.0, RestartHistory(), ApplyExitPolicy(Exited(3)), asked_at=10.5, kill_at=15.5)
    after, _ = transition(orphaned, RunEnded(1, Signalled(9)), 15.6, POLICY)
    assert after == BackingOff(1, RestartHistory(early_restarts=1), 16.1, RequestedByChild())


@pytest.mark.parametrize(
    ("on_exit", "last"),
    [
        (OnExit.AUTO, Finished(3)),
        (OnExit.EXIT, Finished(3)),
        (OnExit.WAIT, WaitingForChange(5, RestartHistory())),
        (OnExit.RESTART, BackingOff(5, RestartHistory(failures=1), 10.5, ChildExited(Exited(3)))),
    ],
)
def test_five_early_restart_codes_in_a_row_are_a_failed_start(on_exit, last):
    rule = policy(on_exit)
    states = lives_and_deaths(Exited(3), [0.5] * MAX_EARLY_RESTARTS, rule)
    assert pauses(states[:4], [0.5] * 4) == [0.5, 1.0, 2.0, 4.0]
    assert states[4] == last


def test_a_failed_start_is_reported_as_such():
    last_try = Running(5, 10.0, RestartHistory(early_restarts=4, has_handled_change=True))
    _, actions = transition(last_try, RunEnded(5, Exited(3)), 10.5, POLICY)
    assert notices(actions)[1:] == [RestartCodeIgnored(3, 5), WaitingForChangeNotice(Exited(3))]


@pytest.mark.parametrize("event", [BatchClosed(batch()), RestartRequested("r")])
def test_a_change_or_a_restart_by_the_user_resets_the_early_restart_codes(event: Event):
    cooling = BackingOff(4, RestartHistory(early_restarts=4), until=30.0, reason=RequestedByChild())
    running, _ = transition(cooling, event, 20.0, POLICY)
    assert isinstance(running, Running)
    assert running.history.early_restarts == 0


def test_a_late_restart_code_or_another_end_resets_the_early_ones():
    tried = RestartHistory(early_restarts=4, has_handled_change=True)
    after, _ = transition(Running(5, 10.0, tried), RunEnded(5, Exited(3)), 11.5, POLICY)
    assert after == Running(6, 11.5, SERVED)
    after, _ = transition(Running(5, 10.0, tried), RunEnded(5, Exited(1)), 10.5, POLICY)
    assert after == WaitingForChange(5, SERVED)


# A session of one run, and one that waits for its first change

ONCE = replace(policy(OnExit.RESTART), once=True)


@pytest.mark.parametrize("state", [RUNNING, stopping(ApplyExitPolicy(Exited(0)))])
@pytest.mark.parametrize("event", [BatchOpened(), BatchClosed(batch()), RestartRequested("r"), SettingsChanged(())])
def test_a_session_of_one_run_ignores_what_would_restart_it(state: State, event: Event) -> None:
    assert transition(state, event, 20.0, ONCE) == (state, ())


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_session_of_one_run_ends_with_its_code(code: int) -> None:
    after, actions = transition(RUNNING, RunEnded(1, Exited(code)), 20.0, ONCE)
    assert after == Finished(code)
    assert deeds(actions) == [Finish(code)]


def test_a_session_that_has_run_is_not_postponed_again() -> None:
    begun = Idle(2, ConfigChanged(("postpone",)), SERVED)
    after, _ = transition(begun, Begin(), 20.0, replace(POLICY, postpone=True))
    assert after == Running(3, 20.0, SERVED)


def test_a_postponed_session_starts_with_its_first_change() -> None:
    waiting, actions = transition(Idle(), Begin(), 20.0, replace(POLICY, postpone=True))
    assert (waiting, actions) == (WaitingForChange(0, RestartHistory()), (Report(Postponed()),))
    running, actions = transition(waiting, BatchClosed(batch()), 30.0, replace(POLICY, postpone=True))
    assert running == Running(1, 30.0, SERVED)
    assert deeds(actions) == [Launch(1, FilesChanged(batch()))]


@pytest.mark.parametrize("strict", [ONCE, policy(OnExit.EXIT)])
def test_a_blocked_first_start_ends_a_session_that_must_not_wait(strict: RestartPolicy) -> None:
    assert transition(Idle(), FirstStartBlocked(7), 20.0, strict) == (Finished(7), (Finish(7),))
    assert transition(Idle(), FirstStartBlocked(7), 20.0, policy(OnExit.WAIT)) == (Idle(), ())


def test_the_number_of_the_next_run_grows_until_the_end():
    assert [next_run(state) for state in (Idle(), Idle(4), Running(1, 0.0), RELAUNCH, COOLING_DOWN)] == [1, 5, 2, 2, 5]
    assert next_run(Finished(0)) == 1


@pytest.mark.parametrize("on_exit", OnExit)
def test_a_blocked_start_of_other_settings_never_ends_the_session(on_exit: OnExit) -> None:
    begun = Idle(2, ConfigChanged(("before",)), SERVED)
    assert transition(begun, FirstStartBlocked(7), 20.0, policy(on_exit)) == (begun, ())
