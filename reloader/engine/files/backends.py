"""The backends of one session: the chosen one, and the stat backend for what that one cannot watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reloader.core.events import WatcherFailed
from reloader.core.notices import BackendFellBack
from reloader.core.paths.containment import is_within, minimal_roots
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Reporter, Watcher

#: The setting behind a lost event, and how to raise it.
OVERFLOW_REMEDY = "If it happens often: sysctl fs.inotify.max_queued_events=65536"
#: So many times the sweep finds in one root what no event told of, before that root is polled.
DISTRUST = 3

#: Whether events do not tell of all that happens to a path.
MustPoll = Callable[[str], bool]


class BackendSet:
    """Owned by the engine's thread. ``make_poller`` gives a stat backend that is not started yet.

    ``watcher`` runs already, on the watch set without the roots that are ``polled``. Once there is a poller, it looks at
    the files that are named one by one, too.
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
        """Whether something could happen that nobody looks for, if its event were lost."""
        return self._watcher.name != "stat"

    def watch_again(self) -> None:
        """The backend may have lost sight of directories."""
        self._watcher.watch(watched_by_events(self._watch_set, self._polled))

    def reload_rules(self) -> None:
        """A ``.gitignore`` was edited: ask the disk again which directories count."""
        self._watch_set.filter.forget()
        self.watch_again()
        if self._poller is not None:
            self._poll()

    def fall_back(self, failed: WatcherFailed) -> None:
        """Poll what the backend cannot watch. Told once for each cause that brings in new directories."""
        directories = failed.directories or self._watch_set.roots
        wanted = frozenset(minimal_roots({*self._polled, *directories}, self._separator))
        if wanted == self._polled and self._poller is not None:
            return
        self._polled = wanted
        self._reporter.report(BackendFellBack(failed.backend, failed.directories, failed.cause, failed.remedy))
        self._poll()

    def is_polled(self, path: str) -> bool:
        """Whether ``path`` is looked at again and again, so that no event is needed."""
        if self._poller is None:
            return False
        return self._watch_set.is_explicit(path) or any(is_within(path, root, self._separator) for root in self._polled)

    def missed(self, paths: Iterable[str]) -> None:
        """These changed, and no event told of it. A root where that happens again and again is polled from then on."""
        roots = {self._root_of(path) for path in paths}
        for root in roots:
            self._misses[root] += 1
            if self._misses[root] == DISTRUST:
                cause = f"{DISTRUST} times a change came without an event"
                self.fall_back(
                    WatcherFailed(self._watcher.name, cause, 'Set backend = "stat" to save the wait', (root,))
                )

    def add_files(self, paths: Sequence[str]) -> None:
        self._watcher.add_files(paths)
        if self._poller is not None:
            self._poller.add_files(paths)
        elif self._has_files_to_poll(paths):
            self._poll()

    def watch_for_hints(self, paths: Sequence[str]) -> None:
        """Hints at these are wanted as well, though they are none of the watch set, and are looked at elsewhere."""
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
        """The root that holds ``path``, or the directory of a single file."""
        holders = [root for root in self._watch_set.roots if is_within(path, root, self._separator)]
        return max(holders, key=len) if holders else path.rpartition(self._separator)[0]


def watched_by_events(watch_set: WatchSet, polled: Iterable[str]) -> WatchSet:
    """``watch_set`` without the roots that are polled."""
    left_over = frozenset(watch_set.roots).difference(polled)
    return replace(watch_set, roots=tuple(root for root in watch_set.roots if root in left_over))
