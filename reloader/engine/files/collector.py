"""From hints to batches: what is heard is compared with the baseline, and served when the disk is quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reloader.core.changes import ChangeBatch, PathChange
from reloader.core.debounce import DebouncePolicy, Debouncer
from reloader.core.events import BatchClosed, BatchOpened, PathsChanged
from reloader.engine.files.baseline import Baseline


class ChangeCollector:
    """Holds the batch that is being collected. Owned by the engine's thread; time comes in as an argument.

    A finished save is compared at once, so that the old run can end while more news may follow; a file that may still be
    written to is compared when it has been quiet. ``without_suspended`` leaves of what has changed that which may restart the program.
    """

    def __init__(
        self,
        baseline: Baseline,
        policy: DebouncePolicy,
        without_suspended: Callable[[list[PathChange]], list[PathChange]] = lambda changes: changes,
    ) -> None:
        self._baseline = baseline
        self._without_suspended = without_suspended
        self._debouncer = Debouncer(policy)
        self._changes: list[PathChange] = []
        self.has_open_batch = False

    def set_policy(self, policy: DebouncePolicy) -> None:
        """Complete batches by ``policy`` from now on, the open one too."""
        self._debouncer.policy = policy

    @property
    def deadline(self) -> float | None:
        return self._debouncer.deadline

    def is_pending(self, path: str) -> bool:
        """Whether news of ``path`` were heard, and are not compared yet."""
        return path in self._debouncer.pending

    def handle(self, hints: PathsChanged, now: float) -> BatchOpened | None:
        """Take hints in. The answer is the news that a batch has just become certain."""
        if hints.finished:
            return self._collect(self._baseline.examine(hints.paths), now)
        stirred, same = self._baseline.sort(hints.paths)
        if stirred:
            self._debouncer.add(stirred, finished=False, now=now)
        return self._collect(self._baseline.examine(same), now)

    def compare_all(self, now: float) -> BatchOpened | None:
        """Look at everything: events were lost, or the rules have changed."""
        return self._collect(self._baseline.examine_all(), now)

    def add(self, changes: list[PathChange], now: float) -> BatchOpened | None:
        """Add changes that were found by other means than a hint."""
        return self._collect(changes, now)

    def close_if_due(self, now: float) -> BatchClosed | None:
        """The batch, if the disk is quiet. What turns out to be still changing keeps it open, up to the ceiling."""
        deadline = self._debouncer.deadline
        if deadline is None or now < deadline:
            return None
        seen = {change.path for change in self._changes}
        late = self._without_suspended(self._baseline.examine(dict.fromkeys((*self._debouncer.pending, *seen))))
        self._changes += late
        if any(change.path in seen for change in late) and not self._debouncer.is_at_ceiling(now):
            self._debouncer.add([change.path for change in late], finished=False, now=now)
            return None
        return self._close()

    def absorb(self, hints: Iterable[str]) -> ChangeBatch:
        """Look at ``hints`` and at all that is pending just before a launch: the next run reads what is found now."""
        paths = dict.fromkeys((*self._debouncer.pending, *hints))
        self._changes += self._without_suspended(self._baseline.examine(paths))
        closed = self._close()
        return closed.batch if closed is not None else ChangeBatch()

    def _collect(self, changes: list[PathChange], now: float) -> BatchOpened | None:
        changes = self._without_suspended(changes)
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
