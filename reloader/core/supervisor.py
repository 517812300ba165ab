"""The whole behaviour of the program as one pure function: a state and an event give a state and actions.

              | batch opened  | batch closed   | run ended              | stop asked    | deadline
--------------+---------------+----------------+------------------------+---------------+-----------
Idle          | ·             | ·              | ·                      | Finish        | ·
Running       | Stopping      | Stopping       | by the exit policy     | Stopping      | ·
Stopping      | batch is open | reason merged  | launch, finish, judge, | quit, then    | ForceStop
              |               |                | or Settling            | force         |
Settling      | ·             | Launch         | ·                      | Finish        | ·
Waiting       | Settling      | Launch         | ·                      | Finish        | ·
CoolingDown   | Settling      | Launch         | ·                      | Finish        | Launch

"·" is ignored on purpose. Of Ctrl-C that the run has heard itself, the second is "stop asked", and forces. A restart by
hand, and another plan, act as a batch that is closed at once. A session of a single run ignores all that while it
lives. News of another run is ignored: run numbers settle the races, not flags. "Could not be launched" is an ordinary
end of a run. An end that says that a batch is open leads to Settling. A launch that is held, before anything was started,
leads from Running to CoolingDown.
"""

from __future__ import annotations

from dataclasses import replace

from reloader.core.actions import Action, AskToStop, Finish, ForceStop, Launch, Tell
from reloader.core.changes import ChangeBatch
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
    Postponed,
    RestartCodeIgnored,
    WaitingForChange,
)
from reloader.core.notices import Stopping as StoppingNotice
from reloader.core.outcome import INTERRUPT, KILL, SIGNAL_BASE, Exited, Outcome
from reloader.core.settings import OnExit, RestartPolicy
from reloader.core.states import (
    AskedByChild,
    AskedByHand,
    ChildWasLost,
    ConfigChanged,
    CoolingDown,
    FilesChanged,
    Finished,
    Goal,
    History,
    Idle,
    Judge,
    Quit,
    Reason,
    Relaunch,
    Running,
    Settling,
    State,
    Stopping,
    Waiting,
)

Step = tuple[State, tuple[Action, ...]]

#: A restart code within this many seconds of the start is suspect: uvicorn and gunicorn exit 3 when their start fails.
EARLY = 1.0
#: So many suspect restart codes in a row are a failure.
EARLY_LIMIT = 5
#: Two stop requests closer than this are one: a onefile build hears each Ctrl-C twice.
SAME_REQUEST = 0.3
#: Seconds between two attempts at force, and until a session that is to end does so without their success.
FORCE_AGAIN = 1.0
GIVE_UP = 10.0


def step(state: State, event: Event, now: float, policy: RestartPolicy) -> Step:
    """What follows from ``event``. ``now`` is in seconds on a clock that never goes back."""
    match state:
        case Idle():
            return _idle(state, event, now, policy)
        case Running():
            return _running(state, event, now, policy)
        case Stopping():
            return _stopping(state, event, now, policy)
        case Settling() | Waiting() | CoolingDown():
            return _resting(state, event, now)
        case Finished():  # pragma: no branch - there is no other
            return state, ()


def next_deadline(state: State) -> float | None:
    """When DeadlineReached is due in this state, or None."""
    match state:
        case Stopping(force_at=moment) | CoolingDown(until=moment):
            return moment
        case _:
            return None


def _idle(state: Idle, event: Event, now: float, policy: RestartPolicy) -> Step:
    match event:
        case Begin() if policy.postpone and state.run == 0:
            return Waiting(0, History()), (Tell(Postponed()),)
        case Begin():
            return _launch(state.run + 1, state.reason, now, state.history)
        case StartRefused(exit_code) if state.run == 0 and (policy.once or policy.on_exit is OnExit.EXIT):
            return _finish(exit_code)
        case StopAsked(signal):
            return _finish(SIGNAL_BASE + signal)
        case _:
            return state, ()


def _running(state: Running, event: Event, now: float, policy: RestartPolicy) -> Step:
    match event:
        case BatchOpened() | BatchClosed() | RestartAsked() | PlanRenewed() if policy.once:
            return state, ()
        case BatchOpened():
            return _stop(state, Relaunch(None, batch_is_open=True), now, policy)
        case BatchClosed(batch):
            stopping, actions = _stop(state, Relaunch(FilesChanged(batch), batch_is_open=False), now, policy)
            return stopping, (Tell(Changed(batch)), *actions)
        case RestartAsked() | PlanRenewed():
            return _stop(state, Relaunch(_wish(event), batch_is_open=False), now, policy)
        case LaunchHeld(run, seconds, reason) if run == state.run:
            return CoolingDown(run - 1, state.history, now + seconds, reason), ()
        case StopAsked(signal):
            return _stop(state, Quit(signal, now), now, policy)
        case InterruptHeard(run) if run == state.run:
            return _interrupted(state, now, policy)
        case LeaderEnded(run, outcome) if run == state.run:
            stopping, actions = _stop(state, Judge(outcome), now, policy)
            return replace(stopping, has_ended=True), (Tell(LeftBehind(run, outcome)), *actions)
        case ChildEnded(run) if run == state.run:
            return _ended_by_itself(state, event, now, policy)
        case _:
            return state, ()


