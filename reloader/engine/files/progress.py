"""Reports the progress of a long first scan, and lets the user interrupt it."""

from __future__ import annotations

from reloader.core.events import StopRequested
from reloader.core.notices import Scanning
from reloader.core.outcome import SIGNAL_BASE
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock, Reporter

#: Seconds after which a scan begins to report its progress.
REPORT_DELAY = 1.0
#: Seconds between two reports.
REPORT_INTERVAL = 0.2


class ScanInterrupted(Exception):
    """A stop was requested during the first scan."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.exit_code = SIGNAL_BASE + signal


class ScanProgress:
    """Owned by the engine's thread. Both ``update`` and ``add_listed`` raise ScanInterrupted if a stop was requested."""

    def __init__(self, reporter: Reporter, clock: Clock, inbox: Inbox) -> None:
        self._reporter = reporter
        self._clock = clock
        self._inbox = inbox
        self._report_at = clock() + REPORT_DELAY
        self._files = 0
        self._is_finished = False

    def add_listed(self, entries: int) -> None:
        """Count the ``entries`` of one more directory. Does nothing after the first scan."""
        if not self._is_finished:
            self.update(self._files + entries)

    def update(self, files: int) -> None:
        """Set the number of files found so far. It never decreases."""
        files = self._files = max(files, self._files)
        now = self._clock()
        if now < self._report_at:
            return
        self._report_at = now + REPORT_INTERVAL
        self._reporter.report(Scanning(files))
        for posted in self._inbox.drain():
            if isinstance(posted, StopRequested):
                raise ScanInterrupted(posted.signal)
            self._inbox.put_back(posted)

    def finish(self) -> None:
        self._is_finished = True
