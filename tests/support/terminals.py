"""A terminal without a screen: what is typed there is read by the program that runs in its foreground."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.running import Reloader

assert sys.platform != "win32"

CTRL_C = "\x03"
CTRL_Z = "\x1a"
ENTER = "\r"

_SHELL = Path(__file__).with_name("little_shell.py")


class Keyboard:
    def __init__(self, master: int) -> None:
        self._master = master

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())


@contextmanager
def reloader_in_terminal(*arguments: str | Path, cwd: Path) -> Iterator[tuple[Reloader, Keyboard]]:
    """The program as the foreground job of a terminal. Its notices and the command's lines go where they can be heard."""
    master, slave = pty.openpty()
    try:
        shell = [sys.executable, str(_SHELL)]
        with InTerminal(*arguments, cwd=cwd, through=shell, stdin=slave) as reloader:
            yield reloader, Keyboard(master)
    finally:
        os.close(slave)
        os.close(master)


class InTerminal(Reloader):
    """Its process is the shell, which ends when the job does."""

    def stop(self) -> int:
        assert not self.is_running, "what runs in a terminal is ended by the test, with a key"
        return self.wait_for_exit()
