"""The pipe for the agents' reports on Windows: a named pipe that accepts one writer after the other."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import os
import threading
from collections.abc import Callable

_ACCESS_INBOUND = 1
_FIRST_INSTANCE = 0x00080000  # fail if another process has made a pipe of this name
_BYTES_AND_WAIT = 0
#: Bytes per read, and the size of the buffer.
_MAX_BYTES = 65536
_NO_DATA = 232  # the writer has connected, written and closed already: its bytes can be read


class WindowsReportPipe:
    """One instance, so that reports are read in the order in which they were written. Another writer must try again."""

    def __init__(self) -> None:
        self._path = rf"\\.\pipe\reloader-{os.getpid()}-{os.urandom(8).hex()}"
        self.address = f"{self._path}:0"  # the name is unique, so no inode is needed
        access = _ACCESS_INBOUND | _FIRST_INSTANCE
        self._pipe = _winapi.CreateNamedPipe(self._path, access, _BYTES_AND_WAIT, 1, _MAX_BYTES, _MAX_BYTES, 0, 0)
        self._thread: threading.Thread | None = None
        self._end = os.urandom(8).hex().encode()  # a line that no other process can guess
        self._is_closed = False

    def start(self, handle_line: Callable[[bytes], None]) -> None:
        self._thread = threading.Thread(target=self._read, args=(handle_line,), name="reloader-reports", daemon=True)
        self._thread.start()

    def echo(self, line: bytes) -> None:
        while True:
            try:
                pipe = os.open(self._path, os.O_WRONLY | os.O_BINARY)
            except OSError:
                threading.Event().wait(0.001)  # an agent is writing, which takes about as long
                continue
            try:
                os.write(pipe, line)
            finally:
                os.close(pipe)
            return

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._thread is not None:
            self.echo(b"\n" + self._end + b"\n")
            self._thread.join()
        _winapi.CloseHandle(self._pipe)

    def _read(self, handle_line: Callable[[bytes], None]) -> None:
        while True:
            for line in self._next_writer().split(b"\n"):
                if line == self._end:
                    return
                if line:
                    handle_line(line)

    def _next_writer(self) -> bytes:
        """Read all that the next writer writes. Then the pipe accepts another one."""
        try:
            _winapi.ConnectNamedPipe(self._pipe)
        except OSError as error:
            if error.winerror != _NO_DATA:
                raise
        received = b""
        try:
            while True:
                received += _winapi.ReadFile(self._pipe, _MAX_BYTES)[0]
        except BrokenPipeError:
            return received
        finally:
            _disconnect(self._pipe)


def _disconnect(pipe: int) -> None:
    import ctypes

    ctypes.windll.kernel32.DisconnectNamedPipe(ctypes.c_void_p(pipe))
