"""The wishes of the outside on POSIX: signals that become posts."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, TextIO

from reloader.core.events import ChildStirred, RestartAsked, StopAsked
from reloader.ports import Post


class SystemSignals:
    """Turns signals into posts. A handler does nothing else, and ``SimpleQueue.put`` may be entered anew at any point."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}

    def start(self, post: Post) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if not (number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN):  # nohup
                self._handle(number, lambda number, frame: post(StopAsked(number)))
        self._handle(signal.SIGUSR1, lambda number, frame: post(RestartAsked("SIGUSR1")))
        self._handle(signal.SIGCHLD, lambda number, frame: post(ChildStirred()))

    def _handle(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        self._before[number] = signal.signal(number, handler)

    def stop(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)


def enable_colour(stream: TextIO) -> bool:
    """Whether ``stream`` shows ANSI colours."""
    return stream.isatty()
