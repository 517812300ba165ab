"""The controlling terminal. The run is its foreground process group; afterwards it is restored.

An interrupt sentinel in the run's group reports Ctrl-C, which only the foreground group receives.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import termios
from dataclasses import dataclass
from typing import Any

from reloader.system.posix.spawn import closing_inheritable

#: Resets what a full-screen program leaves behind when it dies: the alternate screen (left without moving the cursor), the
#: scroll region, application keys, mouse reports, bracketed paste, a hidden cursor, colours. Otherwise it changes nothing
#: that can be seen.
RESET_SEQUENCES = (
    b"\x1b[?1047l\x1b7\x1b[r\x1b8\x1b[?1l\x1b>"
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[0m"
)

#: The program by which the guard restores the terminal, for a Python without our modules. Arguments: the run's group, the
#: group to make the foreground group, and the attributes, or "-". It changes nothing if a shell has taken the terminal
#: meanwhile. The guard blocks SIGTTOU.
RESTORE_TERMINAL = f"""
import os, sys, termios
run, owner, attributes = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
terminal = os.open("/dev/tty", os.O_RDWR)
foreground = os.tcgetpgrp(terminal)
try:
    os.killpg(foreground, 0)
except OSError:
    foreground = run
if foreground == run:
    if attributes != "-":
        *flags, characters = attributes.split(":")
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
    """The attributes that ``stty`` shows and sets."""

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

    def serialized(self) -> str:
        """Write them for the guard: numbers, then the special characters in hexadecimal digits."""
        *flags, characters = self._values
        raw = b"".join(one if isinstance(one, bytes) else bytes([one]) for one in characters)
        return ":".join([*map(str, flags), raw.hex()])


class Terminal:
    """The terminal on standard input, if it is our controlling terminal.

    While the run is the foreground group, only that group receives Ctrl-C and Ctrl-Z. The supervisor then writes from the
    background, and takes the foreground back from there, so it ignores SIGTTOU until ``close``.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self.own_group = os.getpgrp()
        self.is_available = self._foreground() is not None
        self._old_handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN) if self.is_available else None
        self._given_to: int | None = None
        self.attributes: Attributes | None = None  # before the run got it
        self._suspended_attributes: Attributes | None = None

    @property
    def has_given_foreground(self) -> bool:
        """True if the run was made the foreground group, and the supervisor has not taken that back."""
        return self._given_to is not None

    @property
    def is_foreground(self) -> bool:
        """True if the supervisor is the foreground group. False if a shell keeps it, or the run, in the background."""
        return self.is_available and self._foreground() == self.own_group

    @property
    def run_is_foreground(self) -> bool:
        """True if the run is the foreground group: no shell has taken the terminal from it."""
        return self.has_given_foreground and self._foreground() == self._given_to

    @property
    def has_same_attributes(self) -> bool:
        """True if the run has not changed the attributes, as a debugger's prompt or a full-screen program does."""
        return self.has_given_foreground and Attributes.of(self._descriptor) == self.attributes

    def give_foreground(self, group: int) -> None:
        """Make ``group`` the foreground group. Do nothing unless the supervisor is the foreground group."""
        if not self.is_foreground:
            return
        self.attributes = Attributes.of(self._descriptor)
        if self._set_foreground(group):
            self._given_to = group
            if self._suspended_attributes is not None:
                self._suspended_attributes.restore(self._descriptor)
        self._suspended_attributes = None

    def take_foreground(self, *, needs_reset: bool = False) -> None:
        """Become the foreground group again, and restore the attributes.

        ``needs_reset`` says that the run did not end by itself, so its screen state is reset as well. The same is done if
        the run left other attributes behind.
        """
        self._suspended_attributes = None
        if not self.has_given_foreground:
            return
        self._given_to = None
        if not self._set_foreground(self.own_group) or self.attributes is None:
            return
        if Attributes.of(self._descriptor) != self.attributes:
            self.attributes.restore(self._descriptor)
            needs_reset = True
        if needs_reset:
            self._write(RESET_SEQUENCES)

    def suspend(self) -> None:
        """Take the foreground from a stopped run, and keep its attributes for when it continues."""
        attributes = Attributes.of(self._descriptor) if self.has_given_foreground else None
        self.take_foreground()
        self._suspended_attributes = attributes

    def refresh_foreground(self) -> None:
        """Note if a shell has taken the terminal from the run while the supervisor was stopped."""
        if not self.run_is_foreground:
            self._given_to = None

    def close(self) -> None:
        self.take_foreground(needs_reset=True)
        if self.is_available:
            signal.signal(signal.SIGTTOU, self._old_handler or signal.SIG_DFL)
            self.is_available = False

    def _foreground(self) -> int | None:
        try:
            return os.tcgetpgrp(self._descriptor)
        except OSError:
            return None  # not a terminal, or not our controlling terminal

    def _set_foreground(self, group: int) -> bool:
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


#: A program that only waits. It ends at the latest with its input, which the supervisor holds open.
_WAITING_PROGRAM = "/bin/cat"


class InterruptSentinel:
    """A waiting process in the run's group. SIGINT ends it, and so its end shows that the user pressed Ctrl-C.

    It blocks all other signals. ``pid`` is ``None`` unless it is running; it is a child of ours but not part of the run.
    A second Ctrl-C is meant for the supervisor, which could not see the first one otherwise.
    """

    def __init__(self) -> None:
        self.pid: int | None = None
        self._group = 0
        self._input, self._end_of_input = os.pipe()

    def join(self, group: int) -> None:
        self._group = group
        try:
            self.pid = os.posix_spawn(
                _WAITING_PROGRAM,
                [_WAITING_PROGRAM],
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
            self.pid = None  # the run has ended, or the program is missing: Ctrl-C then reaches only the run

    def was_interrupted(self) -> bool:
        """Return True if SIGINT was sent to the group since the last call, and start the sentinel again."""
        if self.pid is None:
            return False
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.pid = None
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT):
            return False  # it was killed together with the run
        self.join(self._group)
        return True

    def leave(self) -> None:
        """End the sentinel, so that the group can become empty."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = None

    def close(self) -> None:
        """May be called twice."""
        self.leave()
        if self._end_of_input >= 0:
            os.close(self._input)
            os.close(self._end_of_input)
            self._end_of_input = -1
