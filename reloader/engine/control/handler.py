"""Answers what other programs, and the user by a key, ask of the running session."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

from typing_extensions import assert_never

from reloader.core.changes import ChangeBatch
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
from reloader.core.events import BatchClosed, BatchOpened, ControlRequest, Event, KeyPressed, RestartRequested
from reloader.core.notices import FilesListed, KeysHelp, Paused, Resumed, SessionNotice, SessionStatus
from reloader.core.runs import ALIVE, Rejection, Wait, describe_state, result_of_wait, with_min_run
from reloader.core.settings import Settings
from reloader.core.states import Running, State
from reloader.engine.agent_reports import AgentReports
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.explain import Explainer
from reloader.engine.control.journal import RunJournal
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.tasks.auxiliary import Auxiliary
from reloader.interfaces import Clock


class Pause:
    """Owned by the engine's thread. A batch that was let in when it opened is let in when it closes."""

    def __init__(self) -> None:
        self.is_on = False
        self.pending = ChangeBatch()
        self._is_open = False
        self._was_let_in = False

    def through(self, events: Iterable[Event]) -> Iterator[Event]:
        """``events`` without what is kept back."""
        for event in events:
            match event:
                case BatchOpened():
                    self._is_open = True
                    self._was_let_in = not self.is_on
                    if self._was_let_in:
                        yield event
                case BatchClosed(batch):
                    is_let_in = self._was_let_in or not self.is_on
                    self._is_open = self._was_let_in = False
                    if is_let_in:
                        yield event
                    else:
                        self.pending = self.pending.merged_with(batch)
                case _:
                    yield event

    def begin(self) -> None:
        self.is_on = True

    def end(self) -> list[Event]:
        """Let in what was kept back, as one batch, or the batch that is open now.

        Never both: what is open when a run is launched is in it, or closes later and is let in then.
        """
        self.is_on = False
        pending, self.pending = self.pending, ChangeBatch()
        if pending:
            return [BatchClosed(pending)]
        if self._is_open and not self._was_let_in:
            self._was_let_in = True
            return [BatchOpened()]
        return []

    def launched(self) -> None:
        """A run has started, for whatever reason: all that was kept back is in it."""
        self.pending = ChangeBatch()
        self._is_open = self._was_let_in = False


@dataclass(frozen=True, slots=True)
class _PendingWait:
    wait: Wait
    reply: Reply


