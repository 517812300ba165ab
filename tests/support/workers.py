"""The processes among which pytest-xdist divides the tests: how many there are, and which tests run while the others wait."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

#: Nobody has tried more, and each of them starts servers, sessions and file watches.
MOST_WORKERS = 8


def number_of_workers(arguments: Sequence[str]) -> int:
    """Return one for each core, or 0 where starting them takes longer than the tests named by ``arguments``.

    Only on Linux: console events on Windows reach every process of a console, and on macOS it has not been measured.
    """
    if sys.platform != "linux" or not any(os.path.isdir(argument) for argument in arguments):
        return 0
    cores = len(os.sched_getaffinity(0))
    return min(cores, MOST_WORKERS) if cores > 1 else 0


if sys.platform == "win32":

    class Turns:
        """Stands in for the locks of other systems. On Windows there is one worker, unless the user asks for more."""

        def __init__(self, directory: str) -> None:
            self._directory = directory

        @contextmanager
        def take(self, *, alone: bool) -> Iterator[None]:
            yield

        def close(self) -> None:
            pass

else:
    import fcntl

    class Turns:
        """Locks on two files in ``directory``, which all workers share.

        Every running test holds ``running``: shared, or exclusively if it runs alone. Each waits for it while it holds
        ``queue``, so no other test can start before one that waits to be alone.
        """

        def __init__(self, directory: str) -> None:
            self._running, self._queue = (
                os.open(os.path.join(directory, name), os.O_RDWR | os.O_CREAT, 0o600) for name in ("running", "queue")
            )

        @contextmanager
        def take(self, *, alone: bool) -> Iterator[None]:
            """Wait for the turn of a test, and end it afterwards, also for children that the test has forked."""
            fcntl.flock(self._queue, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(self._running, fcntl.LOCK_UN)

        def close(self) -> None:
            os.close(self._running)
            os.close(self._queue)
