"""The loop: waits for news, lets the supervisor decide, and performs what it decides, one small method for each action."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from typing_extensions import assert_never

from reloader.core.actions import Action, AskToStop, Finish, ForceStop, Launch, Tell
from reloader.core.changes import ChangeBatch, PathChange
from reloader.core.events import (
    Begin,
    ChildEnded,
    ChildStirred,
    DeadlineReached,
    Event,
    InterruptHeard,
    IntervalRaised,
    LeaderEnded,
    PathsChanged,
    Posted,
    RestartAsked,
    StopAsked,
    Synced,
    WatcherFailed,
    WatcherOverflowed,
)
from reloader.core.notices import (
    Changed,
    EventsLost,
    EventsMissed,
    Finished,
    Launched,
    Note,
    Notice,
    ScansSlowed,
    Unchanged,
)
from reloader.core.outcome import NotLaunched, Outcome
from reloader.core.plan import RunPlan
from reloader.core.reasons import Reason
from reloader.core.states import Finished as FinishedState
from reloader.core.states import Idle, State, lived
from reloader.core.supervisor import next_deadline, step
from reloader.engine.baseline import Baseline
from reloader.engine.changes import ChangeCollector
from reloader.engine.failures import FailedStarts
from reloader.engine.inbox import Inbox
from reloader.engine.loops import LoopGuard
from reloader.engine.program import Program
from reloader.engine.sweep import Sweep
from reloader.engine.watching import Watching
from reloader.errors import ReloaderError
from reloader.ports import Child, ChildHost, ChildNotLaunched, Clock, Reporter

#: Reading contents ahead takes no longer than this many seconds at a time, so that news never wait for it.
READ_AHEAD = 0.002
#: How long an engine that fails itself waits for the end of the run that it forced.
LAST_WAIT = 2.0

#: The environment of a run, by its number.
EnvironmentFor = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the engine is made of, so that each part can be a fake."""

    host: ChildHost
    watching: Watching
    baseline: Baseline
    collector: ChangeCollector
    sweep: Sweep
    loops: LoopGuard
    failed_starts: FailedStarts
    program: Program
    reporter: Reporter
    clock: Clock
    inbox: Inbox
    environment_for: EnvironmentFor
    prepare: Callable[[ChangeBatch], None]


