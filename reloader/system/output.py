"""The output of a run, where a line of it says that the run is ready: handed on unchanged, and looked at on the way."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reloader.core.events import ProbePassed
from reloader.interfaces import Post

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2
#: Bytes that are read at once, and so much of a line is looked at.
_AT_ONCE = 64 * 1024
#: Seconds to wait at the end for what was written last.
PATIENCE = 2.0


class OutputTee:
    """Without an ``expression`` it is not touched: the run then writes where we do. Else two threads read for each run."""

    def __init__(self, post: Post, expression: str | None) -> None:
        self._post = post
        self._expression = None if expression is None else re.compile(expression.encode())
        self._threads: list[threading.Thread] = []

    @contextmanager
    def attached(self, run: int) -> Iterator[tuple[int, int] | None]:
        """What a run that is started meanwhile is to have for its output and its errors; None: what we have."""
        if self._expression is None:
            yield None
            return
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        told = threading.Event()  # by one of both, and once
        pipes = [os.pipe(), os.pipe()]
        try:
            yield pipes[0][1], pipes[1][1]
        finally:
            for (reader, writer), target in zip(pipes, (_STANDARD_OUTPUT, _STANDARD_ERROR), strict=True):
                os.close(writer)
                arguments = (run, reader, target, told, self._expression)
                thread = threading.Thread(target=self._hand_on, args=arguments, name="reloader-output", daemon=True)
                thread.start()
                self._threads.append(thread)

    def close(self) -> None:
        """The run is over. What somebody who is left may still write is not waited for."""
        for thread in self._threads:
            thread.join(PATIENCE)
        self._threads.clear()

    def _hand_on(
        self, run: int, reader: int, target: int, told: threading.Event, expression: re.Pattern[bytes]
    ) -> None:
        line = b""
        while read := os.read(reader, _AT_ONCE):
            with suppress(OSError):  # whoever listened to us has gone; the run must not be kept waiting for that
                _write(target, read)
            if not told.is_set():
                line = (line + read)[-_AT_ONCE:]
                if any(expression.search(one) for one in line.splitlines()):
                    told.set()
                    self._post(ProbePassed(run, "log"))
                line = line.rpartition(b"\n")[2]
        os.close(reader)


def own_output() -> frozenset[tuple[int, int]]:
    """Return the regular files that our standard output and standard error are written to, by device and inode.

    The command writes there too, since it inherits both.
    """
    return frozenset(_regular_files(_STANDARD_OUTPUT, _STANDARD_ERROR))


def _regular_files(*descriptors: int) -> Iterator[tuple[int, int]]:
    for descriptor in descriptors:
        with suppress(OSError):  # it is closed
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode):
                yield found.st_dev, found.st_ino


def _write(target: int, content: bytes) -> None:
    while content:
        try:
            content = content[os.write(target, content) :]
        except BlockingIOError:  # somebody who shares it wants no call to wait; the run's words are not to be lost
            select.select([], [target], [])


class PeerHangup:
    """Calls ``gone`` once, from a thread of its own, if ``descriptor`` is a pipe or a socket whose other end is closed.

    On Windows nobody tells, and the next write has to show it.
    """

    def __init__(self, descriptor: int, on_hangup: Callable[[], None]) -> None:
        self.has_hung_up = False
        self._on_hangup = on_hangup
        self._end = self._end_of_thread = -1
        self._thread: threading.Thread | None = None
        if sys.platform != "win32" and _has_an_end(descriptor):
            self._end_of_thread, self._end = os.pipe()
            self._thread = threading.Thread(target=self._wait, args=(descriptor,), name="reloader-reader", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """May be called twice."""
        if self._thread is None:
            return
        os.close(self._end)
        self._thread.join()
        os.close(self._end_of_thread)
        self._thread = None

    def _wait(self, descriptor: int) -> None:
        if sys.platform == "win32":
            return
        import select

        poll = select.poll()
        poll.register(descriptor, 0)  # errors and the end are told without being asked for
        poll.register(self._end_of_thread, select.POLLIN)
        if any(number == descriptor for number, _ in poll.poll()):
            self.has_hung_up = True
            self._on_hangup()


def _has_an_end(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
