"""Builds what follows the files of a project: one way for a session, ``watch``, ``doctor``, ``files``, ``why`` and the tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from reloader.core.changes import PathChange, PathKind
from reloader.core.choices import BackendName
from reloader.core.filesystems import event_support
from reloader.core.notices import BackendFellBack, Polling, Watching
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import Settings, WatchSettings
from reloader.engine.agent_reports import AgentReports
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.control.explain import Explainer
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.progress import ScanProgress
from reloader.engine.files.rescan import MAX_EVENT_DELAY, RESCAN_PERIOD, Rescan
from reloader.engine.inbox import Inbox
from reloader.interfaces import Clock, Disk, Mounts, Post, Reporter, Watcher
from reloader.system import Mounts as SystemMounts
from reloader.system.output import own_output
from reloader.watchers.choose import Choice, choose, make_polling_watcher, must_be_polled
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import ignoring_own_directory, session_watch_set

#: Starts the backend that the settings ask for. Raises BackendUnavailable.
StartBackend = Callable[[WatchSettings, WatchSet, Post, Disk, Mounts], Choice]
#: Makes a stat backend, which is not started yet.
MakePoller = Callable[[WatchSettings, Post, Disk], Watcher]


@dataclass(frozen=True, slots=True)
class WatchedTree:
    """The watched files and their baseline, which is not taken yet. Nothing runs."""

    settings: WatchSettings
    disk: RealDisk
    watch_set: WatchSet
    baseline: Baseline

    def never_watches(self, path: str) -> bool:
        """Return True if the user ignores ``path`` explicitly, or our own output is written to it."""
        return self.watch_set.filter.is_explicitly_ignored(path) or self.disk.stat(path).kind is PathKind.OWN_OUTPUT

    def explainer(self, program: AgentReports | None = None) -> Explainer:
        return Explainer(self.settings, self.watch_set, self.disk, program)


@dataclass(frozen=True, slots=True)
class FileTracking:
    """A watched tree of which the baseline is taken, and the backends that run."""

    tree: WatchedTree
    choice: Choice
    backends: BackendSet
    collector: ChangeCollector
    rescan: Rescan

    @property
    def baseline(self) -> Baseline:
        return self.tree.baseline

    @property
    def watch_set(self) -> WatchSet:
        return self.tree.watch_set

    def reports_without_agent(self, clock: Clock) -> AgentReports:
        """Return the reports of a program that reports nothing."""
        return AgentReports(self.watch_set.imports, self.baseline, self.backends, clock, None, imports_only=False)

    def tracker(self, program: AgentReports, inbox: Inbox, clock: Clock, reporter: Reporter) -> ChangeTracker:
        return ChangeTracker(
            self.backends,
            self.baseline,
            self.collector,
            self.rescan,
            program.opened_files,
            inbox,
            clock,
            reporter.report,
        )

    def report_choice(self, reporter: Reporter) -> None:
        """Report which backend is unavailable, and which directories no backend gets reliable events for."""
        unavailable = self.choice.unavailable
        if unavailable is not None:
            reporter.report(BackendFellBack(unavailable.backend, (), unavailable.cause, unavailable.remedy))
        for unreliable in self.choice.unreliable:
            reporter.report(
                Polling(unreliable.directory, unreliable.mount.type, event_support(unreliable.mount.type).why)
            )

    def report_start(self, reporter: Reporter) -> None:
        """Report what is watched, and by which backend."""
        self.report_choice(reporter)
        watcher, counted = self.choice.watcher, (self.baseline.files, self.baseline.directories)
        reporter.report(
            Watching(
                self.tree.settings.roots,
                *counted,
                watcher.name,
                watcher.mechanism,
                self.choice.reason,
                is_fallback=self.choice.is_fallback,
                until_imports=self.watch_set.imports.python_sources_only,
            )
        )


def watched_tree(
    settings: Settings,
    *,
    own_directory: str | None = None,
    disk: RealDisk | None = None,
    on_listed: Callable[[int], None] = lambda entries: None,
) -> WatchedTree:
    """Return what a session with ``settings`` would watch before its program has reported what it imports.

    Never watched are files in ``own_directory``, which the session writes, and the files behind our standard output and error.
    """
    watch = ignoring_own_directory(settings.watch, own_directory)
    disk = disk or RealDisk(gitignore=watch.gitignore, on_listed=on_listed, own_output=own_output())
    watch_set = session_watch_set(replace(settings, watch=watch), disk)
    baseline = Baseline(disk, watch_set, by_content=watch.compare_content, follow_symlinks=watch.follow_symlinks)
    return WatchedTree(watch, disk, watch_set, baseline)


def track_files(
    settings: Settings,
    reporter: Reporter,
    inbox: Inbox,
    resources: ExitStack,
    *,
    own_directory: str | None = None,
    select: Callable[[list[PathChange]], list[PathChange]] = lambda changes: changes,
    clock: Clock = time.monotonic,
    disk: RealDisk | None = None,
    mounts: Mounts | None = None,
    start_backend: StartBackend | None = None,
    make_poller: MakePoller = make_polling_watcher,
    rescan_period: float = RESCAN_PERIOD,
    max_event_delay: float = MAX_EVENT_DELAY,
) -> FileTracking:
    """Start the backends, and take the baseline. ``resources`` stops what runs.

    ``select`` leaves those changes that may restart the program. Raises BackendUnavailable, and ScanInterrupted if a
    stop is requested while the tree is scanned.
    """
    progress = ScanProgress(reporter, clock, inbox)
    tree = watched_tree(settings, own_directory=own_directory, disk=disk, on_listed=progress.add_listed)
    mounts = mounts or SystemMounts()
    choice = (start_backend or choose)(tree.settings, tree.watch_set, inbox.post, tree.disk, mounts)
    resources.callback(choice.watcher.stop)
    backends = BackendSet(
        choice.watcher,
        tree.watch_set,
        lambda: make_poller(tree.settings, inbox.post, tree.disk),
        reporter,
        os.sep,
        polled=[unreliable.directory for unreliable in choice.unreliable],
        must_poll=_PollsByDirectory(mounts) if tree.settings.backend is BackendName.AUTO else lambda path: False,
    )
    resources.callback(backends.stop)
    tree.baseline.scan(progress.update, choice.listed)
    progress.finish()
    collector = ChangeCollector(tree.baseline, tree.settings.debounce, select)
    rescan = Rescan(
        tree.baseline,
        tree.watch_set,
        tree.disk,
        clock,
        backends=backends,
        is_pending=collector.is_pending,
        period=rescan_period,
        max_event_delay=max_event_delay,
    )
    return FileTracking(tree, choice, backends, collector, rescan)


class _PollsByDirectory:
    """True for a file that must be polled. The files of a directory share a file system, but for a file that is a mount."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts
        self._answers: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        directory = os.path.dirname(path)
        if directory not in self._answers:
            self._answers[directory] = must_be_polled(directory, self._mounts)
        return self._answers[directory]
