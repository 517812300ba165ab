"""Runs tasks: commands beside the program, any number at a time, each with a timeout and a callback for its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reloader.core.events import Event, RunEnded
from reloader.core.outcome import NotLaunched
from reloader.core.tasks import TaskOutcome, TimedOut
from reloader.interfaces import Child, ChildHost, ChildNotLaunched, Clock

#: Seconds from the stop signal to the kill, for a task that exceeded its timeout.
KILL_TIMEOUT = 1.0
#: The number of SIGTERM on every POSIX system. Windows has only one way to request a stop, and ignores it.
TERMINATE = 15

#: Called with the outcome of a task.
OnEnd = Callable[[TaskOutcome], None]


@dataclass(slots=True)
class _Running:
    child: Child
    on_end: OnEnd
    timeout: float
    stop_at: float
    kill_at: float
    is_overdue: bool = False


class TaskRunner:
    """Owned by the engine's thread. ``host`` starts the commands; their output goes where ours goes."""

    def __init__(self, host: ChildHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._running: dict[int, _Running] = {}
        self._last = 0
        self.is_active = False

    def start(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], timeout: float, on_end: OnEnd
    ) -> int | None:
        """Start a command, and call ``on_end`` with its outcome in a later ``tick``.

        Return its number, for ``cancel``. If it cannot be started, call ``on_end`` at once and return None. ``timeout`` is
        in seconds.
        """
        self._last += 1
        child = self._host.launch(argv, cwd=cwd, environment=environment, run=self._last)
        if isinstance(child, ChildNotLaunched):
            on_end(NotLaunched(child.exit_code, child.why))
            return None
        stop_at = self._clock() + timeout
        self._running[self._last] = _Running(child, on_end, timeout, stop_at, stop_at + KILL_TIMEOUT)
        self.is_active = True
        return self._last

    def cancel(self, number: int) -> None:
        """Kill a task. Its ``on_end`` is not called."""
        if number in self._running:
            task = self._running[number]
            task.on_end = _ignore
            task.child.kill()

    @property
    def deadline(self) -> float | None:
        """The moment at which ``tick`` has something to do."""
        moments = [task.kill_at if task.is_overdue else task.stop_at for task in self._running.values()]
        poll_at = self._host.next_poll(self._clock()) if self._running else None
        return min([*moments, *([] if poll_at is None else [poll_at])], default=None)

    def tick(self, now: float) -> Sequence[Event]:
        """Handle the tasks that have ended, and stop those that are overdue."""
        for ended in self._host.collect(now):
            if isinstance(ended, RunEnded) and ended.run in self._running:
                task = self._running.pop(ended.run)
                task.on_end(TimedOut(task.timeout) if task.is_overdue else ended.outcome)
        for task in self._running.values():
            self._stop_if_overdue(task, now)
        self.is_active = bool(self._running)
        return ()

    def _stop_if_overdue(self, task: _Running, now: float) -> None:
        if task.is_overdue:
            if now >= task.kill_at:
                task.child.kill()
                task.kill_at = now + KILL_TIMEOUT
        elif now >= task.stop_at:
            task.is_overdue = True
            task.child.stop(TERMINATE)

    def close(self) -> None:
        """Kill all tasks and the processes they started, without calling ``on_end``. May be called twice."""
        for number in tuple(self._running):
            self.cancel(number)
        self._host.close()


def _ignore(outcome: TaskOutcome) -> None:
    """Ignore the outcome of a canceled task."""
