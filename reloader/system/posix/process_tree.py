"""The processes of a run on POSIX: its process group, and the processes that left it.

On Linux the supervisor adopts orphans, and the kernel lists children in /proc. Elsewhere processes that left their group
cannot be found.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import time
from collections.abc import Callable

from reloader.core.outcome import Outcome, StopStep, StopStepKind


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


if sys.platform == "linux":
    import ctypes

    _PR_SET_CHILD_SUBREAPER = 36
    _PR_GET_CHILD_SUBREAPER = 37

    def adopt_orphans(adopts: bool = True) -> bool:
        """Become, or stop being, the parent of every descendant whose own parent dies (prctl(2)). Return the old setting."""
        prctl, before = ctypes.CDLL(None).prctl, ctypes.c_int()
        prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)
        return bool(before.value)

    def children() -> list[int]:
        """Return the pids of this process's children, including adopted ones and zombies."""
        return _children(os.getpid())

    def descendants(bystanders: frozenset[int] = frozenset()) -> list[int]:
        """Return the pids of all descendants, including zombies, but without ``bystanders`` and their descendants."""
        found: list[int] = []
        waiting = children()
        while waiting:
            pid = waiting.pop()
            if pid not in bystanders:
                found.append(pid)
                waiting += _children(pid)
        return found

    def _children(pid: int) -> list[int]:
        """Collect the children of every thread: the kernel lists a child under the thread that started it."""
        tasks = f"/proc/{pid}/task"
        try:
            threads = os.listdir(tasks)
        except OSError:
            return []  # the process ended meanwhile
        return [child for thread in threads for child in _children_of_thread(f"{tasks}/{thread}/children")]

    def _children_of_thread(listing: str) -> list[int]:
        try:
            with open(listing, "rb") as file:
                return [int(pid) for pid in file.read().split()]
        except OSError:
            return []  # the thread ended meanwhile

else:  # pragma: no cover - not on Linux

    def adopt_orphans(adopts: bool = True) -> bool:
        """Do nothing: no other supported POSIX system has subreapers."""
        return False

    def children() -> list[int]:
        """Return nothing: no orphans are adopted, and the host knows the processes that it started."""
        return []

    def descendants(bystanders: frozenset[int] = frozenset()) -> list[int]:
        """Return nothing: finding them would mean to query every process of the system."""
        return []


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group. A group that no longer exists is not an error."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or only zombies are left (macOS says EPERM then)


def signal_process(pid: int, number: int) -> None:
    """Send a signal to a process. A process that no longer exists is not an error."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone since it was listed, and the pid may belong to another user by now


def group_is_alive(group: int) -> bool:
    """Return True while the group has a member, including a zombie that was not reaped. Until then its id is not reused."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # macOS: only zombies are left; Linux: members of another user
    return True
