"""What the user may be told: facts, not sentences. The console turns them into lines or JSON."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.addresses import Holder
from reloader.core.changes import ChangeBatch
from reloader.core.level import Level as Level  # noqa: PLC0414 - everybody takes it from here
from reloader.core.outcome import Outcome
from reloader.core.reasons import Reason
from reloader.core.session_notices import SessionNotice
from reloader.core.settings_diff import ConfigAsBefore, ConfigGone, ConfigRefused, ConfigRenewed, ConfigSuspended
from reloader.core.sockets import HeldSocket
from reloader.core.step_notices import (
    ChangesTakenBack,
    HookFailed,
    Postponed,
    Ready,
    SourceRefused,
    StepRefused,
    StepStarted,
)
from reloader.core.stops import StopStep

#: More than this share of a limit in use is worth a warning.
NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True)
class ConfigUsed:
    """Where the plan came from."""

    source: str
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class Listening:
    """These are listened on, until the session ends. Each has the number by which the command finds it."""

    sockets: tuple[HeldSocket, ...]
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Scanning:
    """The first scan takes long: ``files`` were seen so far."""

    files: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Watching:
    """The baseline is taken and the backend runs."""

    roots: tuple[str, ...]
    files: int
    directories: int
    backend: str
    mechanism: str
    why: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class BackendFellBack:
    """``backend`` cannot watch ``directories`` (all, if none is named): the stat backend polls them."""

    backend: str
    directories: tuple[str, ...]
    cause: str
    remedy: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The backend's queue overflowed; the disk was compared with the baseline instead."""

    backend: str
    remedy: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class EventsMissed:
    """These changed without an event; the sweep found them."""

    backend: str
    paths: tuple[str, ...]
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Polling:
    """``directory`` is polled, because its file system does not tell of every change."""

    directory: str
    file_system: str
    why: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class RootExamined:
    """What watches ``root``, and why. ``round_trip`` is in seconds; None if a change was not heard of, or could not be made."""

    root: str
    file_system: str
    mount_point: str
    backend: str
    mechanism: str
    why: str
    round_trip: float | None
    trouble: str = ""

    @property
    def level(self) -> Level:
        return Level.WARNING if self.trouble else Level.INFO


@dataclass(frozen=True, slots=True)
class TreesExamined:
    """Everything that counts was watched and looked at, in so many ``seconds``."""

    files: int
    directories: int
    seconds: float
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class LimitExamined:
    """A limit of the system, and how much of it this user's processes have in use, if that can be known."""

    setting: str
    limit: int
    used: int | None

    @property
    def level(self) -> Level:
        return Level.WARNING if (self.used or 0) > self.limit * NEARLY_ALL else Level.INFO


@dataclass(frozen=True, slots=True)
class ScansSlowed:
    """A scan is too dear for the interval asked for, so ``interval`` seconds are used."""

    interval: float
    cost: float
    paths: int
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Changed:
    """This batch leads to a restart."""

    batch: ChangeBatch
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Unchanged:
    """These files were touched or written, and their content is what it was."""

    paths: tuple[str, ...]
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class WatchingSuspended:
    """The command restarts itself by writing ``paths``: their changes count no more until a restart by hand.

    ``restarts`` came ``within`` so many seconds. ``line`` is what to write into the config to keep it so; None where no
    pattern can, because ``extra_files`` names the paths.
    """

    paths: tuple[str, ...]
    restarts: int
    within: float
    line: str | None
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Launched:
    run: int
    pid: int
    argv: tuple[str, ...]
    reason: Reason
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Stopping:
    """The run was asked to stop; force follows after ``timeout`` seconds."""

    run: int
    timeout: float
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class Forced:
    """The run did not stop in time, or the user would not wait."""

    run: int
    after: float
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Force has had no effect for so long: the system holds a process of the run, on a dead disk for instance."""

    run: int
    after: float
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """The program ended and left processes running, which are stopped now."""

    run: int
    outcome: Outcome
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. ``stopped`` says that we asked for it, ``seconds`` how long it lived, ``steps`` what its end took."""

    run: int
    outcome: Outcome
    seconds: float
    stopped: bool
    steps: tuple[StopStep, ...] = ()

    @property
    def level(self) -> Level:
        return Level.DETAIL if self.stopped else Level.INFO if self.outcome.exit_code == 0 else Level.ERROR


@dataclass(frozen=True, slots=True)
class PortInUse:
    """The run failed right after its start, and ``holder`` has the port that it wanted.

    ``is_certain`` says that it failed for that; else it is but likely, because the command names the port.
    """

    run: int
    holder: Holder
    is_certain: bool
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class WaitingForChange:
    """Nothing runs. The next change that counts starts the command again."""

    outcome: Outcome
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class BackingOff:
    """Nothing runs. The command is started again in ``seconds``, or at the next change."""

    seconds: float
    failures: int
    outcome: Outcome
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class RestartCodeIgnored:
    """The restart code came ``times`` times in a row right after the start: it is a failed start, not a request."""

    code: int
    times: int
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Note:
    """A remark for ``--verbose`` that needs no kind of its own."""

    text: str
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class Finished:
    exit_code: int
    level = Level.DETAIL


#: What is told without being asked for.
Unasked = (
    ConfigUsed
    | ConfigRenewed
    | ConfigRefused
    | ConfigGone
    | ConfigAsBefore
    | ConfigSuspended
    | Listening
    | Scanning
    | Watching
    | BackendFellBack
    | EventsLost
    | EventsMissed
    | Polling
    | RootExamined
    | TreesExamined
    | LimitExamined
    | ScansSlowed
    | Changed
    | Unchanged
    | WatchingSuspended
    | Launched
    | Stopping
    | Forced
    | GivenUp
    | LeftBehind
    | Ended
    | PortInUse
    | WaitingForChange
    | BackingOff
    | RestartCodeIgnored
    | SourceRefused
    | StepStarted
    | StepRefused
    | ChangesTakenBack
    | Ready
    | HookFailed
    | Postponed
    | Note
    | Finished
)

Notice = Unasked | SessionNotice
