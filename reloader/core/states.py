"""The supervisor's states. Each holds exactly what it needs, so that no two fields can disagree."""

from __future__ import annotations

from dataclasses import dataclass, field

from reloader.core.changes import ChangeBatch
from reloader.core.outcome import Outcome


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Nothing has run yet."""


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
    """The configuration is another one, in these keys, for which the run had to be replaced."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigRejected:
    """The run was stopped for another configuration, which cannot be had or was taken back meanwhile."""


Reason = FirstStart | FilesChanged | RequestedByChild | RequestedByUser | ChildExited | ConfigChanged | ConfigRejected


def reason_without_new_settings(run: int) -> Reason:
    """Why ``run`` is started by the plan that stays in force, although it was to be by another one."""
    return ConfigRejected() if run > 1 else FirstStart()


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """What the past weighs: how often in a row the child failed, and whether a change was ever served."""

    early_restarts: int = 0
    failures: int = 0
    has_handled_change: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """After the stop, start again. While the batch is open the reason is not known yet."""

    reason: Reason | None
    batch_is_open: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """After the stop, finish: ``signal`` reached us at the moment ``asked_at``."""

    signal: int
    asked_at: float


@dataclass(frozen=True, slots=True)
class ApplyExitPolicy:
    """After the stop of what the program left behind, decide on how it ended."""

    outcome: Outcome


Goal = Restart | Exit | ApplyExitPolicy


@dataclass(frozen=True, slots=True)
class Idle:
    """Before the first run; after an exchange of the plan, before the one that follows ``run`` for this ``reason``.

    ``pending`` is what has changed since ``run`` was started.
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
    interrupted_at: float | None = None  # by a Ctrl-C that the run has survived so far


@dataclass(frozen=True, slots=True)
class Stopping:
    """The run was asked to stop at ``asked_at`` and is forced at ``kill_at``; ``goal`` follows when all of it is gone.

    ``leader_exited`` says that the program had ended by itself, and that it is what it left behind that is stopped.
    """

    run: int
    started_at: float
    history: RestartHistory
    goal: Goal
    asked_at: float
    kill_at: float
    killed: bool = False
    leader_exited: bool = False
    give_up_at: float | None = None  # set by the first attempt at force


@dataclass(frozen=True, slots=True)
class WaitingForQuiet:
    """Nothing runs, and the next run waits for the disk to be quiet. ``pending`` is what changed before the open batch."""

    run: int
    history: RestartHistory
    pending: ChangeBatch = field(default_factory=ChangeBatch)


@dataclass(frozen=True, slots=True)
class WaitingForChange:
    """Nothing runs, and nothing will before a change."""

    run: int
    history: RestartHistory


@dataclass(frozen=True, slots=True)
class BackingOff:
    """Nothing runs before ``until``, unless a change comes first. ``reason`` is that of the run which is then started."""

    run: int
    history: RestartHistory
    until: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Finished:
    exit_code: int


State = Idle | Running | Stopping | WaitingForQuiet | WaitingForChange | BackingOff | Finished


def next_run(state: State) -> int:
    """The number of the run that would be started next."""
    match state:
        case Finished():
            return 1
        case _:
            return state.run + 1


def uptime(state: State, now: float) -> float | None:
    """How many seconds the run has lived up to now, or to its own end; None if there is none, or if we asked it to stop."""
    match state:
        case Running(started_at=since):
            return now - since
        case Stopping(started_at=since, goal=ApplyExitPolicy(), asked_at=moment):
            return moment - since
        case _:
            return None
