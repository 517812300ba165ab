"""Answers what other programs, and the user by a key, ask of the running session."""

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
from reloader.core.runs import Rejection, Wait, describe_state, result_of_wait, with_min_run
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
    """The requests and waits that have no answer yet. Lives as long as the session, so that a later engine answers them."""

    requests: list[ControlRequest] = field(default_factory=list)
    waits: list[_PendingWait] = field(default_factory=list)


class ControlHandler:
    """Owned by the engine's thread. A request is answered when all that has arrived with it is decided on.

    ``is_active`` is true while ``compare_disk`` and ``answer`` have something to do.
    """

    def __init__(
        self,
        settings: Settings,
        chronicle: RunJournal,
        collector: ChangeCollector,
        baseline: Baseline,
        backends: BackendSet,
        program: AgentReports,
        clock: Clock,
        explainer: Explainer,
        loops: RestartLoopGuard,
        renewal: ConfigReloader,
        gate: GateRunner,
        pause: Pause,
        clients: WaitingClients,
    ) -> None:
        self._settings = settings
        self._chronicle = chronicle
        self._collector = collector
        self._baseline = baseline
        self._backends = backends
        self._program = program
        self._clock = clock
        self._explainer = explainer
        self._loops = loops
        self._renewal = renewal
        self._gate = gate
        self._pause = pause
        self._clients = clients
        self._should_look = False
        self._should_tell = False
        self.is_active = bool(clients.requests or clients.waits)
        # What another engine left is looked at in the first turn, even if nothing happens by then.
        self.deadline = clock() if self.is_active else None

    def handle(self, asked: ControlRequest | KeyPressed) -> Event | None:
        """Accept a request, and return what is to be decided on because of it."""
        self.is_active = True
        if isinstance(asked, KeyPressed):
            return self._handle_key(asked.key)
        self._clients.requests.append(asked)
        match asked.request:
            case RestartRequest(by):
                self._loops.reset()
                self._renewal.reset()
                return RestartRequested(by)
            case PauseRequest(by):
                self._begin_pause(by)
            case ResumeRequest(by):
                return self._end_pause(by)
            case WaitRequest(after=None):
                self._should_look = True
                self._renewal.check_now()
            case _:
                pass  # to answer it changes nothing
        return None

    def compare_disk(self) -> BatchOpened | None:
        """Compare everything, once for all clients that wait for the present state. No event is waited for."""
        if not self._should_look:
            return None
        self._should_look = False
        return self._collector.compare_all(self._clock())

    def answer(self, state: State) -> None:
        """Answer what can be answered, now that all that has arrived is decided on."""
        now = self._clock()
        if self._should_tell:
            self._should_tell = False
            self._chronicle.report(self._status(state, now))
        asked, self._clients.requests = self._clients.requests, []
        for one in asked:
            self._answer(one, state, now)
        self._clients.waits = [pending for pending in self._clients.waits if pending.reply.is_connected]
        if self._clients.waits:
            self._answer_waits(state, now)
        self.is_active = bool(self._clients.waits)
        self.deadline = min((pending.wait.deadline for pending in self._clients.waits), default=None)

    def set_settings(self, settings: Settings) -> None:
        self._settings = settings

    # Answers

    def _answer(self, asked: ControlRequest, state: State, now: float) -> None:
        match asked.request:
            case StatusRequest() | RestartRequest() | PauseRequest() | ResumeRequest():
                asked.reply(as_answer(self._status(state, now)))
            case WaitRequest(after, timeout):
                floor = None if after is None else after + 1
                self._clients.waits.append(_PendingWait(Wait(floor, now + timeout), asked.reply))
            case ExplainRequest(path):
                backend = "stat" if self._backends.is_polled(path) else self._backends.backend
                asked.reply(as_answer(self._explainer.explain(path, backend)))
            case FilesRequest():
                asked.reply(as_answer(FilesListed(self._baseline.watched(), is_live=True)))
            case _:
                assert_never(asked.request)

    def _answer_waits(self, state: State, now: float) -> None:
        refusal = None if self._is_collecting else self._refusal
        is_pending = self._is_collecting or self._is_pending or refusal is not None
        newest = self._chronicle.newest
        if newest is not None and newest.ended is not None and not newest.trace:
            newest = replace(newest, trace=self._program.trace)
        waiting: list[_PendingWait] = []
        for pending in self._clients.waits:
            wait = with_min_run(pending.wait, state, is_pending=is_pending)
            over = result_of_wait(wait, state, newest, now, refusal)
            if over is None:
                waiting.append(_PendingWait(wait, pending.reply))
            else:
                self._loops.note_external_activity()
                self._renewal.note_external_activity()
                pending.reply(as_answer(over))
        self._clients.waits = waiting

    @property
    def _is_collecting(self) -> bool:
        """Whether something on the disk is known, and nothing has followed from it yet."""
        return self._collector.deadline is not None or bool(self._pause.pending) or self._renewal.has_unread_changes

    @property
    def _is_pending(self) -> bool:
        """Whether a run is to follow."""
        return self._renewal.pending is not None or self._gate.is_holding

    @property
    def _refusal(self) -> Rejection | None:
        """Why none follows that has what is on the disk."""
        is_at_the_gate = self._gate.is_refusing
        return self._chronicle.refusal if is_at_the_gate else self._chronicle.config_refusal

    def _status(self, state: State, now: float) -> SessionStatus:
        newest = self._chronicle.newest
        return SessionStatus(
            pid=os.getpid(),
            project=self._settings.project,
            command=self._settings.launch.argv,
            state=describe_state(state, is_rejected=self._gate.is_refusing),
            run=newest.run if newest is not None else 0,
            child=newest.pid if newest is not None and newest.ended is None else None,
            seconds=now - newest.started_at if newest is not None else 0.0,
            ready_after=newest.ready_after if newest is not None else None,
            reason=newest.reason if newest is not None else "",
            is_paused=self._pause.is_on,
            pending=tuple(self._pause.pending.kinds),
            backend=self._backends.backend,
            files=self._baseline.files,
        )

    # Keys and the pause

    def _handle_key(self, key: str) -> Event | None:
        match key:
            case "p" if self._pause.is_on:
                return self._end_pause(key)
            case "p":
                self._begin_pause(key)
            case "s":
                self._should_tell = True
            case _:
                self._chronicle.report(KeysHelp())
        return None

    def _begin_pause(self, by: str) -> None:
        if not self._pause.is_on:
            self._pause.begin(has_open_batch=self._collector.has_open_batch)
            self._chronicle.report(Paused(by))

    def _end_pause(self, by: str) -> Event | None:
        if not self._pause.is_on:
            return None
        self._chronicle.report(Resumed(by, len(self._pause.pending)))
        return self._pause.end()


def as_answer(notice: ControlAnswer) -> Answer:
    """``notice`` as JSON has it. Its fields are plain."""
    return {"notice": type(notice).__name__, **asdict(notice)}
