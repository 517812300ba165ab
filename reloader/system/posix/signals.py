"""The wishes of the outside on POSIX: signals that become posts."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any, TextIO

from reloader.core.events import RestartRequested, StopRequested, Wakeup
from reloader.interfaces import Post
from reloader.system.onefile import end_with_bootloader, is_unpacked


class SystemSignals:
    """Turns signals into posts. A handler does nothing else, and ``SimpleQueue.put`` may be entered anew at any point.

    Python runs a handler between two instructions of the main thread. A signal that comes after the last of them before a
    wait, or that another thread takes, does not end the wait: so an ear hears of each, and its post does.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._ear: threading.Thread | None = None

    def start(self, post: Post) -> None:
        self._end_of_ear, self._end_of_python = socket.socketpair()
        self._end_of_python.setblocking(False)
        self._descriptor_before = signal.set_wakeup_fd(self._end_of_python.fileno(), warn_on_full_buffer=False)
        self._ear = threading.Thread(target=self._listen, args=(post,), name="reloader-signals", daemon=True)
        self._ear.start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if not (number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN):  # nohup
                self._handle(number, lambda number, frame: post(StopRequested(number)))
        self._handle(signal.SIGUSR1, lambda number, frame: post(RestartRequested("SIGUSR1")))
        self._handle(signal.SIGCHLD, lambda number, frame: post(Wakeup()))
        if is_unpacked():
            end_with_bootloader(post)

    def _handle(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        self._before[number] = signal.signal(number, handler)

    def stop(self, *, for_good: bool = False) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, signal.SIG_IGN if for_good and number != signal.SIGCHLD else handler)
        if self._ear is not None:
            signal.set_wakeup_fd(self._descriptor_before)
            self._end_of_python.close()  # which ends the ear
            self._ear.join()
            self._end_of_ear.close()
            self._ear = None

    def _listen(self, post: Post) -> None:
        while self._end_of_ear.recv(4096):
            post(Wakeup())


def enable_colour(stream: TextIO) -> bool:
    """Whether ``stream`` shows ANSI colours."""
    return stream.isatty()


#: Handed on to the run. Of a new size of the window it hears itself while it has the terminal, and we do not; SIGUSR2 is the
#: one signal that a reloader has no use for, and a program in a container may.
HANDED_ON = (signal.SIGUSR2, signal.SIGWINCH)


class JobSignals:
    """Keeps what has arrived until it is asked, and posts that there is something. Ignored signals stay ignored."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._arrived: deque[int] = deque()
        self._before: dict[int, Any] = {}
        for number in (signal.SIGTSTP, signal.SIGCONT, *HANDED_ON):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)

    def take(self) -> list[int]:
        """What has arrived since, in its order."""
        return [self._arrived.popleft() for _ in range(len(self._arrived))]

    def stop_ourselves(self) -> None:
        """Stop with all of our job, as Ctrl-Z would have it, and return when we are continued.

        At once where nobody is there to continue us: the kernel stops no group without a parent in its session.
        """
        before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        os.killpg(0, signal.SIGTSTP)  # the others: a pipeline that we are part of, a script that has started us
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)  # in this thread, so that it has happened on return
        signal.signal(signal.SIGTSTP, before)

    def close(self) -> None:
        """Give every handler back. May be called twice."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def _hear(self, number: int, frame: object) -> None:
        self._arrived.append(number)
        self._post(Wakeup())
