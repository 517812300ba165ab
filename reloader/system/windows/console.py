"""The console of Windows: its control events, its colours, and its modes, which outlive the program that sets them."""

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
#: Windows ends the process as soon as the handler of one of these events returns.
_FINAL_EVENTS = (_winapi.CTRL_CLOSE, _winapi.CTRL_LOGOFF, _winapi.CTRL_SHUTDOWN)


class SystemSignals:
    """Posts an event for each control event of the console.

    The console calls the handler on its own thread, so that the post wakes the main thread, which waits in its inbox. A
    Python signal handler would not: it runs on the main thread, and only after that has woken for another reason.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        # Kept after stop: the console may be calling it then, and it is freed with its last reference.
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
        """Handle a control event; the console calls this. True: no other handler raises KeyboardInterrupt."""
        post = self._post
        if post is None or event not in _SIGNALS:
            return False
        post(StopRequested(int(_SIGNALS[event])))
        if event in _FINAL_EVENTS:
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
    """The modes of the console on standard input and output, if there is one: echo, line input, colours."""

    def __init__(self) -> None:
        self._saved: dict[int, int] = {}

    def save(self) -> None:
        for which in (_winapi.STANDARD_INPUT, _winapi.STANDARD_OUTPUT):
            handle = _winapi.standard_handle(which)
            mode = _winapi.console_mode(handle) if handle is not None else None
            if handle is not None and mode is not None:
                self._saved[handle] = mode

    def restore(self) -> None:
        """Restore the modes that a run may have changed."""
        while self._saved:
            _winapi.set_console_mode(*self._saved.popitem())


class NoConsoleModes(ConsoleModes):
    """For auxiliary commands: the console belongs to the run, so nothing is restored when they end."""

    def save(self) -> None:
        """Do nothing."""


def enable_colour(stream: TextIO) -> bool:
    """Make the console of ``stream`` show ANSI colours until we end. Return False if it does not."""
    try:
        handle = msvcrt.get_osfhandle(stream.fileno())
    except (OSError, ValueError):
        return False  # closed, or not a file of the system
    before = _winapi.console_mode(handle)
    if before is None:
        return False
    if before & _winapi.ENABLE_VIRTUAL_TERMINAL_PROCESSING:
        return True
    if not _winapi.set_console_mode(handle, before | _winapi.ENABLE_VIRTUAL_TERMINAL_PROCESSING):
        return False
    atexit.register(_winapi.set_console_mode, handle, before)
    return True
