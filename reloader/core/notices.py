"""The notices: facts for the user, as values. cli/output turns them into lines or JSON.

The name of a class is the name that users see (``kind_of``), and its fields are those of the JSON object. docs/reference/json.md
lists them in the same order of topics.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from reloader.core.addresses import ListeningSocket, PortOwner
from reloader.core.changes import ChangeBatch
from reloader.core.outcome import Outcome, StopStep
from reloader.core.states import Reason
from reloader.core.tasks import HookEvent, TaskOutcome


class Level(IntEnum):
    """The importance of a notice: ``--quiet`` shows warnings and errors, ``--verbose`` adds details."""

    DETAIL = 0
    INFO = 1
    WARNING = 2
    ERROR = 3


class HasLevel:
    """The level of a notice: INFO, unless it sets another one. A notice whose level depends on its facts has none of this."""

    __slots__ = ()

    level: ClassVar[Level] = Level.INFO


# Configuration

#: Stands for a value that must not be shown.
HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key with its value ``before`` and ``after``; None if it is not set. The key of a table's entry is ``env.PORT``.

    The values of variables are ``HIDDEN``.
    """

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ConfigUsed(HasLevel):
    """The configuration of the session was read from ``source``."""

    source: str
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class ConfigReloaded(HasLevel):
    """A changed configuration is in force from now on. With ``replaces_run`` the run is restarted for it."""

    source: str
    changes: tuple[KeyChange, ...]
    replaces_run: bool


@dataclass(frozen=True, slots=True)
class ConfigInvalid(HasLevel):
    """The configuration was changed and is invalid: the previous one stays in force. One line for each problem."""

    problems: tuple[str, ...]
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class ConfigMissing(HasLevel):
    """The config file was removed or renamed: the previous configuration stays in force."""

    source: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class ConfigRestored(HasLevel):
    """After an invalid or a missing file, the configuration is again the one in force."""

    source: str


@dataclass(frozen=True, slots=True)
class ConfigReloadSuspended(HasLevel):
    """Too many runs in a row were replaced at the same age, so the command probably writes its own configuration.

    There were ``restarts`` within ``within`` seconds. Changes of ``source`` are ignored for ``seconds``, or until the user
    restarts the run.
    """

    source: str
    restarts: int
    within: float
    seconds: float
    level = Level.WARNING


# Watching


@dataclass(frozen=True, slots=True)
class Listening(HasLevel):
    """These sockets are open until the session ends. Each has the descriptor by which the command finds it."""

    sockets: tuple[ListeningSocket, ...]


@dataclass(frozen=True, slots=True)
class Scanning(HasLevel):
    """The first scan takes long: ``files`` were found so far."""

    files: int


@dataclass(frozen=True, slots=True)
class Watching(HasLevel):
    """The baseline is taken and the backend runs.

    With ``is_fallback``, a better backend does not work here. With ``until_imports``, these files are watched until the program
    reports its imports.
    """

    roots: tuple[str, ...]
    files: int
    directories: int
    backend: str
    mechanism: str
    why: str
    is_fallback: bool = False
    until_imports: bool = False


@dataclass(frozen=True, slots=True)
class BackendFellBack(HasLevel):
    """``backend`` cannot watch ``directories`` (all, if there are none): the stat backend polls them."""

    backend: str
    directories: tuple[str, ...]
    cause: str
    remedy: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Polling(HasLevel):
    """``directory`` is polled, because its file system does not report every change."""

    directory: str
    file_system: str
    why: str


@dataclass(frozen=True, slots=True)
class EventsOverflowed(HasLevel):
    """The queue of the backend overflowed; the disk was compared with the baseline instead."""

    backend: str
    remedy: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class EventsMissed(HasLevel):
    """These paths changed without an event; the rescan found them."""

    backend: str
    paths: tuple[str, ...]
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class ScansSlowed(HasLevel):
    """A scan of ``paths`` paths takes ``cost`` seconds, too long for the interval: it is ``interval`` seconds now."""

    interval: float
    cost: float
    paths: int
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Changed(HasLevel):
    """This batch leads to a restart."""

    batch: ChangeBatch


