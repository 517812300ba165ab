"""Live with the bootloader of a onefile build: our parent, which the user sees and may kill.

It unpacks this program and removes those files when it ends.
"""

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
    """Return True if our parent is PyInstaller's bootloader: our files are not in the directory of the executable."""
    bundle = getattr(sys, "_MEIPASS", None)
    directory = os.path.dirname(os.path.realpath(sys.executable))
    if not isinstance(bundle, str):
        return False
    try:
        return os.path.commonpath([os.path.realpath(bundle), directory]) != directory
    except ValueError:  # on another drive
        return True


def end_with_bootloader(post: Post) -> None:
    """Post StopRequested when our parent ends, as when the terminal is closed."""
    if sys.platform == "win32":
        from reloader.system import _winapi

        _post_after(lambda: _winapi.wait_for_exit_of(os.getppid()), post, signal.SIGTERM)
        return
    number = signal.SIGTERM if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else signal.SIGHUP
    if sys.platform == "linux":
        _request_parent_death_signal(number)
        if not _is_our_program(os.getppid()):
            post(StopRequested(number))  # it ended before the request
    elif sys.platform == "darwin":
        import select

        parent = select.kevent(os.getppid(), select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        queue = select.kqueue()

        def wait() -> None:
            if os.getppid() == 1:
                return
            with suppress(ProcessLookupError):  # it has ended already
                queue.control([parent], 1)

        _post_after(wait, post, number)


def _request_parent_death_signal(number: int) -> None:
    """Request a signal for the end of our parent (prctl(2), PR_SET_PDEATHSIG). Children do not inherit that."""
    import ctypes

    ctypes.CDLL(None).prctl(1, number, 0, 0, 0)


def _is_our_program(pid: int) -> bool:
    """Return True if ``pid`` runs our executable: it is our bootloader, not the process that adopted us."""
    try:
        ours = os.stat("/proc/self/exe")
    except OSError:
        return True  # without /proc this is unknown
    try:
        return os.path.samestat(ours, os.stat(f"/proc/{pid}/exe"))
    except OSError:  # another user's, or gone
        return False


def _post_after(wait: Callable[[], None], post: Post, number: int) -> None:
    """Post StopRequested when ``wait`` returns, on a thread of its own."""

    def run() -> None:
        wait()
        post(StopRequested(number))

    threading.Thread(target=run, name="reloader-bootloader", daemon=True).start()


def import_ahead() -> None:
    """Import in a frozen program what a session may need later: its files may then be gone, or of another version.

    An installed program does not need that: an upgrade keeps the names of its files, and ``port_owner`` handles a missing
    psutil.
    """
    if hasattr(sys, "frozen"):
        import psutil  # noqa: F401 - 20 ms, for port_owner
