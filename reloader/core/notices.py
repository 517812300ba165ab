"""What the user may be told: facts, not sentences. The console turns them into lines or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from reloader.core.addresses import ListeningSocket, PortOwner
from reloader.core.changes import ChangeBatch
from reloader.core.outcome import Outcome, StopStep
from reloader.core.states import Reason
from reloader.core.tasks import HookEvent, TaskOutcome


class Level(IntEnum):
    """How loud a notice is: ``--quiet`` leaves warnings and errors, ``--verbose`` adds details."""

    DETAIL = 0
    INFO = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How a session is. ``state`` is starting, running, stopping, settling, waiting, cooling down, or finished.

    ``seconds`` have gone by since the newest run started, ``ready_after`` of them until it was ready. ``child`` is its pid, as
    long as it lives; ``pending`` are the files that changed while the session is paused.
    """

    pid: int
    project: str
    command: tuple[str, ...]
    state: str
    run: int
    child: int | None
    seconds: float
    ready_after: float | None
    reason: str
    is_paused: bool
    pending: tuple[str, ...]
    backend: str
    files: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Paused:
    """From now on changes are collected, and served by one restart when somebody resumes."""

    by: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Resumed:
    """Changes are served again; ``pending`` so many were waiting for it."""

    by: str
    pending: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class WaitResult:
    """The answer to a ``wait``. ``verdict`` is ready, failed or timed out; ``trace`` is what the program wrote of its failure.

    ``seconds`` is what the run took to be ready, or how long it lived.
    """

    verdict: str
    run: int
    seconds: float | None
    exit_code: int | None
    why: str
    trace: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of this project, as its history has it. ``at`` is in seconds since 1970.

    ``exit_code`` is None for a run that has not ended, or that nobody saw end. ``stopped_in`` is how long its stop took, None if
    it ended by itself.
    """

    session: int
    run: int
    at: float
    reason: str
    files: tuple[str, ...]
    ready_after: float | None
    seconds: float | None
    exit_code: int | None
    outcome: str
    stopped_in: float | None
    forced: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class PathExplained:
    """Whether ``path`` counts, and why.

    ``kind`` is file, directory, missing, or other. ``cause`` is what decided: named (extra_files), imported, everything, rule,
    virtualenv, not asked for, outside, not imported, no source, no file. The rule is ``pattern``, at ``line`` (0: unknown) of
    ``source``; it met ``at``, which is the path or a directory above. ``target`` is where links lead. ``root``, ``backend`` and
    ``importer`` are empty where there is none, or nobody to ask; ``is_live`` says that a session was asked.
    """

    path: str
    kind: str
    is_watched: bool
    cause: str
    pattern: str
    source: str
    line: int
    at: str
    target: str
    root: str
    backend: str
    importer: str
    is_live: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class FilesListed:
    """Every file that counts."""

    files: tuple[str, ...]
    is_live: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class KeysHelp:
    """Which keys there are."""

    level = Level.INFO


@dataclass(frozen=True, slots=True)
class ControlUnavailable:
    """Nobody can ask this session anything, for this reason."""

    cause: str
    remedy: str
    level = Level.DETAIL


#: The answers of a session, which its control socket sends.
SessionNotice = (
    SessionStatus
    | Paused
    | Resumed
    | WaitResult
    | RunRecord
    | PathExplained
    | FilesListed
    | KeysHelp
    | ControlUnavailable
)


@dataclass(frozen=True, slots=True)
class SyntaxErrorNotice:
    """``file`` does not compile. ``excerpt`` are the lines by which Python says so; ``run`` goes on, if there is one.

    ``line`` and ``column`` count from 1; None where Python does not say.
    """

    file: str
    line: int | None
    column: int | None
    message: str
    excerpt: tuple[str, ...]
    run: int | None
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """``part`` is ``check`` or ``before``."""

    part: str
    argv: tuple[str, ...]

    @property
    def level(self) -> Level:
        return Level.DETAIL if self.part == "check" else Level.INFO


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """A command of ``check`` or ``before`` has failed. ``run`` goes on, if there is one."""

    part: str
    argv: tuple[str, ...]
    outcome: TaskOutcome
    run: int | None
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class ChangesReverted:
    """What was refused is gone: ``paths`` are what they were when ``run`` was started, and it goes on."""

    paths: tuple[str, ...]
    run: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Ready:
    """The run is ready, ``seconds`` after its start. ``by`` names what has shown it."""

    run: int
    seconds: float
    by: tuple[str, ...]
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class HookFailed:
    """The hook of this occasion has failed. Nothing waits for it."""

    occasion: HookEvent
    argv: tuple[str, ...]
    outcome: TaskOutcome
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing runs. The first change that counts starts the command."""

    level = Level.INFO


