"""An ear among the foreground program's processes: Ctrl-C reaches that group and nobody else, and a second one is meant for us.

It is a program that only waits, in the group of the run, and dies of SIGINT as the kernel has it. Its death is what we hear.
It blocks all other signals, and ends with us at the latest, as its input does.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal

from reloader.system.posix.spawn import closing_inheritable

_WAITING = "/bin/cat"


class Ear:
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