class Engine:
    """One session from the first launch to the exit code."""

    def __init__(self, plan: RunPlan, parts: Parts) -> None:
        self._plan = plan
        self._parts = parts
        self._state: State = Idle()
        self._child: Child | None = None
        self._served = ChangeBatch()
        self._is_read_ahead = False

    @property
    def state(self) -> State:
        return self._state

    @property
    def knows_all_contents(self) -> bool:
        """Whether every content was read, so that from now on a touch is known to be one."""
        return self._is_read_ahead

    def run(self) -> int:
        """Run until somebody or something ends it, and return the exit code. Nothing of the child is left on any way out."""
        try:
            self.begin()
            while not isinstance(self._state, FinishedState):
                self.turn()
            return self._state.exit_code
        finally:
            self._leave_nothing_behind()

    def begin(self) -> None:
        """The baseline is taken: start the first run."""
        self._step(Begin())

    def turn(self) -> None:
        """Wait for news, or for the nearest deadline, and act on them."""
        parts = self._parts
        for posted in parts.inbox.take(self._nearest_deadline()):
            self._receive(posted)
        self._look_at_processes()
        now = parts.clock()
        closed = parts.collector.close_if_due(now)
        unchanged = parts.baseline.take_unchanged()
        if unchanged:
            self._tell(Unchanged(unchanged))
        if closed is not None:
            self._served = self._served.merged_with(closed.batch)
            self._step(closed)
        self._step_all(parts.program.tick(now))
        self._sweep(now)
        deadline = next_deadline(self._state)
        if deadline is not None and parts.clock() >= deadline:
            self._step(DeadlineReached())

    def _nearest_deadline(self) -> float | None:
        now = self._parts.clock()
        if not self._is_read_ahead and not isinstance(self._state, Idle):
            self._read_ahead(now)
            return now
        parts = self._parts
        moments = (
            next_deadline(self._state),
            parts.collector.deadline,
            parts.sweep.deadline,
            parts.program.deadline,
            parts.host.next_look(now),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    def _read_ahead(self, now: float) -> None:
        """Use the idle time. What was found to differ is looked at again, as if somebody had hinted at it."""
        done, differing = self._parts.baseline.read_ahead(now + READ_AHEAD, self._parts.clock)
        if differing:
            self._parts.inbox.post(PathsChanged(tuple(differing)))
        if done:
            self._is_read_ahead = True
            self._tell(Note("the contents of all files are known"))

    def _sweep(self, now: float) -> None:
        """Serve what no event told of. Never while files are read ahead: what is read is looked at as well."""
        if not self._is_read_ahead:
            return
        missed = self._parts.sweep.tick(now)
        hints = self._parts.program.certain(PathsChanged(missed)).paths if missed else ()
        if _concern_rules(hints):
            self._read_rules_again()
        changes = self._parts.baseline.examine(hints)
        if changes:
            paths = tuple(change.path for change in changes)
            self._tell(EventsMissed(self._parts.watching.backend, paths))
            self._parts.watching.missed(paths)
            self._take(changes)

    # News

    def _receive(self, posted: Posted) -> None:
        match posted:
            case PathsChanged():
                self._hear(self._parts.program.certain(posted))
            case ChildEnded():
                self._child = None  # there is nothing left to be asked or forced, and its pid may be another's by now
                self._step_all(self._parts.program.ended(posted))
            case LeaderEnded():
                self._step_all(self._parts.program.ended(posted))
            case StopAsked() | InterruptHeard() | RestartAsked():
                self._wished(posted)
            case WatcherOverflowed(backend):
                self._tell(EventsLost(backend, self._parts.watching.overflow_remedy))
                self._parts.watching.watch_again()
                self._step_if(self._parts.collector.compare_all(self._parts.clock()))
            case WatcherFailed():
                self._parts.watching.fall_back(posted)
                self._step_if(self._parts.collector.compare_all(self._parts.clock()))
            case IntervalRaised(interval, cost, paths):
                self._tell(ScansSlowed(interval, cost, paths))
            case ChildStirred():
                pass  # a reason to look, and looking follows after each batch of news
            case Synced():
                self._answered(posted)
            case _:
                self._take(self._parts.program.hear(posted))

    def _wished(self, wish: StopAsked | InterruptHeard | RestartAsked) -> None:
        if isinstance(wish, RestartAsked):
            self._parts.loops.forgive()
        self._step(wish)

    def _answered(self, news: Synced) -> None:
        """All that the program had reported when we asked is heard."""
        changes, hints = self._parts.program.settled(news)
        self._take(changes)
        self._hear(hints)
        self._step_all(self._parts.program.synced(news))

    def _take(self, changes: list[PathChange]) -> None:
        self._step_if(self._parts.collector.take(changes, self._parts.clock()))

    def _hear(self, hints: PathsChanged) -> None:
        if not hints.paths:
            return
        now = self._parts.clock()
        if _concern_rules(hints.paths):
            self._read_rules_again()
        self._step_if(self._parts.collector.hear(hints, now))

    def _read_rules_again(self) -> None:
        self._parts.watching.rules_changed()
        self._parts.sweep.rules_were_read()
        self._step_if(self._parts.collector.compare_all(self._parts.clock()))

    def _look_at_processes(self) -> None:
        for ended in self._parts.host.collect(self._parts.clock()):
            self._receive(ended)

    # Decisions

    def _step_if(self, event: Event | None) -> None:
        if event is not None:
            self._step(event)

    def _step_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._explain(event)
            self._step(event)

    def _explain(self, event: Event) -> None:
        """Tell why a run has failed, before it is told that it has."""
        seconds = lived(self._state, self._parts.clock())
        if isinstance(event, ChildEnded) and seconds is not None:
            why = self._parts.failed_starts.explain(event, seconds)
            if why is not None:
                self._tell(why)

    def _step(self, event: Event) -> None:
        self._state, actions = step(self._state, event, self._parts.clock(), self._plan.restart)
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Tell(notice):
                self._tell(notice)
            case Launch(run, reason):
                self._launch(run, reason)
            case AskToStop(_, signal):
                if self._child is not None:
                    self._child.ask_to_stop(self._plan.restart.stop.signal if signal is None else signal)
            case ForceStop():
                if self._child is not None:
                    self._child.force_stop()
            case Finish(exit_code):
                self._tell(Finished(exit_code))
            case _:
                assert_never(action)

    def _launch(self, run: int, reason: Reason) -> None:
        self._catch_up()
        self._parts.loops.launching(reason)
        spec = self._plan.launch
        try:
            environment = self._parts.environment_for(run)
        except ReloaderError as error:
            self._not_launched(run, NotLaunched(126, str(error)))
            return
        self._parts.failed_starts.starting(environment)
        child = self._parts.host.launch(spec.argv, cwd=spec.cwd, environment=environment, run=run)
        if isinstance(child, ChildNotLaunched):
            self._not_launched(run, NotLaunched(child.exit_code, child.why))
            return
        self._child = child
        self._tell(Launched(run, child.pid, spec.argv, reason))

    def _not_launched(self, run: int, outcome: Outcome) -> None:
        self._child = None
        self._parts.inbox.post(ChildEnded(run, outcome))

    def _catch_up(self) -> None:
        """What has happened up to now is what the next run will read: it needs no restart of its own."""
        self._parts.watching.catch_up()
        hints: list[str] = []
        for posted in self._parts.inbox.take_now():
            if isinstance(posted, PathsChanged):
                hints += posted.paths
            else:
                self._parts.inbox.keep(posted)
        if _concern_rules(hints):
            self._parts.watching.rules_changed()
            self._parts.sweep.rules_were_read()
            self._parts.collector.compare_all(self._parts.clock())  # what it finds is absorbed below, with the rest
        found = self._parts.collector.absorb(hints)
        if found:
            self._tell(Changed(found))
        self._parts.prepare(self._served.merged_with(found))
        self._served = ChangeBatch()

    # Ends

    def _leave_nothing_behind(self) -> None:
        """On the way out of a session that did not finish: by an error of ours, there is no time to be polite."""
        if self._child is None:
            return
        self._child.force_stop()
        parts, limit = self._parts, self._parts.clock() + LAST_WAIT
        while parts.clock() < limit:
            if any(isinstance(news, ChildEnded) for news in parts.host.collect(parts.clock())):
                return
            look = parts.host.next_look(parts.clock())
            parts.inbox.take(limit if look is None else min(look, limit))

    def _tell(self, notice: Notice) -> None:
        self._parts.reporter.tell(notice)


def _concern_rules(paths: Iterable[str]) -> bool:
    return any(os.path.basename(path) == ".gitignore" for path in paths)
