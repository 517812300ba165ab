"""The terminal as a thing that is lent: the child is its foreground program while it runs, and it comes back as it was."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import termios
from dataclasses import dataclass
from typing import Any

from reloader.system.posix.spawn import closing_inheritable

#: Undoes what a full-screen program leaves behind that dies: the other screen (left without a jump of the cursor), a scroll
#: region, application keys, mouse reports, pasting in brackets, a hidden cursor, colours. Else none of it can be seen.
RESET_SEQUENCES = (
    b"\x1b[?1047l\x1b7\x1b[r\x1b8\x1b[?1l\x1b>"
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[0m"
)

#: The same when we were killed: a program for a Python without our modules. Arguments: the group that had the terminal, the one
#: that had it before, and the attributes, or "-". It is left alone if a shell has taken it meanwhile. SIGTTOU is blocked there.
RESTORE_TERMINAL = f"""
import os, sys, termios
lent_to, owner, written = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
terminal = os.open("/dev/tty", os.O_RDWR)
foreground = os.tcgetpgrp(terminal)
try:
    os.killpg(foreground, 0)
except OSError:
    foreground = lent_to
if foreground == lent_to:
    if written != "-":
        *flags, characters = written.split(":")
        termios.tcsetattr(terminal, termios.TCSANOW, [*map(int, flags), [*bytes.fromhex(characters)]])
        if os.environ.get("TERM", "dumb") != "dumb":
            os.write(terminal, {RESET_SEQUENCES!r})
    try:
        os.tcsetpgrp(terminal, owner)
    except OSError:
        os.tcsetpgrp(terminal, os.getpgid(os.getsid(0)))
"""


@dataclass(frozen=True)
class Attributes:
    """What ``stty`` shows and sets."""

    _values: list[Any]

    @classmethod
    def of(cls, descriptor: int) -> Attributes | None:
        try:
            return cls(termios.tcgetattr(descriptor))
        except termios.error:
            return None  # the terminal was closed

    def restore(self, descriptor: int) -> None:
        try:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, self._values)
        except termios.error:
            return  # the terminal was closed; there is nothing left to restore

    def written(self) -> str:
        """For the guard: numbers, and the special characters in hexadecimal digits."""
        *flags, characters = self._values
        raw = b"".join(one if isinstance(one, bytes) else bytes([one]) for one in characters)
        return ":".join([*map(str, flags), raw.hex()])


class Terminal:
    """The terminal on standard input, if it is the one that controls us.

    While it is lent, Ctrl-C and Ctrl-Z reach the child's process group and nobody else. We write to it from the background
    then, and take it back from there, so SIGTTOU is ignored for as long as we live.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self.own_group = os.getpgrp()
        self.is_there = self._foreground() is not None
        self._old_handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN) if self.is_there else None
        self._lent_to: int | None = None
        self.attributes: Attributes | None = None  # as they were before it was lent
        self._of_the_stopped: Attributes | None = None

    @property
    def has_given_foreground(self) -> bool:
        return self._lent_to is not None

    @property
    def is_foreground(self) -> bool:
        """Whether it is ours to lend: not where a shell keeps us in the background, or has taken it from whom we lent it to."""
        return self.is_there and self._foreground() == self.own_group

    @property
    def run_is_foreground(self) -> bool:
        """Whether it is lent, and no shell has taken it from whom we lent it to."""
        return self.has_given_foreground and self._foreground() == self._lent_to

    @property
    def has_same_attributes(self) -> bool:
        """Whether the run reads lines, as every program does that does not ask for more: no debugger's prompt, no full screen."""
        return self.has_given_foreground and Attributes.of(self._descriptor) == self.attributes

    def give_foreground(self, group: int) -> None:
        """Make ``group`` the foreground group. Nothing happens where the terminal is not ours to give."""
        if not self.is_foreground:
            return
        self.attributes = Attributes.of(self._descriptor)
        if self._hand_to(group):
            self._lent_to = group
            if self._of_the_stopped is not None:
                self._of_the_stopped.restore(self._descriptor)
        self._of_the_stopped = None

    def take_foreground(self, *, leaves_a_mess: bool = False) -> None:
        """Become the foreground program again, with the attributes that the terminal had before it was lent.

        ``leaves_a_mess`` says that the run did not end by itself. So is a run that did, and left other attributes behind.
        """
        self._of_the_stopped = None
        if not self.has_given_foreground:
            return
        self._lent_to = None
        if not self._hand_to(self.own_group) or self.attributes is None:
            return
        if Attributes.of(self._descriptor) != self.attributes:
            self.attributes.restore(self._descriptor)
            leaves_a_mess = True
        if leaves_a_mess:
            self._write(RESET_SEQUENCES)

    def pause(self) -> None:
        """Take it back from a run that was stopped and will go on: with the attributes that it had given the terminal."""
        left = Attributes.of(self._descriptor) if self.has_given_foreground else None
        self.take_foreground()
        self._of_the_stopped = left

    def refresh_foreground(self) -> None:
        """After we were stopped: a shell may have taken the terminal from the run, and has not given it to us yet."""
        if not self.run_is_foreground:
            self._lent_to = None

    def close(self) -> None:
        self.take_foreground(leaves_a_mess=True)
        if self.is_there:
            signal.signal(signal.SIGTTOU, self._old_handler or signal.SIG_DFL)
            self.is_there = False

    def _foreground(self) -> int | None:
        try:
            return os.tcgetpgrp(self._descriptor)
        except OSError:
            return None  # not a terminal, or not the one that controls us

    def _hand_to(self, group: int) -> bool:
        try:
            os.tcsetpgrp(self._descriptor, group)
        except OSError:
            return False  # the group is gone already, or the terminal was closed
        return True

    def _write(self, sequences: bytes) -> None:
        if os.environ.get("TERM", "dumb") == "dumb":
            return
        try:
            os.write(self._descriptor, sequences)
        except OSError:
            return  # closed, or open for reading only


_WAITING = "/bin/cat"


class InterruptSentinel:
    """In no group until it listens. ``pid`` is of a child of ours that is no part of the run."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self._group = 0
        self._input, self._end_of_input = os.pipe()

    def listen_in(self, group: int) -> None:
        self._group = group
        try:
            self.pid = os.posix_spawn(
                _WAITING,
                [_WAITING],
                {},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, self._input, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                    *closing_inheritable(),
                ],
                setpgroup=group,
                setsigmask=signal.valid_signals() - {signal.SIGINT},
                setsigdef={signal.SIGINT},
            )
        except OSError:
            self.pid = None  # the run is over already, or there is no such program here: then Ctrl-C is the run's alone

    def has_heard(self) -> bool:
        """Whether SIGINT was sent to the group since the last question."""
        if self.pid is None:
            return False
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.pid = None
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT):
            return False  # it was forced together with the run
        self.listen_in(self._group)
        return True

    def leave_group(self) -> None:
        """Be no member that somebody would have to wait for."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = None

    def close(self) -> None:
        """May be called twice."""
        self.leave_group()
        if self._end_of_input >= 0:
            os.close(self._input)
            os.close(self._end_of_input)
            self._end_of_input = -1
