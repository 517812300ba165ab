"""Functions with which a program asks its parent for a restart, or for more files to be watched."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable

from reloader.errors import ReloaderError

CHILD_VARIABLE = "RELOADER_RUN_MAIN"
LINK_VARIABLE = "RELOADER_AGENT"
"""Holds ``VERSION|PIPE|RUN|WANTS``, as the parent's end of the link writes it."""

_MAX_LINE = 4096  # PIPE_BUF, in bytes: the kernel never mixes a line up to this size with another
_ATTEMPTS = 1000  # a pipe on Windows takes one writer at a time, each for a moment


def is_running_from_reloader() -> bool:
    """Return True in a child of reloader, and in any process that the child starts. Return False in the parent."""
    return os.environ.get(CHILD_VARIABLE) == "true"


def restart() -> None:
    """Ask the parent to start the program again. Works from any thread and any process of the run, on every system.

    It returns at once. The parent then stops the run as after a change: by the stop signal, and by force after
    ``stop_timeout``. To run ``finally`` blocks first, call ``sys.exit(3)`` in the main thread instead.

    Raises ReloaderError if reloader did not start the program, or does not talk to Python programs
    (``[python] modules = false``).
    """
    if not is_running_from_reloader():
        raise ReloaderError(
            "restart() was called in a program that reloader did not start: check is_running_from_reloader() first"
        )
    _report("restart")


def watch_also(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Watch these files as well, until the next run has reported what it depends on.

    They need not exist yet. Files that match ``ignore`` stay ignored. In a program that reloader did not start, nothing
    happens. Raises ReloaderError for a directory, and in the cases of ``restart``.
    """
    if not is_running_from_reloader():
        return
    for path in [os.path.abspath(os.fspath(path)) for path in paths]:
        if os.path.isdir(path):
            raise ReloaderError(f"watch_also() takes files, but {path} is a directory: add it to watch")
        try:
            status = os.stat(path)
        except OSError:
            _report("absent", os.fsencode(path).hex())
            continue
        changed_ns = 0 if sys.platform == "win32" else status.st_ctime_ns  # on Windows it is the time of creation
        facts = (status.st_mtime_ns, status.st_size, status.st_ino, changed_ns)
        _report("file", os.fsencode(path).hex(), *map(str, facts))


def _report(kind: str, *fields: str) -> None:
    """Write one line to the parent, which always reads. If it has exited, this process is about to be stopped."""
    link = os.environ.get(LINK_VARIABLE, "").split("|")
    if len(link) < 3:
        raise ReloaderError("reloader does not listen to this program: set modules = true in [python]")
    line = " ".join((link[2], str(os.getpid()), kind, *fields)).encode() + b"\n"
    if len(line) > _MAX_LINE:
        raise ReloaderError("the path is too long to be reported: at most about 2,000 bytes")
    pipe = _opened(link[1].rpartition(":")[0])  # what follows the colon identifies the pipe to an agent
    if pipe is not None:
        try:
            os.write(pipe, line)
        finally:
            os.close(pipe)


def _opened(address: str) -> int | None:
    for _ in range(_ATTEMPTS):
        try:
            return os.open(address, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return None
        except OSError:
            threading.Event().wait(0.001)
    return None
