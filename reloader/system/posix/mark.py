"""A mark that all processes of a session's runs carry on Linux, wherever they have gone: by it a stranger can find them.

It is a soft limit on file locks. The kernel has not looked at that one since 2.4.25 (getrlimit(2)), but every process hands
it on to what it starts, and everybody may read it in /proc. Unlike a variable it survives an emptied environment
and a program that writes its title over it. Who sets this very limit is not found, nor is what ``su`` and ``sudo`` set anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "linux":
    import resource

    _LOCKS = 10  # RLIMIT_LOCKS, which Python's module has no name for

    class Mark:
        """``number`` identifies the session; None where the system does not let us set the limit."""

        def __init__(self) -> None:
            self._before = resource.getrlimit(_LOCKS)
            self.number: int | None = 1 << 30 | int.from_bytes(os.urandom(4), "little") >> 2
            with self.put_on():
                pass

        @contextmanager
        def put_on(self) -> Iterator[None]:
            """What is started meanwhile carries the mark."""
            with self._limit(self.number):
                yield

        @contextmanager
        def taken_off(self) -> Iterator[None]:
            """What is started meanwhile carries neither ours nor that of a session around ours."""
            with self._limit(self._before[1]):
                yield

        def is_on(self, pid: int) -> bool:
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

    class Mark:
        """Nothing: no other system that we run on lets us read such a thing of another process."""

        number: int | None = None

        @contextmanager
        def put_on(self) -> Iterator[None]:
            yield

        @contextmanager
        def taken_off(self) -> Iterator[None]:
            yield

        def is_on(self, pid: int) -> bool:
            return False
