"""The run of an engine, from its launch to where the host says that all of it is gone."""

from __future__ import annotations

from reloader.core.events import RunEnded
from reloader.core.notices import Launched
from reloader.core.outcome import NotLaunched, Outcome
from reloader.core.settings import LaunchSettings
from reloader.core.states import Reason
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.components import Components
from reloader.errors import ReloaderError
from reloader.interfaces import Child, ChildNotLaunched

#: How long an engine that fails itself waits for the end of the run that it forced.
LAST_WAIT = 2.0


class RunController:
    """Owned by the engine's thread. ``files`` is what a run has to have, all of it, when it starts."""

    def __init__(self, spec: LaunchSettings, parts: Components, files: ChangeTracker) -> None:
        self._spec = spec
        self._parts = parts
        self._files = files
        self._child: Child | None = None

    def launch(self, run: int, reason: Reason) -> None:
        """Start it, with all that is on the disk by now. If it cannot be started, it is posted to have ended."""
        parts, spec = self._parts, self._spec
        changes = self._files.catch_up(parts.loops.suspects)
        parts.prepare(changes)
        parts.beside.launching(reason, changes)
        parts.loops.launching(reason)
        parts.control.launched()
        try:
            environment = parts.environment_for(run)
        except ReloaderError as error:
            self._not_launched(run, NotLaunched(126, str(error)))
            return
        parts.failed_starts.starting(environment)
        child = parts.host.launch(spec.argv, cwd=spec.cwd, environment=environment, run=run)
        if isinstance(child, ChildNotLaunched):
            self._not_launched(run, NotLaunched(child.exit_code, child.why))
            return
        self._child = child
        parts.reporter.report(Launched(run, child.pid, spec.argv, reason))
        parts.beside.launched(run)

    def stop(self, signal: int) -> None:
        if self._child is not None:
            self._child.stop(signal)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    def is_gone(self) -> None:
        """There is nothing left to be asked or forced, and its pid may be another's by now."""
        self._child = None

    def leave_nothing_behind(self) -> None:
        """On the way out of a session that did not finish: by an error of ours, there is no time to be polite."""
        if self._child is None:
            return
        self._child.kill()
        parts, limit = self._parts, self._parts.clock() + LAST_WAIT
        while parts.clock() < limit:
            if any(isinstance(news, RunEnded) for news in parts.host.collect(parts.clock())):
                return
            look = parts.host.next_poll(parts.clock())
            parts.inbox.take(limit if look is None else min(look, limit))

    def _not_launched(self, run: int, outcome: Outcome) -> None:
        self._child = None
        self._parts.inbox.post(RunEnded(run, outcome))
