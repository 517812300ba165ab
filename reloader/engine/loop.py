"""The loop: waits for news, lets the supervisor decide, and performs what it decides, one small method for each action."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from typing_extensions import assert_never

from reloader.core.actions import Action, Finish, Kill, Launch, Report, SendStopSignal
from reloader.core.changes import ChangeBatch
from reloader.core.events import (
    Begin,
    ChildInterrupted,
    ControlRequest,
    DeadlineReached,
    Event,
    KeyPressed,
    LaunchDelayed,
    LeaderExited,
    PathsChanged,
    PollIntervalRaised,
    Posted,
    ProbePassed,
    ReportsSynced,
    RestartRequested,
    RunEnded,
    StopRequested,
    Wakeup,
    WatcherFailed,
    WatcherOverflowed,
)
from reloader.core.notices import (
    FinishedNotice,
    Notice,
    ScansSlowed,
)
from reloader.core.settings import Settings
from reloader.core.states import Finished, Idle, Reason, State, uptime
from reloader.core.supervisor import next_deadline, transition
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.components import Components
from reloader.engine.config_apply import SettingsSwitch
from reloader.engine.files.baseline import Baseline
from reloader.engine.run import RunController


class Engine:
    """One session from ``start`` to the exit code, or up to where another plan needs another engine."""

    def __init__(self, settings: Settings, parts: Components, start: Idle = Idle()) -> None:  # noqa: B008 - a value
        self._parts = parts
        self._state: State = start
        self._next: Idle | None = None
        self._files = ChangeTracker(
            parts.watching,
            parts.baseline,
            parts.collector,
            parts.rescan,
            parts.program,
            parts.inbox,
            parts.clock,
            parts.reporter.report,
        )
        self._files.inherit(start.pending)
        self._start = start
        self._configuration = SettingsSwitch(settings, parts, start)
        self._run = RunController(settings.launch, parts, self._files)

    @property
    def state(self) -> State:
        return self._state

    @property
    def parts(self) -> Components:
        """What it is made of, for the engine that follows."""
        return self._parts

    def pending_up_to(self, later: Baseline, report: Callable[[Notice], None]) -> ChangeBatch:
        """All that has changed since the last launch, up to the first look of the engine that follows."""
        return self._files.pending_up_to(later, report)

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
            self._run.leave_nothing_behind()

    @property
    def _end(self) -> int | Idle | None:
        if self._next is not None:
            return self._next
        return self._state.exit_code if isinstance(self._state, Finished) else None

    def begin(self) -> None:
        """The baseline is taken: start the first run, unless somebody wants to end by now."""
        self._parts.watching.listen_to(self._parts.renewal.places)
        news = self._parts.inbox.take_now()
        for posted in news:
            self._parts.inbox.keep(posted)
        if not any(isinstance(posted, StopRequested) for posted in news):
            self._step(Begin(self._start.pending))

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
        reloaded = self._configuration.look(now)
        if reloaded is not None:
            self._step(reloaded)
        self._decide_all(parts.beside.tick(now))
        self._step_all(self._files.close_batch(now))
        self._step_all(parts.program.tick(now))
        self._step_all(self._files.rescan(now))
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
            self._configuration.deadline,
            parts.host.next_poll(now),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    # News

    def _receive(self, posted: Posted) -> None:
        match posted:
            case PathsChanged(paths):
                self._parts.renewal.handle(paths)
                self._step_all(self._files.handle_hint(posted))
            case RunEnded():
                self._run.is_gone()
                self._step_all(self._parts.program.ended(posted))
            case LeaderExited():
                self._step_all(self._parts.program.ended(posted))
            case StopRequested() | ChildInterrupted() | RestartRequested() | ControlRequest() | KeyPressed():
                self._wished(posted)
            case WatcherOverflowed():
                self._step_all(self._files.events_were_lost(posted))
            case WatcherFailed():
                self._step_all(self._files.watcher_failed(posted))
            case PollIntervalRaised(interval, cost, paths):
                self._report(ScansSlowed(interval, cost, paths))
            case Wakeup():
                pass  # a reason to look, and looking follows after each batch of news
            case ReportsSynced() | ProbePassed():
                self._answered(posted)
            case _:
                self._step_all(self._files.take(self._parts.program.handle(posted)))

    def _wished(self, wish: StopRequested | ChildInterrupted | RestartRequested | ControlRequest | KeyPressed) -> None:
        if isinstance(wish, ControlRequest | KeyPressed):
            self._step_all(self._parts.control.handle(wish))
            return
        if isinstance(wish, RestartRequested):
            self._parts.loops.forgive()
            self._parts.renewal.forgive()
        self._step(wish)

    def _answered(self, news: ReportsSynced | ProbePassed) -> None:
        """The run has answered, or all that the program had reported when we asked is heard."""
        if isinstance(news, ProbePassed):
            self._parts.beside.handle(news)
            return
        changes, hints = self._parts.program.settled(news)
        self._step_all(self._files.take(changes))
        self._step_all(self._files.handle(hints))
        self._step_all(self._parts.program.synced(news))

    def _look_at_processes(self) -> None:
        for ended in self._parts.host.collect(self._parts.clock()):
            self._receive(ended)

    # Decisions

    def _step_all(self, events: Iterable[Event]) -> None:
        for event in self._parts.control.pause.through(events):
            self._explain(event)
            self._step(event)

    def _explain(self, event: Event) -> None:
        """Tell why a run has failed, before it is told that it has."""
        seconds = uptime(self._state, self._parts.clock())
        if isinstance(event, RunEnded) and seconds is not None:
            why = self._parts.failed_starts.explain(event, seconds)
            if why is not None:
                self._report(why)

    def _step(self, event: Event) -> None:
        self._decide_all(self._parts.beside.admit(event, self._state))

    def _decide_all(self, admitted: Iterable[Event]) -> None:
        for event in admitted:
            self._decide(event)
            self._decide_all(self._parts.beside.follow(self._state))

    def _decide(self, event: Event) -> None:
        if self._next is not None:
            return  # all that is decided from now on is for the engine that follows
        self._state, actions = transition(self._state, event, self._parts.clock(), self._configuration.settings.restart)
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Report(notice):
                self._report(notice)
            case Launch(run, reason):
                self._launch(run, reason)
            case SendStopSignal(_, signal):
                usual = self._configuration.settings.restart.stop.signal
                self._run.stop(usual if signal is None else signal)
            case Kill():
                self._run.kill()
            case Finish(exit_code):
                self._report(FinishedNotice(exit_code))
            case _:
                assert_never(action)

    def _launch(self, run: int, reason: Reason) -> None:
        """Unless another engine is to do it, or it has to be found out first who writes."""
        self._next = self._configuration.before_launch(run)
        if self._next is not None:
            return
        reason = self._configuration.reason_for(run, reason)
        trial = self._parts.loops.trial_before(reason)
        if trial is None:
            self._run.launch(run, reason)
        else:
            self._files.absorb(trial.suspects)
            self._parts.loops.begin(trial)
            self._decide(LaunchDelayed(run, trial.seconds, reason))

    def _report(self, notice: Notice) -> None:
        self._parts.reporter.report(notice)
