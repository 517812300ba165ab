"""Processes that left their group: on Linux orphans come to us, and the kernel lists them. Elsewhere none can be found."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "linux":
    import ctypes
    import os

    _PR_SET_CHILD_SUBREAPER = 36
    _PR_GET_CHILD_SUBREAPER = 37

    def adopt_orphans(adopts: bool = True) -> bool:
        """Become the parent of every descendant whose own parent dies (prctl(2)), or no longer. Returns what was so before."""
        prctl, before = ctypes.CDLL(None).prctl, ctypes.c_int()
        prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)
        return bool(before.value)

    def children() -> list[int]:
        """The pids of our children, adopted ones and zombies included."""
        return _children(os.getpid())

    def descendants(bystanders: frozenset[int] = frozenset()) -> list[int]:
        """The pids of our children and of theirs, without ``bystanders`` and what these started. Zombies count."""
        found: list[int] = []
        waiting = children()
        while waiting:
            pid = waiting.pop()
            if pid not in bystanders:
                found.append(pid)
                waiting += _children(pid)
        return found

    def _children(pid: int) -> list[int]:
        """Children are listed by the thread that started them."""
        tasks = f"/proc/{pid}/task"
        try:
            threads = os.listdir(tasks)
        except OSError:
            return []  # it ended while we looked
        return [child for thread in threads for child in _children_of_thread(f"{tasks}/{thread}/children")]

    def _children_of_thread(listing: str) -> list[int]:
        try:
            with open(listing, "rb") as file:
                return [int(pid) for pid in file.read().split()]
        except OSError:
            return []  # the thread ended while we looked

else:  # pragma: no cover - not on Linux

    def adopt_orphans(adopts: bool = True) -> bool:
        """No other POSIX system that we run on has subreapers."""
        return False

    def children() -> list[int]:
        """Nothing: nobody's orphans come to us, and whom we started is known by name."""
        return []

    def descendants(bystanders: frozenset[int] = frozenset()) -> list[int]:
        """Nothing: what left the group is not to be found without asking for every process of the system."""
        return []


def signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or nothing but zombies of it left (macOS says EPERM then)


def signal_process(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone since it was listed, or somebody else's by now


def group_is_alive(group: int) -> bool:
    """Zombies count as long as nobody has reaped them. The id cannot be used anew while the group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # macOS: nothing but zombies is left; Linux: members of another user
    return True


if sys.platform == "linux":
    import resource

    _LOCKS = 10  # RLIMIT_LOCKS, which Python's module has no name for

    class ProcessTag:
        """``number`` identifies the session; None where the system does not let us set the limit."""

        def __init__(self) -> None:
            self._before = resource.getrlimit(_LOCKS)
            self.number: int | None = 1 << 30 | int.from_bytes(os.urandom(4), "little") >> 2
            with self.applied():
                pass

        @contextmanager
        def applied(self) -> Iterator[None]:
            """What is started meanwhile carries the mark."""
            with self._limit(self.number):
                yield

        @contextmanager
        def cleared(self) -> Iterator[None]:
            """What is started meanwhile carries neither ours nor that of a session around ours."""
            with self._limit(self._before[1]):
                yield

        def has_tag(self, pid: int) -> bool:
            """Whether a process of ours started it. False for one that is gone."""
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
                resource.setrlimit(_LOCKS, (soft, self._before[1]))
            except (OSError, ValueError):
                self.number = None  # a sandbox, or a hard limit that is lower
                yield
                return
            try:
                yield
            finally:
                resource.setrlimit(_LOCKS, self._before)

else:  # pragma: no cover - not on Linux

    class ProcessTag:
        """Nothing: no other system that we run on lets us read such a thing of another process."""

        number: int | None = None

        @contextmanager
        def applied(self) -> Iterator[None]:
            yield

        @contextmanager
        def cleared(self) -> Iterator[None]:
            yield

        def has_tag(self, pid: int) -> bool:
            return False
