"""Runs the gate's tasks, one at a time: syntax checks, the check command, pre-start commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from reloader.core.gate import CheckSyntax, GateResult, GateTask, GateTaskFailed, GateTaskPassed, RunTask
from reloader.core.notices import Notice, SyntaxErrorNotice, TaskFailed, TaskStarted
from reloader.core.outcome import Exited
from reloader.core.tasks import TaskOutcome
from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.syntax_check import CompileError, SyntaxChecker


class GateTasks:
    """Owned by the engine's thread. ``on_result`` is called with each result, also while ``start`` runs.

    ``present_run`` returns the number of the run that lives now, or None.
    """

    def __init__(
        self,
        runner: TaskRunner,
        syntax_checker: SyntaxChecker,
        report: Callable[[Notice], None],
        on_result: Callable[[GateResult], None],
        present_run: Callable[[], int | None],
        *,
        cwd: str,
    ) -> None:
        self._runner = runner
        self._syntax_checker = syntax_checker
        self._report = report
        self._on_result = on_result
        self._present_run = present_run
        self._cwd = cwd
        self._attempt = 0
        self._task: int | None = None

    def start(self, task: GateTask, environment: Callable[[], Mapping[str, str]], timeout: float) -> bool:
        """Start ``task``. Return False if it has ended already. ``timeout`` is in seconds."""
        self._attempt += 1
        attempt = self._attempt
        if isinstance(task, CheckSyntax):
            self._task = self._syntax_checker.check(task.paths, partial(self._handle_syntax, attempt))
        else:
            self._report(TaskStarted(task.part, task.argv))
            self._task = self._runner.start(
                task.argv,
                cwd=self._cwd,
                environment=environment(),
                timeout=timeout,
                on_end=partial(self._handle_end, attempt, task),
            )
        return self._task is not None

    def cancel(self) -> None:
        """Kill the present task, whose result is ignored."""
        self._attempt += 1
        if self._task is not None:
            self._runner.cancel(self._task)
            self._task = None

    def _handle_syntax(self, attempt: int, error: CompileError | None) -> None:
        if attempt != self._attempt:
            return
        if error is None:
            self._on_result(GateTaskPassed())
        else:
            excerpt = tuple(error.text.rstrip("\n").split("\n"))
            run = self._present_run()
            notice = SyntaxErrorNotice(error.path, error.line, error.column, error.message, excerpt, run)
            self._on_result(GateTaskFailed(notice))

    def _handle_end(self, attempt: int, task: RunTask, outcome: TaskOutcome) -> None:
        if attempt != self._attempt:
            return
        if isinstance(outcome, Exited) and outcome.code == 0:
            self._on_result(GateTaskPassed())
        else:
            notice = TaskFailed(task.part, task.argv, outcome, self._present_run())
            self._on_result(GateTaskFailed(notice, outcome.exit_code))
