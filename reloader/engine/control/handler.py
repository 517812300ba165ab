"""Handles requests to the running session, from other programs and by keys."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace

from typing_extensions import assert_never

from reloader.core.control_protocol import (
    Answer,
    ExplainRequest,
    FilesRequest,
    PauseRequest,
    Reply,
    RestartRequest,
    ResumeRequest,
    StatusRequest,
    WaitRequest,
)
from reloader.core.events import BatchOpened, ControlRequest, Event, KeyPressed, RestartRequested
from reloader.core.notices import ControlAnswer, FilesListed, KeysHelp, Paused, Resumed, SessionStatus
from reloader.core.runs import Rejection, Wait, describe_outcome, describe_state, result_of_wait, with_min_run
from reloader.core.settings import Settings
from reloader.core.states import State
from reloader.engine.agent_reports import AgentReports
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.explain import Explainer
from reloader.engine.control.journal import RunJournal
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.pause import Pause
from reloader.engine.tasks.gate import GateRunner
from reloader.interfaces import Clock


@dataclass(frozen=True, slots=True)
class _PendingWait:
    wait: Wait
    reply: Reply


@dataclass(slots=True)
class WaitingClients:
    """The requests and waits that have no answer yet. They live as long as the session, so that a later engine can answer."""

    requests: list[ControlRequest] = field(default_factory=list)
    waits: list[_PendingWait] = field(default_factory=list)


class ControlHandler:
    """Owned by the engine's thread. A request is answered after all events that arrived with it were decided on.

    ``is_active`` is True while ``compare_disk`` and ``answer`` have something to do.
    """

    def __init__(
        self,
        settings: Settings,
        journal: RunJournal,
        collector: ChangeCollector,
        baseline: Baseline,
        backends: BackendSet,
        agent_reports: AgentReports,
        clock: Clock,
        explainer: Explainer,
        restart_loops: RestartLoopGuard,
        config_reloader: ConfigReloader,
        gate: GateRunner,
        pause: Pause,
        clients: WaitingClients,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._collector = collector
        self._baseline = baseline
        self._backends = backends
        self._agent_reports = agent_reports
        self._clock = clock
        self._explainer = explainer
        self._restart_loops = restart_loops
        self._config_reloader = config_reloader
        self._gate = gate
        self._pause = pause
        self._clients = clients
        self._should_compare = False
        self._should_report_status = False
        self.is_active = bool(clients.requests or clients.waits)
        # The first turn answers the requests that another engine left, even if nothing is posted.
        self.deadline = clock() if self.is_active else None

    def handle(self, received: ControlRequest | KeyPressed) -> Event | None:
        """Accept a request or a key, and return the event that follows from it."""
        self.is_active = True
        if isinstance(received, KeyPressed):
            return self._handle_key(received.key)
        self._clients.requests.append(received)
        match received.request:
            case RestartRequest(by):
                self._restart_loops.reset()
                self._config_reloader.reset()
                return RestartRequested(by)
            case PauseRequest(by):
                self._begin_pause(by)
            case ResumeRequest(by):
                return self._end_pause(by)
            case WaitRequest(after=None):
                self._should_compare = True
                self._config_reloader.check_now()
            case _:
                pass  # its answer changes nothing
        return None

    def compare_disk(self) -> BatchOpened | None:
        """Compare all files at once if a client waits for a run with the present files."""
        if not self._should_compare:
            return None
        self._should_compare = False
        return self._collector.compare_all(self._clock())

    def answer(self, state: State) -> None:
        """Answer the requests, now that all events were decided on. Waits may stay unanswered."""
        now = self._clock()
        if self._should_report_status:
            self._should_report_status = False
            self._journal.report(self._status(state, now))
        requests, self._clients.requests = self._clients.requests, []
        for request in requests:
            self._answer(request, state, now)
        self._clients.waits = [pending for pending in self._clients.waits if pending.reply.is_connected]
        if self._clients.waits:
            self._answer_waits(state, now)
        self.is_active = bool(self._clients.waits)
        self.deadline = min((pending.wait.deadline for pending in self._clients.waits), default=None)

    def set_settings(self, settings: Settings) -> None:
        self._settings = settings

    # Answers

    def _answer(self, received: ControlRequest, state: State, now: float) -> None:
        match received.request:
            case StatusRequest() | RestartRequest() | PauseRequest() | ResumeRequest():
                received.reply(as_answer(self._status(state, now)))
            case WaitRequest(after, timeout):
                floor = None if after is None else after + 1
                self._clients.waits.append(_PendingWait(Wait(floor, now + timeout), received.reply))
            case ExplainRequest(path):
                backend = "stat" if self._backends.is_polled(path) else self._backends.backend
                received.reply(as_answer(self._explainer.explain(path, backend)))
            case FilesRequest():
                received.reply(as_answer(FilesListed(self._baseline.watched(), is_live=True)))
            case _:
                assert_never(received.request)

    def _answer_waits(self, state: State, now: float) -> None:
        rejection = None if self._is_collecting else self._rejection
        is_pending = self._is_collecting or self._is_pending or rejection is not None
        newest = self._journal.newest
        if newest is not None and newest.ended is not None and not newest.trace:
            newest = replace(newest, trace=self._agent_reports.trace)
        waiting: list[_PendingWait] = []
        for pending in self._clients.waits:
            wait = with_min_run(pending.wait, state, is_pending=is_pending)
            result = result_of_wait(wait, state, newest, now, rejection, held_back=len(self._pause.pending))
            if result is None:
                waiting.append(_PendingWait(wait, pending.reply))
            else:
                self._restart_loops.note_external_activity()
                self._config_reloader.note_external_activity()
                pending.reply(as_answer(result))
        self._clients.waits = waiting

    @property
    def _is_collecting(self) -> bool:
        """True if a change was found or hinted at, and nothing has followed from it yet."""
        return (
            self._collector.deadline is not None
            or bool(self._pause.pending)
            or self._config_reloader.has_unread_changes
        )

    @property
    def _is_pending(self) -> bool:
        """True if a run is to follow."""
        return self._config_reloader.pending is not None or self._gate.has_pending

    @property
    def _rejection(self) -> Rejection | None:
        """The reason for which no run with the present files follows, or None."""
        return self._journal.rejection if self._gate.has_rejected else self._journal.config_rejection

    def _status(self, state: State, now: float) -> SessionStatus:
        newest = self._journal.newest
        return SessionStatus(
            pid=os.getpid(),
            project=self._settings.project,
            command=self._settings.launch.argv,
            state=describe_state(state, is_rejected=self._gate.has_rejected),
            run=newest.run if newest is not None else 0,
            child=newest.pid if newest is not None and newest.ended is None else None,
            seconds=now - newest.started_at if newest is not None else 0.0,
            ready_after=newest.ready_after if newest is not None else None,
            reason=newest.reason if newest is not None else "",
            is_paused=self._pause.is_on,
            pending=tuple(self._pause.pending.kinds),
            backend=self._backends.backend,
            files=self._baseline.files,
            outcome=describe_outcome(newest.ended.outcome) if newest is not None and newest.ended is not None else "",
        )

    # Keys and the pause

    def _handle_key(self, key: str) -> Event | None:
        match key:
            case "p" if self._pause.is_on:
                return self._end_pause(key)
            case "p":
                self._begin_pause(key)
            case "s":
                self._should_report_status = True
            case _:
                self._journal.report(KeysHelp())
        return None

    def _begin_pause(self, by: str) -> None:
        if not self._pause.is_on:
            self._pause.begin(has_open_batch=self._collector.has_open_batch)
            self._journal.report(Paused(by))

    def _end_pause(self, by: str) -> Event | None:
        if not self._pause.is_on:
            return None
        self._journal.report(Resumed(by, len(self._pause.pending)))
        return self._pause.end(has_open_batch=self._collector.has_open_batch)


def as_answer(notice: ControlAnswer) -> Answer:
    """Return ``notice`` as a JSON object. Its fields are plain values."""
    return {"notice": type(notice).__name__, **asdict(notice)}
