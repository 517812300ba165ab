"""Finds changes whose event was lost: compares all files with the baseline now and then.

A rescan is cut into slices of at most 2 ms, so that events are handled in between. A path that differs is only a suspect,
since its event may be under way. A suspect that still differs after the longest delay of an event, and that no hint has
named, was missed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from reloader.core.changes import FileStat, PathKind
from reloader.core.paths.watch_set import WatchSet
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.interfaces import Clock, Disk

#: Seconds from the start of one rescan to the start of the next, where rescans are cheap.
RESCAN_PERIOD = 10.0
#: The share of one core that rescans may use. At rest the whole program is to use less than 0.1 %.
MAX_CPU_SHARE = 0.0008
#: Seconds that one stat call is assumed to take until a rescan has been measured.
ASSUMED_STAT_TIME = 2.5e-6
#: Seconds that a slice of a rescan may take.
MAX_SLICE = 0.002
#: The number of paths that are compared between two reads of the clock.
PATHS_PER_CLOCK_READ = 50
#: Seconds by which the event of a change may be late.
MAX_EVENT_DELAY = 1.0

_FOLDER = FileStat(PathKind.DIRECTORY)


class Rescan:
    """Owned by the engine's thread. An infinite ``period`` means never; periods and delays are in seconds.

    ``is_pending`` returns True for a path that was hinted at and is not compared yet.
    """

    def __init__(
        self,
        baseline: Baseline,
        watch_set: WatchSet,
        disk: Disk,
        clock: Clock,
        *,
        backends: BackendSet,
        is_pending: Callable[[str], bool],
        period: float = RESCAN_PERIOD,
        max_event_delay: float = MAX_EVENT_DELAY,
    ) -> None:
        self._baseline = baseline
        self._watch_set = watch_set
        self._disk = disk
        self._clock = clock
        self._backends = backends
        self._is_pending = is_pending
        self._period = period
        self._max_event_delay = max_event_delay
        self._next_at = clock() + max(period, len(baseline.records) * ASSUMED_STAT_TIME / MAX_CPU_SHARE)
        self._remaining: Iterator[str] | None = None
        self._began_at = self._cost = 0.0
        self._suspects: dict[str, FileStat | None] = {}
        self._confirm_at: float | None = None
        self._stat_hashes: dict[str, int] = {}

    @property
    def deadline(self) -> float | None:
        """The moment at which ``tick`` has something to do."""
        if self._remaining is not None:
            return self._clock()
        moment = self._next_at if self._confirm_at is None else self._confirm_at
        return moment if moment != float("inf") else None

    def is_due(self, now: float) -> bool:
        """Return True if ``tick`` has something to do at ``now``."""
        deadline = self.deadline
        return deadline is not None and deadline <= now

    def tick(self, now: float) -> tuple[str, ...]:
        """Run a slice of the rescan if it is due. Return the paths whose changes were missed."""
        if self._confirm_at is not None:
            return self._confirm_suspects() if now >= self._confirm_at else ()
        if self._remaining is None and now >= self._next_at:
            self._began_at, self._cost = now, 0.0
            self._backends.check()
            self._remaining = iter(self._known_paths())
        if self._remaining is not None:
            self._run_slice(self._remaining)
        return ()

    def forget_rules(self) -> None:
        """Forget the stat result of every ``.gitignore``: all of them have just been read."""
        for path in [path for path in self._stat_hashes if path.endswith(".gitignore")]:
            del self._stat_hashes[path]

    def _known_paths(self) -> list[str]:
        """Return all known paths, or none where everything is polled anyway."""
        if not self._backends.depends_on_events:
            return []
        return [*self._baseline.folders, *self._baseline.records]

    def _run_slice(self, paths: Iterator[str]) -> None:
        began = self._clock()
        is_finished = False
        while not is_finished and self._clock() < began + MAX_SLICE:
            is_finished = self._compare_some(paths)
        self._cost += self._clock() - began
        if is_finished:
            self._remaining = None
            self._next_at = self._began_at + max(self._period, self._cost / MAX_CPU_SHARE)
            if self._suspects:
                self._confirm_at = self._clock() + self._max_event_delay

    def _compare_some(self, paths: Iterator[str]) -> bool:
        """Compare the next paths. Return True if none are left."""
        for _ in range(PATHS_PER_CLOCK_READ):
            path = next(paths, None)
            if path is None:
                return True
            if self._differs(path):
                self._suspects[path] = self._known_stat(path)
            elif path in self._baseline.folders:
                self._compare_directory(path)
        return False

    def _compare_directory(self, directory: str) -> None:
        """List ``directory`` if its stat result has changed, as it does with each new entry."""
        if self._has_changed(directory, unless_new=False):
            for path in self._unknown_paths_in(directory):
                self._suspects[path] = None
        rules = os.path.join(directory, ".gitignore")
        if self._has_changed(rules, unless_new=True):
            self._suspects[rules] = self._known_stat(rules)

    def _has_changed(self, path: str, *, unless_new: bool) -> bool:
        """Return True if the stat result of ``path`` differs from the one of the last rescan."""
        present = hash(self._disk.stat(path))  # a hash needs less memory than the stat result
        before = self._stat_hashes.get(path)
        self._stat_hashes[path] = present
        return before != present and not (unless_new and before is None)

    def _unknown_paths_in(self, directory: str) -> Iterator[str]:
        """Yield the watched paths in ``directory`` that the baseline does not know.

        The target of a link may be known under another name; the comparison with the baseline will show that.
        """
        for name, is_directory, _ in self._disk.list(directory):
            path = os.path.join(directory, name)
            if is_directory:
                if path not in self._baseline.folders and self._watch_set.descends_into(path):
                    yield path
            elif path not in self._baseline.records and self._watch_set.is_watched(path):
                yield path

    # Suspects

    def _confirm_suspects(self) -> tuple[str, ...]:
        suspects, self._suspects, self._confirm_at = self._suspects, {}, None
        return tuple(path for path, known in suspects.items() if self._was_missed(path, known))

    def _was_missed(self, path: str, known: FileStat | None) -> bool:
        if self._is_pending(path) or self._backends.is_polled(path) or self._known_stat(path) != known:
            return False
        return known is None or self._differs(path)

    def _known_stat(self, path: str) -> FileStat | None:
        if path in self._baseline.folders:
            return _FOLDER
        record = self._baseline.records.get(path)
        return record.stat if record is not None else None

    def _differs(self, path: str) -> bool:
        record = self._baseline.records.get(path)
        if record is not None:
            return not self._disk.is_unchanged(path, record.stat)
        return path in self._baseline.folders and self._disk.stat(path).kind is not PathKind.DIRECTORY
