"""Runs the user's hooks after the notices they belong to, one after the other. Nothing waits for them."""

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

#: Seconds that a hook may take. The end of a session may be delayed by as much.
HOOK_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class QueuedHook:
    """A hook that is to be run. ``changes`` are those of the run that is to follow.

    A reload of the configuration does not change the ``argv`` and ``cwd`` of a queued hook.
    """

    event: HookEvent
    variables: Mapping[str, str]
    changes: ChangeBatch | None = None
    argv: tuple[str, ...] = ()
    cwd: str = ""


class Hooks:
    """A reporter that passes each notice on to another one. Owned by the engine's thread; lives as long as the session.

    ``environment`` returns the environment of a task with the given variables added.
    """

    def __init__(
        self,
        hooks: Mapping[HookEvent, tuple[str, ...]],
        runner: TaskRunner,
        reporter: Reporter,
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        write_changes: WriteChanges,
        *,
        cwd: str,
    ) -> None:
        self._hooks = hooks
        self._runner = runner
        self._reporter = reporter
        self._environment = environment
        self._write_changes = write_changes
        self._cwd = cwd
        self._queue: list[QueuedHook] = []
        self._is_busy = False
        self._run = 0

    def report(self, notice: Notice) -> None:
        """Report ``notice``, and queue its hook. Queued hooks of the same event are dropped, since this one supersedes them."""
        self._reporter.report(notice)
        if isinstance(notice, Launched | Ended):
            self._run = notice.run
        hook = _hook_of(notice, self._run) if self._hooks else None
        if hook is not None and hook.event in self._hooks:
            self._queue = [queued for queued in self._queue if queued.event is not hook.event]
            environment = self._environment({**hook.variables, "RELOADER_HOOK": hook.event.value})
            argv = self._hooks[hook.event]
            self._queue.append(replace(hook, variables=environment, argv=argv, cwd=self._cwd))
            self._run_next()

    def set_hooks(self, hooks: Mapping[HookEvent, tuple[str, ...]]) -> None:
        """Replace the user's hooks. Queued hooks still run."""
        self._hooks = hooks

    def transfer(
        self,
        hooks: Mapping[HookEvent, tuple[str, ...]],
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        *,
        cwd: str,
    ) -> None:
        """Run the hooks of the next engine from now on, after those that are queued."""
        self._hooks, self._environment, self._cwd = hooks, environment, cwd

    @property
    def are_done(self) -> bool:
        """True if no hook runs or is queued."""
        return not self._is_busy

    def _run_next(self) -> None:
        while self._queue and not self._is_busy:
            hook = self._queue.pop(0)
            self._is_busy = True
            # Not earlier: the hook before may still read the file with its changes.
            changes = {} if hook.changes is None else self._write_changes(hook.changes, HOOK_CHANGES)
            self._runner.start(
                hook.argv,
                cwd=hook.cwd,
                environment={**hook.variables, **changes},
                timeout=HOOK_TIMEOUT,
                on_end=partial(self._handle_end, hook),
            )

    def _handle_end(self, hook: QueuedHook, outcome: TaskOutcome) -> None:
        self._is_busy = False
        if not (isinstance(outcome, Exited) and outcome.code == 0):
            self._reporter.report(HookFailed(hook.event, hook.argv, outcome))
        self._run_next()


def _hook_of(notice: Notice, last_run: int) -> QueuedHook | None:
    """Return the hook that ``notice`` triggers, or None. Each start is followed by one crash or one stop."""
    match notice:
        case Launched(run):
            return QueuedHook(HookEvent.START, {"RELOADER_RUN": str(run)})
        case Ready(run):
            return QueuedHook(HookEvent.READY, {"RELOADER_RUN": str(run)})
        case Changed(batch):
            variables = {"RELOADER_RUN": str(last_run + 1), **reason_variables(FilesChanged(batch))}
            return QueuedHook(HookEvent.CHANGE, variables, batch)
        case Ended(run, outcome, stopped=stopped):
            has_crashed = not stopped and outcome.exit_code != 0
            variables = {"RELOADER_RUN": str(run), "RELOADER_EXIT_CODE": str(outcome.exit_code)}
            return QueuedHook(HookEvent.CRASH if has_crashed else HookEvent.STOP, variables)
        case _:
            return None
