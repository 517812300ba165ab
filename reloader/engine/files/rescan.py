"""The check on backends that live by events: an event that never came costs time, and no edit.

Now and then everything is looked at. A sweep is cut into slices of at most 2 ms, between which news are served. What differs is
suspect, no more: its event may be under way. What still differs, and was not looked at by anybody, after the time that an
event takes was missed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from reloader.core.changes import FileStat, PathKind
from reloader.core.paths.watch_set import WatchSet
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.interfaces import Clock, Disk

#: Seconds between the beginnings of two sweeps, where these are cheap.
RESCAN_PERIOD = 10.0
#: The share of one core that sweeping may take. At rest the whole program is to stay below 0.1 %.
AFFORDABLE = 0.0008
#: Seconds that a look at one place takes, as long as nobody has measured it.
ONE_LOOK = 2.5e-6
#: Seconds that a slice of a sweep may take.
SLICE = 0.002
#: Places that are looked at before the clock is read again.
STRIDE = 50
#: Seconds that the event of a change may be max_event_delay.
MAX_EVENT_DELAY = 1.0

_FOLDER = FileStat(PathKind.DIRECTORY)


class Rescan:
    """Owned by the engine's thread.

    ``is_pending`` says whether news of a path are being collected at this moment. A ``period`` without end means: never.
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
        self._is_pending_hint = is_pending
        self._period = period
        self._max_event_delay = max_event_delay
        self._next_at = clock() + max(period, len(baseline.entries) * ONE_LOOK / AFFORDABLE)
        self._under_way: Iterator[str] | None = None
        self._began_at = self._cost = 0.0
        self._suspects: dict[str, FileStat | None] = {}
        self._judge_at: float | None = None
        self._looks: dict[str, int] = {}

    @property
    def deadline(self) -> float | None:
        """The moment at which ``tick`` has something to do."""
        if self._under_way is not None:
            return self._clock()
        moment = self._next_at if self._judge_at is None else self._judge_at
        return moment if moment != float("inf") else None

    def is_due(self, now: float) -> bool:
        """Return True if ``tick`` has something to do at ``now``."""
        deadline = self.deadline
        return deadline is not None and deadline <= now

    def tick(self, now: float) -> tuple[str, ...]:
        """Do a slice of what is due. Returns the paths that changed without anybody's telling."""
        if self._judge_at is not None:
            return self._judged() if now >= self._judge_at else ()
        if self._under_way is None and now >= self._next_at:
            self._began_at, self._cost = now, 0.0
            self._backends.check()
            self._under_way = iter(self._places())
        if self._under_way is not None:
            self._go_on(self._under_way)
        return ()

    def forget_rules(self) -> None:
        """Every ``.gitignore`` is known as it is now."""
        for path in [path for path in self._looks if path.endswith(".gitignore")]:
            del self._looks[path]

    def _places(self) -> list[str]:
        """Nothing, where all is looked at again and again anyway."""
        if not self._backends.depends_on_events:
            return []
        return [*self._baseline.folders, *self._baseline.entries]

    def _go_on(self, places: Iterator[str]) -> None:
        began = self._clock()
        is_over = False
        while not is_over and self._clock() < began + SLICE:
            is_over = self._look_at_some(places)
        self._cost += self._clock() - began
        if is_over:
            self._under_way = None
            self._next_at = self._began_at + max(self._period, self._cost / AFFORDABLE)
            if self._suspects:
                self._judge_at = self._clock() + self._max_event_delay

    def _look_at_some(self, places: Iterator[str]) -> bool:
        """Whether there are no more."""
        for _ in range(STRIDE):
            place = next(places, None)
            if place is None:
                return True
            if self._differs(place):
                self._suspects[place] = self._known(place)
            elif place in self._baseline.folders:
                self._look_into(place)
        return False

    def _look_into(self, directory: str) -> None:
        """New entries change the time of their directory, which is listed when that is not what it was."""
        if self._has_changed(directory, unless_new=False):
            for path in self._strangers_in(directory):
                self._suspects[path] = None
        rules = os.path.join(directory, ".gitignore")
        if self._has_changed(rules, unless_new=True):
            self._suspects[rules] = self._known(rules)

    def _has_changed(self, path: str, *, unless_new: bool) -> bool:
        """Whether ``path`` looks different from the last sweep."""
        look = hash(self._disk.stat(path))  # a number is all that has to be kept
        before = self._looks.get(path)
        self._looks[path] = look
        return before != look and not (unless_new and before is None)

    def _strangers_in(self, directory: str) -> Iterator[str]:
        """What counts there and is not known. What a link leads to may count under another name, which examining will show."""
        for name, is_directory, _ in self._disk.list(directory):
            path = os.path.join(directory, name)
            if is_directory:
                if path not in self._baseline.folders and self._watch_set.descends_into(path):
                    yield path
            elif path not in self._baseline.entries and self._watch_set.is_watched(path):
                yield path

    # Judging

    def _judged(self) -> tuple[str, ...]:
        suspects, self._suspects, self._judge_at = self._suspects, {}, None
        return tuple(path for path, known in suspects.items() if self._was_missed(path, known))

    def _was_missed(self, path: str, known: FileStat | None) -> bool:
        if self._is_pending_hint(path) or self._backends.is_polled(path) or self._known(path) != known:
            return False
        return known is None or self._differs(path)

    def _known(self, path: str) -> FileStat | None:
        if path in self._baseline.folders:
            return _FOLDER
        entry = self._baseline.entries.get(path)
        return entry.stat if entry is not None else None

    def _differs(self, path: str) -> bool:
        entry = self._baseline.entries.get(path)
        if entry is not None:
            return not self._disk.is_unchanged(path, entry.stat)
        return path in self._baseline.folders and self._disk.stat(path).kind is not PathKind.DIRECTORY
