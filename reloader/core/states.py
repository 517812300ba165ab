"""The supervisor's states. Each holds exactly what it needs, so that no two fields can disagree.

Times are in seconds on a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reloader.core.changes import ChangeBatch
from reloader.core.outcome import Outcome


@dataclass(frozen=True, slots=True)
class FirstStart:
    """The session starts: nothing has run yet."""


@dataclass(frozen=True, slots=True)
class FilesChanged:
    batch: ChangeBatch


@dataclass(frozen=True, slots=True)
class RequestedByChild:
    """The child ended with the restart code (3: Werkzeug, Django)."""


@dataclass(frozen=True, slots=True)
class RequestedByUser:
    by: str


@dataclass(frozen=True, slots=True)
class ChildExited:
    """The child ended by itself and ``on_exit`` wants it back."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """The configuration differs in ``keys``, and the run had to be replaced for it."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigRejected:
    """The run was stopped for another configuration, which then failed or was reverted."""


Reason = FirstStart | FilesChanged | RequestedByChild | RequestedByUser | ChildExited | ConfigChanged | ConfigRejected


def reason_without_new_settings(run: int) -> Reason:
    """Return the reason of ``run`` if it starts with the previous settings, because the new ones failed."""
    return ConfigRejected() if run > 1 else FirstStart()


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """The failures of the child in a row, and True if a change was ever handled."""

    early_restarts: int = 0
    failures: int = 0
    has_handled_change: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """Start again after the stop. ``reason`` is None for an open batch."""

    reason: Reason | None
    batch_is_open: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """Finish after the stop: ``signal`` arrived at the moment ``asked_at``."""

    signal: int
    asked_at: float


@dataclass(frozen=True, slots=True)
class ApplyExitPolicy:
    """Apply the exit policy to ``outcome`` after the stop of the processes that the program left running."""

    outcome: Outcome


Goal = Restart | Exit | ApplyExitPolicy


@dataclass(frozen=True, slots=True)
class Idle:
    """The state before the first run, and after a change of settings before the run that follows ``run``.

    ``reason`` is that of the next run; ``pending`` has changed since ``run`` was started.
    """

    run: int = 0
    reason: Reason = field(default_factory=FirstStart)
    history: RestartHistory = field(default_factory=RestartHistory)
    pending: ChangeBatch = field(default_factory=ChangeBatch)


@dataclass(frozen=True, slots=True)
class Running:
    run: int
    started_at: float
    history: RestartHistory = field(default_factory=RestartHistory)
    interrupted_at: float | None = None  # by a Ctrl-C that the run has survived until now


@dataclass(frozen=True, slots=True)
class Stopping:
    """The run was asked to stop at ``asked_at`` and is killed at ``kill_at``. ``goal`` follows when all its processes are gone.

    ``leader_exited`` is True if the program had ended by itself and only the processes that it left are stopped.
    """

    run: int
    started_at: float
    history: RestartHistory
    goal: Goal
    asked_at: float
    kill_at: float
    killed: bool = False
    leader_exited: bool = False
    give_up_at: float | None = None  # set by the first attempt to kill it


@dataclass(frozen=True, slots=True)
class WaitingForQuiet:
    """Nothing runs until the disk is quiet. ``pending`` has changed before the open batch."""

    run: int
    history: RestartHistory
    pending: ChangeBatch = field(default_factory=ChangeBatch)


@dataclass(frozen=True, slots=True)
class WaitingForChange:
    """Nothing runs until something changes."""

    run: int
    history: RestartHistory


@dataclass(frozen=True, slots=True)
class BackingOff:
    """Nothing runs before ``until``, unless a change comes first. ``reason`` is that of the next run."""

    run: int
    history: RestartHistory
    until: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Finished:
    exit_code: int


State = Idle | Running | Stopping | WaitingForQuiet | WaitingForChange | BackingOff | Finished


def next_run(state: State) -> int:
    """Return the number of the run that would be started next."""
    match state:
        case Finished():
            return 1
        case _:
            return state.run + 1


def uptime(state: State, now: float) -> float | None:
    """Return the seconds that the run has lived up to now, or to its own end.

    Return None without a run, and if it was asked to stop.
    """
    match state:
        case Running(started_at=started_at):
            return now - started_at
        case Stopping(started_at=started_at, goal=ApplyExitPolicy(), asked_at=ended_at):
            return ended_at - started_at
        case _:
            return None
