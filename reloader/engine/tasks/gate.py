"""The gate at work: does what ``core/gate.py`` orders, and hands on what is let through."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

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
    CheckSyntax,
    Forward,
    GateContext,
    GateEvent,
    GateResult,
    GateTaskFailed,
    GateTaskPassed,
    PolicyReplaced,
    QueuedEvent,
    RunTask,
    StartTask,
)
from reloader.core.notices import Notice, SyntaxErrorNotice, TaskFailed, TaskStarted
from reloader.core.outcome import Exited
from reloader.core.settings import RestartPolicy
from reloader.core.states import BackingOff, Idle, Running, State, WaitingForChange, next_run
from reloader.core.supervisor import Report
from reloader.core.tasks import GatePolicy, TaskOutcome
from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.syntax_check import CompileError, SyntaxChecker
from reloader.engine.tasks.variables import GATE_CHANGES, WriteChanges, reason_variables


class GateRunner:
    """Owned by the engine's thread.

    ``compiles`` says whether the program is known to be one of Python, ``holds_same_content`` whether a path holds what it held when
    the run was started.
    """

    def __init__(
        self,
        policy: GatePolicy,
        restart: RestartPolicy,
        commands: TaskRunner,
        sources: SyntaxChecker,
        report: Callable[[Notice], None],
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        write_changes: WriteChanges,
        *,
        cwd: str,
        compiles: Callable[[], bool],
        holds_same_content: Callable[[str], bool],
    ) -> None:
        self._policy = policy
        self._restart = restart
        self._commands = commands
        self._sources = sources
        self._report = report
        self._environment = environment
        self._write_changes = write_changes
        self._cwd = cwd
        self._compiles = compiles
        self._holds_same_content = holds_same_content
        self._gate = core.new_gate(policy)
        self._state: State = Idle()
        self._attempt = 0
        self._command: int | None = None
        self._results: deque[GateResult] = deque()
        self._is_over = False

    #: A task's end may come at any time, and what has to wait for a task has no deadline of its own.
    deadline = None

    @property
    def is_active(self) -> bool:
        """True if a task has ended, or another policy is in force, and nothing has followed from it yet."""
        return bool(self._results)

    def tick(self, now: float) -> Iterator[GateResult]:
        """Yield what the tasks have come to. Each is to be admitted as an event is, before the next: it may cancel that one."""
        while self._results:
            yield self._results.popleft()

    def admit(self, event: Event | GateResult, state: State) -> list[Event]:
        """Return what the supervisor, which is in ``state``, is to decide on now that ``event`` has happened."""
        self._state = state
        match event:
            case GateTaskPassed() | GateTaskFailed() | PolicyReplaced():
                return [] if self._is_over else self._handle(event)
            case StopRequested():
                self.close()
                return [event]
            case LeaderExited() | RunEnded() if not self._is_over:
                return self._handle_end(event)
            case Begin() | BatchOpened() | BatchClosed() | RestartRequested() | SettingsChanged():
                return [event] if self._is_exempt(event) else self._handle(event)
            case _:
                return [event]

    def follow(self, state: State) -> list[Event]:
        """What the supervisor is to decide on now that it is in ``state``."""
        self._state = state
        if self._is_over:
            return []
        self._gate, orders = core.announce_open_batch(
            self._gate, self._around, nothing_runs=isinstance(state, WaitingForChange | BackingOff)
        )
        return self._perform(orders)

    @property
    def is_holding(self) -> bool:
        """Whether something waits here, to be worked on or refused."""
        return not isinstance(self._gate.stage, core.Empty)

    @property
    def is_refusing(self) -> bool:
        """Whether what waits here has failed, and nothing is done before the next change."""
        return isinstance(self._gate.stage, core.Rejected)

    def handle_launch(self) -> None:
        """Note that a run is about to start."""
        self._gate = core.after_launch(self._gate)

    def set_pending_policy(self, policy: GatePolicy) -> None:
        """Hold what waits for other settings to their check. The tasks before a start stay what they were."""
        self._policy = replace(policy, before=self._policy.before)

    def set_policy(self, policy: GatePolicy) -> None:
        """Check by ``policy`` from now on, also what waits here already. No other settings are pending."""
        before = self._policy
        self.set_pending_policy(policy)
        if self._policy != before or self._gate.pending.changed_keys is not None:
            self._results.append(PolicyReplaced())

    def close(self) -> None:
        """Nothing is started any more. May be called twice."""
        self._is_over = True
        self._abandon()

    def _handle_end(self, ended: LeaderExited | RunEnded) -> list[Event]:
        """No restart follows from an end that the user has caused by Ctrl-C."""
        is_news = isinstance(self._state, Running) and ended.run == self._state.run
        if not is_news or ended.outcome.was_interrupted or self._restart.once:
            return [ended]
        self._gate, orders = core.handle_run_end(self._gate, ended, self._around)
        return self._perform(orders)

    def _is_exempt(self, event: QueuedEvent) -> bool:
        """True if nothing has to pass before ``event`` is decided on."""
        if self._is_over or (self._restart.once and isinstance(self._state, Running)):
            return True
        is_postponed = self._restart.postpone and next_run(self._state) == 1
        if isinstance(event, Begin) and (is_postponed or not self._policy.before):
            return True
        is_needed = self._policy.before or self._policy.check is not None or (self._policy.syntax and self._compiles())
        return not is_needed and isinstance(self._gate.stage, core.Empty)

    @property
    def _around(self) -> GateContext:
        run = self._state.run if isinstance(self._state, Running) else None
        compiles = self._policy.syntax and self._compiles()
        return GateContext(self._policy, run, compiles, os.sep, self._holds_same_content)

    def _handle(self, arrival: GateEvent) -> list[Event]:
        self._gate, orders = core.handle(self._gate, arrival, self._around)
        return self._perform(orders)

    def _perform(self, orders: tuple[core.GateAction, ...]) -> list[Event]:
        admitted: list[Event] = []
        for order in orders:
            match order:
                case Forward(event):
                    admitted.append(event)
                case Report(notice):
                    self._report(notice)
                case CancelTask():
                    self._abandon()
                case StartTask(task):
                    admitted += self._do(task)
                case _:
                    assert_never(order)
        return admitted

    def _do(self, task: core.GateTask) -> list[Event]:
        """Begin with ``task``. What can be done at once is, with all that follows from it."""
        self._attempt += 1
        attempt = self._attempt
        if isinstance(task, CheckSyntax):
            self._command = self._sources.check(task.paths, partial(self._compiled, attempt))
        else:
            self._report(TaskStarted(task.part, task.argv))
            self._command = self._commands.start(
                task.argv,
                cwd=self._cwd,
                environment=self._environment(self._told()),
                timeout=self._policy.timeout,
                then=partial(self._ended, attempt, task),
            )
        return self._handle_results() if self._command is None else []

    def _handle_results(self) -> list[Event]:
        """Go on at once where a task had its result at once."""
        admitted: list[Event] = []
        while self._results and not self._is_over:
            admitted += self._handle(self._results.popleft())
        return admitted

    def _told(self) -> Mapping[str, str]:
        """By what a step finds which run is to follow it, and why."""
        pending, state = self._gate.pending, self._state
        reason = state.reason if isinstance(state, Idle) else pending.reason
        run = {"RELOADER_RUN": str(next_run(state))}
        return {**run, **reason_variables(reason), **self._write_changes(pending.batch, GATE_CHANGES)}

    def _abandon(self) -> None:
        """End the task that is running, if any. The result of one that has just ended counts no more either."""
        self._attempt += 1
        self._results = deque(result for result in self._results if isinstance(result, PolicyReplaced))
        if self._command is not None:
            self._commands.cancel(self._command)
            self._command = None

    def _compiled(self, attempt: int, fault: CompileError | None) -> None:
        if attempt == self._attempt:
            self._results.append(GateTaskPassed() if fault is None else GateTaskFailed(self._refusal(fault)))

    def _refusal(self, fault: CompileError) -> SyntaxErrorNotice:
        excerpt = tuple(fault.told.rstrip("\n").split("\n"))
        return SyntaxErrorNotice(fault.path, fault.line, fault.column, fault.message, excerpt, self._around.run)

    def _ended(self, attempt: int, task: RunTask, outcome: TaskOutcome) -> None:
        if attempt != self._attempt:
            return
        if isinstance(outcome, Exited) and outcome.code == 0:
            self._results.append(GateTaskPassed())
        else:
            refused = TaskFailed(task.part, task.argv, outcome, self._around.run)
            self._results.append(GateTaskFailed(refused, outcome.exit_code))
