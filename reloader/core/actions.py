"""What the supervisor asks the engine to do."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.notices import Notice
from reloader.core.states import Reason


@dataclass(frozen=True, slots=True)
class Launch:
    run: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class SendStopSignal:
    """Send the stop signal (or ``signal``, where the user's own should be handed on) to every process of the run."""

    run: int
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Kill:
    """End every process of the run, also those that left its group."""

    run: int


@dataclass(frozen=True, slots=True)
class Report:
    notice: Notice


@dataclass(frozen=True, slots=True)
class Finish:
    exit_code: int


Action = Launch | SendStopSignal | Kill | Report | Finish
