"""The terminal as a thing that is lent: the child is its foreground program while it runs, and it comes back as it was."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import termios


class Terminal:
    """The terminal on standard input, if there is one and we are its foreground program.

    While it is lent, Ctrl-C and Ctrl-Z reach the child's process group and nobody else. We write to it from the background
    then, and take it back from there, so SIGTTOU is ignored for as long as we live.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._own_group = os.getpgrp()
        self._is_ours = _foreground_group(descriptor) == self._own_group
        self._attributes = termios.tcgetattr(descriptor) if self._is_ours else None
        self._old_handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN) if self._is_ours else None
        self.is_lent = False

    def lend(self, group: int) -> None:
        """Make ``group`` the foreground group. Nothing happens where the terminal is not ours to give."""
        if self._is_ours:
            self.is_lent = self._hand_to(group)

    def take_back(self) -> None:
        """Become the foreground program again, with the attributes that the terminal had before the first run."""
        if not self.is_lent:
            return
        self.is_lent = False
        if self._hand_to(self._own_group) and self._attributes is not None:
            try:
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._attributes)
            except termios.error:
                return  # the terminal was closed; there is nothing left to restore

    def close(self) -> None:
        self.take_back()
        if self._is_ours:
            signal.signal(signal.SIGTTOU, self._old_handler or signal.SIG_DFL)
            self._is_ours = False

    def _hand_to(self, group: int) -> bool:
        try:
            os.tcsetpgrp(self._descriptor, group)
        except OSError:
            return False  # the group is gone already, or the terminal was closed
        return True


def _foreground_group(descriptor: int) -> int | None:
    try:
        return os.tcgetpgrp(descriptor)
    except OSError:
        return None  # not a terminal, or not the one that controls us
