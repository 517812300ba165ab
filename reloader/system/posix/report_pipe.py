"""The pipe for the agents' reports on POSIX. One thread reads it, and the pipe ends with this process."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import threading
from collections.abc import Callable

_NAME = "reports"
#: Bytes per read, and the longest line that is kept.
_MAX_BYTES = 65536


class PosixReportPipe:
    """On Linux an anonymous pipe: other processes of this user open it through /proc, so nothing is left on the disk.

    Elsewhere it is a named pipe in a directory that only this user may enter.
    """

    def __init__(self) -> None:
        self._directory: str | None = None
        if sys.platform == "linux":
            self._reader, self._writer = os.pipe()
            self.address = f"/proc/{os.getpid()}/fd/{self._writer}:{os.fstat(self._writer).st_ino}"
        else:
            above = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - the name below cannot be guessed, and the directory is private
            self._directory = os.path.join(above, f"reloader-{os.getpid()}-{os.urandom(4).hex()}")
            os.mkdir(self._directory, 0o700)
            path = os.path.join(self._directory, _NAME)
            os.mkfifo(path, 0o600)
            self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            self._writer = os.open(path, os.O_WRONLY)  # while it is open, a read never returns the end of the file
            os.set_blocking(self._reader, True)
            self.address = f"{path}:{os.fstat(self._writer).st_ino}"
        self._thread: threading.Thread | None = None
        self._end = os.urandom(8).hex().encode()  # a line that no other process can guess
        self._is_closed = False

    def start(self, handle_line: Callable[[bytes], None]) -> None:
        self._thread = threading.Thread(target=self._read, args=(handle_line,), name="reloader-reports", daemon=True)
        self._thread.start()

    def echo(self, line: bytes) -> None:
        os.write(self._writer, line)

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._thread is not None:
            self.echo(b"\n" + self._end + b"\n")
            self._thread.join()
        os.close(self._reader)
        os.close(self._writer)
        if self._directory is not None:
            os.unlink(os.path.join(self._directory, _NAME))
            os.rmdir(self._directory)

    def _read(self, handle_line: Callable[[bytes], None]) -> None:
        rest = b""
        while True:
            *lines, rest = (rest + os.read(self._reader, _MAX_BYTES)).split(b"\n")
            for line in lines:
                if line == self._end:
                    return
                handle_line(line)
            rest = rest[-_MAX_BYTES:]  # no report is that long: drop it
