"""The supervisor's actions: the engine performs them."""

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
    """Send the stop signal to every process of the run, or ``signal`` where that of the user is passed on."""

    run: int
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill every process of the run, also those that left its group."""

    run: int


@dataclass(frozen=True, slots=True)
class Report:
    notice: Notice


@dataclass(frozen=True, slots=True)
class Finish:
    exit_code: int


Action = Launch | SendStopSignal | Kill | Report | Finish
