"""When a wait for a run is over. Pure: who waits, how the session stands, what is known of its newest run."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.reasons import AskedByChild, FilesChanged
from reloader.core.runs import RunRecord, verdict_on
from reloader.core.session_notices import WaitOver
from reloader.core.states import CoolingDown, Finished, Idle, Judge, Running, Settling, State, Stopping, Waiting


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits for a run of the number ``floor`` or a higher one; None: for the one that has all of the present."""

    floor: int | None
    until: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is on the disk has been refused before a run could have it; ``trace`` is what was said of it."""

    why: str
    trace: str = ""


def settled(wait: Wait, state: State, *, is_pending: bool) -> Wait:
    """``wait`` with its floor, as soon as that is certain: what runs while nothing is pending has all that is on the disk."""
    if wait.floor is not None or is_pending:
        return wait
    run = current_run(state)
    return wait if run is None else Wait(run, wait.until)


def current_run(state: State) -> int | None:
    """The run that is, or was, the newest, as long as no other one is about to take its place."""
    match state:
        case CoolingDown(reason=FilesChanged()):
            return None
        case Running(run=run) | Waiting(run=run) | CoolingDown(run=run) | Stopping(run=run, goal=Judge()):
            return run
        case _:
            return None


def answer_to(
    wait: Wait, state: State, record: RunRecord | None, now: float, refusal: Refusal | None = None
) -> WaitOver | None:
    """What ends ``wait``, or None. After a ``refusal`` the run that is waited for will not come by itself."""
    if wait.floor is not None and record is not None and record.run >= wait.floor:
        verdict = verdict_on(record, asks_again=_asks_again(state, record))
        if verdict is not None:
            return verdict
    run = record.run if record is not None else 0
    if refusal is not None and (wait.floor is None or wait.floor > run):
        return WaitOver("failed", run, None, None, refusal.why, refusal.trace)
    if isinstance(state, Finished):
        return WaitOver("failed", run, None, state.exit_code, "the session has ended", "")
    if now >= wait.until:
        return WaitOver("timed out", run, None, None, "", "")
    return None


def _asks_again(state: State, record: RunRecord) -> bool:
    """Whether the run has ended by the restart code, and the next one is to follow."""
    match state:
        case CoolingDown(reason=AskedByChild() | FilesChanged()):
            return True
        case Running(run=run):
            return run > record.run
        case _:
            return False


def state_in_words(state: State, *, is_refused: bool = False) -> str:
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
        case Settling():
            return "settling"
        case Waiting():
            return "waiting"
        case CoolingDown():
            return "cooling down"
        case Finished():  # pragma: no branch - there is no other
            return "finished"
