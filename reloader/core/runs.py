"""What is known of the runs of a session, and what a wait for one of them comes to. Pure; fed with notices."""

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

#: So many files are kept of what led to a run.
MAX_FILES = 20


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One run. ``since`` is on the clock that never goes back, ``at`` in seconds since 1970."""

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
        """Whether it ended by itself, and not well."""
        return self.ended is not None and not self.ended.stopped and self.ended.outcome.exit_code != 0

    @property
    def stopped_in(self) -> float | None:
        """How long its stop took, in seconds, if somebody wanted one."""
        if self.ended is None or not self.ended.steps:
            return None
        return self.ended.steps[-1].after

    @property
    def was_killed(self) -> bool:
        return self.ended is not None and any(step.kind is StopStepKind.KILLED for step in self.ended.steps)


def updated_entry(record: JournalEntry | None, notice: Notice, now: float, at: float) -> JournalEntry | None:
    """The record of the newest run after ``notice``; ``record`` itself if that says nothing of it."""
    match notice:
        case Launched(run, pid, _, reason):
            return JournalEntry(run, at, now, pid, describe_reason(reason), files_of(reason))
        case Ended(run=run, seconds=seconds):
            before = (
                record if record is not None and record.run == run else JournalEntry(run, at - seconds, now - seconds)
            )
            return replace(before, ended=notice)
        case Ready(run=run, seconds=seconds) if record is not None and record.run == run:
            return replace(record, ready_after=seconds)
        case _:
            return record


def describe_reason(reason: Reason) -> str:
    """``reason`` in a word, as the history has it."""
    match reason:
        case FirstStart():
            return "first start"
        case FilesChanged():
            return "files changed"
        case RequestedByChild():
            return "asked by the command"
        case RequestedByUser(by):
            return f"asked by {by}"
        case ChildExited():
            return "the command had ended"
        case ConfigChanged():
            return "config changed"
        case ConfigRejected():  # pragma: no branch - there is no other
            return "config kept"


def files_of(reason: Reason) -> tuple[str, ...]:
    """The first of the files that led to it."""
    return tuple(reason.batch.kinds)[:MAX_FILES] if isinstance(reason, FilesChanged) else ()


def describe_outcome(outcome: Outcome) -> str:
    """How a run ended, in a word or two."""
    match outcome:
        case Exited(code):
            return f"exited with code {code}"
        case NotLaunched(_, why):
            return f"could not be started ({why})"
        case _:
            return f"was ended by signal {outcome.number}"


def result_of_run(record: JournalEntry, *, asks_again: bool) -> WaitResult | None:
    """What is to be answered to who waits for this run; None as long as nothing is certain.

    ``asks_again`` says that it ended only to be started again.
    """
    ended = record.ended
    if record.ready_after is not None and (ended is None or ended.stopped):
        return WaitResult("ready", record.run, record.ready_after, None, "", "")
    if ended is None or ended.stopped or asks_again:
        return None
    verdict = "failed" if record.has_failed else "finished"
    return WaitResult(
        verdict, record.run, ended.seconds, ended.outcome.exit_code, describe_outcome(ended.outcome), record.trace
    )


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits for a run of the number ``min_run`` or a higher one; None: for the one that has all of the present."""

    min_run: int | None
    deadline: float


@dataclass(frozen=True, slots=True)
class Rejection:
    """What is on the disk has been refused before a run could have it; ``trace`` is what was said of it."""

    why: str
    trace: str = ""


def with_min_run(wait: Wait, state: State, *, is_pending: bool) -> Wait:
    """``wait`` with its floor, as soon as that is certain: what runs while nothing is pending has all that is on the disk."""
    if wait.min_run is not None or is_pending:
        return wait
    run = current_run(state)
    return wait if run is None else Wait(run, wait.deadline)


def current_run(state: State) -> int | None:
    """The run that is, or was, the newest, as long as no other one is about to take its place."""
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
    wait: Wait, state: State, record: JournalEntry | None, now: float, refusal: Rejection | None = None
) -> WaitResult | None:
    """What ends ``wait``, or None. After a ``refusal`` the run that is waited for will not come by itself."""
    if wait.min_run is not None and record is not None and record.run >= wait.min_run:
        verdict = result_of_run(record, asks_again=_asks_again(state, record))
        if verdict is not None:
            return verdict
    run = record.run if record is not None else 0
    if refusal is not None and (wait.min_run is None or wait.min_run > run):
        return WaitResult("failed", run, None, None, refusal.why, refusal.trace)
    if isinstance(state, Finished):
        return WaitResult("failed", run, None, state.exit_code, "the session has ended", "")
    if now >= wait.deadline:
        return WaitResult("timed out", run, None, None, "", "")
    return None


def _asks_again(state: State, record: JournalEntry) -> bool:
    """Whether the run has ended by the restart code, and the next one is to follow."""
    match state:
        case BackingOff(reason=RequestedByChild() | FilesChanged()):
            return True
        case Running(run=run):
            return run > record.run
        case _:
            return False


def describe_state(state: State, *, is_refused: bool = False) -> str:
    """``state`` as the user is told of it. ``is_refused`` says that what was to be started has failed before it was."""
    match state:
        case Idle() if is_refused:
            return "waiting"
        case Idle():
            return "starting"
        case Running():
            return "running"
        case Stopping():
            return "stopping"
        case WaitingForQuiet():
            return "settling"
        case WaitingForChange():
            return "waiting"
        case BackingOff():
            return "cooling down"
        case Finished():  # pragma: no branch - there is no other
            return "finished"
