"""Runs the gate: performs the actions of ``core/gate.py``, and returns the events that it forwards."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from typing_extensions import assert_never

from reloader.core import gate as core
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Begin,
    Event,
    LeaderExited,
    RestartRequested,
    RunEnded,
    SettingsChanged,
    StopRequested,
)
from reloader.core.gate import (
    CancelTask,
    Forward,
    GateContext,
    GateEvent,
    GateResult,
    GateTaskFailed,
    GateTaskPassed,
    PolicyReplaced,
    QueuedEvent,
    StartTask,
)
from reloader.core.notices import Notice
from reloader.core.settings import RestartPolicy
from reloader.core.states import BackingOff, Idle, Running, State, WaitingForChange, next_run
from reloader.core.supervisor import Report
from reloader.core.tasks import GatePolicy
from reloader.engine.tasks.gate_tasks import GateTasks
from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.syntax_check import SyntaxChecker
from reloader.engine.tasks.variables import GATE_CHANGES, WriteChanges, reason_variables


class GateRunner:
    """Owned by the engine's thread. ``is_reverted`` returns True for a path with the same content as when the run started."""

    def __init__(
        self,
        policy: GatePolicy,
        restart: RestartPolicy,
        runner: TaskRunner,
        syntax_checker: SyntaxChecker,
        report: Callable[[Notice], None],
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        write_changes: WriteChanges,
        *,
        cwd: str,
        is_reverted: Callable[[str], bool],
    ) -> None:
        self._policy = policy
        self._restart = restart
        self._report = report
        self._environment = environment
        self._write_changes = write_changes
        self._interpreter = syntax_checker.interpreter
        self._is_reverted = is_reverted
        self._gate = core.new_gate(policy)
        self._state: State = Idle()
        self._results: deque[GateResult] = deque()
        self._tasks = GateTasks(runner, syntax_checker, report, self._results.append, self._present_run, cwd=cwd)
        self._is_closed = False

    #: The runner has the deadlines of the tasks, and the gate has none of its own.
    deadline = None

    @property
    def is_active(self) -> bool:
        """True if the result of a task or a new policy is to be handled."""
        return bool(self._results)

    def tick(self, now: float) -> Iterator[GateResult]:
        """Yield each result. The engine must pass it to ``admit`` before it asks for the next, which may be dropped then."""
        while self._results:
            yield self._results.popleft()

    def admit(self, event: Event | GateResult, state: State) -> list[Event]:
        """Handle ``event``. Return the events that the supervisor, which is in ``state``, is to decide on."""
        self._state = state
        match event:
            case GateTaskPassed() | GateTaskFailed() | PolicyReplaced():
                return [] if self._is_closed else self._handle(event)
            case StopRequested():
                self.close()
                return [event]
            case LeaderExited() | RunEnded() if not self._is_closed:
                return self._handle_end(event)
            case Begin() | BatchOpened() | BatchClosed() | RestartRequested() | SettingsChanged():
                return [event] if self._is_exempt(event) else self._handle(event)
            case _:
                return [event]

    def after_transition(self, state: State) -> list[Event]:
        """Return the events that the supervisor is to decide on now that it is in ``state``."""
        self._state = state
        if self._is_closed:
            return []
        self._gate, actions = core.announce_open_batch(
            self._gate, self._context, nothing_runs=isinstance(state, WaitingForChange | BackingOff)
        )
        return self._perform(actions)

    @property
    def has_pending(self) -> bool:
        """True if changes or requests are pending here, also rejected ones."""
        return not isinstance(self._gate.stage, core.Empty)

    @property
    def has_rejected(self) -> bool:
        """True if a task has failed. Then nothing happens before the next change or request."""
        return isinstance(self._gate.stage, core.Rejected)

    def handle_launch(self) -> None:
        """Note that a run is about to start."""
        self._gate = core.after_launch(self._gate)

    def set_pending_policy(self, policy: GatePolicy) -> None:
        """Check by the ``policy`` of pending settings. The pre-start commands stay those of the settings in force."""
        self._policy = replace(policy, before=self._policy.before)

    def set_policy(self, policy: GatePolicy) -> None:
        """Check by ``policy`` from now on, also the changes that are pending. No other settings are pending any more."""
        before = self._policy
        self.set_pending_policy(policy)
        if self._policy != before or self._gate.pending.changed_keys is not None:
            self._results.append(PolicyReplaced())

    def close(self) -> None:
        """Cancel the present task and start no other. May be called twice."""
        self._is_closed = True
        self._cancel()

    def _handle_end(self, ended: LeaderExited | RunEnded) -> list[Event]:
        """Handle the end of a run that was not stopped. An end by Ctrl-C causes no restart."""
        is_present = isinstance(self._state, Running) and ended.run == self._state.run
        if not is_present or ended.outcome.was_interrupted or self._restart.once:
            return [ended]
        self._gate, actions = core.handle_run_end(self._gate, ended, self._context)
        return self._perform(actions)

    def _is_exempt(self, event: QueuedEvent) -> bool:
        """Return True if nothing has to pass before ``event`` is decided on."""
        if self._is_closed or (self._restart.once and isinstance(self._state, Running)):
            return True
        is_postponed = self._restart.postpone and next_run(self._state) == 1
        if isinstance(event, Begin) and (is_postponed or not self._policy.before):
            return True
        is_needed = (
            self._policy.before or self._policy.check is not None or (self._policy.syntax and self._interpreter.is_used)
        )
        return not is_needed and isinstance(self._gate.stage, core.Empty)

    @property
    def _context(self) -> GateContext:
        checks_syntax = self._policy.syntax and self._interpreter.is_used
        return GateContext(self._policy, self._present_run(), checks_syntax, os.sep, self._is_reverted)

    def _present_run(self) -> int | None:
        return self._state.run if isinstance(self._state, Running) else None

    def _handle(self, event: GateEvent) -> list[Event]:
        self._gate, actions = core.handle(self._gate, event, self._context)
        return self._perform(actions)

    def _perform(self, actions: tuple[core.GateAction, ...]) -> list[Event]:
        forwarded: list[Event] = []
        for action in actions:
            match action:
                case Forward(event):
                    forwarded.append(event)
                case Report(notice):
                    self._report(notice)
                case CancelTask():
                    self._cancel()
                case StartTask(task):
                    forwarded += self._start(task)
                case _:
                    assert_never(action)
        return forwarded

    def _start(self, task: core.GateTask) -> list[Event]:
        """Start ``task``. If it ends at once, handle its result and return the events that follow."""
        forwarded: list[Event] = []
        if not self._tasks.start(task, self._task_environment, self._policy.timeout):
            while self._results and not self._is_closed:
                forwarded += self._handle(self._results.popleft())
        return forwarded

    def _cancel(self) -> None:
        """Cancel the present task. If it has just ended, drop its result."""
        self._tasks.cancel()
        kept = [result for result in self._results if isinstance(result, PolicyReplaced)]
        self._results.clear()
        self._results.extend(kept)

    def _task_environment(self) -> Mapping[str, str]:
        """Return the environment of a task, with the number of the next run, the reason for it, and the pending changes."""
        pending, state = self._gate.pending, self._state
        reason = state.reason if isinstance(state, Idle) else pending.reason
        run = {"RELOADER_RUN": str(next_run(state))}
        changes = self._write_changes(pending.batch, GATE_CHANGES)
        return self._environment({**run, **reason_variables(reason), **changes})
