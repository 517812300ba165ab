"""What the user types, where the command does not read it: a line with one of a few letters is a wish. The rest is ignored."""

from __future__ import annotations

import os
import sys
import threading

from reloader.core.events import KeyPressed, Posted, RestartRequested, StopRequested
from reloader.core.outcome import INTERRUPT
from reloader.interfaces import Post

#: By the letter. To quit is what Ctrl-C does.
WISHES: dict[bytes, Posted] = {
    b"r": RestartRequested("r"),
    b"s": KeyPressed("s"),
    b"p": KeyPressed("p"),
    b"q": StopRequested(INTERRUPT),
    b"?": KeyPressed("?"),
    b"h": KeyPressed("?"),
}


class Keyboard:
    """Reads standard input, on a thread of its own, until that ends or we do."""

    def __init__(self, post: Post, descriptor: int = 0) -> None:
        self._post = post
        self._descriptor = descriptor
        self._end, self._end_of_reader = os.pipe()
        self._thread = threading.Thread(target=self._read, name="reloader-keyboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """May be called twice. On Windows the thread cannot be woken; it ends with the process."""
        if self._end_of_reader < 0:
            return
        os.close(self._end_of_reader)
        self._end_of_reader = -1
        if sys.platform != "win32":
            self._thread.join()
        os.close(self._end)

    def _read(self) -> None:
        rest = b""
        while self._is_there_more():
            try:
                typed = os.read(self._descriptor, 4096)
            except OSError:
                return  # the terminal was closed
            if not typed:
                return
            *lines, rest = (rest + typed).split(b"\n")
            for line in lines:
                wish = WISHES.get(line.strip().lower())
                if wish is not None:
                    self._post(wish)

    def _is_there_more(self) -> bool:
        """Waits, and says no if we were closed meanwhile."""
        if sys.platform == "win32":
            return True
        import select

        ready, _, _ = select.select([self._descriptor, self._end], [], [])
        return self._end not in ready
