"""The behaviour of the program as one pure function: a state and an event give the next state and actions.

                   | batch opened    | batch closed   | run ended              | stop requested | deadline
  -----------------+-----------------+----------------+------------------------+----------------+---------
  Idle             | ·               | ·              | ·                      | Finish         | ·
  Running          | Stopping        | Stopping       | by the exit policy     | Stopping       | ·
  Stopping         | batch is open   | reason merged  | Launch, Finish, exit   | exit, then     | Kill
                   |                 |                | policy, or             | Kill           |
                   |                 |                | WaitingForQuiet        |                |
  WaitingForQuiet  | ·               | Launch         | ·                      | Finish         | ·
  WaitingForChange | WaitingForQuiet | Launch         | ·                      | Finish         | ·
  BackingOff       | WaitingForQuiet | Launch         | ·                      | Finish         | Launch

"·" means that the event is ignored on purpose. The rest of the rules:

- A restart by the user and changed settings act like a batch that is closed at once.
- With ``once`` a living run ignores all of these.
- If the child received Ctrl-C itself, the second Ctrl-C counts as "stop requested" and kills.
- Events of another run are ignored: run numbers settle the races, not flags.
- "Could not be launched" is an ordinary end of a run.
- A run that ends while a batch is open leads to WaitingForQuiet.
- A launch that is delayed, before anything was started, leads from Running to BackingOff.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reloader.core.changes import ChangeBatch
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
from reloader.core.outcome import INTERRUPT, KILL, SIGNAL_BASE, Exited, Outcome
from reloader.core.settings import RestartPolicy
from reloader.core.states import (
    ApplyExitPolicy,
    BackingOff,
    ChildExited,
    ConfigChanged,
    Exit,
    FilesChanged,
    Finished,
    Goal,
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
)


@dataclass(frozen=True, slots=True)
class Launch:
    run: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class SendStopSignal:
    """Send the stop signal to every process of the run, or ``signal`` where that of the user is passed on."""

    run: int
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill every process of the run, also those that left its group."""

    run: int


@dataclass(frozen=True, slots=True)
class Report:
    notice: Notice


@dataclass(frozen=True, slots=True)
class Finish:
    exit_code: int


Action = Launch | SendStopSignal | Kill | Report | Finish
Transition = tuple[State, tuple[Action, ...]]

#: Seconds after the start in which a restart code is suspect: uvicorn and gunicorn exit 3 when their start fails.
EARLY_EXIT_WINDOW = 1.0
#: The number of suspect restart codes in a row that counts as a failure.
MAX_EARLY_RESTARTS = 5
#: Seconds within which two stop requests are one: a onefile build receives each Ctrl-C twice.
DUPLICATE_REQUEST_WINDOW = 0.3
#: Seconds between two attempts to kill a run.
KILL_INTERVAL = 1.0
#: Seconds from the first attempt until a session that is to end does so although the run still lives.
KILL_TIMEOUT = 10.0


def transition(state: State, event: Event, now: float, policy: RestartPolicy) -> Transition:
    """Return what follows from ``event``. ``now`` is in seconds on a monotonic clock."""
    match state:
        case Idle():
            return _in_idle(state, event, now, policy)
        case Running():
            return _in_running(state, event, now, policy)
        case Stopping():
            return _in_stopping(state, event, now, policy)
        case WaitingForQuiet() | WaitingForChange() | BackingOff():
            return _while_nothing_runs(state, event, now)
        case Finished():  # pragma: no branch - there is no other
            return state, ()


def next_deadline(state: State) -> float | None:
    """Return when DeadlineReached is due in this state, or None."""
    match state:
        case Stopping(kill_at=deadline) | BackingOff(until=deadline):
            return deadline
        case _:
            return None


def _in_idle(state: Idle, event: Event, now: float, policy: RestartPolicy) -> Transition:
    match event:
        case Begin() if policy.postpone and state.run == 0:
            return WaitingForChange(0, RestartHistory()), (Report(Postponed()),)
        case Begin():
            return _launch(state.run + 1, state.reason, now, state.history)
        case FirstStartBlocked(exit_code) if state.run == 0 and (policy.once or policy.on_exit is OnExit.EXIT):
            return _finish(exit_code)
        case StopRequested(signal):
            return _finish(SIGNAL_BASE + signal)
        case _:
            return state, ()


