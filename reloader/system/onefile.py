"""The bootloader of a onefile build: the process that the user sees, and kills. What it unpacked, this program, goes with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from reloader.core.events import StopRequested
from reloader.interfaces import Post


def is_unpacked() -> bool:
    """Whether our parent is a bootloader: PyInstaller's, which has put us elsewhere than beside the executable."""
    bundle = getattr(sys, "_MEIPASS", None)
    beside = os.path.dirname(os.path.realpath(sys.executable))
    if not isinstance(bundle, str):
        return False
    try:
        return os.path.commonpath([os.path.realpath(bundle), beside]) != beside
    except ValueError:  # on another drive
        return True


def end_with_bootloader(post: Post) -> None:
    """From now on the end of our parent counts as a terminal that was closed."""
    if sys.platform == "win32":
        from reloader.system import _winapi

        _listen_for(lambda: _winapi.wait_for_end_of(os.getppid()), post, signal.SIGTERM)
        return
    number = signal.SIGTERM if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else signal.SIGHUP
    if sys.platform == "linux":
        _ask_to_be_told(number)
        if not _runs_our_program(os.getppid()):
            post(StopRequested(number))  # it was gone before we asked to be told
    elif sys.platform == "darwin":
        import select

        parent = select.kevent(os.getppid(), select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        queue = select.kqueue()

        def wait() -> None:
            if os.getppid() == 1:
                return
            with suppress(ProcessLookupError):  # it is gone already
                queue.control([parent], 1)

        _listen_for(wait, post, number)


def _ask_to_be_told(number: int) -> None:
    """The signal for the end of our parent (prctl(2), PR_SET_PDEATHSIG). What we start does not inherit it."""
    import ctypes

    ctypes.CDLL(None).prctl(1, number, 0, 0, 0)


def _runs_our_program(pid: int) -> bool:
    """Whether it is our bootloader, and not who is given the orphans of one that has died."""
    try:
        ours = os.stat("/proc/self/exe")
    except OSError:
        return True  # there is no /proc here, so nobody can tell
    try:
        return os.path.samestat(ours, os.stat(f"/proc/{pid}/exe"))
    except OSError:  # another user's, or gone
        return False


def _listen_for(wait: Callable[[], None], post: Post, number: int) -> None:
    """Post that we are to stop when ``wait`` comes back, on a thread of its own."""

    def listen() -> None:
        wait()
        post(StopRequested(number))

    threading.Thread(target=listen, name="reloader-bootloader", daemon=True).start()


def import_ahead() -> None:
    """Nothing happens but in a frozen program."""
    if hasattr(sys, "frozen"):
        import psutil  # noqa: F401 - 20 ms, for who holds a port
