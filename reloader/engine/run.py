"""The process of a run, from its launch to the moment at which the host reports that all its processes have exited."""

from __future__ import annotations

from collections.abc import Mapping

from reloader.core.events import RunEnded
from reloader.core.outcome import NotLaunched
from reloader.core.settings import LaunchSettings
from reloader.engine.inbox import Inbox
from reloader.interfaces import Child, ChildHost, ChildNotLaunched, Clock

#: Seconds to wait for the end of a run that was killed because of an internal error.
KILL_TIMEOUT = 2.0


class RunProcess:
    """Owned by the engine's thread. ``child`` is the present run, or None."""

    def __init__(self, settings: LaunchSettings, host: ChildHost, clock: Clock, inbox: Inbox) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        self._inbox = inbox
        self.child: Child | None = None

    def launch(self, run: int, environment: Mapping[str, str]) -> Child | None:
        """Start the run. If it cannot be started, post its end and return None."""
        settings = self._settings
        child = self._host.launch(settings.argv, cwd=settings.cwd, environment=environment, run=run)
        if isinstance(child, ChildNotLaunched):
            self.fail(run, NotLaunched(child.exit_code, child.why))
            return None
        self.child = child
        return child

    def fail(self, run: int, outcome: NotLaunched) -> None:
        """Post the end of a run that could not be started."""
        self.child = None
        self._inbox.post(RunEnded(run, outcome))

    def kill_and_wait(self) -> None:
        """Kill the run if there is one, and wait for its end. Does nothing if the session has ended as planned."""
        if self.child is None:
            return
        self.child.kill()
        limit = self._clock() + KILL_TIMEOUT
        while self._clock() < limit:
            if any(isinstance(event, RunEnded) for event in self._host.collect(self._clock())):
                return
            poll_at = self._host.next_poll(self._clock())
            self._inbox.take(limit if poll_at is None else min(poll_at, limit))
