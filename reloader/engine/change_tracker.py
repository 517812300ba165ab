"""Tracks the changes of a session: compares hints with the disk, and returns batches of changes as events.

Makes no decision about processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from reloader.core.changes import ChangeBatch, PathChange
from reloader.core.debounce import DebouncePolicy
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Event,
    PathsChanged,
    ReportsSynced,
    WatcherFailed,
    WatcherOverflowed,
)
from reloader.core.notices import Changed, EventsMissed, EventsOverflowed, Note, Notice, Unchanged
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.opened_files import OpenedFiles
from reloader.engine.files.rescan import Rescan
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock

#: Seconds that contents are read ahead without a break, so that events do not wait for it.
READ_AHEAD = 0.002


class ChangeTracker:
    """Owned by the engine's thread."""

    is_active = True

    def __init__(
        self,
        backends: BackendSet,
        baseline: Baseline,
        collector: ChangeCollector,
        rescan: Rescan,
        opened_files: OpenedFiles,
        inbox: Inbox,
        clock: Clock,
        report: Callable[[Notice], None],
    ) -> None:
        self._backends = backends
        self._baseline = baseline
        self._collector = collector
        self._rescan = rescan
        self._opened_files = opened_files
        self._inbox = inbox
        self._clock = clock
        self._report = report
        self._unreported = ChangeBatch()
        self.are_read_ahead = False

    @property
    def deadline(self) -> float | None:
        """The moment at which the batch may be complete, or the rescan continues, once all contents have been read."""
        moments = (self._collector.deadline, self._rescan.deadline if self.are_read_ahead else None)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> Sequence[Event]:
        """Close the batch if the disk is quiet; else continue the rescan if it is due.

        Never both: a change that the rescan finds must not open a batch before the last one is closed.
        """
        closed = self._close_batch(now)
        opened = self._continue_rescan(now) if closed is None else None
        return [event for event in (closed, opened) if event is not None]

    def inherit(self, pending: ChangeBatch) -> None:
        """Add ``pending`` to the changes of the next launch. They are older than this tracker."""
        self._unreported = pending

    def pending_up_to(self, later: ChangeTracker) -> ChangeBatch:
        """Return all changes from the last launch to the scan of ``later``, the tracker of the engine that follows."""
        self.consume(self._baseline.differing_from(later._baseline))
        return self._unreported

    def set_debounce(self, policy: DebouncePolicy) -> None:
        self._collector.set_policy(policy)

    def watch_for_hints(self, paths: Sequence[str]) -> None:
        """Have hints posted about ``paths`` too, which another component handles."""
        self._backends.watch_for_hints(paths)

    # Hints, and other ways to find a change. Each method returns an event if it opened a batch.

    def handle_hint(self, hints: PathsChanged) -> BatchOpened | None:
        """Handle a backend's hints. Those at files that the program may have written itself are deferred."""
        return self.handle(self._opened_files.defer_hints(hints))

    def handle(self, hints: PathsChanged) -> BatchOpened | None:
        if not hints.paths:
            return None
        opened = self._reload_rules() if _concern_rules(hints.paths) else None
        return self._collector.handle(hints, self._clock()) or opened

    def add(self, changes: list[PathChange]) -> BatchOpened | None:
        """Add changes that were found by other means than a hint."""
        return self._collector.add(changes, self._clock())

    def handle_sync(self, synced: ReportsSynced) -> BatchOpened | None:
        """Handle what was deferred until all reports up to ``synced`` had arrived."""
        changes, hints = self._opened_files.release(synced)
        opened = self.add(changes)
        return self.handle(hints) or opened

    def handle_overflow(self, overflow: WatcherOverflowed) -> BatchOpened | None:
        self._report(EventsOverflowed(overflow.backend, self._backends.overflow_remedy))
        self._backends.watch_again()
        return self._compare_all()

    def handle_failure(self, failed: WatcherFailed) -> BatchOpened | None:
        self._backends.fall_back(failed)
        return self._compare_all()

    def _close_batch(self, now: float) -> BatchClosed | None:
        closed = self._collector.close_if_due(now)
        unchanged = self._baseline.drain_unchanged()
        if unchanged:
            self._report(Unchanged(unchanged))
        if closed is not None:
            self._unreported = self._unreported.merged_with(closed.batch)
        return closed

    def _continue_rescan(self, now: float) -> BatchOpened | None:
        """Find changes that no event reported. Do nothing while files are read ahead, which finds changes too."""
        if not self.are_read_ahead or not self._rescan.is_due(now):
            return None
        missed = self._rescan.tick(now)
        hints = self._opened_files.defer_hints(PathsChanged(missed)).paths if missed else ()
        opened = self._reload_rules() if _concern_rules(hints) else None
        changes = self._baseline.examine(hints)
        if changes:
            paths = tuple(change.path for change in changes)
            self._report(EventsMissed(self._backends.backend, paths))
            self._backends.note_missed(paths)
            opened = self.add(changes) or opened
        return opened

    def read_ahead(self, now: float) -> None:
        """Read contents in idle time. For a file that differs, post the hint that a backend would post."""
        done, differing = self._baseline.read_ahead(now + READ_AHEAD, self._clock)
        if differing:
            self._inbox.post(PathsChanged(tuple(differing)))
        if done:
            self.are_read_ahead = True
            self._report(Note("the contents of all files are known"))

    # Launches

    def catch_up(self, paths: Iterable[str]) -> ChangeBatch:
        """Consume all hints up to now: the next run reads the present files, and needs no restart for them.

        ``paths`` are compared even without a hint. Return all changes since the last call.
        """
        self._backends.catch_up()
        hints = list(paths)
        for posted in self._inbox.drain():
            if isinstance(posted, PathsChanged):
                hints += posted.paths
            else:
                self._inbox.put_back(posted)
        if _concern_rules(hints):
            self._reload_rules()  # the changes that it finds are consumed below
        self.consume(hints)
        changed, self._unreported = self._unreported, ChangeBatch()
        return changed

    def consume(self, paths: Iterable[str]) -> None:
        """Compare ``paths`` and all pending paths, and keep the changes for the next launch. They cause no restart."""
        found = self._collector.consume(paths)
        if found:
            self._report(Changed(found))
        self._unreported = self._unreported.merged_with(found)

    def handle_launch(self) -> None:
        """Note that a run is about to start, which reads the present contents."""
        self._baseline.launch_snapshot.reset()

    # Rules

    def _reload_rules(self) -> BatchOpened | None:
        self._backends.reload_rules()
        self._rescan.forget_rules()
        return self._compare_all()

    def _compare_all(self) -> BatchOpened | None:
        return self._collector.compare_all(self._clock())


def _concern_rules(paths: Iterable[str]) -> bool:
    return any(os.path.basename(path) == ".gitignore" for path in paths)
