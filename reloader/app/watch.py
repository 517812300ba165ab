"""``reloader watch``: reports each batch of changes that a session would restart for, and runs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from reloader.app.file_tracking import track_files
from reloader.core.changes import ChangeBatch
from reloader.core.events import (
    BatchClosed,
    PathsChanged,
    PollIntervalRaised,
    Posted,
    StopRequested,
    Wakeup,
    WatcherFailed,
    WatcherOverflowed,
)
from reloader.core.notices import Changed, ScansSlowed
from reloader.core.outcome import SIGNAL_BASE
from reloader.core.settings import Settings
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.files.progress import ScanInterrupted
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock, Reporter
from reloader.system import SystemSignals
from reloader.system.output import PeerHangup


def watch(settings: Settings, reporter: Reporter, descriptor: int, is_read: Callable[[], bool]) -> int:
    """Report each batch until a signal comes, and return the exit code.

    That is 0 if nothing reads from ``descriptor`` any more, or if ``is_read`` says so after a batch. Raises
    BackendUnavailable.
    """
    inbox = Inbox(time.monotonic)
    with ExitStack() as resources:
        signals = SystemSignals()
        resources.callback(signals.stop)
        signals.start(inbox.post)
        reader = PeerHangup(descriptor, lambda: inbox.post(Wakeup()))
        resources.callback(reader.close)
        try:
            batches = _Batches(_tracker(settings, reporter, inbox, resources), inbox, time.monotonic, reporter)
        except ScanInterrupted as interrupted:
            return interrupted.exit_code
        while is_read() and not reader.has_hung_up:
            for batch in batches.next():
                reporter.report(Changed(batch))
            if batches.ended_by is not None:
                return SIGNAL_BASE + batches.ended_by
        return 0


def _tracker(settings: Settings, reporter: Reporter, inbox: Inbox, resources: ExitStack) -> ChangeTracker:
    """Start what a session would start, short of the command."""
    files = track_files(settings, reporter, inbox, resources)
    files.report_start(reporter)
    return files.tracker(files.reports_without_agent(time.monotonic), inbox, time.monotonic, reporter)


class _Batches:
    """The batches of one tracker, turn by turn. ``ended_by`` is the signal that came."""

    def __init__(self, tracker: ChangeTracker, inbox: Inbox, clock: Clock, reporter: Reporter) -> None:
        self._tracker = tracker
        self._inbox = inbox
        self._clock = clock
        self._reporter = reporter
        self.ended_by: int | None = None

    def next(self) -> list[ChangeBatch]:
        """Wait for an event or a deadline, and return the batches that are complete then."""
        for posted in self._inbox.take(self._deadline()):
            self._receive(posted)
        return [event.batch for event in self._tracker.tick(self._clock()) if isinstance(event, BatchClosed)]

    def _deadline(self) -> float | None:
        now = self._clock()
        if not self._tracker.are_read_ahead:
            self._tracker.read_ahead(now)
            return now
        return self._tracker.deadline

    def _receive(self, posted: Posted) -> None:
        """Handle ``posted``. That a batch opens is of no interest: there is no run to stop early."""
        match posted:
            case PathsChanged():
                self._tracker.handle(posted)
            case WatcherOverflowed():
                self._tracker.handle_overflow(posted)
            case WatcherFailed():
                self._tracker.handle_failure(posted)
            case PollIntervalRaised(interval, cost, paths):
                self._reporter.report(ScansSlowed(interval, cost, paths))
            case StopRequested(signal):
                self.ended_by = signal
            case _:
                pass  # all other events are about a run, and there is none
