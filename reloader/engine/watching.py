"""The backends of one session: the chosen one, and the stat backend for what that one cannot watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reloader.core.events import WatcherFailed
from reloader.core.notices import BackendFellBack
from reloader.core.tree import minimal_roots
from reloader.core.watchset import WatchSet
from reloader.ports import Reporter, Watcher

#: The setting behind a lost event, and how to raise it.
OVERFLOW_REMEDY = "If it happens often: sysctl fs.inotify.max_queued_events=65536"


class Watching:
    """Owned by the engine's thread. ``make_poller`` gives a stat backend that is not started yet."""

    overflow_remedy = OVERFLOW_REMEDY

    def __init__(
        self,
        watcher: Watcher,
        watch_set: WatchSet,
        make_poller: Callable[[], Watcher],
        reporter: Reporter,
        separator: str,
    ) -> None:
        self._watcher = watcher
        self._watch_set = watch_set
        self._make_poller = make_poller
        self._reporter = reporter
        self._separator = separator
        self._poller: Watcher | None = None
        self._polled: frozenset[str] = frozenset()

    def watch_again(self) -> None:
        """The backend may have lost sight of directories."""
        self._watcher.watch(self._watch_set)

    def rules_changed(self) -> None:
        """A ``.gitignore`` was edited: ask the disk again which directories count."""
        self._watch_set.filter.forget()
        self._watcher.watch(self._watch_set)

    def fall_back(self, failed: WatcherFailed) -> None:
        """Poll what the backend cannot watch. Told once for each cause that brings in new directories."""
        wanted = frozenset(
            minimal_roots({*self._polled, *(failed.directories or self._watch_set.roots)}, self._separator)
        )
        if wanted == self._polled:
            return
        self._polled = wanted
        polled = replace(self._watch_set, roots=tuple(sorted(wanted)))
        self._reporter.tell(BackendFellBack(failed.backend, failed.directories, failed.cause, failed.remedy))
        if self._poller is None:
            self._poller = self._make_poller()
            self._poller.start(polled)
        else:
            self._poller.watch(polled)

    def add_files(self, paths: Sequence[str]) -> None:
        self._watcher.add_files(paths)
        if self._poller is not None:
            self._poller.add_files(paths)

    def catch_up(self) -> None:
        self._watcher.catch_up()
        if self._poller is not None:
            self._poller.catch_up()

    def stop(self) -> None:
        self._watcher.stop()
        if self._poller is not None:
            self._poller.stop()
