"""Collects changes into batches: compares hinted paths with the baseline, and closes a batch when the disk is quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reloader.core.changes import ChangeBatch, PathChange
from reloader.core.debounce import DebouncePolicy, Debouncer
from reloader.core.events import BatchClosed, BatchOpened, PathsChanged
from reloader.engine.files.baseline import Baseline


class ChangeCollector:
    """Owned by the engine's thread; time is an argument.

    A finished save is compared at once, so that the old run can stop while more hints may follow. A file that may still be
    written to is compared when it has been quiet. ``select`` returns those changes that may restart the program.
    """

    def __init__(
        self,
        baseline: Baseline,
        policy: DebouncePolicy,
        select: Callable[[list[PathChange]], list[PathChange]] = lambda changes: changes,
    ) -> None:
        self._baseline = baseline
        self._select = select
        self._debouncer = Debouncer(policy)
        self._changes: list[PathChange] = []
        self.has_open_batch = False

    def set_policy(self, policy: DebouncePolicy) -> None:
        """Close batches by ``policy`` from now on, the open one too."""
        self._debouncer.policy = policy

    @property
    def deadline(self) -> float | None:
        return self._debouncer.deadline

    def is_pending(self, path: str) -> bool:
        """Return True if ``path`` was hinted at and is not compared yet."""
        return path in self._debouncer.pending

    def handle(self, hints: PathsChanged, now: float) -> BatchOpened | None:
        """Accept hints. Return an event if they opened a batch."""
        if hints.finished:
            return self._collect(self._baseline.examine(hints.paths), now)
        differing, same = self._baseline.partition(hints.paths)
        if differing:
            self._debouncer.add(differing, finished=False, now=now)
        return self._collect(self._baseline.examine(same), now)

    def compare_all(self, now: float) -> BatchOpened | None:
        """Compare every file: events were lost, or the watch rules have changed."""
        return self._collect(self._baseline.examine_all(), now)

    def add(self, changes: list[PathChange], now: float) -> BatchOpened | None:
        """Add changes that were found by other means than a hint."""
        return self._collect(changes, now)

    def close_if_due(self, now: float) -> BatchClosed | None:
        """Return the batch if the disk is quiet. A file that still changes keeps it open, up to the ceiling."""
        deadline = self._debouncer.deadline
        if deadline is None or now < deadline:
            return None
        known = {change.path for change in self._changes}
        late = self._select(self._baseline.examine(dict.fromkeys((*self._debouncer.pending, *known))))
        self._changes += late
        if any(change.path in known for change in late) and not self._debouncer.is_at_ceiling(now):
            self._debouncer.add([change.path for change in late], finished=False, now=now)
            return None
        return self._close()

    def consume(self, hints: Iterable[str]) -> ChangeBatch:
        """Compare ``hints`` and all pending paths just before a launch, and return all changes: the next run reads them."""
        paths = dict.fromkeys((*self._debouncer.pending, *hints))
        self._changes += self._select(self._baseline.examine(paths))
        closed = self._close()
        return closed.batch if closed is not None else ChangeBatch()

    def _collect(self, changes: list[PathChange], now: float) -> BatchOpened | None:
        changes = self._select(changes)
        if not changes:
            return None
        self._changes += changes
        self._debouncer.add([change.path for change in changes], finished=True, now=now)
        if self.has_open_batch:
            return None
        self.has_open_batch = True
        return BatchOpened()

    def _close(self) -> BatchClosed | None:
        self._debouncer.clear()
        self.has_open_batch = False
        changes, self._changes = self._changes, []
        return BatchClosed(ChangeBatch.of(changes)) if changes else None
