"""Read the user's keys from standard input, when the command does not use it: a line with one letter, then Enter."""

from __future__ import annotations

import os
import sys
import threading

from reloader.core.events import KeyPressed, Posted, RestartRequested, StopRequested
from reloader.core.outcome import INTERRUPT
from reloader.interfaces import Post

#: The event of each letter; others are ignored. ``q`` does the same as Ctrl-C.
EVENTS: dict[bytes, Posted] = {
    b"r": RestartRequested("r"),
    b"s": KeyPressed("s"),
    b"p": KeyPressed("p"),
    b"q": StopRequested(INTERRUPT),
    b"?": KeyPressed("?"),
    b"h": KeyPressed("?"),
}


class Keyboard:
    """Posts the event of each line of standard input, from its own thread, until the input ends or ``close``."""

    def __init__(self, post: Post, descriptor: int = 0) -> None:
        self._post = post
        self._descriptor = descriptor
        self._wakeup_reader, self._wakeup_writer = os.pipe()
        self._thread = threading.Thread(target=self._read, name="reloader-keyboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; on Windows it cannot be woken, and ends with the process. May be called twice."""
        if self._wakeup_writer < 0:
            return
        os.close(self._wakeup_writer)
        self._wakeup_writer = -1
        if sys.platform != "win32":
            self._thread.join()
        os.close(self._wakeup_reader)

    def _read(self) -> None:
        rest = b""
        while self._wait_for_input():
            try:
                typed = os.read(self._descriptor, 4096)
            except OSError:
                return  # the terminal was closed
            if not typed:
                return
            *lines, rest = (rest + typed).split(b"\n")
            for line in lines:
                event = EVENTS.get(line.strip().lower())
                if event is not None:
                    self._post(event)

    def _wait_for_input(self) -> bool:
        """Wait for input. Return False if the keyboard was closed."""
        if sys.platform == "win32":
            return True
        import select

        ready, _, _ = select.select([self._descriptor, self._wakeup_reader], [], [])
        return self._wakeup_reader not in ready
