"""Runs the user's hooks: they follow the facts that are told, one after the other, and nothing ever waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from reloader.core.changes import ChangeBatch
from reloader.core.notices import Changed, Ended, HookFailed, Launched, Notice, Ready
from reloader.core.outcome import Exited
from reloader.core.states import FilesChanged
from reloader.core.tasks import HookEvent, TaskOutcome
from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.variables import HOOK_CHANGES, WriteChanges, reason_variables
from reloader.interfaces import Reporter

#: Seconds that a hook may take. At the end of a session that is how long it may be waited for.
HOOK_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class QueuedHook:
    """A hook that is to be run, with what it is told. ``changes`` lead to the run that is to follow it.

    Once it is due, another configuration changes nothing of its ``argv`` and ``cwd``.
    """

    occasion: HookEvent
    variables: Mapping[str, str]
    changes: ChangeBatch | None = None
    argv: tuple[str, ...] = ()
    cwd: str = ""


class Hooks:
    """A reporter before another one. Owned by the engine's thread; lives as long as the session.

    ``environment`` adds to what it is given all that is to be known of the run.
    """

    def __init__(
        self,
        hooks: Mapping[HookEvent, tuple[str, ...]],
        commands: TaskRunner,
        reporter: Reporter,
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        write_changes: WriteChanges,
        *,
        cwd: str,
    ) -> None:
        self._hooks = hooks
        self._commands = commands
        self._reporter = reporter
        self._environment = environment
        self._write_changes = write_changes
        self._cwd = cwd
        self._waiting: list[QueuedHook] = []
        self._is_busy = False
        self._run = 0

    def report(self, notice: Notice) -> None:
        self._reporter.report(notice)
        if isinstance(notice, Launched | Ended):
            self._run = notice.run
        due = _due_at(notice, self._run) if self._hooks else None
        if due is not None and due.occasion in self._hooks:
            # What could not be said yet is old by now, if the same has happened again.
            self._waiting = [one for one in self._waiting if one.occasion is not due.occasion]
            environment = self._environment({**due.variables, "RELOADER_HOOK": due.occasion.value})
            argv = self._hooks[due.occasion]
            self._waiting.append(replace(due, variables=environment, argv=argv, cwd=self._cwd))
            self._next()

    def set_hooks(self, hooks: Mapping[HookEvent, tuple[str, ...]]) -> None:
        """Replace the user's hooks. What is queued still runs."""
        self._hooks = hooks

    def transfer(
        self,
        hooks: Mapping[HookEvent, tuple[str, ...]],
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        *,
        cwd: str,
    ) -> None:
        """The facts that are told now are of another engine. What is due still comes before its hooks."""
        self._hooks, self._environment, self._cwd = hooks, environment, cwd

    @property
    def are_done(self) -> bool:
        return not self._is_busy

    def _next(self) -> None:
        while self._waiting and not self._is_busy:
            due = self._waiting.pop(0)
            self._is_busy = True
            # Only now, lest a hook that is still at work read what the next is to be told.
            changes = {} if due.changes is None else self._write_changes(due.changes, HOOK_CHANGES)
            self._commands.start(
                due.argv,
                cwd=due.cwd,
                environment={**due.variables, **changes},
                timeout=HOOK_TIMEOUT,
                then=partial(self._ended, due),
            )

    def _ended(self, due: QueuedHook, outcome: TaskOutcome) -> None:
        self._is_busy = False
        if not (isinstance(outcome, Exited) and outcome.code == 0):
            self._reporter.report(HookFailed(due.occasion, due.argv, outcome))
        self._next()


def _due_at(notice: Notice, last_run: int) -> QueuedHook | None:
    """Which hook ``notice`` is the occasion of. Each start is followed by one crash or one stop."""
    match notice:
        case Launched(run):
            return QueuedHook(HookEvent.START, {"RELOADER_RUN": str(run)})
        case Ready(run):
            return QueuedHook(HookEvent.READY, {"RELOADER_RUN": str(run)})
        case Changed(batch):
            told = {"RELOADER_RUN": str(last_run + 1), **reason_variables(FilesChanged(batch))}
            return QueuedHook(HookEvent.CHANGE, told, batch)
        case Ended(run, outcome, stopped=stopped):
            has_crashed = not stopped and outcome.exit_code != 0
            told = {"RELOADER_RUN": str(run), "RELOADER_EXIT_CODE": str(outcome.exit_code)}
            return QueuedHook(HookEvent.CRASH if has_crashed else HookEvent.STOP, told)
        case _:
            return None
