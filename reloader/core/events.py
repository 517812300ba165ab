"""The events: all that may be posted to the inbox, and those that the supervisor decides on."""

from __future__ import annotations

from dataclasses import dataclass, field

from reloader.core.addresses import Address
from reloader.core.changes import ChangeBatch, FileStat
from reloader.core.control_protocol import Reply, Request
from reloader.core.outcome import Outcome, StopStep
from reloader.core.states import Reason


@dataclass(frozen=True, slots=True)
class Begin:
    """The baseline is taken: the first run may start. ``pending`` has changed since the last run of the previous settings."""

    pending: ChangeBatch = field(default_factory=ChangeBatch)


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """Something has changed and more may follow. The old run can be stopped; the next must wait for BatchClosed."""


@dataclass(frozen=True, slots=True)
class BatchClosed:
    """The disk is quiet again. ``batch`` holds all changes since the last BatchClosed."""

    batch: ChangeBatch


@dataclass(frozen=True, slots=True)
class LaunchDelayed:
    """The launch of ``run`` is delayed by ``seconds``, unless a change comes first."""

    run: int
    seconds: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class LeaderExited:
    """The process that reloader launched has exited, but processes that it started are still alive."""

    run: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Every process of the run has exited, or it could not be launched. ``steps`` are those of its stop, if it was stopped.

    With ``batch_is_open`` changes are on their way, for which the run is replaced however it ended.
    """

    run: int
    outcome: Outcome
    steps: tuple[StopStep, ...] = field(default=(), compare=False)  # not part of the event's identity
    batch_is_open: bool = False


@dataclass(frozen=True, slots=True)
class StopRequested:
    """A signal asked reloader to stop. Its number ``signal`` decides the exit code (128 + number)."""

    signal: int


@dataclass(frozen=True, slots=True)
class ChildInterrupted:
    """Ctrl-C was pressed while this run had the terminal in its normal mode. The run has received it as well."""

    run: int


@dataclass(frozen=True, slots=True)
class RestartRequested:
    """The user asks for a restart. ``by`` names the way: a key, a signal or a subcommand."""

    by: str


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """A request of another program, or of the user by a key."""

    request: Request
    reply: Reply


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The user has pressed one of reloader's keys: ``s``, ``p`` or ``?``."""

    key: str


@dataclass(frozen=True, slots=True)
class FirstStartBlocked:
    """A pre-start command failed with ``exit_code`` before the first start."""

    exit_code: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The configuration differs in ``keys`` from the one that the run was started with."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """The deadline of the supervisor's state has passed."""


@dataclass(frozen=True, slots=True)
class PathsChanged:
    """A watcher's hint: these paths, or paths below them, may differ from the baseline.

    ``finished`` promises that no process has a path open for writing any more: its writer closed it, or renamed it into
    place. Paths of any other hint are examined when the disk is quiet.
    """

    paths: tuple[str, ...]
    finished: bool = False


@dataclass(frozen=True, slots=True)
class WatcherOverflowed:
    """The backend lost events: everything that it covers must be compared with the baseline."""

    backend: str


@dataclass(frozen=True, slots=True)
class WatcherFailed:
    """This backend, or a part of it, no longer works. ``directories`` must be polled from now on.

    Without ``directories`` all that it covered must be polled.
    """

    backend: str
    cause: str
    remedy: str
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollIntervalRaised:
    """The stat backend scans every ``interval`` seconds only, because a scan of ``paths`` paths takes ``cost`` seconds."""

    interval: float
    cost: float
    paths: int


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A child process may have changed its state. Only a reason to check."""


@dataclass(frozen=True, slots=True)
class AgentAttached:
    """A Python process of this run has begun to report.

    ``is_leader`` is True for the launched process itself, False for one that it started. ``program`` is its argv[0],
    ``interpreter`` the path of its Python.
    """

    run: int
    pid: int
    is_leader: bool = False
    program: str = ""
    interpreter: str = ""


@dataclass(frozen=True, slots=True)
class FileImported:
    """A Python process of this run is about to load ``path``, which had this ``stat`` at that moment.

    ``importer`` is the file that imports it, as far as the agent can see.
    """

    run: int
    path: str
    stat: FileStat
    importer: str = field(default="", compare=False)  # not part of the event's identity


@dataclass(frozen=True, slots=True)
class FileOpened:
    """A Python process of this run is about to read ``path``, a data file that had this ``stat`` at that moment."""

    run: int
    path: str
    stat: FileStat


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A Python process of this run is about to write ``path``, so it needs no restart for changes there."""

    run: int
    path: str


@dataclass(frozen=True, slots=True)
class ModuleNotFound:
    """A Python process of this run did not find a module. A file at ``location`` would have been it."""

    run: int
    location: str


@dataclass(frozen=True, slots=True)
class ProgramCrashed:
    """An uncaught exception that involves watched files ends a Python process of this run.

    ``trace`` is the traceback without source lines; of a long one, the end.
    """

    run: int
    pid: int
    error: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class AddressInUse:
    """An uncaught exception ends a Python process of this run: an address was in use, probably ``address``."""

    run: int
    address: Address


@dataclass(frozen=True, slots=True)
class ReportsSynced:
    """Everything that the program had reported before ``token`` was issued is posted."""

    token: int


@dataclass(frozen=True, slots=True)
class ProbePassed:
    """A readiness probe has passed: ``probe`` is ``http``, ``tcp`` or ``log``."""

    run: int
    probe: str


#: The reports of an agent on its process …
AgentEvent = AgentAttached | FileImported | FileOpened | FileWritten | ModuleNotFound | ProgramCrashed | AddressInUse
#: … and all that the agents' link posts.
LinkEvent = AgentEvent | ReportsSynced

#: The events of :func:`reloader.core.supervisor.transition`.
Event = (
    Begin
    | BatchOpened
    | BatchClosed
    | LaunchDelayed
    | LeaderExited
    | RunEnded
    | StopRequested
    | ChildInterrupted
    | RestartRequested
    | FirstStartBlocked
    | SettingsChanged
    | DeadlineReached
)

#: The events that threads and signal handlers may post.
Posted = (
    PathsChanged
    | WatcherOverflowed
    | WatcherFailed
    | PollIntervalRaised
    | Wakeup
    | LeaderExited
    | RunEnded
    | StopRequested
    | ChildInterrupted
    | RestartRequested
    | ControlRequest
    | KeyPressed
    | ProbePassed
    | LinkEvent
)