@dataclass(frozen=True, slots=True)
class Unchanged(HasLevel):
    """These files were touched or written, and their content is the same."""

    paths: tuple[str, ...]
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class RestartLoopSuspended(HasLevel):
    """The command restarts itself by writing ``paths``: their changes are ignored until the user restarts the run.

    There were ``restarts`` within ``within`` seconds. ``ignore`` is the value of that key which ignores them for good. It is
    None if no pattern can, because ``extra_files`` lists the paths.
    """

    paths: tuple[str, ...]
    restarts: int
    within: float
    ignore: tuple[str, ...] | None
    level = Level.WARNING


# Runs


@dataclass(frozen=True, slots=True)
class Launched(HasLevel):
    """The run has started."""

    run: int
    pid: int
    argv: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Ready(HasLevel):
    """The run is ready, ``seconds`` after its start. ``by`` names the probes that passed."""

    run: int
    seconds: float
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoppingNotice(HasLevel):
    """The run was asked to stop; it is killed after ``timeout`` seconds."""

    run: int
    timeout: float
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class Killed(HasLevel):
    """The run did not stop within ``after`` seconds, or the user asked to stop a second time."""

    run: int
    after: float
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class KillFailed(HasLevel):
    """The run still lives ``after`` seconds after the first kill: the kernel blocks a process, on a dead disk for instance."""

    run: int
    after: float
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class OrphansFound(HasLevel):
    """The program has ended and left processes running, which are stopped now."""

    run: int
    outcome: Outcome
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over after ``seconds``. ``stopped`` is True if reloader stopped it, in these ``steps``."""

    run: int
    outcome: Outcome
    seconds: float
    stopped: bool
    steps: tuple[StopStep, ...] = ()

    @property
    def level(self) -> Level:
        if self.stopped:
            return Level.DETAIL
        return Level.INFO if self.outcome.exit_code == 0 or self.outcome.was_interrupted else Level.ERROR


@dataclass(frozen=True, slots=True)
class PortInUse(HasLevel):
    """The run failed right after its start, and ``holder`` has the port that it needs.

    ``is_certain`` is False if the cause is only likely: the command names the port.
    """

    run: int
    holder: PortOwner
    is_certain: bool
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class WaitingForChangeNotice(HasLevel):
    """Nothing runs. The next change starts the command again."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BackingOffNotice(HasLevel):
    """Nothing runs. The command is started again in ``seconds``, or at the next change."""

    seconds: float
    failures: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RestartCodeIgnored(HasLevel):
    """The restart code came ``times`` times in a row right after the start: it is a failed start, not a request."""

    code: int
    times: int
    level = Level.WARNING


# Tasks: checks, pre-start commands and hooks


@dataclass(frozen=True, slots=True)
class SyntaxErrorNotice(HasLevel):
    """``file`` does not compile. ``excerpt`` are Python's own lines; ``run`` keeps running, if there is one.

    ``line`` and ``column`` count from 1; None where Python does not name them.
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
    """A check or a pre-start command has started: ``part`` is ``check`` or ``before``."""

    part: str
    argv: tuple[str, ...]

    @property
    def level(self) -> Level:
        return Level.DETAIL if self.part == "check" else Level.INFO


@dataclass(frozen=True, slots=True)
class TaskFailed(HasLevel):
    """A check or a pre-start command has failed. ``run`` keeps running, if there is one."""

    part: str
    argv: tuple[str, ...]
    outcome: TaskOutcome
    run: int | None
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class ChangesReverted(HasLevel):
    """After a rejection ``paths`` are again as they were when ``run`` was started. It keeps running."""

    paths: tuple[str, ...]
    run: int


@dataclass(frozen=True, slots=True)
class HookFailed(HasLevel):
    """The hook of ``event`` has failed. Nothing waits for it."""

    event: HookEvent
    argv: tuple[str, ...]
    outcome: TaskOutcome
    level = Level.WARNING


# The session


@dataclass(frozen=True, slots=True)
class Postponed(HasLevel):
    """Nothing runs. The first change starts the command."""


@dataclass(frozen=True, slots=True)
class Paused(HasLevel):
    """Changes are collected until the user resumes; one restart handles them all."""

    by: str


@dataclass(frozen=True, slots=True)
class Resumed(HasLevel):
    """Changes restart the run again, beginning with ``pending`` collected ones."""

    by: str
    pending: int


@dataclass(frozen=True, slots=True)
class KeysHelp(HasLevel):
    """The keys that the session reads."""


@dataclass(frozen=True, slots=True)
class ControlUnavailable(HasLevel):
    """Other programs cannot reach this session, because of ``cause``."""

    cause: str
    remedy: str
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class Note(HasLevel):
    """A remark for ``--verbose`` that needs no kind of its own."""

    text: str
    level = Level.DETAIL


@dataclass(frozen=True, slots=True)
class FinishedNotice(HasLevel):
    """The session is over."""

    exit_code: int
    level = Level.DETAIL


# Answers of the control socket, and the history


@dataclass(frozen=True, slots=True)
class SessionStatus(HasLevel):
    """The status of a session.

    ``state`` is starting, running, stopping, waiting for quiet, waiting, backing off, or finished. ``seconds`` have passed since
    the newest run started; it was ready after ``ready_after`` of them. ``child`` is its pid while it lives. ``pending`` are the
    files that changed while the session is paused. ``outcome`` is how the newest run ended, in words, or empty while it lives.
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
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class WaitResult(HasLevel):
    """The answer to a ``wait``. ``verdict`` is ready, failed, finished or timed out; ``trace`` is the output of the failure.

    ``seconds`` is the time until the run was ready, or until it ended; if the wait timed out while the run starts, the time since
    its start. ``is_running`` is True if a save was rejected and the run keeps running.
    """

    verdict: str
    run: int
    seconds: float | None
    exit_code: int | None
    why: str
    trace: str
    is_running: bool = False


