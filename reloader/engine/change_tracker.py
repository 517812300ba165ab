"""Everything that happens to files in a session: hints are compared with the disk, and what comes of it is for the supervisor.

Holds no decision about processes. What it finds it returns as events, in the order in which they are to be decided on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from reloader.core.changes import ChangeBatch, PathChange
from reloader.core.events import BatchClosed, BatchOpened, PathsChanged, WatcherFailed, WatcherOverflowed
from reloader.core.notices import Changed, EventsMissed, EventsOverflowed, Note, Notice, Unchanged
from reloader.engine.agent_reports import AgentReports
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.rescan import Rescan
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock

#: Reading contents ahead takes no longer than this many seconds at a time, so that news never wait for it.
READ_AHEAD = 0.002

#: A batch that has just become certain, or nothing.
Opened = Iterator[BatchOpened]


class ChangeTracker:
    """Owned by the engine's thread."""

    def __init__(
        self,
        watching: BackendSet,
        baseline: Baseline,
        collector: ChangeCollector,
        rescan: Rescan,
        program: AgentReports,
        inbox: Inbox,
        clock: Clock,
        report: Callable[[Notice], None],
    ) -> None:
        self._watching = watching
        self._baseline = baseline
        self._collector = collector
        self._rescan = rescan
        self._program = program
        self._inbox = inbox
        self._clock = clock
        self._report = report
        self._served = ChangeBatch()
        self.are_read_ahead = False

    @property
    def deadlines(self) -> tuple[float | None, ...]:
        """When there is something to do."""
        return self._collector.deadline, self._rescan.deadline

    def inherit(self, pending: ChangeBatch) -> None:
        """The next run is to be told of what has changed since that of the engine before ours."""
        self._served = pending

    def pending_up_to(self, later: Baseline, report: Callable[[Notice], None]) -> ChangeBatch:
        """All that has changed from the last launch to the first look of the engine that follows, which does the telling."""
        self._report = report
        self.absorb(self._baseline.differing_from(later))
        return self._served

    # What is heard

    def handle(self, hints: PathsChanged) -> Opened:
        if not hints.paths:
            return
        if _concern_rules(hints.paths):
            yield from self._read_rules_again()
        yield from _if_any(self._collector.handle(hints, self._clock()))

    def handle_hint(self, hints: PathsChanged) -> Opened:
        """Of a watcher. What the program may have written itself comes back later, if it has not."""
        return self.handle(self._program.certain(hints))

    def take(self, changes: list[PathChange]) -> Opened:
        """Changes that were found by other means than a hint."""
        yield from _if_any(self._collector.take(changes, self._clock()))

    def events_were_lost(self, lost: WatcherOverflowed) -> Opened:
        self._report(EventsOverflowed(lost.backend, self._watching.overflow_remedy))
        self._watching.watch_again()
        yield from self._compare_all()

    def watcher_failed(self, failed: WatcherFailed) -> Opened:
        self._watching.fall_back(failed)
        yield from self._compare_all()

    # What is due

    def close_batch(self, now: float) -> Iterator[BatchClosed]:
        """The batch, if the disk is quiet."""
        closed = self._collector.close_if_due(now)
        unchanged = self._baseline.take_unchanged()
        if unchanged:
            self._report(Unchanged(unchanged))
        if closed is not None:
            self._served = self._served.merged_with(closed.batch)
            yield closed

    def rescan(self, now: float) -> Opened:
        """What no event told of. Never while files are read ahead: what is read is looked at as well."""
        if not self.are_read_ahead:
            return
        missed = self._rescan.tick(now)
        hints = self._program.certain(PathsChanged(missed)).paths if missed else ()
        if _concern_rules(hints):
            yield from self._read_rules_again()
        changes = self._baseline.examine(hints)
        if changes:
            paths = tuple(change.path for change in changes)
            self._report(EventsMissed(self._watching.backend, paths))
            self._watching.missed(paths)
            yield from self.take(changes)

    def read_ahead(self, now: float) -> None:
        """Use the idle time. What was found to differ is looked at again, as if somebody had hinted at it."""
        done, differing = self._baseline.read_ahead(now + READ_AHEAD, self._clock)
        if differing:
            self._inbox.post(PathsChanged(tuple(differing)))
        if done:
            self.are_read_ahead = True
            self._report(Note("the contents of all files are known"))

    def catch_up(self, paths: Iterable[str]) -> ChangeBatch:
        """What has happened up to now is what the next run will read: it needs no restart of its own.

        ``paths`` are looked at whether anybody has hinted at them or not. Returns all that has changed since the last call.
        """
        self._watching.catch_up()
        hints = list(paths)
        for posted in self._inbox.take_now():
            if isinstance(posted, PathsChanged):
                hints += posted.paths
            else:
                self._inbox.keep(posted)
        if _concern_rules(hints):
            for _ in self._read_rules_again():
                pass  # what it finds is absorbed below, with the rest
        self.absorb(hints)
        changed, self._served = self._served, ChangeBatch()
        return changed

    def absorb(self, paths: Iterable[str]) -> None:
        """Take what ``paths`` and all that is pending hold by now for seen: it is served by the launch that is to come."""
        found = self._collector.absorb(paths)
        if found:
            self._report(Changed(found))
        self._served = self._served.merged_with(found)

    # Rules

    def _read_rules_again(self) -> Opened:
        self._watching.rules_changed()
        self._rescan.rules_were_read()
        yield from self._compare_all()

    def _compare_all(self) -> Opened:
        yield from _if_any(self._collector.compare_all(self._clock()))


def _if_any(opened: BatchOpened | None) -> Opened:
    if opened is not None:
        yield opened


def _concern_rules(paths: Iterable[str]) -> bool:
    return any(os.path.basename(path) == ".gitignore" for path in paths)