#: Stands for a value that is nobody's business.
HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key, ``before`` and ``after``, as plain values; None is one that is not set. Of a table it is one name, ``env.PORT``.

    The values of variables are ``HIDDEN``.
    """

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ConfigReloaded:
    """The configuration was changed, and is in force from now on. ``replaces_run``: the run is started anew for it."""

    source: str
    changes: tuple[KeyChange, ...]
    replaces_run: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class ConfigInvalid:
    """The configuration was changed, and is no good: that of before stays in force. A line for each problem."""

    problems: tuple[str, ...]
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class ConfigMissing:
    """The file of the configuration was deleted or renamed: what was in force stays so."""

    source: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class ConfigRestored:
    """What was refused, or gone, is again as it is in force."""

    source: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class ConfigReloadSuspended:
    """So many runs in a row were replaced at the same moment of their lives, which a run does that writes its configuration.

    What is saved of it is taken over no more for so many ``seconds``, or up to a restart by hand.
    """

    source: str
    restarts: int
    within: float
    seconds: float
    level = Level.WARNING


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

    sockets: tuple[ListeningSocket, ...]
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
class EventsOverflowed:
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
class DoctorRoot:
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
class DoctorScan:
    """Everything that counts was watched and looked at, in so many ``seconds``."""

    files: int
    directories: int
    seconds: float
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class DoctorLimit:
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
class RestartLoopSuspended:
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
class StoppingNotice:
    """The run was asked to stop; force follows after ``timeout`` seconds."""

    run: int
    timeout: float
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class Killed:
    """The run did not stop in time, or the user would not wait."""

    run: int
    after: float
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class KillFailed:
    """Force has had no effect for so long: the system holds a process of the run, on a dead disk for instance."""

    run: int
    after: float
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class OrphansFound:
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
    holder: PortOwner
    is_certain: bool
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class WaitingForChangeNotice:
    """Nothing runs. The next change that counts starts the command again."""

    outcome: Outcome
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class BackingOffNotice:
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
class FinishedNotice:
    exit_code: int
    level = Level.DETAIL


Notice = (
    SessionNotice
    | ConfigUsed
    | ConfigReloaded
    | ConfigInvalid
    | ConfigMissing
    | ConfigRestored
    | ConfigReloadSuspended
    | Listening
    | Scanning
    | Watching
    | BackendFellBack
    | EventsOverflowed
    | EventsMissed
    | Polling
    | DoctorRoot
    | DoctorScan
    | DoctorLimit
    | ScansSlowed
    | Changed
    | Unchanged
    | RestartLoopSuspended
    | Launched
    | StoppingNotice
    | Killed
    | KillFailed
    | OrphansFound
    | Ended
    | PortInUse
    | WaitingForChangeNotice
    | BackingOffNotice
    | RestartCodeIgnored
    | SyntaxErrorNotice
    | TaskStarted
    | TaskFailed
    | ChangesReverted
    | Ready
    | HookFailed
    | Postponed
    | Note
    | FinishedNotice
)


def kind_of(fact: object) -> str:
    """Return the name by which users see a notice or a reason: ``FilesChanged`` is ``files_changed``.

    A notice that shares its name with a state ends in ``Notice``, which its kind leaves out.
    """
    name = type(fact).__name__.removesuffix("Notice")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
