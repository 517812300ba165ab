"""``transition`` against a simulated operating system, through many thousands of random histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from reloader.core.changes import ChangeBatch
from reloader.core.events import BatchClosed, BatchOpened, DeadlineReached, Event, RunEnded, StopRequested
from reloader.core.outcome import Exited
from reloader.core.settings import RestartPolicy
from reloader.core.states import BackingOff, Finished, State, Stopping, WaitingForChange, WaitingForQuiet
from reloader.core.supervisor import Action, Finish, Kill, Launch, SendStopSignal, transition
from tests.support.fakes.simulated_system import BrokenPromise, Simulation, TransitionFunction

BLOCKS = 22
HISTORIES = 1000  # in a block; a test prints the seed of the history that fails, and the history


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_history_keeps_the_promises(block):
    exit_codes = [
        Simulation(seed, transition).run().exit_code for seed in range(block * HISTORIES, (block + 1) * HISTORIES)
    ]
    assert len(exit_codes) == HISTORIES
    assert None not in exit_codes


def test_the_histories_reach_every_state_and_ask_for_every_action():
    seen = Counter(type(what).__name__ for seed in range(1000) for _, what in Simulation(seed, transition).run().trace)
    states = ("Running", "Stopping", "WaitingForQuiet", "WaitingForChange", "BackingOff", "Finished")
    actions = ("Launch", "SendStopSignal", "Kill", "Report", "Finish")
    events = (
        "BatchOpened",
        "BatchClosed",
        "LeaderExited",
        "RunEnded",
        "StopRequested",
        "RestartRequested",
        "SettingsChanged",
        "DeadlineReached",
        "LaunchDelayed",
    )
    assert all(seen[name] > 30 for name in states + actions + events), seen


# The simulation itself: a step that breaks a promise is found out


def play(broken: TransitionFunction, *, histories: int) -> None:
    for seed in range(histories):
        Simulation(seed, broken).run()


Stepped = tuple[State, tuple[Action, ...]]


def with_other_actions(change: Callable[[tuple[Action, ...]], tuple[Action, ...]]) -> TransitionFunction:
    def broken(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
        after, actions = transition(state, event, now, policy)
        return after, change(actions)

    return broken


def without(kind: type[Action]) -> TransitionFunction:
    return with_other_actions(lambda actions: tuple(action for action in actions if not isinstance(action, kind)))


def twice(kind: type[Action]) -> TransitionFunction:
    return with_other_actions(lambda actions: (*actions, *(action for action in actions if isinstance(action, kind))))


def deaf_to(event_kind: type[Event], *state_kinds: type[State]) -> TransitionFunction:
    def broken(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
        is_unheard = isinstance(event, event_kind) and isinstance(state, state_kinds)
        return (state, ()) if is_unheard else transition(state, event, now, policy)

    return broken


def impatient(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
    """Takes the deadline of a stop for the end of the run."""
    if isinstance(state, Stopping) and isinstance(event, DeadlineReached):
        return transition(state, RunEnded(state.run, Exited(0)), now, policy)
    return transition(state, event, now, policy)


def rude(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
    """Takes every first request to stop for a second one."""
    after, actions = transition(state, event, now, policy)
    if isinstance(event, StopRequested) and isinstance(after, Stopping) and not isinstance(state, Stopping):
        return after, (*actions, Kill(after.run))
    return after, actions


def credulous(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
    """Handles events of any run."""
    if isinstance(event, RunEnded) and not isinstance(state, Finished) and hasattr(state, "run"):
        return transition(state, replace(event, run=state.run), now, policy)
    return transition(state, event, now, policy)


def forgetful(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
    """Forgets what had changed before the last batch."""
    if isinstance(state, WaitingForQuiet):
        return transition(replace(state, pending=ChangeBatch()), event, now, policy)
    return transition(state, event, now, policy)


def sleepless(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
    """Sets deadlines that are past."""
    after, actions = transition(state, event, now, policy)
    return (replace(after, kill_at=now) if isinstance(after, Stopping) else after), actions


def unjust(state: State, event: Event, now: float, policy: RestartPolicy) -> Stepped:
    """Forgets that a run had ended by itself as soon as it is stopped."""
    after, actions = transition(state, event, now, policy)
    return (replace(after, leader_exited=False) if isinstance(after, Stopping) else after), actions


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(without(Launch), id="never launches"),
        pytest.param(without(SendStopSignal), id="does not ask a child to stop"),
        pytest.param(without(Kill), id="does not force"),
        pytest.param(without(Finish), id="does not finish"),
        pytest.param(twice(Launch), id="launches twice"),
        pytest.param(twice(SendStopSignal), id="asks twice"),
        pytest.param(twice(Finish), id="finishes twice"),
        pytest.param(deaf_to(BatchOpened, Stopping), id="launches while files are written"),
        pytest.param(deaf_to(BatchOpened, WaitingForChange), id="launches by hand while files are written"),
        pytest.param(deaf_to(BatchClosed, Stopping), id="loses changes while stopping"),
        pytest.param(deaf_to(BatchClosed, WaitingForChange), id="loses changes while waiting"),
        pytest.param(deaf_to(BatchClosed, BackingOff), id="loses changes while it backs off"),
        pytest.param(deaf_to(BatchClosed, WaitingForQuiet), id="gets stuck while the disk is busy"),
        pytest.param(deaf_to(DeadlineReached, BackingOff), id="does not wake up"),
        pytest.param(deaf_to(StopRequested, WaitingForChange), id="cannot be stopped while it waits"),
        pytest.param(deaf_to(StopRequested, Stopping), id="cannot be stopped while it stops"),
        pytest.param(impatient, id="does not wait for the end of a run"),
        pytest.param(rude, id="forces at the first request"),
        pytest.param(credulous, id="handles old events"),
        pytest.param(forgetful, id="reports half of the changes"),
        pytest.param(unjust, id="reports a crash as a stop"),
        pytest.param(sleepless, id="sets deadlines in the past"),
    ],
)
def test_the_simulation_finds_a_step_that(broken):
    with pytest.raises(BrokenPromise, match=r"^seed \d+: "):
        play(broken, histories=3 * HISTORIES)
