"""The bootloader of a onefile build: the process that the user sees, and kills. What it unpacked, this program, goes with it."""

from __future__ import annotations

import os
import sys

assert sys.platform != "win32"

import signal
from contextlib import suppress

from reloader.core.events import StopAsked
from reloader.ports import Post


def is_unpacked() -> bool:
    """Whether our parent is a bootloader: PyInstaller's, which has put us elsewhere than beside the executable."""
    bundle = getattr(sys, "_MEIPASS", None)
    beside = os.path.dirname(os.path.realpath(sys.executable))
    return isinstance(bundle, str) and os.path.commonpath([os.path.realpath(bundle), beside]) != beside


def end_with_bootloader(post: Post) -> None:
    """From now on the end of our parent counts as a terminal that was closed."""
    number = signal.SIGTERM if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else signal.SIGHUP
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, number, 0, 0, 0)  # PR_SET_PDEATHSIG; what we start does not inherit it
    elif sys.platform == "darwin":
        import select
        import threading

        parent = select.kevent(os.getppid(), select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        queue = select.kqueue()

        def wait() -> None:
            with suppress(ProcessLookupError):  # it is gone already
                queue.control([parent], 1)
            post(StopAsked(number))

        threading.Thread(target=wait, name="reloader-bootloader", daemon=True).start()
