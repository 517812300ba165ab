"""Commands that run beside the program, any number at a time: each has a deadline, and somebody who wants to know its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reloader.core.events import Event, RunEnded
from reloader.core.outcome import NotLaunched
from reloader.core.tasks import TaskOutcome, TimedOut
from reloader.interfaces import Child, ChildHost, ChildNotLaunched, Clock

#: Seconds from the request to end to force, for a command that has taken too long.
KILL_TIMEOUT = 1.0
#: The number of SIGTERM wherever there are signals; Windows' hosts have but one way to ask.
TERMINATE = 15

Then = Callable[[TaskOutcome], None]


@dataclass(slots=True)
class _Command:
    child: Child
    then: Then
    timeout: float
    asked_at: float
    force_at: float
    is_overdue: bool = False


class TaskRunner:
    """Owned by the engine's thread. ``host`` starts them; their output goes where ours does."""

    def __init__(self, host: ChildHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._running: dict[int, _Command] = {}
        self._last = 0
        self.is_active = False

    def start(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], timeout: float, then: Then
    ) -> int | None:
        """Start a command, and call ``then`` with its outcome in a later ``tick``; at once if it cannot be started.

        Returns the number by which it can be abandoned, or None if it was not started.
        """
        self._last += 1
        child = self._host.launch(argv, cwd=cwd, environment=environment, run=self._last)
        if isinstance(child, ChildNotLaunched):
            then(NotLaunched(child.exit_code, child.why))
            return None
        asked_at = self._clock() + timeout
        self._running[self._last] = _Command(child, then, timeout, asked_at, asked_at + KILL_TIMEOUT)
        self.is_active = True
        return self._last

    def cancel(self, number: int) -> None:
        """End it by force. Nobody is told of its end."""
        if number in self._running:
            command = self._running[number]
            command.then = _nobody
            command.child.kill()

    @property
    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        moments = [one.force_at if one.is_overdue else one.asked_at for one in self._running.values()]
        look = self._host.next_poll(self._clock()) if self._running else None
        return min([*moments, *([] if look is None else [look])], default=None)

    def tick(self, now: float) -> Sequence[Event]:
        """Handle what has ended, and end what is overdue."""
        for ended in self._host.collect(now):
            if isinstance(ended, RunEnded) and ended.run in self._running:
                command = self._running.pop(ended.run)
                command.then(TimedOut(command.timeout) if command.is_overdue else ended.outcome)
        for command in self._running.values():
            self._hurry(command, now)
        self.is_active = bool(self._running)
        return ()

    def _hurry(self, command: _Command, now: float) -> None:
        if command.is_overdue:
            if now >= command.force_at:
                command.child.kill()
                command.force_at = now + KILL_TIMEOUT
        elif now >= command.asked_at:
            command.is_overdue = True
            command.child.stop(TERMINATE)

    def close(self) -> None:
        """End all by force, with what they have left behind, and tell nobody. May be called twice."""
        for number in tuple(self._running):
            self.cancel(number)
        self._host.close()


def _nobody(outcome: TaskOutcome) -> None:
    """Whom it concerned wants to know no more."""
