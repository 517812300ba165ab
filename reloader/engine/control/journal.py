"""Listens to all that is told, and so knows the newest run; what is worth it goes into the history of the project."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from reloader.core.notices import (
    ChangesReverted,
    ConfigInvalid,
    ConfigMissing,
    ConfigReloaded,
    ConfigRestored,
    Ended,
    Launched,
    Notice,
    Ready,
    SyntaxErrorNotice,
    TaskFailed,
    TaskStarted,
)
from reloader.core.runs import JournalEntry, Rejection, describe_outcome, updated_entry
from reloader.interfaces import Clock, Reporter

#: Takes one entry of the history. Never raises, never waits for anybody.
Keep = Callable[[Mapping[str, object]], None]


class RunJournal:
    """A reporter that stands before the one of the user. Owned by the engine's thread; ``epoch`` is in seconds since 1970."""

    def __init__(self, reporter: Reporter, clock: Clock, epoch: Clock, keep: Keep = lambda entry: None) -> None:
        self._reporter = reporter
        self._clock = clock
        self._epoch = epoch
        self._keep = keep
        self.newest: JournalEntry | None = None
        self.refusal: Rejection | None = None
        self.config_refusal: Rejection | None = None

    def report(self, notice: Notice) -> None:
        before = self.newest
        self.newest = updated_entry(before, notice, self._clock(), self._epoch())
        if self.newest is not None and self.newest is not before:
            self._enter(notice, self.newest)
        self._note_refusal(notice)
        self._reporter.report(notice)

    def set_reporter(self, reporter: Reporter) -> None:
        """From now on it is this one that the user is told by."""
        self._reporter = reporter

    def _note_refusal(self, notice: Notice) -> None:
        """Why no run has what is on the disk, until one has, or nothing is to be had any more."""
        match notice:
            case SyntaxErrorNotice(file=path, message=message, excerpt=excerpt):
                self.refusal = Rejection(f"{path} does not compile: {message}", "\n".join(excerpt))
            case TaskFailed(part=part, argv=argv):
                self.refusal = Rejection(f"{part} has failed: {' '.join(argv)}")
            case TaskStarted() | ChangesReverted() | Launched():
                self.refusal = None
            case ConfigInvalid(problems):
                self.config_refusal = Rejection("the configuration is refused", "\n".join(problems))
            case ConfigReloaded() | ConfigMissing() | ConfigRestored():
                self.config_refusal = None

    def _enter(self, notice: Notice, record: JournalEntry) -> None:
        match notice:
            case Launched(_, pid, argv, _):
                about: dict[str, object] = {"pid": pid, "argv": argv, "reason": record.reason, "files": record.files}
                self._keep({**self._heading("launched", record), **about})
            case Ready(_, seconds):
                self._keep({**self._heading("ready", record), "ready_after": round(seconds, 3)})
            case Ended(_, outcome, seconds):
                self._keep(
                    {
                        **self._heading("ended", record),
                        "seconds": round(seconds, 3),
                        "exit_code": outcome.exit_code,
                        "outcome": describe_outcome(outcome),
                        "stopped_in": None if record.stopped_in is None else round(record.stopped_in, 4),
                        "forced": record.was_killed,
                    }
                )

    def _heading(self, event: str, record: JournalEntry) -> dict[str, object]:
        return {"event": event, "session": os.getpid(), "run": record.run, "at": round(self._epoch(), 3)}
