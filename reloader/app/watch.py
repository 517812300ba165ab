"""``reloader watch``: tells of each batch of changes, and runs nothing. A composition root, as ``assemble`` is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack

from reloader.app.wiring import report_choice
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
from reloader.core.notices import Changed, ScansSlowed, Watching
from reloader.core.outcome import SIGNAL_BASE
from reloader.core.settings import Settings
from reloader.engine.agent_reports import AgentReports
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.rescan import Rescan
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock, Reporter
from reloader.system import Mounts, SystemSignals
from reloader.system.output import PeerHangup
from reloader.watchers.choose import choose, make_polling_watcher, must_be_polled
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set


def stream(settings: Settings, reporter: Reporter, descriptor: int, is_read: Callable[[], bool]) -> int:
    """Tell ``reporter`` of each batch until a signal comes, and return its exit code.

    If nobody reads any more from ``descriptor``, or ``is_read`` says so after a batch, that is an end like any other: 0.
    """
    inbox = Inbox(time.monotonic)
    with ExitStack() as resources:
        signals = SystemSignals()
        resources.callback(signals.stop)
        signals.start(inbox.post)
        reader = PeerHangup(descriptor, lambda: inbox.post(Wakeup()))
        resources.callback(reader.close)
        batches = _Batches(_files(settings, reporter, inbox, resources), inbox, time.monotonic, reporter)
        while is_read() and not reader.has_hung_up:
            for batch in batches.next():
                reporter.report(Changed(batch))
            if batches.ended_by is not None:
                return SIGNAL_BASE + batches.ended_by
        return 0


class _Batches:
    """What the disk says, a turn at a time. ``ended_by`` is the signal that came."""

    def __init__(self, files: ChangeTracker, inbox: Inbox, clock: Clock, reporter: Reporter) -> None:
        self._files = files
        self._inbox = inbox
        self._clock = clock
        self._reporter = reporter
        self.ended_by: int | None = None

    def next(self) -> list[ChangeBatch]:
        """Wait for news, and return the batches that they complete."""
        for posted in self._inbox.take(self._deadline()):
            self._receive(posted)
        return [event.batch for event in self._files.tick(self._clock()) if isinstance(event, BatchClosed)]

    def _deadline(self) -> float | None:
        now = self._clock()
        if not self._files.are_read_ahead:
            self._files.read_ahead(now)
            return now
        return self._files.deadline

    def _receive(self, posted: Posted) -> None:
        """Handle ``posted``. That a batch opens is of no interest: there is no run to stop early."""
        match posted:
            case PathsChanged():
                self._files.handle(posted)
            case WatcherOverflowed():
                self._files.handle_overflow(posted)
            case WatcherFailed():
                self._files.handle_failure(posted)
            case PollIntervalRaised(interval, cost, paths):
                self._reporter.report(ScansSlowed(interval, cost, paths))
            case StopRequested(signal):
                self.ended_by = signal
            case _:
                pass  # there is no run that it could be about


def _files(settings: Settings, reporter: Reporter, inbox: Inbox, resources: ExitStack) -> ChangeTracker:
    """What of a session is there without a command: the backends run, and the baseline is taken."""
    clock, disk, mounts = time.monotonic, RealDisk(gitignore=settings.watch.gitignore), Mounts()
    watch_set = configured_watch_set(settings.watch, disk)
    choice = choose(settings.watch, watch_set, inbox.post, disk, mounts)
    resources.callback(choice.watcher.stop)
    watching = BackendSet(
        choice.watcher,
        watch_set,
        lambda: make_polling_watcher(settings.watch, inbox.post, disk),
        reporter,
        os.sep,
        polled=[unreliable.directory for unreliable in choice.unreliable],
        must_poll=lambda path: must_be_polled(path, mounts),
    )
    resources.callback(watching.stop)
    baseline = Baseline(
        disk, watch_set, by_content=settings.watch.compare_content, follow_symlinks=settings.watch.follow_symlinks
    )
    baseline.take(lambda files: None, choice.listed)
    report_choice(reporter, choice)
    watcher = choice.watcher
    counted = (baseline.files, baseline.directories)
    reporter.report(Watching(settings.watch.roots, *counted, watcher.name, watcher.mechanism, choice.reason))
    collector = ChangeCollector(baseline, settings.watch.debounce)
    rescan = Rescan(baseline, watch_set, disk, clock, watching=watching, is_heard_of=collector.is_waiting_for)
    program = AgentReports(watch_set.imports, baseline, watching, clock, None, narrows=False)
    return ChangeTracker(watching, baseline, collector, rescan, program, inbox, clock, reporter.report)
