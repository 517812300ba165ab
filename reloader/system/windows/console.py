"""The console of Windows: what it asks of us, its colours, and its modes, which outlive the program that set them."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
from typing import Any, TextIO

assert sys.platform == "win32"

import msvcrt

from reloader.core.events import StopRequested
from reloader.interfaces import Post
from reloader.system import _winapi
from reloader.system.onefile import end_with_bootloader, is_unpacked

_SIGNALS = {
    _winapi.CTRL_C: signal.SIGINT,
    _winapi.CTRL_BREAK: signal.SIGBREAK,
    _winapi.CTRL_CLOSE: signal.SIGTERM,
    _winapi.CTRL_LOGOFF: signal.SIGTERM,
    _winapi.CTRL_SHUTDOWN: signal.SIGTERM,
}
#: Windows ends the process when the handler of one of these returns.
_LAST_WORDS = (_winapi.CTRL_CLOSE, _winapi.CTRL_LOGOFF, _winapi.CTRL_SHUTDOWN)


class SystemSignals:
    """Turns what the console asks for into posts.

    The console calls on a thread of its own, which wakes a main thread that sleeps in its inbox. A Python signal handler
    would not: it runs on the main thread, and only once that wakes for another reason.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        # Kept even after stop: the console may be inside it then, and it is gone for good when nobody names it.
        self._handler = _winapi.console_handler(self.handle)
        self._post: Post | None = None
        self._before: Any = None

    def start(self, post: Post) -> None:
        self._post = post
        self._stopped.clear()
        self._before = signal.signal(signal.SIGINT, lambda number, frame: post(StopRequested(number)))
        _winapi.add_console_handler(self._handler)
        if is_unpacked():
            end_with_bootloader(post)

    def handle(self, event: int) -> bool:
        """Called by the console. True: nobody is asked after us, so no KeyboardInterrupt is raised anywhere."""
        post = self._post
        if post is None or event not in _SIGNALS:
            return False
        post(StopRequested(int(_SIGNALS[event])))
        if event in _LAST_WORDS:
            self._stopped.wait()
        return True

    def stop(self, *, for_good: bool = False) -> None:
        if self._post is None:
            return
        self._post = None
        signal.signal(signal.SIGINT, signal.SIG_IGN if for_good else self._before)
        _winapi.remove_console_handler(self._handler)
        self._stopped.set()


class ConsoleModes:
    """The modes of the console that is on standard input and output, if one is: echo, line input, colours."""

    def __init__(self) -> None:
        self._remembered: dict[int, int] = {}

    def remember(self) -> None:
        for which in (_winapi.STANDARD_INPUT, _winapi.STANDARD_OUTPUT):
            handle = _winapi.standard_handle(which)
            mode = _winapi.console_mode(handle) if handle is not None else None
            if handle is not None and mode is not None:
                self._remembered[handle] = mode

    def restore(self) -> None:
        """Set what a run may have changed back to what it was before."""
        while self._remembered:
            _winapi.set_console_mode(*self._remembered.popitem())


class NoConsole(ConsoleModes):
    """For what is no run: the console is not its own, so nothing is put back at its end."""

    def remember(self) -> None:
        """Nothing."""


def enable_colour(stream: TextIO) -> bool:
    """Whether ``stream`` shows ANSI colours. A console that does not yet is told to, until we end."""
    try:
        handle = msvcrt.get_osfhandle(stream.fileno())
    except (OSError, ValueError):
        return False  # closed, or not a file of the system's
    before = _winapi.console_mode(handle)
    if before is None:
        return False
    if before & _winapi.ENABLE_VIRTUAL_TERMINAL_PROCESSING:
        return True
    if not _winapi.set_console_mode(handle, before | _winapi.ENABLE_VIRTUAL_TERMINAL_PROCESSING):
        return False
    atexit.register(_winapi.set_console_mode, handle, before)
    return True
