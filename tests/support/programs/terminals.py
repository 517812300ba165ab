"""A terminal without a screen, in whose foreground a program runs."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.sessions.program import Reloader

assert sys.platform != "win32"

CTRL_C = "\x03"
CTRL_D = "\x04"
CTRL_Z = "\x1a"
ENTER = "\r"

_SHELL = Path(__file__).with_name("shell.py")
_SCRIPT = Path(__file__).with_name("script.py")


class Keyboard:
    def __init__(self, master: int) -> None:
        self._master = master

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of the window. The kernel sends SIGWINCH to the foreground group."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def foreground(self) -> int:
        """Return the foreground process group."""
        return os.tcgetpgrp(self._master)

    def attributes(self) -> list[Any]:
        return termios.tcgetattr(self._master)

    def shown(self) -> bytes:
        """Return the output of the terminal since the last call."""
        shown = b""
        while select.select([self._master], [], [], 0)[0]:
            shown += os.read(self._master, 65536)
        return shown


def in_terminal(*, has_job_control: bool = True) -> list[str]:
    """Return the command that starts another one as the foreground job of the terminal on standard input."""
    return [sys.executable, str(_SHELL if has_job_control else _SCRIPT)]


@contextmanager
def reloader_in_terminal(
    *arguments: str | Path, cwd: Path, has_job_control: bool = True
) -> Iterator[tuple[Reloader, Keyboard]]:
    """Run the program as the foreground job of a terminal. Its notices and the command's lines are received as usual.

    Without ``has_job_control`` a script starts it: then only reloader itself restores the terminal.
    """
    master, slave = pty.openpty()
    try:
        shell = in_terminal(has_job_control=has_job_control)
        environment = {"TERM": "xterm"}
        with InTerminal(*arguments, cwd=cwd, environment=environment, through=shell, stdin=slave) as reloader:
            yield reloader, Keyboard(master)
    finally:
        os.close(slave)
        os.close(master)


class InTerminal(Reloader):
    """Its process is the shell, which ends when the job does."""

    def stop(self) -> int:
        assert not self.is_running, "the test ends a program in a terminal by a key"
        return self.wait_for_exit()
