"""The outcome of a run, and the steps of its stop, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

SIGNAL_BASE = 128  # a shell reports "ended by signal n" as 128+n
INTERRUPT = 2  # SIGINT has this number on every system that has signals
KILL = 9  # SIGKILL likewise


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended by itself with ``code``.

    ``was_foreground`` is True if it was the foreground program of the terminal: a Ctrl-C went to it and not to reloader.
    ``uncaught_exception`` is True if the agent reported that an uncaught exception ended it.
    """

    code: int
    was_foreground: bool = False
    uncaught_exception: bool = False

    @property
    def exit_code(self) -> int:
        return self.code

    @property
    def was_interrupted(self) -> bool:
        """True if a program ends like this after a Ctrl-C that only it received."""
        return self.was_foreground and self.code == SIGNAL_BASE + INTERRUPT


@dataclass(frozen=True, slots=True)
class Signalled:
    """The program was ended by signal ``number``."""

    number: int
    was_foreground: bool = False

    @property
    def exit_code(self) -> int:
        return SIGNAL_BASE + self.number

    @property
    def was_interrupted(self) -> bool:
        return self.was_foreground and self.number == INTERRUPT


@dataclass(frozen=True, slots=True)
class NotLaunched:
    """The command could not be started. ``exit_code`` is 126 (cannot be run) or 127 (not found), as in shells."""

    exit_code: int
    why: str

    @property
    def was_interrupted(self) -> bool:
        return False


Outcome = Exited | Signalled | NotLaunched


class StopStepKind(Enum):
    ASKED = "asked"  # the stop signal was sent to the whole group
    ESCAPED_ASKED = "escaped_asked"  # the group was empty, and the processes that had left it were sent the stop signal
    KILLED = "killed"
    GONE = "gone"  # no process was left


@dataclass(frozen=True, slots=True)
class StopStep:
    """``after`` is in seconds since the first step."""

    kind: StopStepKind
    after: float
