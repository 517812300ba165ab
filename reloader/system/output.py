"""Standard output: the run's, searched for a line that shows readiness, and our own."""

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
#: Bytes to read at once. Of a longer line only its end is searched.
_MAX_BYTES = 64 * 1024
#: Seconds to wait at the end for the last output.
FINAL_OUTPUT_TIMEOUT = 2.0


class OutputTee:
    """Copies the output of a run to our own, and posts ProbePassed for the first line that matches ``expression``.

    Two threads per run do that. Without an ``expression`` the run inherits our output directly.
    """

    def __init__(self, post: Post, expression: str | None) -> None:
        self._post = post
        self._expression = None if expression is None else re.compile(expression.encode())
        self._threads: list[threading.Thread] = []

    @contextmanager
    def attached(self, run: int) -> Iterator[tuple[int, int] | None]:
        """Yield the descriptors for the output and the errors of a run that is started meanwhile; None for our own."""
        if self._expression is None:
            yield None
            return
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        has_matched = threading.Event()  # shared by both threads
        pipes = [os.pipe(), os.pipe()]
        try:
            yield pipes[0][1], pipes[1][1]
        finally:
            for (reader, writer), target in zip(pipes, (_STANDARD_OUTPUT, _STANDARD_ERROR), strict=True):
                os.close(writer)
                arguments = (run, reader, target, has_matched, self._expression)
                thread = threading.Thread(target=self._copy, args=arguments, name="reloader-output", daemon=True)
                thread.start()
                self._threads.append(thread)

    def close(self) -> None:
        """Wait briefly for the last output. A process that is still alive may write more, which is not awaited."""
        for thread in self._threads:
            thread.join(FINAL_OUTPUT_TIMEOUT)
        self._threads.clear()

    def _copy(
        self, run: int, reader: int, target: int, has_matched: threading.Event, expression: re.Pattern[bytes]
    ) -> None:
        line = b""
        while piece := os.read(reader, _MAX_BYTES):
            with suppress(OSError):  # our reader is gone: keep reading, or the run would block
                _write(target, piece)
            if not has_matched.is_set():
                line = (line + piece)[-_MAX_BYTES:]
                if any(expression.search(one) for one in line.splitlines()):
                    has_matched.set()
                    self._post(ProbePassed(run, "log"))
                line = line.rpartition(b"\n")[2]
        os.close(reader)


def _write(target: int, content: bytes) -> None:
    while content:
        try:
            content = content[os.write(target, content) :]
        except (
            BlockingIOError
        ):  # another process made the shared descriptor non-blocking: wait, so that no output is lost
            select.select([], [target], [])


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


class PeerHangup:
    """Calls ``on_hangup`` once, from its own thread, when the other end of the pipe or socket ``descriptor`` is closed.

    Windows does not report that: there, only the next write fails.
    """

    def __init__(self, descriptor: int, on_hangup: Callable[[], None]) -> None:
        self.has_hung_up = False
        self._on_hangup = on_hangup
        self._wakeup_writer = self._wakeup_reader = -1
        self._thread: threading.Thread | None = None
        if sys.platform != "win32" and _is_pipe_or_socket(descriptor):
            self._wakeup_reader, self._wakeup_writer = os.pipe()
            self._thread = threading.Thread(target=self._wait, args=(descriptor,), name="reloader-reader", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread. May be called twice."""
        if self._thread is None:
            return
        os.close(self._wakeup_writer)
        self._thread.join()
        os.close(self._wakeup_reader)
        self._thread = None

    def _wait(self, descriptor: int) -> None:
        if sys.platform == "win32":
            return
        poll = select.poll()
        poll.register(descriptor, 0)  # errors and hang-ups are always reported
        poll.register(self._wakeup_reader, select.POLLIN)
        if any(number == descriptor for number, _ in poll.poll()):
            self.has_hung_up = True
            self._on_hangup()


def _is_pipe_or_socket(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