def _in_running(state: Running, event: Event, now: float, policy: RestartPolicy) -> Transition:
    match event:
        case BatchOpened() | BatchClosed() | RestartRequested() | SettingsChanged() if policy.once:
            return state, ()
        case BatchOpened():
            return _stop(state, Restart(None, batch_is_open=True), now, policy)
        case BatchClosed(batch):
            stopping, actions = _stop(state, Restart(FilesChanged(batch), batch_is_open=False), now, policy)
            return stopping, (Report(Changed(batch)), *actions)
        case RestartRequested() | SettingsChanged():
            return _stop(state, Restart(_reason_for(event), batch_is_open=False), now, policy)
        case LaunchDelayed(run, seconds, reason) if run == state.run:
            return BackingOff(run - 1, state.history, now + seconds, reason), ()
        case StopRequested(signal):
            return _stop(state, Exit(signal, now), now, policy)
        case ChildInterrupted(run) if run == state.run:
            return _on_interrupt(state, now, policy)
        case LeaderExited(run, outcome) if run == state.run:
            stopping, actions = _stop(state, ApplyExitPolicy(outcome), now, policy)
            return replace(stopping, leader_exited=True), (Report(OrphansFound(run, outcome)), *actions)
        case RunEnded(run) if run == state.run:
            return _on_own_end(state, event, now, policy)
        case _:
            return state, ()


def _on_own_end(state: Running, end: RunEnded, now: float, policy: RestartPolicy) -> Transition:
    ended = Report(Ended(state.run, end.outcome, now - state.started_at, stopped=False, steps=end.steps))
    if end.batch_is_open and not policy.once:
        return WaitingForQuiet(state.run, state.history), (ended,)
    after, actions = _apply_exit_policy(state.run, now - state.started_at, end.outcome, now, policy, state.history)
    return after, (ended, *actions)


def _reason_for(event: RestartRequested | SettingsChanged) -> Reason:
    return RequestedByUser(event.by) if isinstance(event, RestartRequested) else ConfigChanged(event.keys)


def _on_interrupt(state: Running, now: float, policy: RestartPolicy) -> Transition:
    """Leave the first Ctrl-C to the run, which has the terminal. A second one within the stop timeout kills the run."""
    first = state.interrupted_at
    if first is None or now - first > policy.stop.timeout:
        return replace(state, interrupted_at=now), ()
    if now - first < DUPLICATE_REQUEST_WINDOW:
        return state, ()
    stopping = Stopping(state.run, state.started_at, state.history, Exit(INTERRUPT, first), asked_at=first, kill_at=now)
    return _kill(stopping, now)


def _stop(state: Running, goal: Goal, now: float, policy: RestartPolicy) -> tuple[Stopping, tuple[Action, ...]]:
    stop = policy.stop
    # Ctrl-C is passed on as SIGINT; every other stop uses the configured stop signal.
    signal = INTERRUPT if isinstance(goal, Exit) and goal.signal == INTERRUPT else None
    stopping = Stopping(state.run, state.started_at, state.history, goal, asked_at=now, kill_at=now + stop.timeout)
    return stopping, (SendStopSignal(state.run, signal), Report(StoppingNotice(state.run, stop.timeout)))


def _in_stopping(state: Stopping, event: Event, now: float, policy: RestartPolicy) -> Transition:
    match event:
        case BatchOpened() | BatchClosed() | RestartRequested() | SettingsChanged() if not (
            policy.once or _ends_session(state.goal)
        ):
            return _merge_into_goal(state, event)
        case StopRequested(signal):
            return _on_stop_request(state, signal, now)
        case ChildInterrupted(run) if run == state.run:
            return _on_stop_request(state, INTERRUPT, now)
        case DeadlineReached() if now >= state.kill_at:
            return _give_up(state) if _has_kill_failed(state, now) else _kill(state, now)
        case RunEnded(run, outcome, steps) if run == state.run:
            ended = Report(Ended(run, outcome, now - state.started_at, stopped=not state.leader_exited, steps=steps))
            after, actions = _after_stop(state, now, policy)
            return after, (ended, *actions)
        case _:
            return state, ()


