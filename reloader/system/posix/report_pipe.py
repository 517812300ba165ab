"""The pipe of the agents' reports on POSIX: read by one thread, and gone with this process."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import threading
from collections.abc import Callable

_NAME = "reports"
_SIZE = 65536


class PosixReportPipe:
    """On Linux an anonymous pipe, which other processes of this user open through /proc, so that nothing can be left behind.

    Elsewhere a named pipe in a directory that only this user may enter.
    """

    def __init__(self) -> None:
        self._folder: str | None = None
        if sys.platform == "linux":
            self._reader, self._writer = os.pipe()
            self.address = f"/proc/{os.getpid()}/fd/{self._writer}:{os.fstat(self._writer).st_ino}"
        else:
            above = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - nobody can guess the name below, nor enter it
            self._folder = os.path.join(above, f"reloader-{os.getpid()}-{os.urandom(4).hex()}")
            os.mkdir(self._folder, 0o700)
            path = os.path.join(self._folder, _NAME)
            os.mkfifo(path, 0o600)
            self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            self._writer = os.open(path, os.O_WRONLY)  # as long as it is open, the reader never meets the end
            os.set_blocking(self._reader, True)
            self.address = f"{path}:{os.fstat(self._writer).st_ino}"
        self._thread: threading.Thread | None = None
        self._end = os.urandom(8).hex().encode()  # a line that nobody else can write
        self._is_closed = False

    def start(self, heard: Callable[[bytes], None]) -> None:
        self._thread = threading.Thread(target=self._read, args=(heard,), name="reloader-reports", daemon=True)
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
        if self._folder is not None:
            os.unlink(os.path.join(self._folder, _NAME))
            os.rmdir(self._folder)

    def _read(self, heard: Callable[[bytes], None]) -> None:
        rest = b""
        while True:
            *lines, rest = (rest + os.read(self._reader, _SIZE)).split(b"\n")
            for line in lines:
                if line == self._end:
                    return
                heard(line)
            rest = rest[-_SIZE:]  # no report is as long: it is somebody's garbage
