"""A tag on every process that a session starts, by which a process outside of the session can find them on Linux.

The tag is a soft limit on file locks. The kernel has not enforced that limit since 2.4.25 (getrlimit(2)), but every
process inherits it, and /proc shows it to everybody. Unlike an environment variable it survives an emptied environment
and a program that overwrites its title. A process that sets this limit itself is not found, nor is one started by ``su``
or ``sudo``, which reset it.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "linux":
    import resource

    _RLIMIT_LOCKS = 10  # Python's resource module has no name for it

    class ProcessTag:
        """Tags processes. ``number`` identifies the session; it is ``None`` where the system does not allow the limit."""

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
