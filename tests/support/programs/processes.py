"""Looks at processes by their pid, and counts what this one holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.assertions.eventually import eventually


def is_guard(command: Sequence[str]) -> bool:
    """Whether this is the process that ends a run if its host is killed."""
    return any("the guard of reloader" in argument for argument in command)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _SYNCHRONIZE = 0x00100000
    _WAIT_TIMEOUT = 0x102
    _kernel32 = ctypes.WinDLL("kernel32")
    _kernel32.OpenProcess.restype = wintypes.HANDLE
    _kernel32.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
    _kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel32.GetHandleInformation.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))

    def is_alive(pid: int) -> bool:
        handle = _kernel32.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            return False
        try:
            return bool(_kernel32.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
        finally:
            _kernel32.CloseHandle(handle)

    is_running = is_alive

    @contextmanager
    def burying_orphans() -> Iterator[None]:
        """Nobody adopts anybody here."""
        yield

    def open_handles() -> int:
        """How many handles of the system this process holds.

        Each possible one is tried, for they are small multiples of four: GetProcessHandleCount says 0 under Wine.
        """
        flags = wintypes.DWORD()
        return sum(_kernel32.GetHandleInformation(handle, ctypes.byref(flags)) != 0 for handle in range(4, 0x4000, 4))

else:
    from reloader.system.posix.process_tree import children

    def is_alive(pid: int) -> bool:
        """A zombie counts as alive: somebody still has to reap it."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def is_running(pid: int) -> bool:
        """On Linux. A zombie has ended: whoever adopted it may take its time."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    @contextmanager
    def burying_orphans() -> Iterator[None]:
        """Wait for those that come to us when their parent ends, as they do where a host of ours runs, or in a container."""
        before = set(children())
        yield
        eventually(lambda: all(_is_buried(pid) for pid in children() if pid not in before), what="no orphan is left")

    def _is_buried(pid: int) -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return True

    def open_handles() -> int:
        """How many file descriptors this process holds."""
        return len(os.listdir("/dev/fd"))
