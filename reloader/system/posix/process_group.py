"""One run on POSIX: a process group, and the processes that left it."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import signal
import time
from collections.abc import Callable

from reloader.core.outcome import Outcome, StopStep, StopStepKind
from reloader.system.posix.process_tree import descendants, group_is_alive, signal_group, signal_process


class PosixChild:
    """The processes of one run. The group's id is the pid of its leader.

    ``bystanders`` returns the pids of descendants that are not part of the run.
    """

    def __init__(self, run: int, pid: int, bystanders: Callable[[], frozenset[int]]) -> None:
        self.run = run
        self.pid = pid
        self._bystanders = bystanders
        self.outcome: Outcome | None = None
        self.leader_exit_reported = False
        self.stop_signal: int | None = None
        self._stop_started_at = 0.0
        self.steps: tuple[StopStep, ...] = ()

    def stop(self, signal: int) -> None:
        self.stop_signal = signal
        self._record(StopStepKind.ASKED)
        signal_group(self.pid, signal)
        self.resume()

    def kill(self) -> None:
        self.stop_signal = signal.SIGKILL
        self._record(StopStepKind.KILLED)
        signal_group(self.pid, signal.SIGKILL)
        for pid in descendants(self._bystanders()):
            signal_process(pid, signal.SIGKILL)

    def resume(self) -> None:
        """Continue the group: a stopped process cannot handle a signal."""
        signal_group(self.pid, signal.SIGCONT)

    def has_ended(self) -> bool:
        """Return True if no process of the run is left.

        Once the group is empty, the stop signal is sent to the processes that left it.
        """
        if self.outcome is None or group_is_alive(self.pid):
            return False
        escaped = descendants(self._bystanders())
        if escaped and self.stop_signal is not None and self._record(StopStepKind.ESCAPED_ASKED):
            for pid in escaped:
                signal_process(pid, self.stop_signal)
                signal_process(pid, signal.SIGCONT)
        if not escaped and self.steps:
            self._record(StopStepKind.GONE)
        return not escaped

    def _record(self, kind: StopStepKind) -> bool:
        """Record a step of the stop with its time. Return False if one of this kind was recorded before."""
        if not self.steps:
            self._stop_started_at = time.monotonic()
        if any(step.kind is kind for step in self.steps):
            return False
        self.steps += (StopStep(kind, time.monotonic() - self._stop_started_at),)
        return True
