"""Tracks the changes of a session: compares hints with the disk, and returns what comes of it as events.

Makes no decision about processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from reloader.core.changes import ChangeBatch, PathChange
from reloader.core.debounce import DebouncePolicy
from reloader.core.events import BatchClosed, BatchOpened, Event, PathsChanged, WatcherFailed, WatcherOverflowed
from reloader.core.notices import Changed, EventsMissed, EventsOverflowed, Note, Notice, Unchanged
from reloader.engine.agent_reports import AgentReports
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.rescan import Rescan
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock

#: Seconds that reading contents ahead may take at a stretch, so that events never wait for it.
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
        agent_reports: AgentReports,
        inbox: Inbox,
        clock: Clock,
        report: Callable[[Notice], None],
    ) -> None:
        self._backends = backends
        self._baseline = baseline
        self._collector = collector
        self._rescan = rescan
        self._agent_reports = agent_reports
        self._inbox = inbox
        self._clock = clock
        self._report = report
        self._unreported = ChangeBatch()
        self.are_read_ahead = False

    @property
    def deadline(self) -> float | None:
        """The moment at which the batch may be complete, or the rescan goes on, which waits for all contents to be read."""
        moments = (self._collector.deadline, self._rescan.deadline if self.are_read_ahead else None)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> Sequence[Event]:
        """Close the batch if the disk is quiet; else rescan, as far as that is due.

        Never both: a change that the rescan finds must not open a batch before the last one is closed.
        """
        closed = self._close_batch(now)
        opened = self._continue_rescan(now) if closed is None else None
        return [event for event in (closed, opened) if event is not None]

    def inherit(self, pending: ChangeBatch) -> None:
        """Report to the next run what has changed since the last run of the engine before this one."""
        self._unreported = pending

    def pending_up_to(self, later: ChangeTracker) -> ChangeBatch:
        """Return all that has changed from the last launch to the baseline of ``later``, the tracker that follows."""
        self.absorb(self._baseline.differing_from(later._baseline))
        return self._unreported

    def set_debounce(self, policy: DebouncePolicy) -> None:
        self._collector.set_policy(policy)

    def watch_for_hints(self, paths: Sequence[str]) -> None:
        """Have hints posted about ``paths`` too, which are examined elsewhere."""
        self._backends.watch_for_hints(paths)

    # Hints, and other ways to find a change. Each returns the event that opens a batch, if one has just become certain.

    def handle_hint(self, hints: PathsChanged) -> BatchOpened | None:
        """Examine a backend's hints. What the program may have written itself is examined once that is known."""
        return self.handle(self._agent_reports.certain(hints))

    def handle(self, hints: PathsChanged) -> BatchOpened | None:
        if not hints.paths:
            return None
        opened = self._reload_rules() if _concern_rules(hints.paths) else None
        return self._collector.handle(hints, self._clock()) or opened

    def add(self, changes: list[PathChange]) -> BatchOpened | None:
        """Add changes that were found by other means than a hint."""
        return self._collector.add(changes, self._clock())

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
        """Find what no event reported. Not while files are read ahead, since what is read is examined as well."""
        if not self.are_read_ahead or not self._rescan.is_due(now):
            return None
        missed = self._rescan.tick(now)
        hints = self._agent_reports.certain(PathsChanged(missed)).paths if missed else ()
        opened = self._reload_rules() if _concern_rules(hints) else None
        changes = self._baseline.examine(hints)
        if changes:
            paths = tuple(change.path for change in changes)
            self._report(EventsMissed(self._backends.backend, paths))
            self._backends.missed(paths)
            opened = self.add(changes) or opened
        return opened

    def read_ahead(self, now: float) -> None:
        """Use the idle time to read contents. A file that differs is examined again, as if a backend had hinted at it."""
        done, differing = self._baseline.read_ahead(now + READ_AHEAD, self._clock)
        if differing:
            self._inbox.post(PathsChanged(tuple(differing)))
        if done:
            self.are_read_ahead = True
            self._report(Note("the contents of all files are known"))

    # Launches

    def catch_up(self, paths: Iterable[str]) -> ChangeBatch:
        """Absorb what has happened up to now: the next run reads it, and needs no restart for it.

        ``paths`` are examined even if no backend has hinted at them. Returns all that has changed since the last call.
        """
        self._backends.catch_up()
        hints = list(paths)
        for posted in self._inbox.drain():
            if isinstance(posted, PathsChanged):
                hints += posted.paths
            else:
                self._inbox.put_back(posted)
        if _concern_rules(hints):
            self._reload_rules()  # what it finds is absorbed below, with the rest
        self.absorb(hints)
        changed, self._unreported = self._unreported, ChangeBatch()
        return changed

    def absorb(self, paths: Iterable[str]) -> None:
        """Take the present state of ``paths``, and of all that is pending, for known: the launch to come serves it."""
        found = self._collector.absorb(paths)
        if found:
            self._report(Changed(found))
        self._unreported = self._unreported.merged_with(found)

    def handle_launch(self) -> None:
        """Note that a run is about to start, and reads the present contents."""
        self._baseline.launch_snapshot.begin()

    # Rules

    def _reload_rules(self) -> BatchOpened | None:
        self._backends.reload_rules()
        self._rescan.forget_rules()
        return self._compare_all()

    def _compare_all(self) -> BatchOpened | None:
        return self._collector.compare_all(self._clock())


def _concern_rules(paths: Iterable[str]) -> bool:
    return any(os.path.basename(path) == ".gitignore" for path in paths)
