"""The loop: waits for events, lets the supervisor decide, and performs the actions it returns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from typing_extensions import assert_never

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
from reloader.core.gate import GateResult
from reloader.core.notices import FinishedNotice, Launched, Notice, ScansSlowed
from reloader.core.outcome import NotLaunched
from reloader.core.settings import Settings
from reloader.core.states import Finished, Idle, Reason, Running, State, uptime
from reloader.core.supervisor import Action, Finish, Kill, Launch, Report, SendStopSignal, next_deadline, transition
from reloader.engine.components import Component, Components
from reloader.engine.live_settings import LiveSettings
from reloader.engine.run import RunProcess
from reloader.engine.tasks.hooks import HOOK_TIMEOUT
from reloader.engine.tasks.runner import KILL_TIMEOUT
from reloader.errors import ReloaderError


class Engine:
    """One session from ``start`` to its exit code, or until other settings need another engine."""

    def __init__(self, settings: Settings, parts: Components, start: Idle = Idle()) -> None:  # noqa: B008 - a value
        self._parts = parts
        self._state: State = start
        self._start = start
        self._next: Idle | None = None
        self._settings = LiveSettings(
            settings, start, parts.config_reloader, parts.pause, self._set_policies, self._set_pending_policies
        )
        self._run = RunProcess(settings.launch, parts.host, parts.clock, parts.inbox)
        # In this order: the end of a task may make a run ready or let the gate continue. Changes are found before the end of a
        # run is handled whose last reports have not arrived in time.
        self._components: tuple[Component, ...] = (
            parts.tasks,
            parts.readiness,
            parts.gate,
            parts.files,
            parts.agent_reports,
        )
        parts.files.inherit(start.pending)

    @property
    def state(self) -> State:
        return self._state

    def pending_up_to(self, following: Engine) -> ChangeBatch:
        """Return all changes from the last launch to the scan of the engine that follows."""
        return self._parts.files.pending_up_to(following._parts.files)

    def inherit(self, pending: ChangeBatch) -> None:
        """Pass ``pending`` to the first run: the changes since the last launch of the engine before this one."""
        self._state = self._start = replace(self._start, pending=pending)
        self._parts.files.inherit(pending)

    def run(self) -> int | Idle:
        """Run to the end, and return the exit code. No process of the run survives, even after an internal error.

        If other settings need another engine, return the state in which that engine is to begin.
        """
        try:
            self.begin()
            while (end := self._end) is None:
                self.turn()
            if isinstance(end, Idle):
                self._stop_gate_and_probes()  # the hooks continue in the engine that follows
            else:
                self.close()
            return end
        finally:
            self._run.kill_and_wait()

    @property
    def _end(self) -> int | Idle | None:
        if self._next is not None:
            return self._next
        return self._state.exit_code if isinstance(self._state, Finished) else None

    def close(self) -> None:
        """End all tasks, since the session is over. Wait for the last hooks, unless the user requests a stop."""
        self._stop_gate_and_probes()
        parts, limit = self._parts, self._parts.clock() + HOOK_TIMEOUT + KILL_TIMEOUT
        unhandled: list[Posted] = []
        while not parts.hooks.are_done and parts.clock() < limit:
            deadline = parts.tasks.deadline
            unhandled += parts.inbox.take(limit if deadline is None else min(deadline, limit))
            if any(isinstance(posted, StopRequested) for posted in unhandled):
                break
            parts.tasks.tick(parts.clock())
        parts.tasks.close()
        for posted in unhandled:
            parts.inbox.put_back(posted)  # another session may follow in this process

    def _stop_gate_and_probes(self) -> None:
        self._parts.gate.close()
        self._parts.readiness.stop()

    def begin(self) -> None:
        """Start the first run, unless a stop was requested during the scan."""
        self._parts.files.watch_for_hints(sorted(self._parts.config_reloader.paths))
        events = self._parts.inbox.drain()
        for posted in events:
            self._parts.inbox.put_back(posted)
        if not any(isinstance(posted, StopRequested) for posted in events):
            self._dispatch(Begin(self._start.pending))

    def turn(self) -> None:
        """Wait for an event or the nearest deadline, and handle it."""
        parts = self._parts
        for posted in parts.inbox.take(self._nearest_deadline()):
            if self._next is None:
                self._receive(posted)
            else:
                parts.inbox.put_back(posted)  # for the engine that follows
        for ended in parts.host.collect(parts.clock()):
            self._receive(ended)
        self._reload_settings()
        now = parts.clock()
        for component in self._components:
            if component.is_active:
                self._dispatch_all(component.tick(now))
        deadline = next_deadline(self._state)
        if deadline is not None and parts.clock() >= deadline:
            self._dispatch(DeadlineReached())
        if parts.control.is_active:
            self._dispatch(parts.control.compare_disk())
            if self._next is None:
                parts.control.answer(self._state)

    def _nearest_deadline(self) -> float | None:
        parts = self._parts
        now = parts.clock()
        if not parts.files.are_read_ahead and not isinstance(self._state, Idle):
            parts.files.read_ahead(now)
            return now
        moments = [component.deadline for component in self._components if component.is_active]
        moments += [
            next_deadline(self._state),
            parts.control.deadline,
            None if parts.pause.is_on else parts.config_reloader.deadline,
            parts.host.next_poll(now),
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    # Events

    def _receive(self, posted: Posted) -> None:
        parts = self._parts
        match posted:
            case PathsChanged(paths):
                parts.config_reloader.handle(paths)
                self._dispatch(parts.files.handle_hint(posted))
            case LeaderExited() | RunEnded():
                if isinstance(posted, RunEnded):
                    self._run.child = None  # its pid may belong to another process by now
                self._dispatch_all(parts.agent_reports.handle_end(posted))
            case StopRequested() | ChildInterrupted() | RestartRequested() | ControlRequest() | KeyPressed():
                self._receive_request(posted)
            case WatcherOverflowed() | WatcherFailed() | PollIntervalRaised():
                self._receive_from_backend(posted)
            case ProbePassed():
                parts.readiness.handle(posted)
            case ReportsSynced():
                self._handle_sync(posted)
            case Wakeup():
                pass  # it only begins a turn, and every turn collects the processes that have exited
            case _:
                self._dispatch(parts.files.add(parts.agent_reports.handle(posted)))

    def _receive_request(
        self, request: StopRequested | ChildInterrupted | RestartRequested | ControlRequest | KeyPressed
    ) -> None:
        match request:
            case ControlRequest() | KeyPressed():
                self._dispatch(self._parts.control.handle(request))
            case RestartRequested():
                self._parts.restart_loops.reset()
                self._parts.config_reloader.reset()
                self._dispatch(request)
            case _:
                self._dispatch(request)

    def _receive_from_backend(self, event: WatcherOverflowed | WatcherFailed | PollIntervalRaised) -> None:
        match event:
            case WatcherOverflowed():
                self._dispatch(self._parts.files.handle_overflow(event))
            case WatcherFailed():
                self._dispatch(self._parts.files.handle_failure(event))
            case PollIntervalRaised(interval, cost, paths):
                self._report(ScansSlowed(interval, cost, paths))
            case _:
                assert_never(event)

    def _handle_sync(self, synced: ReportsSynced) -> None:
        """Handle what was deferred until all reports up to ``synced`` had arrived: changes first, then the ends of runs."""
        self._dispatch(self._parts.files.handle_sync(synced))
        self._dispatch_all(self._parts.agent_reports.handle_sync(synced))

    def _reload_settings(self) -> None:
        now, deadline = self._parts.clock(), self._parts.config_reloader.deadline
        if deadline is not None and now >= deadline:
            self._dispatch(self._settings.reload(now))

    def _set_policies(self, settings: Settings) -> None:
        self._parts.files.set_debounce(settings.watch.debounce)
        self._parts.gate.set_policy(settings.tasks.gate)
        self._parts.hooks.set_hooks(settings.tasks.hooks)
        self._parts.control.set_settings(settings)

    def _set_pending_policies(self, settings: Settings) -> None:
        self._parts.gate.set_pending_policy(settings.tasks.gate)

    # Decisions

    def _dispatch_all(self, events: Iterable[Event | GateResult]) -> None:
        for event in events:
            self._dispatch(event)

    def _dispatch(self, event: Event | GateResult | None) -> None:
        """Let the supervisor decide on ``event``, unless the pause or the gate holds it back, and perform its actions."""
        parts = self._parts
        if event is None or (parts.pause.is_on and parts.pause.holds(event)):
            return
        if isinstance(event, RunEnded):
            self._explain_failure(event)
        events = deque(parts.gate.admit(event, self._state))
        while events and self._next is None:  # all further events are for the engine that follows
            before, restart = self._state, self._settings.current.restart
            self._state, actions = transition(before, events.popleft(), parts.clock(), restart)
            follow_ups: list[Event] = []
            for action in actions:
                follow_ups += self._perform(action)
            if isinstance(before, Running) and not isinstance(self._state, Running):
                parts.readiness.stop()
            events.extendleft(reversed(follow_ups or parts.gate.after_transition(self._state)))

    def _perform(self, action: Action) -> Sequence[Event]:
        """Perform ``action``. Return the events that the supervisor is to decide on next."""
        match action:
            case Report(notice):
                self._report(notice)
            case Launch(run, reason):
                return self._launch(run, reason)
            case SendStopSignal(_, signal):
                if self._run.child is not None:
                    self._run.child.stop(self._settings.current.restart.stop.signal if signal is None else signal)
            case Kill():
                if self._run.child is not None:
                    self._run.child.kill()
            case Finish(exit_code):
                self._report(FinishedNotice(exit_code))
            case _:
                assert_never(action)
        return ()

    def _launch(self, run: int, reason: Reason) -> Sequence[LaunchDelayed]:
        """Start a run, unless another engine is to do that or a trial must come first."""
        self._next = self._settings.before_launch(run)
        if self._next is not None:
            return ()
        reason = self._settings.reason_for(run, reason)
        trial = self._parts.restart_loops.needed_trial(reason)
        if trial is None:
            self._start_run(run, reason)
            return ()
        self._parts.files.consume(trial.suspects)
        self._parts.restart_loops.begin_trial(trial)
        return (LaunchDelayed(run, trial.seconds, reason),)

    def _start_run(self, run: int, reason: Reason) -> None:
        """Start a run, which reads all files as they are on the disk now."""
        parts = self._parts
        changes = parts.files.catch_up(parts.restart_loops.suspects)
        parts.prepare(changes)
        parts.gate.handle_launch()
        parts.files.handle_launch()
        parts.restart_loops.handle_launch(reason)
        parts.pause.handle_launch()
        parts.agent_reports.begin_run(run)
        try:
            environment = parts.environment_for(run, reason, changes)
        except ReloaderError as error:
            self._run.fail(run, NotLaunched(126, str(error)))
            return
        parts.port_conflicts.handle_launch(environment)
        child = self._run.launch(run, environment)
        if child is not None:
            self._report(Launched(run, child.pid, self._settings.current.launch.argv, reason))
            parts.readiness.begin(run)

    def _explain_failure(self, ended: RunEnded) -> None:
        """Report why the run has failed, if that is known, before its end is reported."""
        seconds = uptime(self._state, self._parts.clock())
        cause = None if seconds is None else self._parts.port_conflicts.explain(ended, seconds)
        if cause is not None:
            self._report(cause)

    def _report(self, notice: Notice) -> None:
        self._parts.reporter.report(notice)
