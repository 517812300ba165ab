"""Follows the notices: knows the newest run, and appends each run to the history of the project."""

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

#: Append one entry to the history. Never raises and never blocks.
AppendEntry = Callable[[Mapping[str, object]], None]


class RunJournal:
    """A reporter that passes each notice on to the user's. Owned by the engine's thread; ``epoch`` is in seconds since 1970."""

    def __init__(
        self, reporter: Reporter, clock: Clock, epoch: Clock, append: AppendEntry = lambda entry: None
    ) -> None:
        self._reporter = reporter
        self._clock = clock
        self._epoch = epoch
        self._append = append
        self.newest: JournalEntry | None = None
        self.rejection: Rejection | None = None
        self.config_rejection: Rejection | None = None

    def report(self, notice: Notice) -> None:
        before = self.newest
        self.newest = updated_entry(before, notice, self._clock(), self._epoch())
        if self.newest is not None and self.newest is not before:
            self._enter(notice, self.newest)
        self._note_rejection(notice)
        self._reporter.report(notice)

    def set_reporter(self, reporter: Reporter) -> None:
        """Pass notices to ``reporter`` from now on."""
        self._reporter = reporter

    def _note_rejection(self, notice: Notice) -> None:
        """Note the reason for which no run with the present files starts, until one does or the reason is obsolete."""
        match notice:
            case SyntaxErrorNotice(file=path, message=message, excerpt=excerpt):
                self.rejection = Rejection(f"{path} does not compile: {message}", "\n".join(excerpt))
            case TaskFailed(part=part, argv=argv):
                self.rejection = Rejection(f"{part} failed: {' '.join(argv)}")
            case TaskStarted() | ChangesReverted() | Launched():
                self.rejection = None
            case ConfigInvalid(problems):
                self.config_rejection = Rejection("the configuration is invalid", "\n".join(problems))
            case ConfigReloaded() | ConfigMissing() | ConfigRestored():
                self.config_rejection = None

    def _enter(self, notice: Notice, record: JournalEntry) -> None:
        match notice:
            case Launched(_, pid, argv, _):
                about: dict[str, object] = {"pid": pid, "argv": argv, "reason": record.reason, "files": record.files}
                self._append({**self._heading("launched", record), **about})
            case Ready(_, seconds):
                self._append({**self._heading("ready", record), "ready_after": round(seconds, 3)})
            case Ended(_, outcome, seconds):
                self._append(
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