def _ends_session(goal: Goal) -> bool:
    """Return True if nothing is started any more: after Ctrl-C the user wants no restart, whichever process received it."""
    return isinstance(goal, Exit) or (isinstance(goal, ApplyExitPolicy) and goal.outcome.was_interrupted)


def _merge_into_goal(
    state: Stopping, event: BatchOpened | BatchClosed | RestartRequested | SettingsChanged
) -> Transition:
    """Merge an event into the restart that this stop is for. A run that ended by itself is restarted as well."""
    restart = state.goal if isinstance(state.goal, Restart) else Restart(None, batch_is_open=False)
    match event:
        case BatchOpened():
            return replace(state, goal=replace(restart, batch_is_open=True)), ()
        case BatchClosed(batch):
            reason = FilesChanged(_batch_of(restart.reason).merged_with(batch))
            return replace(state, goal=Restart(reason, batch_is_open=False)), (Report(Changed(batch)),)
        case RestartRequested() | SettingsChanged():  # pragma: no branch - there is no other
            return replace(state, goal=replace(restart, reason=restart.reason or _reason_for(event))), ()


def _batch_of(reason: Reason | None) -> ChangeBatch:
    return reason.batch if isinstance(reason, FilesChanged) else ChangeBatch()


def _on_stop_request(state: Stopping, signal: int, now: float) -> Transition:
    if not isinstance(state.goal, Exit):
        return replace(state, goal=Exit(signal, now)), ()
    if now - state.goal.asked_at < DUPLICATE_REQUEST_WINDOW:
        return state, ()
    return _kill(state, now)


def _kill(state: Stopping, now: float) -> Transition:
    report = () if state.killed else (Report(Killed(state.run, now - state.asked_at)),)
    give_up_at = now + KILL_TIMEOUT if state.give_up_at is None else state.give_up_at
    killed = replace(state, killed=True, kill_at=now + KILL_INTERVAL, give_up_at=give_up_at)
    return killed, (Kill(state.run), *report)


def _has_kill_failed(state: Stopping, now: float) -> bool:
    """Return True if the session ends although its run still lives. No other run is ever started while it does."""
    return isinstance(state.goal, Exit) and state.give_up_at is not None and now >= state.give_up_at


def _give_up(state: Stopping) -> Transition:
    finished, actions = _finish(SIGNAL_BASE + KILL)
    return finished, (Report(KillFailed(state.run, KILL_TIMEOUT)), *actions)


def _after_stop(state: Stopping, now: float, policy: RestartPolicy) -> Transition:
    match state.goal:
        case Exit(signal):
            return _finish(SIGNAL_BASE + (KILL if state.killed else signal))
        case ApplyExitPolicy(outcome):
            return _apply_exit_policy(state.run, state.asked_at - state.started_at, outcome, now, policy, state.history)
        case Restart(reason, batch_is_open):  # pragma: no branch - there is no other
            if batch_is_open or reason is None:
                return WaitingForQuiet(state.run, state.history, _batch_of(reason)), ()
            return _relaunch(state.run, reason, now, state.history)


def _while_nothing_runs(state: WaitingForQuiet | WaitingForChange | BackingOff, event: Event, now: float) -> Transition:
    match event:
        case BatchClosed(batch):
            after, actions = _relaunch(state.run, FilesChanged(_pending(state).merged_with(batch)), now, state.history)
            return after, (Report(Changed(batch)), *actions)
        case StopRequested(signal):
            return _finish(SIGNAL_BASE + signal)
        case BatchOpened() if not isinstance(state, WaitingForQuiet):
            return WaitingForQuiet(state.run, state.history, _pending(state)), ()
        case RestartRequested() | SettingsChanged() if not isinstance(state, WaitingForQuiet):
            pending = _pending(state)
            reason = FilesChanged(pending) if pending else _reason_for(event)
            return _relaunch(state.run, reason, now, state.history)
        case DeadlineReached() if isinstance(state, BackingOff) and now >= state.until:
            return _relaunch(state.run, state.reason, now, state.history)
        case _:
            return state, ()


