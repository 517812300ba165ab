"""The backends of one session: the chosen one, and a stat backend for everything that it cannot watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reloader.core.events import WatcherFailed
from reloader.core.notices import BackendFellBack
from reloader.core.paths.containment import is_within, minimal_roots
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Reporter, Watcher

#: The setting that limits queued events, and how to raise it.
OVERFLOW_REMEDY = "If it happens often: sysctl fs.inotify.max_queued_events=65536"
#: The number of times that the rescan finds a missed change in one root before the root is polled.
MISSES_BEFORE_POLLING = 3

#: Return True if the file system of a path does not report all events.
MustPoll = Callable[[str], bool]


class BackendSet:
    """Owned by the engine's thread. ``make_poller`` returns a stat backend that is not started yet.

    ``watcher`` runs already, on the watch set without the ``polled`` roots. Once there is a poller, it polls the explicit
    files too.
    """

    overflow_remedy = OVERFLOW_REMEDY

    def __init__(
        self,
        watcher: Watcher,
        watch_set: WatchSet,
        make_poller: Callable[[], Watcher],
        reporter: Reporter,
        separator: str,
        *,
        polled: Iterable[str] = (),
        must_poll: MustPoll = lambda path: False,
    ) -> None:
        self._watcher = watcher
        self._watch_set = watch_set
        self._make_poller = make_poller
        self._reporter = reporter
        self._separator = separator
        self._must_poll = must_poll
        self._poller: Watcher | None = None
        self._polled: frozenset[str] = frozenset(polled)
        self._misses: Counter[str] = Counter()
        if self._polled or self._has_files_to_poll(watch_set.explicit_paths()):
            self._poll()

    @property
    def backend(self) -> str:
        return self._watcher.name

    @property
    def depends_on_events(self) -> bool:
        """True if a lost event would leave a change undetected."""
        return self._watcher.name != "stat"

    def watch_again(self) -> None:
        """Renew all watches: the backend may have lost some directories."""
        self._watcher.watch(_without_roots(self._watch_set, self._polled))

    def reload_rules(self) -> None:
        """Read every ``.gitignore`` again, and watch the directories that match now."""
        self._watch_set.filter.forget()
        self.watch_again()
        if self._poller is not None:
            self._poll()

    def fall_back(self, failed: WatcherFailed) -> None:
        """Poll the directories that the backend cannot watch. Report each failure that adds new directories."""
        directories = failed.directories or self._watch_set.roots
        wanted = frozenset(minimal_roots({*self._polled, *directories}, self._separator))
        if wanted == self._polled and self._poller is not None:
            return
        self._polled = wanted
        self._reporter.report(BackendFellBack(failed.backend, failed.directories, failed.cause, failed.remedy))
        self._poll()

    def is_polled(self, path: str) -> bool:
        """Return True if ``path`` is polled, so that no event is needed."""
        if self._poller is None:
            return False
        return self._watch_set.is_explicit(path) or any(is_within(path, root, self._separator) for root in self._polled)

    def note_missed(self, paths: Iterable[str]) -> None:
        """Note that ``paths`` changed without an event. A root with several misses is polled from then on."""
        roots = {self._root_of(path) for path in paths}
        for root in roots:
            self._misses[root] += 1
            if self._misses[root] == MISSES_BEFORE_POLLING:
                cause = f"{MISSES_BEFORE_POLLING} changes came without an event"
                self.fall_back(
                    WatcherFailed(self._watcher.name, cause, 'Set backend = "stat" to avoid the delay', (root,))
                )

    def add_files(self, paths: Sequence[str]) -> None:
        self._watcher.add_files(paths)
        if self._poller is not None:
            self._poller.add_files(paths)
        elif self._has_files_to_poll(paths):
            self._poll()

    def watch_for_hints(self, paths: Sequence[str]) -> None:
        """Have hints posted about ``paths`` too. They are outside the watch set, and another component handles them."""
        if paths:
            self._watcher.add_files(paths)

    def catch_up(self) -> None:
        self._watcher.catch_up()
        if self._poller is not None:
            self._poller.catch_up()

    def check(self) -> None:
        self._watcher.check()
        if self._poller is not None:
            self._poller.check()

    def stop(self) -> None:
        self._watcher.stop()
        if self._poller is not None:
            self._poller.stop()

    def _poll(self) -> None:
        polled = replace(self._watch_set, roots=tuple(sorted(self._polled)))
        if self._poller is None:
            self._poller = self._make_poller()
            self._poller.start(polled)
        else:
            self._poller.watch(polled)

    def _has_files_to_poll(self, paths: Iterable[str]) -> bool:
        roots = self._watch_set.roots
        return any(
            self._must_poll(path)
            or not (self._watcher.covers_files or any(is_within(path, root, self._separator) for root in roots))
            for path in paths
        )

    def _root_of(self, path: str) -> str:
        """Return the innermost root that contains ``path``, or the directory of a file outside all roots."""
        roots = [root for root in self._watch_set.roots if is_within(path, root, self._separator)]
        return max(roots, key=len) if roots else path.rpartition(self._separator)[0]


def _without_roots(watch_set: WatchSet, roots: Iterable[str]) -> WatchSet:
    excluded = frozenset(roots)
    return replace(watch_set, roots=tuple(root for root in watch_set.roots if root not in excluded))