def _ended_by_itself(state: Running, end: ChildEnded, now: float, policy: RestartPolicy) -> Step:
    ended = Tell(Ended(state.run, end.outcome, now - state.since, stopped=False, steps=end.steps))
    if end.batch_is_open and not policy.once:
        return Settling(state.run, state.history), (ended,)
    after, actions = _judge(state.run, now - state.since, end.outcome, now, policy, state.history)
    return after, (ended, *actions)


def _wish(event: RestartAsked | PlanRenewed) -> Reason:
    return AskedByHand(event.by) if isinstance(event, RestartAsked) else ConfigChanged(event.keys)


def _interrupted(state: Running, now: float, policy: RestartPolicy) -> Step:
    """A Ctrl-C is between the user and the run that has the terminal. The second, in the time that a stop may take, is for us."""
    first = state.interrupted_at
    if first is None or now - first > policy.stop.timeout:
        return replace(state, interrupted_at=now), ()
    if now - first < SAME_REQUEST:
        return state, ()
    stopping = Stopping(state.run, state.since, state.history, Quit(INTERRUPT, first), asked_at=first, force_at=now)
    return _force(stopping, now)


def _stop(state: Running, goal: Goal, now: float, policy: RestartPolicy) -> tuple[Stopping, tuple[Action, ...]]:
    stop = policy.stop
    # A Ctrl-C is handed on as what it is; every other wish to stop is expressed by the stop signal of the plan.
    signal = INTERRUPT if isinstance(goal, Quit) and goal.signal == INTERRUPT else None
    stopping = Stopping(state.run, state.since, state.history, goal, asked_at=now, force_at=now + stop.timeout)
    return stopping, (AskToStop(state.run, signal), Tell(StoppingNotice(state.run, stop.timeout)))


def _stopping(state: Stopping, event: Event, now: float, policy: RestartPolicy) -> Step:
    match event:
        case BatchOpened() | BatchClosed() | RestartAsked() | PlanRenewed() if not (
            policy.once or _ends_all(state.goal)
        ):
            return _merged(state, event)
        case StopAsked(signal):
            return _quit(state, signal, now)
        case InterruptHeard(run) if run == state.run:
            return _quit(state, INTERRUPT, now)
        case DeadlineReached() if now >= state.force_at:
            return _give_up(state) if _is_in_vain(state, now) else _force(state, now)
        case ChildEnded(run, outcome, steps) if run == state.run:
            ended = Tell(Ended(run, outcome, now - state.since, stopped=not state.has_ended, steps=steps))
            after, actions = _after_stop(state, now, policy)
            return after, (ended, *actions)
        case _:
            return state, ()


def _ends_all(goal: Goal) -> bool:
    """Whether nothing is started any more: who pressed Ctrl-C does not want a restart, whoever of us heard it."""
    return isinstance(goal, Quit) or (isinstance(goal, Judge) and goal.outcome.was_interrupted)


def _merged(state: Stopping, event: BatchOpened | BatchClosed | RestartAsked | PlanRenewed) -> Step:
    """News while stopping join the restart that is under way, or make one of an end that was still to be judged."""
    so_far = state.goal if isinstance(state.goal, Relaunch) else Relaunch(None, batch_is_open=False)
    match event:
        case BatchOpened():
            return replace(state, goal=replace(so_far, batch_is_open=True)), ()
        case BatchClosed(batch):
            reason = FilesChanged(_batch_of(so_far.reason).merged_with(batch))
            return replace(state, goal=Relaunch(reason, batch_is_open=False)), (Tell(Changed(batch)),)
        case RestartAsked() | PlanRenewed():  # pragma: no branch - there is no other
            return replace(state, goal=replace(so_far, reason=so_far.reason or _wish(event))), ()


def _batch_of(reason: Reason | None) -> ChangeBatch:
    return reason.batch if isinstance(reason, FilesChanged) else ChangeBatch()


def _quit(state: Stopping, signal: int, now: float) -> Step:
    if not isinstance(state.goal, Quit):
        return replace(state, goal=Quit(signal, now)), ()
    if now - state.goal.asked_at < SAME_REQUEST:
        return state, ()
    return _force(state, now)


def _force(state: Stopping, now: float) -> Step:
    told = () if state.forced else (Tell(Forced(state.run, now - state.asked_at)),)
    give_up_at = now + GIVE_UP if state.give_up_at is None else state.give_up_at
    forced = replace(state, forced=True, force_at=now + FORCE_AGAIN, give_up_at=give_up_at)
    return forced, (ForceStop(state.run), *told)


def _is_in_vain(state: Stopping, now: float) -> bool:
    """Whether to end without a run that the system does not let go. A next run is never started beside it."""
    return isinstance(state.goal, Quit) and state.give_up_at is not None and now >= state.give_up_at


def _give_up(state: Stopping) -> Step:
    finished, actions = _finish(SIGNAL_BASE + KILL)
    return finished, (Tell(GivenUp(state.run, GIVE_UP)), *actions)


