"""The loop: waits for news, lets the supervisor decide, and performs what it decides, one small method for each action."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from typing_extensions import assert_never

from reloader.core.actions import Action, AskToStop, Finish, ForceStop, Launch, Tell
from reloader.core.changes import ChangeBatch
from reloader.core.events import (
    Asked,
    Begin,
    ChildEnded,
    ChildStirred,
    DeadlineReached,
    Event,
    InterruptHeard,
    IntervalRaised,
    LaunchHeld,
    LeaderEnded,
    PathsChanged,
    PlanRenewed,
    Posted,
    ProbePassed,
    RestartAsked,
    StopAsked,
    Synced,
    Typed,
    WatcherFailed,
    WatcherOverflowed,
)
from reloader.core.notices import (
    Finished,
    Launched,
    Notice,
    ScansSlowed,
)
from reloader.core.outcome import NotLaunched, Outcome
from reloader.core.plan import RunPlan
from reloader.core.reasons import ConfigChanged, Reason, for_want_of_another_plan
from reloader.core.states import Finished as FinishedState
from reloader.core.states import History, Idle, State, lived
from reloader.core.supervisor import next_deadline, step
from reloader.engine.baseline import Baseline
from reloader.engine.beside import Beside
from reloader.engine.changes import ChangeCollector
from reloader.engine.control import Control
from reloader.engine.failures import FailedStarts
from reloader.engine.files import Files
from reloader.engine.inbox import Inbox
from reloader.engine.loops import LoopGuard
from reloader.engine.program import Program
from reloader.engine.renewal import Renewal
from reloader.engine.sweep import Sweep
from reloader.engine.watching import Watching
from reloader.errors import ReloaderError
from reloader.ports import Child, ChildHost, ChildNotLaunched, Clock, Renewed, Reporter

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
    control: Control
    reporter: Reporter
    clock: Clock
    inbox: Inbox
    environment_for: EnvironmentFor
    prepare: Callable[[ChangeBatch], None]
    beside: Beside
    renewal: Renewal


class Engine:
    """One session from ``start`` to the exit code, or up to where another plan needs another engine."""

    def __init__(self, plan: RunPlan, parts: Parts, start: Idle = Idle()) -> None:  # noqa: B008 - a value
        self._plan = plan
        self._parts = parts
        self._state: State = start
        self._next: Idle | None = None
        self._child: Child | None = None
        self._files = Files(
            parts.watching,
            parts.baseline,
            parts.collector,
            parts.sweep,
            parts.program,
            parts.inbox,
            parts.clock,
            parts.reporter.tell,
        )
        self._files.inherit(start.unserved)
        self._start = start

    @property
    def state(self) -> State:
        return self._state

    @property
    def parts(self) -> Parts:
        """What it is made of, for the engine that follows."""
        return self._parts

    def unserved_up_to(self, later: Baseline, tell: Callable[[Notice], None]) -> ChangeBatch:
        """All that has changed since the last launch, up to the first look of the engine that follows."""
        return self._files.unserved_up_to(later, tell)

    @property
    def knows_all_contents(self) -> bool:
        """Whether every content was read, so that from now on a touch is known to be one."""
        return self._files.are_read_ahead

    def run(self) -> int | Idle:
        """Run until somebody or something ends it, and return the exit code. Nothing of the child is left on any way out.

        Another plan that needs other parts ends it too: then it returns how the engine with these is to begin.
        """
        try:
            self.begin()
            while (end := self._end) is None:
                self.turn()
            if isinstance(end, Idle):
                self._parts.beside.hand_on()
            else:
                self._parts.beside.wind_up(self._parts.inbox, self._parts.clock)
            return end
        finally:
            self._leave_nothing_behind()

    @property
    def _end(self) -> int | Idle | None:
        if self._next is not None:
            return self._next
        return self._state.exit_code if isinstance(self._state, FinishedState) else None

    def begin(self) -> None:
        """The baseline is taken: start the first run, unless somebody wants to end by now."""
        self._parts.watching.listen_to(self._parts.renewal.places)
        news = self._parts.inbox.take_now()
        for posted in news:
            self._parts.inbox.keep(posted)
        if not any(isinstance(posted, StopAsked) for posted in news):
            self._step(Begin(self._start.unserved))

    def turn(self) -> None:
        """Wait for news, or for the nearest deadline, and act on them."""
        parts = self._parts
        for posted in parts.inbox.take(self._nearest_deadline()):
            if self._next is None:
                self._receive(posted)
            else:
                parts.inbox.keep(posted)  # for the engine that follows
        self._look_at_processes()
        now = parts.clock()
        self._renew(now)
        self._decide_all(parts.beside.tick(now))
        self._step_all(self._files.close_batch(now))
        self._step_all(parts.program.tick(now))
        self._step_all(self._files.sweep(now))
        deadline = next_deadline(self._state)
        if deadline is not None and parts.clock() >= deadline:
            self._step(DeadlineReached())
        self._step_all(parts.control.look())
        if self._next is None:
            parts.control.answer(self._state)

    def _nearest_deadline(self) -> float | None:
        now = self._parts.clock()
        if not self._files.are_read_ahead and not isinstance(self._state, Idle):
            self._files.read_ahead(now)
            return now
        parts = self._parts
        moments = (
            next_deadline(self._state),
            *self._files.deadlines,
            parts.program.deadline,
            parts.control.deadline,
            parts.beside.deadline,
            None if parts.control.pause.is_on else parts.renewal.deadline,
            parts.host.next_look(now),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    # News

    def _receive(self, posted: Posted) -> None:
        match posted:
            case PathsChanged(paths):
                self._parts.renewal.hear(paths)
                self._step_all(self._files.hear_hint(posted))
            case ChildEnded():
                self._child = None  # there is nothing left to be asked or forced, and its pid may be another's by now
                self._step_all(self._parts.program.ended(posted))
            case LeaderEnded():
                self._step_all(self._parts.program.ended(posted))
            case StopAsked() | InterruptHeard() | RestartAsked() | Asked() | Typed():
                self._wished(posted)
            case WatcherOverflowed():
                self._step_all(self._files.events_were_lost(posted))
            case WatcherFailed():
                self._step_all(self._files.watcher_failed(posted))
            case IntervalRaised(interval, cost, paths):
                self._tell(ScansSlowed(interval, cost, paths))
            case ChildStirred():
                pass  # a reason to look, and looking follows after each batch of news
            case Synced() | ProbePassed():
                self._answered(posted)
            case _:
                self._step_all(self._files.take(self._parts.program.hear(posted)))

    def _wished(self, wish: StopAsked | InterruptHeard | RestartAsked | Asked | Typed) -> None:
        if isinstance(wish, Asked | Typed):
            self._step_all(self._parts.control.hear(wish))
            return
        if isinstance(wish, RestartAsked):
            self._parts.loops.forgive()
            self._parts.renewal.forgive()
        self._step(wish)

    def _answered(self, news: Synced | ProbePassed) -> None:
        """The run has answered, or all that the program had reported when we asked is heard."""
        if isinstance(news, ProbePassed):
            self._parts.beside.hear(news)
            return
        changes, hints = self._parts.program.settled(news)
        self._step_all(self._files.take(changes))
        self._step_all(self._files.hear(hints))
        self._step_all(self._parts.program.synced(news))

    def _look_at_processes(self) -> None:
        for ended in self._parts.host.collect(self._parts.clock()):
            self._receive(ended)

    # Another configuration

    def _renew(self, now: float) -> None:
        """Take over what was saved of the configuration; during a pause nothing is."""
        renewed = self._saved(lambda: self._parts.renewal.tick(now))
        if renewed is not None and self._take_over(renewed):
            self._step(PlanRenewed(_keys_of(renewed)))

    def _saved(self, read: Callable[[], Renewed | None]) -> Renewed | None:
        """What is to be taken over. If that is nothing any more, what waits for it does so no longer."""
        parts = self._parts
        if parts.control.pause.is_on:
            return None
        was_pending = parts.renewal.pending is not None
        renewed = read()
        if was_pending and renewed is None and parts.renewal.pending is None:
            parts.beside.adopt(self._plan)
        return renewed

    def _take_over(self, renewed: Renewed) -> bool:
        """Whether that needs other parts than those that there are. Policies are exchanged at once."""
        parts = self._parts
        if parts.renewal.judge(renewed):
            parts.beside.hold_to(renewed.plan)
            return True
        self._plan = replace(renewed.plan, launch=self._plan.launch)  # in which the sockets have their numbers
        parts.collector.adopt(self._plan.watch.debounce)
        parts.beside.adopt(self._plan)
        parts.control.adopt(self._plan)
        parts.renewal.accept(renewed)
        return False

    # Decisions

    def _step_all(self, events: Iterable[Event]) -> None:
        for event in self._parts.control.pause.through(events):
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
        self._decide_all(self._parts.beside.admit(event, self._state))

    def _decide_all(self, admitted: Iterable[Event]) -> None:
        for event in admitted:
            self._decide(event)
            self._decide_all(self._parts.beside.follow(self._state))

    def _decide(self, event: Event) -> None:
        if self._next is not None:
            return  # all that is decided from now on is for the engine that follows
        self._state, actions = step(self._state, event, self._parts.clock(), self._plan.restart)
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Tell(notice):
                self._tell(notice)
            case Launch(run, reason):
                self._launch_unless_renewed(run, reason)
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

    def _launch_unless_renewed(self, run: int, reason: Reason) -> None:
        """Whatever the reason for this launch, what starts is from the plan that is in force."""
        renewal = self._parts.renewal
        renewed = self._saved(renewal.before_launch)
        if renewed is not None:
            self._take_over(renewed)
        if renewal.pending is None:
            is_gone = isinstance(reason, ConfigChanged) and reason is not self._start.reason
            self._launch(run, for_want_of_another_plan(run) if is_gone else reason)
            return
        self._next = _start_after(run - 1, renewal.pending)

    def _launch(self, run: int, reason: Reason) -> None:
        trial = self._parts.loops.trial_before(reason)
        if trial is not None:
            self._files.absorb(trial.suspects)
            self._parts.loops.begin(trial)
            self._decide(LaunchHeld(run, trial.seconds, reason))
            return
        changes = self._files.catch_up(self._parts.loops.suspects)
        self._parts.prepare(changes)
        self._parts.beside.launching(reason, changes)
        self._parts.loops.launching(reason)
        self._parts.control.launched()
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
        self._parts.beside.launched(run)

    def _not_launched(self, run: int, outcome: Outcome) -> None:
        self._child = None
        self._parts.inbox.post(ChildEnded(run, outcome))

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


def _start_after(run: int, renewed: Renewed) -> Idle:
    """How the engine for another plan begins. The plan is a change that was served, so that no typo in it ends the session."""
    return Idle(run, ConfigChanged(_keys_of(renewed)), History(has_served_a_change=True))


def _keys_of(renewed: Renewed) -> tuple[str, ...]:
    return tuple(change.key for change in renewed.changes)
