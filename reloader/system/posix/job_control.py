"""Signals that are not for us but for the run: to be stopped and continued together with us, and what it may want to hear."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import threading
from collections import deque
from typing import Any

from reloader.core.events import ChildStirred
from reloader.interfaces import Post

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
        self._post(ChildStirred())
