"""Messages about tasks: checks, the commands of ``before``, and hooks."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from reloader.cli.output.formatting import outcome_of, seconds_of, short, some
from reloader.core.notices import ChangesReverted, HookFailed, SyntaxErrorNotice, TaskFailed, TaskStarted
from reloader.core.tasks import TaskOutcome, TimedOut


def syntax_error(notice: SyntaxErrorNotice) -> str:
    where = short(notice.file) if notice.line is None else f"{short(notice.file)}, line {notice.line}"
    return f"{where}: {notice.message}; {_next(notice.run)}"


def task_started(notice: TaskStarted) -> str:
    return f"{notice.part}: {shlex.join(notice.argv)}"


def task_failed(notice: TaskFailed) -> str:
    return f"{notice.part} failed: {shlex.join(notice.argv)} {_outcome(notice.outcome)}; {_next(notice.run)}"


def changes_reverted(notice: ChangesReverted) -> str:
    return f"{some(notice.paths)} is as it was when run {notice.run} started, which keeps running"


def hook_failed(notice: HookFailed) -> str:
    return f"the {notice.event.value} hook failed: {shlex.join(notice.argv)} {_outcome(notice.outcome)}"


MESSAGES: Mapping[type, Callable[..., str]] = {
    SyntaxErrorNotice: syntax_error,
    TaskStarted: task_started,
    TaskFailed: task_failed,
    ChangesReverted: changes_reverted,
    HookFailed: hook_failed,
}


def _next(run: int | None) -> str:
    return "waiting for a change" if run is None else f"run {run} keeps running. Save again to retry"


def _outcome(outcome: TaskOutcome) -> str:
    if isinstance(outcome, TimedOut):
        return f"took more than {seconds_of(outcome.seconds)} and was stopped"
    return outcome_of(outcome)
