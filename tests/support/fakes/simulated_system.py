"""A simulated operating system, disk and user: drives ``transition`` through random histories and checks its promises.

A history is fixed by its seed. Time is a number here; nothing waits.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.choices import OnExit
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Begin,
    ChildInterrupted,
    DeadlineReached,
    Event,
    LaunchDelayed,
    LeaderExited,
    RestartRequested,
    RunEnded,
    SettingsChanged,
    StopRequested,
)
from reloader.core.notices import Changed, Ended
from reloader.core.outcome import Exited, NotLaunched, Outcome, Signalled
from reloader.core.settings import BackOffPolicy, RestartPolicy, StopPolicy
from reloader.core.states import FilesChanged, Finished, Idle, Reason, Running, State, WaitingForChange
from reloader.core.supervisor import (
    DUPLICATE_REQUEST_WINDOW,
    Action,
    Finish,
    Kill,
    Launch,
    Report,
    SendStopSignal,
    next_deadline,
)

TransitionFunction = Callable[[State, Event, float, RestartPolicy], tuple[State, tuple[Action, ...]]]

NEVER = float("inf")
LAST_TURN = 600  # of a history: each comes to rest long before
CALM_AFTER = 10  # launches; later children are good ones, so that every history comes to rest

OUTCOMES: tuple[Outcome, ...] = (
    Exited(0),
    Exited(1),
    Exited(3),
    Exited(3),
    Exited(130, was_foreground=True),
    Signalled(2, was_foreground=True),
    Signalled(9),
    Signalled(11),
)


STOPPED = Signalled(15)


class BrokenPromise(AssertionError):
    """A promise that ``transition`` broke, with the history that led to it."""


@dataclass(slots=True)
class SimulatedChild:
    """One run: when it ends by itself, how it reacts to a stop, and if it leaves processes running."""

    run: int
    leader_ends_at: float = NEVER
    outcome: Outcome = STOPPED
    leaves_others: bool = False
    stops_after: float = 0.01  # seconds from the stop signal to the end; NEVER: ignores it
    kills_needed: int = 1  # kills until it ends: a process that the kernel blocks takes its time
    asked_at: float | None = None
    kills: int = 0
    leader_has_exited: bool = False
    ended_by_itself: bool = False  # if that was known before its stop was requested
    is_alive: bool = True
    is_known_to_have_ended: bool = False


@dataclass(slots=True)
class Simulation:
    """One history. ``run`` plays it to its end, or raises BrokenPromise."""

    seed: int
    transition: TransitionFunction
    random: Random = field(init=False)
    policy: RestartPolicy = field(init=False)
    state: State = field(default_factory=Idle)
    now: float = 0.0
    agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    planned: int = 0
    child: SimulatedChild | None = None
    last_run: int = 0
    batch_is_open: bool = False
    is_pending: bool = False
    pending_paths: set[str] = field(default_factory=set)
    has_pending_settings: bool = False
    stop_requests: list[tuple[float, int]] = field(default_factory=list)
    was_interrupted: bool = False
    exit_code: int | None = None
    trace: list[tuple[float, Event | Action | State]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - a seed is the point
        self.policy = RestartPolicy(
            on_exit=self.random.choice(tuple(OnExit)),
            restart_code=self.random.choice((3, 3, 3, None, 1)),
            stop=StopPolicy(timeout=self.random.choice((0.0, 0.5, 2.0, 5.0))),
            back_off=BackOffPolicy(first=0.5, ceiling=self.random.choice((0.5, 4.0)), healthy=3.0),
        )

    def run(self) -> Simulation:
        self._plan_the_outside()
        self._play()
        self._must(self._is_at_rest(), "it is stuck: nothing more will happen by itself")
        for signal, later in ((self.random.choice((2, 15)), 0.0), (2, self.random.choice((0.1, 1.0, 60.0)))):
            self._at(self.now + 5 + later, lambda signal=signal: self._ask_to_stop(signal))  # type: ignore[misc]
        self._play()
        self._must(self.exit_code is not None, "it does not finish when it is asked to")
        self._check_that_the_end_is_final()
        return self

    # The outside: changes, requests, children

    def _plan_the_outside(self) -> None:
        random = self.random
        self._at(0.0, lambda: self._deliver(Begin()))
        if random.random() < 0.02:
            self._at(-1.0, lambda: self._ask_to_stop(15))
        moment = 0.0
        for _ in range(random.randrange(7)):
            moment += random.choice((0.0, 0.005, 0.05, 0.3, 1.0, 4.0, 12.0)) * (0.5 + random.random())
            moment = self._plan_a_batch(moment)
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            self._at(random.uniform(0.01, moment + 3), lambda: self._deliver(RestartRequested("test")))
        for _ in range(random.choice((0, 0, 0, 1))):
            self._at(random.uniform(0.01, moment + 3), self._change_settings)
        if random.random() < 0.4:
            self._plan_a_stop(random.uniform(0.01, moment + 3))
        for _ in range(random.choice((0, 0, 1, 3))):
            self._at(random.uniform(0.0, moment + 3), self._deliver_what_is_ignored)

    def _plan_a_batch(self, moment: float) -> float:
        """Plan a batch. Most open some time before they are closed; one that is complete is closed at once."""
        path = self._name_of_a_file()
        if self.random.random() < 0.75:
            self._at(moment, self._open_batch)
            moment += self.random.choice((0.001, 0.01, 0.05, 0.3, 2.0))
        self._at(moment, lambda: self._close_batch(path))
        return moment + 0.001

    def _name_of_a_file(self) -> str:
        return f"file{self.random.randrange(5)}"

    def _plan_a_stop(self, moment: float) -> None:
        signal = self.random.choice((2, 2, 15, 1))
        self._at(moment, lambda: self._ask_to_stop(signal))
        for _ in range(self.random.choice((0, 0, 1, 2))):
            moment += self.random.choice((0.001, 0.05, 0.5, 2.0))
            self._at(moment, lambda: self._ask_to_stop(signal))

    def _open_batch(self) -> None:
        self.batch_is_open = True
        self._deliver(BatchOpened())

    def _close_batch(self, path: str) -> None:
        self.batch_is_open = False
        self.pending_paths.add(path)
        self._deliver(BatchClosed(ChangeBatch.of([PathChange(path, ChangeKind.MODIFIED)])))

    def _ask_to_stop(self, signal: int) -> None:
        if self.exit_code is None:
            if not self.stop_requests and self.child is not None and self.child.is_known_to_have_ended:
                self.child = None
            self.stop_requests.append((self.now, signal))
            self._deliver(StopRequested(signal))

    def _change_settings(self) -> None:
        self.has_pending_settings = self.exit_code is None
        self._deliver(SettingsChanged(("command",)))

    def _deliver_what_is_ignored(self) -> None:
        """Late events of a run that is over, and a deadline that has not been reached."""
        before = self.state
        deadline = next_deadline(before)
        old = self.last_run - 1
        for event in (RunEnded(old, Exited(1)), LeaderExited(old, Exited(1)), DeadlineReached()):
            if not isinstance(event, DeadlineReached) or deadline is None or self.now < deadline:
                self._must(
                    self.transition(before, event, self.now, self.policy) == (before, ()), f"{event} is not ignored"
                )

    def _new_child(self, run: int) -> SimulatedChild:
        random = self.random
        if run > CALM_AFTER:
            return SimulatedChild(run)
        stops_after = random.choice((0.0, 0.01, 0.01, 0.4, 1.5, 9.0, NEVER))
        child = SimulatedChild(run, stops_after=stops_after, kills_needed=random.choice((1, 1, 1, 3)))
        if random.random() < 0.45:
            child.leader_ends_at = self.now + random.choice((0.0, 0.02, 0.3, 0.99, 1.5, 5.0))
            child.outcome = random.choice(OUTCOMES)
            child.leaves_others = random.random() < 0.25
        return child

    def _leader_ends(self, child: SimulatedChild) -> None:
        if not child.is_alive or child.leader_has_exited:
            return
        child.leader_has_exited = True
        if child.leaves_others:
            self._at(self.now + self._latency(), lambda: self._deliver_end(LeaderExited, child))
        else:
            self._all_end(child)

    def _all_end(self, child: SimulatedChild) -> None:
        if child.is_alive:
            child.is_alive = False
            self._at(self.now + self._latency(), lambda: self._deliver_end(RunEnded, child))

    def _deliver_end(self, kind: type[LeaderExited | RunEnded], child: SimulatedChild) -> None:
        if isinstance(self.state, Running) and self.state.run == child.run and child.outcome.was_interrupted:
            self.was_interrupted = True
        if isinstance(self.state, Running) and self.state.run == child.run:
            child.ended_by_itself = True
        child.is_known_to_have_ended |= kind is RunEnded
        self._deliver(kind(child.run, child.outcome))

    def _latency(self) -> float:
        return self.random.choice((0.0, 0.0, 0.001, 0.03))

    # The engine: delivers events, performs actions

    def _at(self, moment: float, what: Callable[[], None]) -> None:
        self.planned += 1
        heapq.heappush(self.agenda, (moment, self.planned, what))

    def _play(self) -> None:
        """Play until nothing more will happen by itself. Events of one moment come in any order."""
        for _ in range(LAST_TURN):
            deadline = next_deadline(self.state)
            due = self.agenda[0][0] if self.agenda else NEVER
            if deadline is not None and (deadline < due or (deadline == due and self.random.random() < 0.5)):
                self.now = max(self.now, deadline + self.random.choice((0.0, 0.0, 0.01, 0.5)))
                self._deliver(DeadlineReached())
                after = next_deadline(self.state)
                self._must(after is None or after > self.now, "a deadline that was handled is still due")
            elif self.agenda:
                moment, _, what = heapq.heappop(self.agenda)
                self.now = max(self.now, moment)
                what()
            else:
                return
        self._must(False, "it does not come to rest")

    def _deliver(self, event: Event) -> None:
        if self.exit_code is not None:
            return
        self.state, actions = self.transition(self.state, event, self.now, self.policy)
        self.trace.append((self.now, event))
        self.trace.append((self.now, self.state))
        for action in actions:
            self.trace.append((self.now, action))
            self._must(self.exit_code is None, "it acts after it has finished")
            self._perform(action)
        self._must(
            isinstance(self.state, Finished) == (self.exit_code is not None), "state and action disagree on the end"
        )

    def _perform(self, action: Action) -> None:
        match action:
            case Launch(run, reason) if self._is_delayed(reason):
                self._deliver(LaunchDelayed(run, self.random.choice((0.02, 1.0)), reason))
            case Launch():
                self.is_pending = False
                self._launch(action)
            case SendStopSignal(run):
                self._receive_stop(run)
            case Kill(run):
                self._receive_kill(run)
            case Report(Changed(batch)):
                self._must(len(batch) > 0, "an empty batch is reported as a change")
            case Report(Ended(run, stopped=stopped)):
                child = self._child_of(run)
                self._must(
                    child is None or stopped is not child.ended_by_itself,
                    "a stop is reported as an end by itself, or the reverse",
                )
            case Report():
                pass
            case Finish(exit_code):
                self._finish(exit_code)

    def _is_delayed(self, reason: Reason) -> bool:
        """Return True if a trial for a restart loop comes first, at most once before each launch."""
        self.is_pending = not self.is_pending and isinstance(reason, FilesChanged) and self.random.random() < 0.1
        return self.is_pending

    def _launch(self, action: Launch) -> None:
        self._must(self.child is None or not self.child.is_alive, "two runs are alive")
        self._must(not self.batch_is_open, "it launches while a batch is open")
        self._must(not self.stop_requests, "it launches after it was asked to stop")
        self._must(not self.was_interrupted, "it launches after a Ctrl-C that only the child received")
        self._must(action.run == self.last_run + 1, "run numbers do not grow by one")
        named = set(action.reason.batch.kinds) if isinstance(action.reason, FilesChanged) else set[str]()
        self._must(self.pending_paths <= named, "the reason does not name what has changed")
        self._must(named <= self.pending_paths, "the reason names a change that was handled before")
        self.pending_paths.clear()
        self.has_pending_settings = False
        self.last_run = action.run
        if self.random.random() < 0.04 and action.run <= CALM_AFTER:
            unlaunched = self.child = SimulatedChild(action.run, outcome=NotLaunched(127, "not found"), is_alive=False)
            self._at(self.now, lambda: self._deliver_end(RunEnded, unlaunched))
            return
        child = self.child = self._new_child(action.run)
        if child.leader_ends_at < NEVER:
            self._at(child.leader_ends_at, lambda: self._leader_ends(child))

    def _receive_stop(self, run: int) -> None:
        child = self._child_of(run)
        if child is None:
            return
        self._must(child.asked_at is None, "a run is asked to stop twice")
        child.asked_at = self.now
        if child.stops_after < NEVER:
            self._at(self.now + child.stops_after, lambda: self._all_end(child))

    def _receive_kill(self, run: int) -> None:
        child = self._child_of(run)
        if child is None:
            return
        self._must(child.asked_at is not None, "a kill comes before the stop signal")
        in_time = self.now >= (child.asked_at or 0.0) + self.policy.stop.timeout
        self._must(in_time or self._was_asked_twice(), "a kill comes before the timeout")
        child.kills += 1
        if child.kills >= child.kills_needed:
            self._at(self.now + self._latency(), lambda: self._all_end(child))

    def _child_of(self, run: int) -> SimulatedChild | None:
        self._must(run == self.last_run, "an action is meant for another run")
        return self.child

    def _was_asked_twice(self) -> bool:
        """Return True if the user asked twice, and not by one key press that was received twice."""
        return (
            len(self.stop_requests) > 1
            and self.stop_requests[-1][0] - self.stop_requests[0][0] >= DUPLICATE_REQUEST_WINDOW
        )

    def _finish(self, exit_code: int) -> None:
        self._must(self.exit_code is None, "it finishes twice")
        self._must(self.child is None or not self.child.is_alive, "something is alive at the end")
        is_handled = not self.pending_paths and not self.has_pending_settings
        self._must(is_handled or self._may_leave_changes(), "it ends and a change is not handled")
        if self.stop_requests:
            self._must(exit_code in self._codes_of_a_stop(), f"exit code {exit_code} is not the one of a stop")
        self.exit_code = exit_code

    def _codes_of_a_stop(self) -> set[int]:
        was_forced = self.child is not None and self.child.kills > 0
        return {128 + 9} if was_forced else {128 + signal for _, signal in self.stop_requests}

    def _may_leave_changes(self) -> bool:
        """Return True after a stop by the user, also by a Ctrl-C that only the child received: no restart follows."""
        return bool(self.stop_requests) or self.was_interrupted

    # What must hold

    def _is_at_rest(self) -> bool:
        if self.exit_code is not None:
            return True
        serves = isinstance(self.state, Running) and self.child is not None and self.child.is_alive
        waits = isinstance(self.state, WaitingForChange) and (self.child is None or not self.child.is_alive)
        is_handled = not self.pending_paths and not self.has_pending_settings
        return (serves or waits) and is_handled and not self.batch_is_open

    def _check_that_the_end_is_final(self) -> None:
        for event in (
            Begin(),
            BatchClosed(ChangeBatch()),
            RestartRequested("test"),
            SettingsChanged(()),
            StopRequested(2),
            ChildInterrupted(self.last_run),
            DeadlineReached(),
            BatchOpened(),
        ):
            after = self.transition(self.state, event, self.now + 1, self.policy)
            self._must(after == (self.state, ()), f"{event} does something after the end")

    def _must(self, fact: bool, otherwise: str) -> None:
        if not fact:
            story = "\n".join(f"  {moment:9.3f} {what}" for moment, what in self.trace)
            raise BrokenPromise(
                f"seed {self.seed}: {otherwise}\n  policy: {self.policy}\n{story}\n  now {self.now:.3f}: {self.state}"
            )
