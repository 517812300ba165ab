"""What may arrive in the inbox, and what of it the supervisor decides on."""

from __future__ import annotations

from dataclasses import dataclass, field

from reloader.core.addresses import Address
from reloader.core.changes import ChangeBatch, FileStat
from reloader.core.control_protocol import Reply, Request
from reloader.core.outcome import Outcome, StopStep
from reloader.core.states import Reason


@dataclass(frozen=True, slots=True)
class Begin:
    """The baseline is taken: the first run may start. ``pending`` is what has changed since the run of the plan before."""

    pending: ChangeBatch = field(default_factory=ChangeBatch)


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """A change is certain, more may follow: the old run can be asked to stop, the next must wait for BatchClosed."""


@dataclass(frozen=True, slots=True)
class BatchClosed:
    """The disk is quiet again. ``batch`` is all that changed since the last BatchClosed."""

    batch: ChangeBatch


@dataclass(frozen=True, slots=True)
class LaunchDelayed:
    """The run is not started for so many ``seconds``, unless a change comes first."""

    run: int
    seconds: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class LeaderExited:
    """The program that we started is gone, but processes that it started live on."""

    run: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Every process of the run is gone, or the run could not be launched. ``steps`` is what that took, if it was asked to.

    ``batch_is_open`` says that changes are on their way, for which it is to be replaced however it ended.
    """

    run: int
    outcome: Outcome
    steps: tuple[StopStep, ...] = field(default=(), compare=False)  # how it came about is no part of what happened
    batch_is_open: bool = False


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody wants us gone. ``signal`` is the number that reached us; it decides our exit code (128 + number)."""

    signal: int


@dataclass(frozen=True, slots=True)
class ChildInterrupted:
    """Ctrl-C was pressed while this run had the terminal, and had left that as it was. The run has heard it as well."""

    run: int


@dataclass(frozen=True, slots=True)
class RestartRequested:
    """A restart by hand."""

    by: str


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """Another program, or the user by a key, asks something of the session."""

    request: Request
    reply: Reply


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The user has typed a key that is for us: ``s``, ``p`` or ``?``."""

    key: str


@dataclass(frozen=True, slots=True)
class FirstStartBlocked:
    """What has to be done before the first start has failed, with this exit code."""

    exit_code: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The configuration has changed in these keys, and what runs is not from the plan that is in force by now."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """The deadline of the supervisor's state has passed."""


@dataclass(frozen=True, slots=True)
class PathsChanged:
    """A watcher's hint that these paths, or what lies below them, may differ from the baseline.

    ``finished`` promises that no process has a path open for writing any more: its writer closed it, or renamed it into
    place. Paths of any other hint are examined when the disk is quiet.
    """

    paths: tuple[str, ...]
    finished: bool = False


@dataclass(frozen=True, slots=True)
class WatcherOverflowed:
    """Events of this backend were lost: everything that it covers must be compared with the baseline."""

    backend: str


@dataclass(frozen=True, slots=True)
class WatcherFailed:
    """This backend, or part of it, does not deliver any more. ``directories`` must be polled from now on.

    No directories means: all that it covered.
    """

    backend: str
    cause: str
    remedy: str
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollIntervalRaised:
    """The stat backend scans less often, because a scan of ``paths`` paths takes ``cost`` seconds."""

    interval: float
    cost: float
    paths: int


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A process that we started may have changed its state: a reason to look, no more."""


@dataclass(frozen=True, slots=True)
class AgentAttached:
    """A Python process of this run reports what it imports.

    ``is_leader`` says that it is the command itself, not one of the processes that this has started; ``program`` is its argv[0],
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

    ``importer`` is the file that asks for it, as far as that can be seen.
    """

    run: int
    path: str
    stat: FileStat
    importer: str = field(default="", compare=False)  # who asked for a file is no part of what happened to it


@dataclass(frozen=True, slots=True)
class FileOpened:
    """A Python process of this run is about to read ``path``, which is no module and had this ``stat`` at that moment."""

    run: int
    path: str
    stat: FileStat


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A Python process of this run is about to write ``path``: what changes there is no news to it."""

    run: int
    path: str


@dataclass(frozen=True, slots=True)
class ModuleNotFound:
    """A Python process of this run looked for a module in vain; it would be found if there were something at ``location``."""

    run: int
    location: str


@dataclass(frozen=True, slots=True)
class ProgramCrashed:
    """An exception that nobody caught, and that has to do with watched files, ends a Python process of this run.

    ``trace`` is the traceback, without source lines, and its end only where it is long.
    """

    run: int
    pid: int
    error: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class AddressInUse:
    """An exception that nobody caught ends a Python process of this run: an address was in use, and it may be this one."""

    run: int
    address: Address


@dataclass(frozen=True, slots=True)
class ReportsSynced:
    """All that the program had reported when ``token`` was given out is posted."""

    token: int


@dataclass(frozen=True, slots=True)
class ProbePassed:
    """One of what makes this run ready is so: ``probe`` is ``http``, ``tcp`` or ``log``."""

    run: int
    probe: str


#: What the agent reports of its process, by way of its link …
AgentEvent = AgentAttached | FileImported | FileOpened | FileWritten | ModuleNotFound | ProgramCrashed | AddressInUse
#: … and the answer to the question whether that was all.
LinkEvent = AgentEvent | ReportsSynced

#: What :func:`reloader.core.supervisor.step` decides on.
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

#: What threads and signal handlers may post.
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
