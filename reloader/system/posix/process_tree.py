"""Processes that left their group: on Linux orphans come to us, and the kernel lists them. Elsewhere none can be found."""

from __future__ import annotations

import sys

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
