"""What a program can ask of its parent: to be started again, and to have further files watched."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable

from reloader.errors import ReloaderError

MARKER = "RELOADER_RUN_MAIN"
LINK = "RELOADER_AGENT"
"""``VERSION|PIPE|RUN|WANTS``, as the parent's end of the link writes it."""

_ATOMIC = 4096  # PIPE_BUF: a line up to this size is never mixed with another's
_ATTEMPTS = 1000  # a pipe of Windows takes one writer at a time, each for a moment


def is_running_from_reloader() -> bool:
    """Whether this process is the child of a reloader, or was started by one. False in the parent."""
    return os.environ.get(MARKER) == "true"


def restart() -> None:
    """Ask the parent to start the program again. From any thread and any process of the run, on every system.

    It returns at once. The run is then ended like after a change: by the stop signal, and after ``stop_timeout`` by force.
    A program that would rather end itself, with all that ``finally`` holds, leaves by ``sys.exit(3)`` from its main thread.

    Raises ReloaderError where nobody listens: the program was not started by a reloader, or by one that was told not to
    ask Python programs anything (``[python] modules = false``).
    """
    if not is_running_from_reloader():
        raise ReloaderError(
            "restart() was called in a program that no reloader has started: ask is_running_from_reloader()"
        )
    _report("restart")


def watch_also(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Watch these files too, as long as this run and until the next one has told what it depends on.

    A file that does not exist counts as soon as it does. What ``ignore`` names stays ignored. Nothing happens in a
    program that no reloader has started. Raises ReloaderError for a directory, and as ``restart`` does.
    """
    if not is_running_from_reloader():
        return
    for path in [os.path.abspath(os.fspath(path)) for path in paths]:
        if os.path.isdir(path):
            raise ReloaderError(f"watch_also() takes files, and {path} is a directory: name it in watch")
        try:
            found = os.stat(path)
        except OSError:
            _report("absent", os.fsencode(path).hex())
            continue
        changed_ns = 0 if sys.platform == "win32" else found.st_ctime_ns  # there it is the time of creation
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino, changed_ns)
        _report("file", os.fsencode(path).hex(), *map(str, stamp))


def _report(kind: str, *fields: str) -> None:
    """Write one line to the parent. It is always reading; if it is gone, so will this process be."""
    link = os.environ.get(LINK, "").split("|")
    if len(link) < 3:
        raise ReloaderError(
            "this program has no link to its reloader, which was told not to ask it: [python] modules = false"
        )
    line = " ".join((link[2], str(os.getpid()), kind, *fields)).encode() + b"\n"
    if len(line) > _ATOMIC:
        raise ReloaderError("a path is too long to be reported")
    pipe = _opened(link[1].rpartition(":")[0])  # behind it stands by what an agent knows the pipe
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
