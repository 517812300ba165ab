"""Find and signal the processes of a run, also those that left its process group.

On Linux the supervisor adopts orphans, the kernel lists children in /proc, and a process tag identifies the session.
Elsewhere processes that left their group cannot be found.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from collections.abc import Iterator
from contextlib import contextmanager

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


if sys.platform == "linux":
    import resource

    _RLIMIT_LOCKS = 10  # Python's resource module has no name for it

    class ProcessTag:
        """Tags every process that a session starts, so that a process outside of the session can find them.

        ``number`` identifies the session; it is ``None`` where the system does not allow setting the limit.

        The tag is a soft limit on file locks. The kernel has not enforced that limit since 2.4.25 (getrlimit(2)), but
        every process inherits it, and /proc shows it to everybody. Unlike an environment variable it survives an
        emptied environment and a program that overwrites its title. A process that sets this limit itself is not
        found, nor is one started by ``su`` or ``sudo``, which reset it.
        """

        def __init__(self) -> None:
            self._before = resource.getrlimit(_RLIMIT_LOCKS)
            self.number: int | None = 1 << 30 | int.from_bytes(os.urandom(4), "little") >> 2
            with self.applied():
                pass

        @contextmanager
        def applied(self) -> Iterator[None]:
            """Tag the processes that are started meanwhile."""
            with self._limit(self.number):
                yield

        @contextmanager
        def cleared(self) -> Iterator[None]:
            """Start processes meanwhile without this tag and without the tag of an outer session."""
            with self._limit(self._before[1]):
                yield

        def has_tag(self, pid: int) -> bool:
            """Return True if ``pid`` is a process of this session. False for a process that ended."""
            try:
                with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
                    return any(
                        line.split()[3] == str(self.number) for line in limits if line.startswith("Max file locks")
                    )
            except OSError:
                return False

        @contextmanager
        def _limit(self, soft: int | None) -> Iterator[None]:
            if soft is None:
                yield
                return
            try:
                resource.setrlimit(_RLIMIT_LOCKS, (soft, self._before[1]))
            except (OSError, ValueError):
                self.number = None  # a sandbox, or a lower hard limit
                yield
                return
            try:
                yield
            finally:
                resource.setrlimit(_RLIMIT_LOCKS, self._before)

else:  # pragma: no cover - not on Linux

    class ProcessTag:
        """Does nothing: no other supported system shows such a value of another process."""

        number: int | None = None

        @contextmanager
        def applied(self) -> Iterator[None]:
            yield

        @contextmanager
        def cleared(self) -> Iterator[None]:
            yield

        def has_tag(self, pid: int) -> bool:
            return False
