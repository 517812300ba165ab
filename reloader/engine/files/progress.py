"""A first scan that takes long: how far it is, and the end of it if the user has lost patience."""

from __future__ import annotations

from reloader.core.events import StopRequested
from reloader.core.notices import Scanning
from reloader.core.outcome import SIGNAL_BASE
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock, Reporter

#: A scan that takes longer than this many seconds shows how far it is, and so often.
PATIENCE = 1.0
TELL_EVERY = 0.2


class ScanInterrupted(Exception):
    """Somebody asked us to stop while the first scan was under way."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.exit_code = SIGNAL_BASE + signal


class ScanProgress:
    """Tells of a long scan now and then, and ends it when the user has lost patience."""

    def __init__(self, reporter: Reporter, clock: Clock, inbox: Inbox) -> None:
        self._reporter = reporter
        self._clock = clock
        self._inbox = inbox
        self._tell_at = clock() + PATIENCE
        self._files = 0
        self.is_over = False

    def listed(self, entries: int) -> None:
        """So many were seen in one more directory."""
        if not self.is_over:
            self(self._files + entries)

    def __call__(self, files: int) -> None:
        """So many were seen in all."""
        files = self._files = max(files, self._files)
        now = self._clock()
        if now < self._tell_at:
            return
        self._tell_at = now + TELL_EVERY
        self._reporter.report(Scanning(files))
        for posted in self._inbox.drain():
            if isinstance(posted, StopRequested):
                raise ScanInterrupted(posted.signal)
            self._inbox.put_back(posted)
