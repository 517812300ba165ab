"""Hears when nobody reads any more what we write. A pipe tells so at the next write, which may be a long time off."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable


class ReaderWatch:
    """Calls ``gone`` once, from a thread of its own, if ``descriptor`` is a pipe or a socket whose other end is closed.

    On Windows nobody tells, and the next write has to show it.
    """

    def __init__(self, descriptor: int, gone: Callable[[], None]) -> None:
        self.has_gone = False
        self._gone = gone
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
            self.has_gone = True
            self._gone()


def _has_an_end(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
