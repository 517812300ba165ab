"""What is known of the runs of a session, and what a wait for one of them comes to. Pure; fed with notices."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reloader.core.notices import Ended, Launched, Notice
from reloader.core.outcome import Exited, NotLaunched, Outcome
from reloader.core.reasons import (
    AskedByChild,
    AskedByHand,
    ChildWasLost,
    ConfigChanged,
    ConfigKept,
    FilesChanged,
    FirstStart,
    Reason,
)
from reloader.core.session_notices import WaitOver
from reloader.core.step_notices import Ready
from reloader.core.stops import StopStepKind

#: Seconds after which a run that lives is taken for ready, where nothing else says when it is.
ALIVE = 1.0
#: So many files are kept of what led to a run.
FILES_KEPT = 20


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. ``since`` is on the clock that never goes back, ``at`` in seconds since 1970."""

    run: int
    at: float
    since: float
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
    def was_forced(self) -> bool:
        return self.ended is not None and any(step.kind is StopStepKind.FORCED for step in self.ended.steps)


def noted(record: RunRecord | None, notice: Notice, now: float, at: float) -> RunRecord | None:
    """The record of the newest run after ``notice``; ``record`` itself if that says nothing of it."""
    match notice:
        case Launched(run, pid, _, reason):
            return RunRecord(run, at, now, pid, reason_in_words(reason), files_of(reason))
        case Ended(run=run, seconds=seconds):
            before = record if record is not None and record.run == run else RunRecord(run, at - seconds, now - seconds)
            return replace(before, ended=notice)
        case Ready(run=run, seconds=seconds) if record is not None and record.run == run:
            return replace(record, ready_after=seconds)
        case _:
            return record


def reason_in_words(reason: Reason) -> str:
    """``reason`` in a word, as the history has it."""
    match reason:
        case FirstStart():
            return "first start"
        case FilesChanged():
            return "files changed"
        case AskedByChild():
            return "asked by the command"
        case AskedByHand(by):
            return f"asked by {by}"
        case ChildWasLost():
            return "the command had ended"
        case ConfigChanged():
            return "config changed"
        case ConfigKept():  # pragma: no branch - there is no other
            return "config kept"


def files_of(reason: Reason) -> tuple[str, ...]:
    """The first of the files that led to it."""
    return tuple(reason.batch.kinds)[:FILES_KEPT] if isinstance(reason, FilesChanged) else ()


def said_of(outcome: Outcome) -> str:
    """How a run ended, in a word or two."""
    match outcome:
        case Exited(code):
            return f"exited with code {code}"
        case NotLaunched(_, why):
            return f"could not be started ({why})"
        case _:
            return f"was ended by signal {outcome.number}"


def verdict_on(record: RunRecord, *, asks_again: bool) -> WaitOver | None:
    """What is to be answered to who waits for this run; None as long as nothing is certain.

    ``asks_again`` says that it ended only to be started again.
    """
    ended = record.ended
    if record.ready_after is not None and (ended is None or ended.stopped):
        return WaitOver("ready", record.run, record.ready_after, None, "", "")
    if ended is None or ended.stopped or asks_again:
        return None
    verdict = "failed" if record.has_failed else "finished"
    return WaitOver(verdict, record.run, ended.seconds, ended.outcome.exit_code, said_of(ended.outcome), record.trace)
