"""The journal of runs, built from notices, and the results of waits for a run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reloader.core.notices import Ended, Launched, Notice, Ready, WaitResult
from reloader.core.outcome import Exited, NotLaunched, Outcome, StopStepKind
from reloader.core.states import (
    ApplyExitPolicy,
    BackingOff,
    ChildExited,
    ConfigChanged,
    ConfigRejected,
    FilesChanged,
    Finished,
    FirstStart,
    Idle,
    Reason,
    RequestedByChild,
    RequestedByUser,
    Running,
    State,
    Stopping,
    WaitingForChange,
    WaitingForQuiet,
)

#: The number of files that a JournalEntry keeps of the changes that led to its run.
MAX_FILES = 20


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One run. ``started_at`` is in seconds on a monotonic clock, ``at`` in seconds since 1970."""

    run: int
    at: float
    started_at: float
    pid: int | None = None
    reason: str = ""
    files: tuple[str, ...] = ()
    ready_after: float | None = None
    ended: Ended | None = None
    trace: str = ""

    @property
    def has_failed(self) -> bool:
        """True if the run ended by itself with another exit code than 0."""
        return self.ended is not None and not self.ended.stopped and self.ended.outcome.exit_code != 0

    @property
    def stopped_in(self) -> float | None:
        """The seconds that its stop took, or None if it was not stopped."""
        if self.ended is None or not self.ended.steps:
            return None
        return self.ended.steps[-1].after

    @property
    def was_killed(self) -> bool:
        return self.ended is not None and any(step.kind is StopStepKind.KILLED for step in self.ended.steps)


def updated_entry(entry: JournalEntry | None, notice: Notice, now: float, at: float) -> JournalEntry | None:
    """Return the entry of the newest run after ``notice``; ``entry`` itself if the notice does not concern it."""
    match notice:
        case Launched(run, pid, _, reason):
            return JournalEntry(run, at, now, pid, describe_reason(reason), files_of(reason))
        case Ended(run=run, seconds=seconds):
            before = entry if entry is not None and entry.run == run else JournalEntry(run, at - seconds, now - seconds)
            return replace(before, ended=notice)
        case Ready(run=run, seconds=seconds) if entry is not None and entry.run == run:
            return replace(entry, ready_after=seconds)
        case _:
            return entry


def describe_reason(reason: Reason) -> str:
    """Return ``reason`` as ``reloader history`` shows it."""
    match reason:
        case FirstStart():
            return "first start"
        case FilesChanged():
            return "files changed"
        case RequestedByChild():
            return "requested by the command"
        case RequestedByUser(by):
            return f"requested by {by}"
        case ChildExited():
            return "the command exited"
        case ConfigChanged():
            return "config changed"
        case ConfigRejected():  # pragma: no branch - there is no other
            return "config rejected"


def files_of(reason: Reason) -> tuple[str, ...]:
    """Return the first files that caused a restart."""
    return tuple(reason.batch.kinds)[:MAX_FILES] if isinstance(reason, FilesChanged) else ()


def describe_outcome(outcome: Outcome) -> str:
    """Return the outcome of a run in a few words."""
    match outcome:
        case Exited(code):
            return f"exited with code {code}"
        case NotLaunched(_, why):
            return f"could not be started ({why})"
        case _:
            return f"ended by signal {outcome.number}"


def result_of_run(entry: JournalEntry, *, restarts: bool) -> WaitResult | None:
    """Return the result for a client that waits for this run, or None while it is undecided.

    With ``restarts`` the run ended only to be started again.
    """
    ended = entry.ended
    if entry.ready_after is not None and (ended is None or ended.stopped):
        return WaitResult("ready", entry.run, entry.ready_after, None, "", "")
    if ended is None or ended.stopped or restarts:
        return None
    verdict = "failed" if entry.has_failed else "finished"
    return WaitResult(
        verdict, entry.run, ended.seconds, ended.outcome.exit_code, describe_outcome(ended.outcome), entry.trace
    )


@dataclass(frozen=True, slots=True)
class Wait:
    """A client waits for run ``min_run`` or a later one, until ``deadline``.

    ``min_run`` is None until the first run that contains everything on the disk is known.
    """

    min_run: int | None
    deadline: float


@dataclass(frozen=True, slots=True)
class Rejection:
    """The files on the disk were rejected before a run started with them; ``trace`` is the output of the check."""

    why: str
    trace: str = ""


def with_min_run(wait: Wait, state: State, *, is_pending: bool) -> Wait:
    """Return ``wait`` with its ``min_run`` once it is known.

    A run that lives while nothing is pending contains everything on the disk.
    """
    if wait.min_run is not None or is_pending:
        return wait
    run = current_run(state)
    return wait if run is None else Wait(run, wait.deadline)


def current_run(state: State) -> int | None:
    """Return the newest run, or None if another one is about to replace it."""
    match state:
        case BackingOff(reason=FilesChanged()):
            return None
        case (
            Running(run=run)
            | WaitingForChange(run=run)
            | BackingOff(run=run)
            | Stopping(run=run, goal=ApplyExitPolicy())
        ):
            return run
        case _:
            return None


def result_of_wait(
    wait: Wait,
    state: State,
    entry: JournalEntry | None,
    now: float,
    rejection: Rejection | None = None,
    *,
    held_back: int = 0,
) -> WaitResult | None:
    """Return the result that ends ``wait``, or None. After a ``rejection`` the next run does not start by itself.

    ``held_back`` is the number of changes that a pause holds back.
    """
    if wait.min_run is not None and entry is not None and entry.run >= wait.min_run:
        verdict = result_of_run(entry, restarts=_restarts(state, entry))
        if verdict is not None:
            return verdict
    run = entry.run if entry is not None else 0
    if rejection is not None and (wait.min_run is None or wait.min_run > run):
        return WaitResult("failed", run, None, None, rejection.why, rejection.trace, isinstance(state, Running))
    if isinstance(state, Finished):
        return WaitResult("failed", run, None, state.exit_code, "the session has ended", "")
    if now >= wait.deadline:
        return _timed_out(wait, entry, now, held_back)
    return None


def _timed_out(wait: Wait, entry: JournalEntry | None, now: float, held_back: int) -> WaitResult:
    run = entry.run if entry is not None else 0
    if held_back:
        changes = "1 change" if held_back == 1 else f"{held_back} changes"
        return WaitResult("timed out", run, None, None, f"the session is paused and holds back {changes}", "")
    is_starting = entry is not None and entry.ended is None and entry.ready_after is None
    if entry is not None and is_starting and wait.min_run is not None and run >= wait.min_run:
        return WaitResult("timed out", run, now - entry.started_at, None, "", "")
    return WaitResult("timed out", run, None, None, "", "")


def _restarts(state: State, entry: JournalEntry) -> bool:
    """Return True if the run ended with the restart code and the next one follows."""
    match state:
        case BackingOff(reason=RequestedByChild() | FilesChanged()):
            return True
        case Running(run=run):
            return run > entry.run
        case _:
            return False


def describe_state(state: State, *, is_rejected: bool = False) -> str:
    """Return ``state`` as the user sees it. With ``is_rejected`` the gate rejected the first start."""
    match state:
        case Idle() if is_rejected:
            return "waiting"
        case Idle():
            return "starting"
        case Running():
            return "running"
        case Stopping():
            return "stopping"
        case WaitingForQuiet():
            return "waiting for quiet"
        case WaitingForChange():
            return "waiting"
        case BackingOff():
            return "backing off"
        case Finished():  # pragma: no branch - there is no other
            return "finished"