class ControlHandler:
    """Owned by the engine's thread. What is asked is answered when all that has arrived with it is decided on.

    A run that has lived for ``alive`` seconds is ready; None: something else says when it is.
    """

    def __init__(
        self,
        settings: Settings,
        chronicle: RunJournal,
        collector: ChangeCollector,
        baseline: Baseline,
        watching: BackendSet,
        program: AgentReports,
        clock: Clock,
        explainer: Explainer,
        loops: RestartLoopGuard,
        renewal: ConfigReloader,
        *,
        alive: float | None = ALIVE,
        beside: Auxiliary | None = None,
        before: ControlHandler | None = None,
    ) -> None:
        self.pause = Pause()
        self._settings = settings
        self._chronicle = chronicle
        self._collector = collector
        self._baseline = baseline
        self._watching = watching
        self._program = program
        self._clock = clock
        self._explainer = explainer
        self._loops = loops
        self._renewal = renewal
        self._alive = alive
        self._beside = beside
        self._asked: list[ControlRequest] = []
        self._waits: list[_PendingWait] = []
        self._should_look = False
        self._should_tell = False
        self._ready_at: float | None = None
        if before is not None:
            self.pause, self._asked, self._waits = before.left_over()

    def left_over(self) -> tuple[Pause, list[ControlRequest], list[_PendingWait]]:
        """What the control of the next engine goes on with: whoever has asked this one is answered by that one."""
        self.pause.launched()  # what was kept back is in the first run of that one
        return self.pause, self._asked, self._waits

    @property
    def deadline(self) -> float | None:
        """When there is something to do."""
        moments = [pending.wait.deadline for pending in self._waits]
        if self._ready_at is not None:
            moments.append(self._ready_at)
        return min(moments, default=None)

    def handle(self, asked: ControlRequest | KeyPressed) -> Iterator[Event]:
        """Take a request in, and return what is to be decided on for its sake."""
        if isinstance(asked, KeyPressed):
            yield from self._typed(asked.key)
            return
        self._asked.append(asked)
        match asked.request:
            case RestartRequest(by):
                self._loops.forgive()
                self._renewal.forgive()
                yield RestartRequested(by)
            case PauseRequest(by):
                self._begin_pause(by)
            case ResumeRequest(by):
                yield from self._end_pause(by)
            case WaitRequest(after=None):
                self._should_look = True
                self._renewal.look_now()
            case _:
                pass  # nothing changes by being told

    def look(self) -> Iterator[Event]:
        """Somebody has asked for all that is on the disk: no event is waited for. Once for all who have asked meanwhile."""
        if self._should_look:
            self._should_look = False
            opened = self._collector.compare_all(self._clock())
            if opened is not None:
                yield opened

    def answer(self, state: State) -> None:
        """All that has arrived is decided on: answer what can be answered."""
        now = self._clock()
        self._note_readiness(state, now)
        if self._should_tell:
            self._should_tell = False
            self._chronicle.report(self._status(state, now))
        asked, self._asked = self._asked, []
        for one in asked:
            self._answer(one, state, now)
        self._waits = [pending for pending in self._waits if pending.reply.is_connected]
        if self._waits:
            self._answer_waits(state, now)

    def adopt(self, settings: Settings) -> None:
        self._settings = settings

    def launched(self) -> None:
        """A run has started; it has all that was on the disk."""
        self.pause.launched()

    # Readiness

    def _note_readiness(self, state: State, now: float) -> None:
        newest = self._chronicle.newest
        self._ready_at = None
        if self._alive is None or not isinstance(state, Running):
            return
        if newest is None or newest.run != state.run or newest.ready_after is not None:
            return
        if now - state.started_at >= self._alive:
            self._chronicle.is_ready(now - state.started_at)
        else:
            self._ready_at = state.started_at + self._alive

    # Answers

    def _answer(self, asked: ControlRequest, state: State, now: float) -> None:
        match asked.request:
            case StatusRequest() | RestartRequest() | PauseRequest() | ResumeRequest():
                asked.reply(as_answer(self._status(state, now)))
            case WaitRequest(after, timeout):
                floor = None if after is None else after + 1
                self._waits.append(_PendingWait(Wait(floor, now + timeout), asked.reply))
            case ExplainRequest(path):
                backend = "stat" if self._watching.is_polled(path) else self._watching.backend
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
        for pending in self._waits:
            wait = with_min_run(pending.wait, state, is_pending=is_pending)
            over = result_of_wait(wait, state, newest, now, refusal)
            if over is None:
                waiting.append(_PendingWait(wait, pending.reply))
            else:
                self._loops.interrupt()
                self._renewal.interrupt()
                pending.reply(as_answer(over))
        self._waits = waiting

    @property
    def _is_collecting(self) -> bool:
        """Whether something on the disk is known, and nothing has followed from it yet."""
        return self._collector.deadline is not None or bool(self.pause.pending) or self._renewal.is_unsettled

    @property
    def _is_pending(self) -> bool:
        """Whether a run is to follow."""
        return self._renewal.pending is not None or (self._beside is not None and self._beside.is_holding)

    @property
    def _refusal(self) -> Rejection | None:
        """Why none follows that has what is on the disk."""
        is_at_the_gate = self._beside is not None and self._beside.is_refusing
        return self._chronicle.refusal if is_at_the_gate else self._chronicle.config_refusal

    def _status(self, state: State, now: float) -> SessionStatus:
        newest = self._chronicle.newest
        return SessionStatus(
            pid=os.getpid(),
            project=self._settings.project,
            command=self._settings.launch.argv,
            state=describe_state(state, is_refused=self._beside is not None and self._beside.is_refusing),
            run=newest.run if newest is not None else 0,
            child=newest.pid if newest is not None and newest.ended is None else None,
            seconds=now - newest.started_at if newest is not None else 0.0,
            ready_after=newest.ready_after if newest is not None else None,
            reason=newest.reason if newest is not None else "",
            is_paused=self.pause.is_on,
            pending=tuple(self.pause.pending.kinds),
            backend=self._watching.backend,
            files=self._baseline.files,
        )

    # Keys and the pause

    def _typed(self, key: str) -> Iterator[Event]:
        match key:
            case "p" if self.pause.is_on:
                yield from self._end_pause(key)
            case "p":
                self._begin_pause(key)
            case "s":
                self._should_tell = True
            case _:
                self._chronicle.report(KeysHelp())

    def _begin_pause(self, by: str) -> None:
        if not self.pause.is_on:
            self.pause.begin()
            self._chronicle.report(Paused(by))

    def _end_pause(self, by: str) -> Iterator[Event]:
        if self.pause.is_on:
            self._chronicle.report(Resumed(by, len(self.pause.pending)))
            yield from self.pause.end()


def as_answer(notice: SessionNotice) -> Answer:
    """``notice`` as JSON has it. Its fields are plain."""
    return {"notice": type(notice).__name__, **asdict(notice)}
