"""Handle the supervisor's signals on POSIX.

SystemSignals turns the signals for the supervisor into events. JobSignals collects those for the run: job control, and
signals that are forwarded.
"""

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
    """Posts an event for each signal. A handler does nothing else: ``SimpleQueue.put`` is reentrant.

    Python runs a handler between two instructions of the main thread. A signal does not end a wait of that thread if it
    arrives just before the wait, or if another thread receives it. So a thread reads Python's wakeup descriptor, and its
    post ends the wait.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._thread: threading.Thread | None = None

    def start(self, post: Post) -> None:
        self._wakeup_reader, self._wakeup_writer = socket.socketpair()
        self._wakeup_writer.setblocking(False)
        self._descriptor_before = signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._wake, args=(post,), name="reloader-signals", daemon=True)
        self._thread.start()
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
        if self._thread is not None:
            signal.set_wakeup_fd(self._descriptor_before)
            self._wakeup_writer.close()  # which ends the thread
            self._thread.join()
            self._wakeup_reader.close()
            self._thread = None

    def _wake(self, post: Post) -> None:
        while self._wakeup_reader.recv(4096):
            post(Wakeup())


def enable_colour(stream: TextIO) -> bool:
    """Return True if ``stream`` shows ANSI colours."""
    return stream.isatty()


#: Signals that are forwarded to the run. While the run is the foreground group, the kernel sends SIGWINCH to it and not to
#: us. SIGUSR2 is the one signal without a meaning for a reloader; a program in a container may use it.
FORWARDED = (signal.SIGUSR2, signal.SIGWINCH)


class JobSignals:
    """Queues the signals that concern the run, and posts a Wakeup for each. Ignored signals stay ignored."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._received: deque[int] = deque()
        self._before: dict[int, Any] = {}
        for number in (signal.SIGTSTP, signal.SIGCONT, *FORWARDED):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)

    def take(self) -> list[int]:
        """Return the signals since the last call, in the order of their arrival."""
        return [self._received.popleft() for _ in range(len(self._received))]

    def suspend_job(self) -> None:
        """Stop the supervisor's process group, as Ctrl-Z does, and return when it is continued.

        Return at once in an orphaned group: the kernel does not stop it, since no parent in its session could continue it.
        """
        before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        os.killpg(0, signal.SIGTSTP)  # the rest of the job: a pipeline, or the script that started us
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_kill(
            threading.get_ident(), signal.SIGTSTP
        )  # in this thread, so that the stop has happened on return
        signal.signal(signal.SIGTSTP, before)

    def close(self) -> None:
        """Restore every handler. May be called twice."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def _handle(self, number: int, frame: object) -> None:
        self._received.append(number)
        self._post(Wakeup())
