"""Examine processes by their pid, and count the handles of this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.assertions.eventually import eventually


def is_guard(command: Sequence[str]) -> bool:
    """Return True for the command line of the guard."""
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
    def reaping_orphans() -> Iterator[None]:
        """Do nothing: Windows has no orphans."""
        yield

    def open_handles() -> int:
        """Count the handles of this process.

        Handles are small multiples of four, and each is tried: under Wine, GetProcessHandleCount returns 0.
        """
        flags = wintypes.DWORD()
        return sum(_kernel32.GetHandleInformation(handle, ctypes.byref(flags)) != 0 for handle in range(4, 0x4000, 4))

else:
    from reloader.system.posix.process_tree import children

    def is_alive(pid: int) -> bool:
        """Return True if the process exists, also as a zombie."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def is_running(pid: int) -> bool:
        """Return True if the process is running, and not a zombie. Works on Linux only."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    @contextmanager
    def reaping_orphans() -> Iterator[None]:
        """Reap at the end the orphans that we adopt, as we do while a host is open, and in a container."""
        before = set(children())
        yield
        eventually(lambda: all(_is_reaped(pid) for pid in children() if pid not in before), what="no orphan is left")

    def _is_reaped(pid: int) -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return True

    def open_handles() -> int:
        """Count the file descriptors of this process."""
        return len(os.listdir("/dev/fd"))