def _after_stop(state: Stopping, now: float, policy: RestartPolicy) -> Step:
    match state.goal:
        case Quit(signal):
            return _finish(SIGNAL_BASE + (KILL if state.forced else signal))
        case Judge(outcome):
            return _judge(state.run, state.asked_at - state.since, outcome, now, policy, state.history)
        case Relaunch(reason, batch_is_open):  # pragma: no branch - there is no other
            if batch_is_open or reason is None:
                return Settling(state.run, state.history, _batch_of(reason)), ()
            return _relaunch(state.run, reason, now, state.history)


def _resting(state: Settling | Waiting | CoolingDown, event: Event, now: float) -> Step:
    match event:
        case BatchClosed(batch):
            after, actions = _relaunch(state.run, FilesChanged(_unserved(state).merged_with(batch)), now, state.history)
            return after, (Tell(Changed(batch)), *actions)
        case StopAsked(signal):
            return _finish(SIGNAL_BASE + signal)
        case BatchOpened() if not isinstance(state, Settling):
            return Settling(state.run, state.history, _unserved(state)), ()
        case RestartAsked() | PlanRenewed() if not isinstance(state, Settling):
            unserved = _unserved(state)
            reason = FilesChanged(unserved) if unserved else _wish(event)
            return _relaunch(state.run, reason, now, state.history)
        case DeadlineReached() if isinstance(state, CoolingDown) and now >= state.until:
            return _relaunch(state.run, state.reason, now, state.history)
        case _:
            return state, ()


def _unserved(state: Settling | Waiting | CoolingDown) -> ChangeBatch:
    """What has changed before, and no run was started for yet."""
    match state:
        case Settling(so_far=batch):
            return batch
        case CoolingDown(reason=reason):
            return _batch_of(reason)
        case _:
            return ChangeBatch()


def _relaunch(run: int, reason: Reason, now: float, history: History) -> Step:
    """Start the next run. A change, or a wish by hand, wipes out what came before."""
    if isinstance(reason, FilesChanged | ConfigChanged):
        history = History(has_served_a_change=True)
    elif isinstance(reason, AskedByHand):
        history = History(has_served_a_change=history.has_served_a_change)
    return _launch(run + 1, reason, now, history)


def _launch(run: int, reason: Reason, now: float, history: History) -> Step:
    return Running(run, now, history), (Launch(run, reason),)


def _finish(exit_code: int) -> Step:
    return Finished(exit_code), (Finish(exit_code),)


def _judge(run: int, lived: float, outcome: Outcome, now: float, policy: RestartPolicy, history: History) -> Step:
    """What follows when the child ended by itself after ``lived`` seconds."""
    if outcome.was_interrupted or policy.once:
        return _finish(outcome.exit_code)
    if lived >= policy.back_off.healthy:
        history = replace(history, failures=0)
    if isinstance(outcome, Exited) and outcome.code == policy.restart_code:
        return _restart_code(run, lived, outcome, now, policy, history)
    return _by_exit_policy(run, outcome, now, policy, replace(history, early_restarts=0))


def _restart_code(run: int, lived: float, outcome: Exited, now: float, policy: RestartPolicy, history: History) -> Step:
    if lived >= EARLY:
        return _relaunch(run, AskedByChild(), now, replace(history, early_restarts=0))
    times = history.early_restarts + 1
    if times < EARLY_LIMIT:
        tried = replace(history, early_restarts=times)
        return _cool_down(run, policy.back_off.pause(times), times, outcome, AskedByChild(), now, tried)
    told = Tell(RestartCodeIgnored(outcome.code, times))
    after, actions = _by_exit_policy(run, outcome, now, policy, replace(history, early_restarts=0))
    return after, (told, *actions)


def _by_exit_policy(run: int, outcome: Outcome, now: float, policy: RestartPolicy, history: History) -> Step:
    match policy.on_exit:
        case OnExit.EXIT:
            return _finish(outcome.exit_code)
        case OnExit.WAIT:
            return _wait(run, outcome, history)
        case OnExit.RESTART:
            failures = history.failures + 1
            pause = policy.back_off.pause(failures)
            tried = replace(history, failures=failures)
            return _cool_down(run, pause, failures, outcome, ChildWasLost(outcome), now, tried)
        case OnExit.AUTO:  # pragma: no branch - there is no other
            # As Django: an exception that nobody caught is no end on purpose, and its repair is waited for.
            crashed = isinstance(outcome, Exited) and outcome.crashed
            if outcome.exit_code == 0 or not (crashed or history.has_served_a_change):
                return _finish(outcome.exit_code)
            return _wait(run, outcome, history)


def _wait(run: int, outcome: Outcome, history: History) -> Step:
    return Waiting(run, history), (Tell(WaitingForChange(outcome)),)


def _cool_down(
    run: int, pause: float, failures: int, outcome: Outcome, reason: Reason, now: float, history: History
) -> Step:
    return CoolingDown(run, history, now + pause, reason), (Tell(BackingOff(pause, failures, outcome)),)