def _pending(state: WaitingForQuiet | WaitingForChange | BackingOff) -> ChangeBatch:
    """Return the changes that no run was started for yet."""
    match state:
        case WaitingForQuiet(pending=batch):
            return batch
        case BackingOff(reason=reason):
            return _batch_of(reason)
        case _:
            return ChangeBatch()


def _relaunch(run: int, reason: Reason, now: float, history: RestartHistory) -> Transition:
    """Start the next run. A change, or a restart by the user, resets the history."""
    if isinstance(reason, FilesChanged | ConfigChanged):
        history = RestartHistory(has_handled_change=True)
    elif isinstance(reason, RequestedByUser):
        history = RestartHistory(has_handled_change=history.has_handled_change)
    return _launch(run + 1, reason, now, history)


def _launch(run: int, reason: Reason, now: float, history: RestartHistory) -> Transition:
    return Running(run, now, history), (Launch(run, reason),)


def _finish(exit_code: int) -> Transition:
    return Finished(exit_code), (Finish(exit_code),)


def _apply_exit_policy(
    run: int, uptime: float, outcome: Outcome, now: float, policy: RestartPolicy, history: RestartHistory
) -> Transition:
    """Decide what follows when the child ended by itself after ``uptime`` seconds."""
    if outcome.was_interrupted or policy.once:
        return _finish(outcome.exit_code)
    if uptime >= policy.back_off.healthy:
        history = replace(history, failures=0)
    if isinstance(outcome, Exited) and outcome.code == policy.restart_code:
        return _on_restart_code(run, uptime, outcome, now, policy, history)
    return _follow_exit_policy(run, outcome, now, policy, replace(history, early_restarts=0))


def _on_restart_code(
    run: int, uptime: float, outcome: Exited, now: float, policy: RestartPolicy, history: RestartHistory
) -> Transition:
    if uptime >= EARLY_EXIT_WINDOW:
        return _relaunch(run, RequestedByChild(), now, replace(history, early_restarts=0))
    times = history.early_restarts + 1
    if times < MAX_EARLY_RESTARTS:
        updated = replace(history, early_restarts=times)
        return _back_off(run, policy.back_off.pause(times), times, outcome, RequestedByChild(), now, updated)
    report = Report(RestartCodeIgnored(outcome.code, times))
    after, actions = _follow_exit_policy(run, outcome, now, policy, replace(history, early_restarts=0))
    return after, (report, *actions)


def _follow_exit_policy(
    run: int, outcome: Outcome, now: float, policy: RestartPolicy, history: RestartHistory
) -> Transition:
    match policy.on_exit:
        case OnExit.EXIT:
            return _finish(outcome.exit_code)
        case OnExit.WAIT:
            return _wait_for_change(run, outcome, history)
        case OnExit.RESTART:
            failures = history.failures + 1
            pause = policy.back_off.pause(failures)
            updated = replace(history, failures=failures)
            return _back_off(run, pause, failures, outcome, ChildExited(outcome), now, updated)
        case OnExit.AUTO:  # pragma: no branch - there is no other
            # As Django: after an uncaught exception, wait for its repair. It was not meant to end the program.
            is_crash = isinstance(outcome, Exited) and outcome.uncaught_exception
            if outcome.exit_code == 0 or not (is_crash or history.has_handled_change):
                return _finish(outcome.exit_code)
            return _wait_for_change(run, outcome, history)


def _wait_for_change(run: int, outcome: Outcome, history: RestartHistory) -> Transition:
    return WaitingForChange(run, history), (Report(WaitingForChangeNotice(outcome)),)


def _back_off(
    run: int, pause: float, failures: int, outcome: Outcome, reason: Reason, now: float, history: RestartHistory
) -> Transition:
    return BackingOff(run, history, now + pause, reason), (Report(BackingOffNotice(pause, failures, outcome)),)