@dataclass(frozen=True, slots=True)
class PathExplained(HasLevel):
    """True in ``is_watched`` if ``path`` is watched, and why.

    ``kind`` is file, directory, missing, or other. ``cause`` is the rule that decided: named (extra_files), imported, everything,
    rule, virtualenv, not asked for, outside, not imported, no source, no file. A rule is ``pattern``, at ``line`` (0: unknown) of
    ``source``; it matched ``at``, which is the path or a directory above. ``target`` is the target of a link. ``root``,
    ``backend`` and ``importer`` are empty where they are unknown; ``is_live`` is True if a session answered.
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


@dataclass(frozen=True, slots=True)
class FilesListed(HasLevel):
    """Every watched file. ``is_live`` is True if a session answered."""

    files: tuple[str, ...]
    is_live: bool


@dataclass(frozen=True, slots=True)
class RunRecord(HasLevel):
    """One run of this project, from its history. ``at`` is in seconds since 1970.

    ``exit_code`` is None for a run that has not ended, or whose end was not recorded. ``stopped_in`` is the duration of its stop,
    None if it ended by itself.
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


# The doctor

#: More than this share of a limit in use is worth a warning.
WARNING_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class DoctorRoot:
    """The watcher of ``root``, and why it was chosen. ``round_trip`` is in seconds; None if a test change caused no event."""

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
class DoctorScan(HasLevel):
    """Everything was watched and scanned in ``seconds``."""

    files: int
    directories: int
    seconds: float


@dataclass(frozen=True, slots=True)
class DoctorLimit:
    """A limit of the system, and the amount that this user's processes use; None if it is unknown."""

    setting: str
    limit: int
    used: int | None

    @property
    def level(self) -> Level:
        return Level.WARNING if (self.used or 0) > self.limit * WARNING_SHARE else Level.INFO


#: The answers that a session sends over its control socket.
ControlAnswer = SessionStatus | WaitResult | PathExplained | FilesListed

#: Every notice.
Notice = (
    ConfigUsed
    | ConfigReloaded
    | ConfigInvalid
    | ConfigMissing
    | ConfigRestored
    | ConfigReloadSuspended
    | Listening
    | Scanning
    | Watching
    | BackendFellBack
    | Polling
    | EventsOverflowed
    | EventsMissed
    | ScansSlowed
    | Changed
    | Unchanged
    | RestartLoopSuspended
    | Launched
    | Ready
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
    | HookFailed
    | Postponed
    | Paused
    | Resumed
    | KeysHelp
    | ControlUnavailable
    | Note
    | FinishedNotice
    | SessionStatus
    | WaitResult
    | PathExplained
    | FilesListed
    | RunRecord
    | DoctorRoot
    | DoctorScan
    | DoctorLimit
)


def kind_of(fact: object) -> str:
    """Return the name by which users see a notice or a reason: ``FilesChanged`` is ``files_changed``.

    A notice that shares its name with a state ends in ``Notice``, which its kind leaves out.
    """
    name = type(fact).__name__.removesuffix("Notice")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
