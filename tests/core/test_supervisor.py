"""Each transition of the supervisor, and each exit policy, with the time in numbers that can be checked by hand."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from reloader.core.actions import Action, AskToStop, Finish, ForceStop, Launch, Tell
from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Begin,
    ChildEnded,
    DeadlineReached,
    Event,
    InterruptHeard,
    LaunchHeld,
    LeaderEnded,
    PlanRenewed,
    RestartAsked,
    StartRefused,
    StopAsked,
)
from reloader.core.notices import (
    BackingOff,
    Changed,
    Ended,
    Forced,
    GivenUp,
    LeftBehind,
    Notice,
    Postponed,
    RestartCodeIgnored,
    WaitingForChange,
)
from reloader.core.notices import Stopping as StoppingNotice
from reloader.core.outcome import Exited, NotLaunched, Outcome, Signalled, StopStep, StopStepKind
from reloader.core.settings import BackOff, OnExit, RestartPolicy, StopPolicy
from reloader.core.states import (
    AskedByChild,
    AskedByHand,
    ChildWasLost,
    ConfigChanged,
    CoolingDown,
    FilesChanged,
    Finished,
    FirstStart,
    History,
    Idle,
    Judge,
    Quit,
    Relaunch,
    Running,
    Settling,
    State,
    Stopping,
    Waiting,
    next_run,
)
from reloader.core.supervisor import EARLY_LIMIT, next_deadline, step

INTERRUPT = int(signal.SIGINT)
TERMINATE = int(signal.SIGTERM)

POLICY = RestartPolicy(stop=StopPolicy(signal=TERMINATE, timeout=5.0), back_off=BackOff(0.5, 8.0, healthy=10.0))
SERVED = History(has_served_a_change=True)


def batch(*paths: str) -> ChangeBatch:
    return ChangeBatch.of(PathChange(path, ChangeKind.MODIFIED) for path in paths or ("a.py",))


def stopping(goal: Relaunch | Quit | Judge, *, asked_at: float = 20.0, forced: bool = False) -> Stopping:
    return Stopping(1, 10.0, History(), goal, asked_at, asked_at + 5.0, forced, has_ended=isinstance(goal, Judge))


def policy(on_exit: OnExit, restart_code: int | None = 3) -> RestartPolicy:
    return RestartPolicy(on_exit, restart_code, POLICY.stop, POLICY.back_off)


def notices(actions: tuple[Action, ...]) -> list[Notice]:
    return [action.notice for action in actions if isinstance(action, Tell)]


def deeds(actions: tuple[Action, ...]) -> list[Action]:
    return [action for action in actions if not isinstance(action, Tell)]


RUNNING = Running(1, 10.0)
RELAUNCH = stopping(Relaunch(FilesChanged(batch()), batch_is_open=False))
COOLING_DOWN = CoolingDown(4, History(failures=2), until=30.0, reason=AskedByChild())
HELD = CoolingDown(4, SERVED, until=21.5, reason=FilesChanged(batch()))


@pytest.mark.parametrize(
    ("state", "event", "after", "expected"),
    [
        pytest.param(Idle(), Begin(), Running(1, 20.0), [Launch(1, FirstStart())], id="the first run"),
        pytest.param(Idle(), StopAsked(15), Finished(143), [Finish(143)], id="stopped before the first run"),
        pytest.param(Idle(), BatchClosed(batch()), Idle(), [], id="a change before the first run is in its baseline"),
        pytest.param(
            RUNNING,
            BatchOpened(),
            stopping(Relaunch(None, batch_is_open=True)),
            [AskToStop(1)],
            id="a change that goes on stops the old run already",
        ),
        pytest.param(RUNNING, BatchClosed(batch()), RELAUNCH, [AskToStop(1)], id="a change"),
        pytest.param(
            RUNNING,
            RestartAsked("r"),
            stopping(Relaunch(AskedByHand("r"), batch_is_open=False)),
            [AskToStop(1)],
            id="a restart by hand",
        ),
        pytest.param(
            RUNNING,
            PlanRenewed(("command",)),
            stopping(Relaunch(ConfigChanged(("command",)), batch_is_open=False)),
            [AskToStop(1)],
            id="another plan",
        ),
        pytest.param(
            stopping(Relaunch(None, batch_is_open=True)),
            PlanRenewed(("command",)),
            stopping(Relaunch(ConfigChanged(("command",)), batch_is_open=True)),
            [],
            id="another plan joins a restart that waits for the disk",
        ),
        pytest.param(RELAUNCH, PlanRenewed(("command",)), RELAUNCH, [], id="or one that is due to a change"),
        pytest.param(
            stopping(Quit(15, 20.0)),
            PlanRenewed(()),
            stopping(Quit(15, 20.0)),
            [],
            id="another plan keeps nobody from ending",
        ),
        pytest.param(
            Waiting(3, History()),
            PlanRenewed(("command",)),
            Running(4, 20.0, SERVED),
            [Launch(4, ConfigChanged(("command",)))],
            id="another plan ends the wait",
        ),
        pytest.param(
            COOLING_DOWN,
            PlanRenewed(("command",)),
            Running(5, 20.0, SERVED),
            [Launch(5, ConfigChanged(("command",)))],
            id="and the back-off",
        ),
        pytest.param(
            Settling(3, History()), PlanRenewed(()), Settling(3, History()), [], id="what is about to start is from it"
        ),
        pytest.param(
            Idle(4, ConfigChanged(("watch",)), SERVED),
            Begin(),
            Running(5, 20.0, SERVED),
            [Launch(5, ConfigChanged(("watch",)))],
            id="what follows an exchange goes on counting",
        ),
        pytest.param(RUNNING, StopAsked(15), stopping(Quit(15, 20.0)), [AskToStop(1)], id="SIGTERM: the stop signal"),
        pytest.param(RUNNING, StopAsked(1), stopping(Quit(1, 20.0)), [AskToStop(1)], id="SIGHUP: the stop signal too"),
        pytest.param(
            RUNNING, StopAsked(2), stopping(Quit(2, 20.0)), [AskToStop(1, 2)], id="Ctrl-C is handed on as it is"
        ),
        pytest.param(
            RUNNING,
            LeaderEnded(1, Exited(0)),
            stopping(Judge(Exited(0))),
            [AskToStop(1)],
            id="what the program left running is stopped",
        ),
        pytest.param(RUNNING, LeaderEnded(7, Exited(0)), RUNNING, [], id="news of another leader"),
        pytest.param(RUNNING, ChildEnded(7, Exited(0)), RUNNING, [], id="news of another run"),
        pytest.param(RUNNING, Begin(), RUNNING, [], id="it begins only once"),
        pytest.param(RUNNING, DeadlineReached(), RUNNING, [], id="a running child has no deadline"),
        pytest.param(
            RELAUNCH,
            BatchOpened(),
            stopping(Relaunch(FilesChanged(batch()), batch_is_open=True)),
            [],
            id="more changes while it stops",
        ),
        pytest.param(
            stopping(Relaunch(FilesChanged(batch("a.py")), batch_is_open=True)),
            BatchClosed(batch("b.py")),
            stopping(Relaunch(FilesChanged(batch("a.py", "b.py")), batch_is_open=False)),
            [],
            id="they join the same restart",
        ),
        pytest.param(
            stopping(Relaunch(AskedByHand("r"), batch_is_open=False)),
            BatchClosed(batch()),
            RELAUNCH,
            [],
            id="a change says more than a restart by hand",
        ),
        pytest.param(RELAUNCH, RestartAsked("r"), RELAUNCH, [], id="a restart by hand adds nothing to a change"),
        pytest.param(
            stopping(Relaunch(None, batch_is_open=True)),
            RestartAsked("r"),
            stopping(Relaunch(AskedByHand("r"), batch_is_open=True)),
            [],
            id="nor does it close a batch",
        ),
        pytest.param(
            stopping(Judge(Exited(1))),
            BatchClosed(batch()),
            replace(RELAUNCH, has_ended=True),
            [],
            id="a change settles what is not judged yet",
        ),
        pytest.param(
            RUNNING,
            ChildEnded(1, Exited(1), batch_is_open=True),
            Settling(1, History()),
            [],
            id="an end while changes are on their way waits for them",
        ),
        pytest.param(
            stopping(Judge(Exited(130, held_terminal=True))),
            BatchClosed(batch()),
            stopping(Judge(Exited(130, held_terminal=True))),
            [],
            id="a change does not undo a Ctrl-C that only the child heard",
        ),
        pytest.param(RELAUNCH, StopAsked(15), stopping(Quit(15, 20.0)), [], id="who wants to stop wants no restart"),
        pytest.param(stopping(Quit(2, 20.0)), BatchClosed(batch()), stopping(Quit(2, 20.0)), [], id="nor later"),
        pytest.param(stopping(Quit(2, 20.0)), RestartAsked("r"), stopping(Quit(2, 20.0)), [], id="nor by hand"),
        pytest.param(RELAUNCH, ChildEnded(7, Exited(0)), RELAUNCH, [], id="the end of another run"),
        pytest.param(RELAUNCH, LeaderEnded(1, Exited(0)), RELAUNCH, [], id="the end of the leader is not the end"),
        pytest.param(RELAUNCH, DeadlineReached(), RELAUNCH, [], id="a deadline that has not come"),
        pytest.param(
            RELAUNCH,
            ChildEnded(1, Signalled(15)),
            Running(2, 20.0, SERVED),
            [Launch(2, FilesChanged(batch()))],
            id="the next run, when all of the last one is gone",
        ),
        pytest.param(
            stopping(Relaunch(FilesChanged(batch("a.py")), batch_is_open=True)),
            ChildEnded(1, Signalled(15)),
            Settling(1, History(), batch("a.py")),
            [],
            id="not while files are still written",
        ),
        pytest.param(
            stopping(Relaunch(None, batch_is_open=True)),
            ChildEnded(1, NotLaunched(127, "gone")),
            Settling(1, History()),
            [],
            id="a run that never was ends like any other",
        ),
        pytest.param(
            Settling(1, History(), batch("a.py")),
            BatchClosed(batch("b.py")),
            Running(2, 20.0, SERVED),
            [Launch(2, FilesChanged(batch("a.py", "b.py")))],
            id="the disk is quiet, and nothing that changed is forgotten",
        ),
        pytest.param(Settling(1, SERVED), RestartAsked("r"), Settling(1, SERVED), [], id="by hand it gets no quieter"),
        pytest.param(Settling(1, SERVED), BatchOpened(), Settling(1, SERVED), [], id="it is open already"),
        pytest.param(
            Settling(1, SERVED), StopAsked(2), Finished(130), [Finish(130)], id="stopped while files are written"
        ),
        pytest.param(
            Waiting(1, SERVED),
            BatchClosed(batch()),
            Running(2, 20.0, SERVED),
            [Launch(2, FilesChanged(batch()))],
            id="a change ends the waiting",
        ),
        pytest.param(Waiting(1, SERVED), BatchOpened(), Settling(1, SERVED), [], id="a change that goes on will"),
        pytest.param(
            Waiting(1, History(failures=3)),
            RestartAsked("r"),
            Running(2, 20.0, History()),
            [Launch(2, AskedByHand("r"))],
            id="a restart by hand ends the waiting",
        ),
        pytest.param(Waiting(1, SERVED), StopAsked(15), Finished(143), [Finish(143)], id="stopped while it waits"),
        pytest.param(Waiting(1, SERVED), DeadlineReached(), Waiting(1, SERVED), [], id="it waits for ever"),
        pytest.param(
            Waiting(1, SERVED), ChildEnded(1, Exited(0)), Waiting(1, SERVED), [], id="the dead do not die again"
        ),
        pytest.param(COOLING_DOWN, DeadlineReached(), COOLING_DOWN, [], id="the back-off is not over"),
        pytest.param(
            COOLING_DOWN, BatchOpened(), Settling(4, History(failures=2)), [], id="a change ends the back-off"
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
            RestartAsked("r"),
            Running(5, 20.0, History()),
            [Launch(5, AskedByHand("r"))],
            id="so does a restart by hand",
        ),
        pytest.param(COOLING_DOWN, StopAsked(2), Finished(130), [Finish(130)], id="stopped in the back-off"),
        pytest.param(
            Running(5, 19.0, SERVED),
            LaunchHeld(5, 1.5, FilesChanged(batch())),
            HELD,
            [],
            id="a launch that is held waits, and nothing runs",
        ),
        pytest.param(RUNNING, LaunchHeld(5, 1.5, FilesChanged(batch())), RUNNING, [], id="a hold of another launch"),
        pytest.param(
            HELD, BatchOpened(), Settling(4, SERVED, batch()), [], id="a change that goes on keeps what it waited with"
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
            RestartAsked("r"),
            Running(5, 20.0, SERVED),
            [Launch(5, FilesChanged(batch()))],
            id="a restart by hand ends the wait, and what changed is still its reason",
        ),
        pytest.param(
            HELD,
            PlanRenewed(("command",)),
            Running(5, 20.0, SERVED),
            [Launch(5, FilesChanged(batch()))],
            id="so does another plan",
        ),
        pytest.param(Finished(4), Begin(), Finished(4), [], id="after the end nothing begins"),
        pytest.param(Finished(4), StopAsked(2), Finished(4), [], id="after the end nothing ends"),
    ],
)
def test_step_at_second_20(state, event, after, expected):
    got, actions = step(state, event, 20.0, POLICY)
    assert got == after
    assert deeds(actions) == expected


# What is told


@pytest.mark.parametrize(
    ("state", "event", "expected"),
    [
        (RUNNING, BatchClosed(batch()), [Changed(batch()), StoppingNotice(1, 5.0)]),
        (RUNNING, BatchOpened(), [StoppingNotice(1, 5.0)]),
        (RUNNING, LeaderEnded(1, Exited(1)), [LeftBehind(1, Exited(1)), StoppingNotice(1, 5.0)]),
        (RELAUNCH, BatchClosed(batch("b.py")), [Changed(batch("b.py"))]),
        (RELAUNCH, ChildEnded(1, Signalled(15)), [Ended(1, Signalled(15), 10.0, stopped=True)]),
        (
            replace(stopping(Quit(15, 20.0)), has_ended=True),
            ChildEnded(1, Exited(1)),
            [Ended(1, Exited(1), 10.0, stopped=False)],
        ),
        (RUNNING, ChildEnded(1, Exited(1), batch_is_open=True), [Ended(1, Exited(1), 10.0, stopped=False)]),
        (Settling(1, SERVED, batch("a.py")), BatchClosed(batch("b.py")), [Changed(batch("b.py"))]),
        (Waiting(1, SERVED), BatchClosed(batch()), [Changed(batch())]),
        (COOLING_DOWN, BatchClosed(batch()), [Changed(batch())]),
    ],
)
def test_each_fact_is_told_once(state, event, expected):
    assert notices(step(state, event, 20.0, POLICY)[1]) == expected


def test_a_program_that_left_others_running_is_judged_when_they_are_gone():
    after, actions = step(stopping(Judge(Exited(1))), ChildEnded(1, Signalled(15)), 21.0, policy(OnExit.WAIT))
    assert after == Waiting(1, History())
    assert notices(actions) == [Ended(1, Signalled(15), 11.0, stopped=False), WaitingForChange(Exited(1))]


# Deadlines and force


def test_only_a_stop_and_a_back_off_have_deadlines():
    assert next_deadline(RELAUNCH) == 25.0
    assert next_deadline(COOLING_DOWN) == 30.0
    for state in (Idle(), RUNNING, Settling(1, SERVED), Waiting(1, SERVED), Finished(0)):
        assert next_deadline(state) is None


def test_force_follows_after_the_timeout_and_is_repeated_every_second_but_told_once():
    forced, actions = step(RELAUNCH, DeadlineReached(), 25.0, POLICY)
    assert actions == (ForceStop(1), Tell(Forced(1, 5.0)))
    assert next_deadline(forced) == 26.0
    again, actions = step(forced, DeadlineReached(), 26.5, POLICY)
    assert actions == (ForceStop(1),)
    assert next_deadline(again) == 27.5


def test_what_was_stopped_by_force_is_launched_again_all_the_same():
    forced, _ = step(RELAUNCH, DeadlineReached(), 25.0, POLICY)
    after, actions = step(forced, ChildEnded(1, Signalled(9)), 25.1, POLICY)
    assert after == Running(2, 25.1, SERVED)
    assert deeds(actions) == [Launch(2, FilesChanged(batch()))]


def test_a_second_ctrl_c_forces_at_once():
    after, actions = step(stopping(Quit(2, 20.0)), StopAsked(2), 20.5, POLICY)
    assert deeds(actions) == [ForceStop(1)]
    assert next_deadline(after) == 21.5


def test_a_third_ctrl_c_forces_again():
    forced, _ = step(stopping(Quit(2, 20.0)), StopAsked(2), 20.5, POLICY)
    _, actions = step(forced, StopAsked(2), 20.6, POLICY)
    assert actions == (ForceStop(1),)


def test_one_ctrl_c_that_is_heard_twice_is_one():
    asked = stopping(Quit(2, 20.0))
    assert step(asked, StopAsked(2), 20.29, POLICY) == (asked, ())


class TestARunThatNoForceEnds:
    def forced_at_each_deadline(self, state: State, *, until: float) -> State:
        """The state at ``until``, when every deadline up to then has forced."""
        while (deadline := next_deadline(state)) is not None and deadline < until:
            state, actions = step(state, DeadlineReached(), deadline, POLICY)
            assert deeds(actions) == [ForceStop(1)]
        return state

    def test_holds_up_the_end_of_the_session_for_ten_seconds(self):
        state = self.forced_at_each_deadline(stopping(Quit(15, 20.0)), until=35.0)
        state, actions = step(state, DeadlineReached(), 35.0, POLICY)
        assert state == Finished(137)
        assert notices(actions) == [GivenUp(1, 10.0)]

    def test_is_waited_for_as_long_as_it_takes_before_the_next_one_is_launched(self):
        state = self.forced_at_each_deadline(RELAUNCH, until=500.0)
        assert isinstance(state, Stopping)


class TestACtrlCThatTheRunHasHeardItself:
    ONCE = Running(1, 10.0, interrupted_at=20.0)

    def test_is_between_the_run_and_the_user(self):
        assert step(RUNNING, InterruptHeard(1), 20.0, POLICY) == (self.ONCE, ())

    def test_forces_as_the_second_within_the_time_that_a_stop_may_take(self):
        after, actions = step(self.ONCE, InterruptHeard(1), 24.5, POLICY)
        assert deeds(actions) == [ForceStop(1)]
        assert notices(actions) == [Forced(1, 4.5)]
        after, actions = step(after, ChildEnded(1, Signalled(9)), 25.0, POLICY)
        assert after == Finished(137)

    def test_is_the_first_again_after_that_time(self):
        assert step(self.ONCE, InterruptHeard(1), 25.1, POLICY) == (Running(1, 10.0, interrupted_at=25.1), ())

    def test_is_the_same_one_if_it_comes_at_once(self):
        assert step(self.ONCE, InterruptHeard(1), 20.29, POLICY) == (self.ONCE, ())

    def test_makes_an_end_of_a_restart_and_forces_as_the_second(self):
        after, actions = step(RELAUNCH, InterruptHeard(1), 21.0, POLICY)
        assert (after, actions) == (replace(RELAUNCH, goal=Quit(2, 21.0)), ())
        _, actions = step(after, InterruptHeard(1), 21.5, POLICY)
        assert deeds(actions) == [ForceStop(1)]

    @pytest.mark.parametrize("state", [RUNNING, RELAUNCH, COOLING_DOWN, Idle()])
    def test_is_ignored_if_it_is_of_another_run(self, state):
        assert step(state, InterruptHeard(9), 21.0, POLICY) == (state, ())


def test_how_an_end_came_about_is_told():
    steps = (StopStep(StopStepKind.ASKED, 0.0), StopStep(StopStepKind.GONE, 0.5))
    _, actions = step(RELAUNCH, ChildEnded(1, Signalled(15), steps), 20.5, POLICY)
    assert Ended(1, Signalled(15), 10.5, stopped=True, steps=steps) in notices(actions)


def test_the_first_ctrl_c_during_a_restart_does_not_force():
    after, actions = step(RELAUNCH, StopAsked(2), 24.0, POLICY)
    assert actions == ()
    assert next_deadline(after) == 25.0


@pytest.mark.parametrize(
    ("asked_by", "forced", "exit_code"),
    [(INTERRUPT, False, 130), (TERMINATE, False, 143), (1, False, 129), (INTERRUPT, True, 137), (TERMINATE, True, 137)],
)
def test_the_exit_code_says_which_signal_ended_the_session(asked_by, forced, exit_code):
    after, actions = step(stopping(Quit(asked_by, 20.0), forced=forced), ChildEnded(1, Exited(0)), 21.0, POLICY)
    assert after == Finished(exit_code)
    assert deeds(actions) == [Finish(exit_code)]


# What follows when the child ends by itself

CLEAN, FAILED, KILLED, ABSENT = Exited(0), Exited(1), Signalled(11), NotLaunched(127, "not found")


@pytest.mark.parametrize(
    ("on_exit", "history", "outcome", "expected"),
    [
        (OnExit.AUTO, History(), CLEAN, Finished(0)),
        (OnExit.AUTO, History(), FAILED, Finished(1)),
        (OnExit.AUTO, History(), KILLED, Finished(139)),
        (OnExit.AUTO, History(), ABSENT, Finished(127)),
        (OnExit.AUTO, SERVED, CLEAN, Finished(0)),
        (OnExit.AUTO, SERVED, FAILED, Waiting(1, SERVED)),
        (OnExit.AUTO, SERVED, KILLED, Waiting(1, SERVED)),
        (OnExit.AUTO, SERVED, ABSENT, Waiting(1, SERVED)),
        (OnExit.EXIT, SERVED, CLEAN, Finished(0)),
        (OnExit.EXIT, SERVED, FAILED, Finished(1)),
        (OnExit.EXIT, SERVED, KILLED, Finished(139)),
        (OnExit.WAIT, History(), CLEAN, Waiting(1, History())),
        (OnExit.WAIT, History(), FAILED, Waiting(1, History())),
        (OnExit.WAIT, History(), ABSENT, Waiting(1, History())),
        (OnExit.RESTART, SERVED, CLEAN, CoolingDown(1, History(0, 1, True), 20.5, ChildWasLost(CLEAN))),
        (OnExit.RESTART, SERVED, FAILED, CoolingDown(1, History(0, 1, True), 20.5, ChildWasLost(FAILED))),
        (OnExit.RESTART, History(), ABSENT, CoolingDown(1, History(0, 1), 20.5, ChildWasLost(ABSENT))),
    ],
)
def test_a_child_that_ends_after_ten_seconds(on_exit, history, outcome, expected):
    after, actions = step(Running(1, 10.0, history), ChildEnded(1, outcome), 20.0, policy(on_exit))
    assert after == expected
    assert deeds(actions) == ([Finish(expected.exit_code)] if isinstance(expected, Finished) else [])
    assert notices(actions)[0] == Ended(1, outcome, 10.0, stopped=False)


@pytest.mark.parametrize("on_exit", list(OnExit))
@pytest.mark.parametrize("outcome", [Exited(130, held_terminal=True), Signalled(INTERRUPT, held_terminal=True)])
def test_a_ctrl_c_that_only_the_child_could_hear_ends_the_session_under_any_policy(on_exit, outcome):
    after, actions = step(Running(1, 10.0, SERVED), ChildEnded(1, outcome), 20.0, policy(on_exit))
    assert after == Finished(130)
    assert deeds(actions) == [Finish(130)]


@pytest.mark.parametrize("outcome", [Exited(130), Signalled(INTERRUPT), Exited(1, held_terminal=True)])
def test_any_other_end_is_left_to_the_policy(outcome):
    after, _ = step(Running(1, 10.0, SERVED), ChildEnded(1, outcome), 20.0, policy(OnExit.WAIT))
    assert after == Waiting(1, SERVED)


def test_a_stop_that_we_asked_for_is_no_ctrl_c_even_if_it_looks_like_one():
    after, _ = step(RELAUNCH, ChildEnded(1, Exited(130, held_terminal=True)), 21.0, POLICY)
    assert after == Running(2, 21.0, SERVED)


# Back-off


def lives_and_deaths(outcome: Outcome, lifetimes: list[float], rule: RestartPolicy) -> list[State]:
    """The states that follow on runs of these lengths, each launched when the pause before it is over."""
    now, state, seen = 0.0, step(Idle(), Begin(), 0.0, rule)[0], []
    for lifetime in lifetimes:
        assert isinstance(state, Running)
        now += lifetime
        state, _ = step(state, ChildEnded(state.run, outcome), now, rule)
        seen.append(state)
        if isinstance(state, CoolingDown):
            now = state.until
            state, _ = step(state, DeadlineReached(), now, rule)
    return seen


def pauses(states: list[State], lifetimes: list[float]) -> list[float]:
    now, found = 0.0, []
    for state, lifetime in zip(states, lifetimes, strict=True):
        assert isinstance(state, CoolingDown)
        found.append(state.until - now - lifetime)
        now = state.until
    return found


def test_the_back_off_doubles_up_to_its_ceiling():
    lifetimes = [1.0] * 7
    states = lives_and_deaths(FAILED, lifetimes, policy(OnExit.RESTART))
    assert pauses(states, lifetimes) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_healthy_run_wipes_out_the_failures_before_it():
    lifetimes = [1.0, 1.0, 10.0, 1.0]
    states = lives_and_deaths(FAILED, lifetimes, policy(OnExit.RESTART))
    assert pauses(states, lifetimes) == [0.5, 1.0, 0.5, 1.0]


def test_a_back_off_is_told_and_its_reason_handed_on():
    cooling, actions = step(Running(2, 10.0), ChildEnded(2, FAILED), 12.0, policy(OnExit.RESTART))
    assert notices(actions)[1:] == [BackingOff(0.5, 1, FAILED)]
    after, actions = step(cooling, DeadlineReached(), 12.5, POLICY)
    assert after == Running(3, 12.5, History(failures=1))
    assert actions == (Launch(3, ChildWasLost(FAILED)),)


# The restart code


@pytest.mark.parametrize("on_exit", list(OnExit))
def test_a_restart_code_is_served_at_once_under_any_policy(on_exit):
    after, actions = step(Running(1, 10.0, SERVED), ChildEnded(1, Exited(3)), 11.0, policy(on_exit))
    assert after == Running(2, 11.0, SERVED)
    assert deeds(actions) == [Launch(2, AskedByChild())]


def test_another_code_may_ask_for_a_restart():
    after, _ = step(Running(1, 10.0), ChildEnded(1, Exited(75)), 20.0, policy(OnExit.AUTO, restart_code=75))
    assert after == Running(2, 20.0)
    after, _ = step(Running(1, 10.0), ChildEnded(1, Exited(3)), 20.0, policy(OnExit.AUTO, restart_code=75))
    assert after == Finished(3)


def test_without_a_restart_code_three_is_an_exit_code_like_any_other():
    after, _ = step(Running(1, 10.0), ChildEnded(1, Exited(3)), 20.0, policy(OnExit.AUTO, restart_code=None))
    assert after == Finished(3)


def test_a_restart_code_right_after_the_start_backs_off():
    after, actions = step(Running(1, 10.0), ChildEnded(1, Exited(3)), 10.9, POLICY)
    assert after == CoolingDown(1, History(early_restarts=1), 11.4, AskedByChild())
    assert notices(actions)[1:] == [BackingOff(0.5, 1, Exited(3))]


def test_the_leader_decides_whether_a_restart_code_was_early_not_what_it_left_running():
    judged = Stopping(1, 10.0, History(), Judge(Exited(3)), asked_at=10.5, force_at=15.5)
    after, _ = step(judged, ChildEnded(1, Signalled(9)), 15.6, POLICY)
    assert after == CoolingDown(1, History(early_restarts=1), 16.1, AskedByChild())


@pytest.mark.parametrize(
    ("on_exit", "last"),
    [
        (OnExit.AUTO, Finished(3)),
        (OnExit.EXIT, Finished(3)),
        (OnExit.WAIT, Waiting(5, History())),
        (OnExit.RESTART, CoolingDown(5, History(failures=1), 10.5, ChildWasLost(Exited(3)))),
    ],
)
def test_five_early_restart_codes_in_a_row_are_a_failed_start(on_exit, last):
    rule = policy(on_exit)
    states = lives_and_deaths(Exited(3), [0.5] * EARLY_LIMIT, rule)
    assert pauses(states[:4], [0.5] * 4) == [0.5, 1.0, 2.0, 4.0]
    assert states[4] == last


def test_a_failed_start_is_told_as_such():
    last_try = Running(5, 10.0, History(early_restarts=4, has_served_a_change=True))
    _, actions = step(last_try, ChildEnded(5, Exited(3)), 10.5, POLICY)
    assert notices(actions)[1:] == [RestartCodeIgnored(3, 5), WaitingForChange(Exited(3))]


@pytest.mark.parametrize("event", [BatchClosed(batch()), RestartAsked("r")])
def test_a_change_or_a_restart_by_hand_wipes_out_the_early_restart_codes(event: Event):
    cooling = CoolingDown(4, History(early_restarts=4), until=30.0, reason=AskedByChild())
    running, _ = step(cooling, event, 20.0, POLICY)
    assert isinstance(running, Running)
    assert running.history.early_restarts == 0


def test_a_late_restart_code_or_another_end_wipes_out_the_early_ones():
    tried = History(early_restarts=4, has_served_a_change=True)
    after, _ = step(Running(5, 10.0, tried), ChildEnded(5, Exited(3)), 11.5, POLICY)
    assert after == Running(6, 11.5, SERVED)
    after, _ = step(Running(5, 10.0, tried), ChildEnded(5, Exited(1)), 10.5, POLICY)
    assert after == Waiting(5, SERVED)


# A session of one run, and one that waits for its first change

ONCE = replace(policy(OnExit.RESTART), once=True)


@pytest.mark.parametrize("state", [RUNNING, stopping(Judge(Exited(0)))])
@pytest.mark.parametrize("event", [BatchOpened(), BatchClosed(batch()), RestartAsked("r"), PlanRenewed(())])
def test_a_session_of_one_run_ignores_what_would_restart_it(state: State, event: Event) -> None:
    assert step(state, event, 20.0, ONCE) == (state, ())


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_session_of_one_run_ends_with_its_code(code: int) -> None:
    after, actions = step(RUNNING, ChildEnded(1, Exited(code)), 20.0, ONCE)
    assert after == Finished(code)
    assert deeds(actions) == [Finish(code)]


def test_a_session_that_has_run_is_postponed_no_more() -> None:
    begun = Idle(2, ConfigChanged(("postpone",)), SERVED)
    after, _ = step(begun, Begin(), 20.0, replace(POLICY, postpone=True))
    assert after == Running(3, 20.0, SERVED)


def test_a_postponed_session_starts_with_its_first_change() -> None:
    waiting, actions = step(Idle(), Begin(), 20.0, replace(POLICY, postpone=True))
    assert (waiting, actions) == (Waiting(0, History()), (Tell(Postponed()),))
    running, actions = step(waiting, BatchClosed(batch()), 30.0, replace(POLICY, postpone=True))
    assert running == Running(1, 30.0, SERVED)
    assert deeds(actions) == [Launch(1, FilesChanged(batch()))]


@pytest.mark.parametrize("strict", [ONCE, policy(OnExit.EXIT)])
def test_a_first_start_that_is_refused_ends_a_session_that_is_not_to_wait(strict: RestartPolicy) -> None:
    assert step(Idle(), StartRefused(7), 20.0, strict) == (Finished(7), (Finish(7),))
    assert step(Idle(), StartRefused(7), 20.0, policy(OnExit.WAIT)) == (Idle(), ())


def test_the_number_of_a_run_that_would_be_next_goes_on_until_the_end():
    assert [next_run(state) for state in (Idle(), Idle(4), Running(1, 0.0), RELAUNCH, COOLING_DOWN)] == [1, 5, 2, 2, 5]
    assert next_run(Finished(0)) == 1


@pytest.mark.parametrize("on_exit", OnExit)
def test_a_start_of_another_plan_that_is_refused_is_waited_for_whatever_ends_a_session(on_exit: OnExit) -> None:
    begun = Idle(2, ConfigChanged(("before",)), SERVED)
    assert step(begun, StartRefused(7), 20.0, policy(on_exit)) == (begun, ())
