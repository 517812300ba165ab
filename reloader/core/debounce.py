"""When a batch of changes is complete: a quiet time with a ceiling, shorter for a single finished save."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reloader.core.settings_diff import LIVE


@dataclass(frozen=True, slots=True)
class DebouncePolicy:
    """``quiet`` seconds without hints end a batch. ``ceiling`` seconds after its first hint it ends in any case.

    One file that its writer has closed is a save, not the start of a checkout: a fifth of the quiet time is enough to see
    that nothing follows. A batch of many files comes from a program, which may pause: it gets up to four times the quiet time.
    """

    quiet: float = field(default=0.05, metadata=LIVE)
    ceiling: float = field(default=2.0, metadata=LIVE)

    #: Factors of the quiet time: for one finished file, and at most for many files.
    SINGLE_FACTOR = 0.2
    MAX_FACTOR = 4.0
    #: Above this number of files the quiet time grows in proportion to them.
    FILES_PER_FACTOR = 25

    def quiet_for(self, paths: int, finished: bool) -> float:
        """Return the seconds without hints that end a batch of ``paths`` paths."""
        if finished and paths <= 1:
            return self.quiet * self.SINGLE_FACTOR
        return self.quiet * min(max(1.0, paths / self.FILES_PER_FACTOR), self.MAX_FACTOR)


class Debouncer:
    """Collects hints until they are quiet. Owned by the engine's thread; times are arguments."""

    def __init__(self, policy: DebouncePolicy) -> None:
        self.policy = policy
        self._finished: dict[str, bool] = {}
        self._first = 0.0
        self._last = 0.0

    def add(self, paths: Iterable[str], *, finished: bool, now: float) -> None:
        """Add hints. A path that is written to again is unfinished again."""
        if not self._finished:
            self._first = now
        self._last = now
        for path in paths:
            self._finished[path] = finished

    @property
    def pending(self) -> tuple[str, ...]:
        """The paths of the open batch that may still be written to."""
        return tuple(path for path, finished in self._finished.items() if not finished)

    @property
    def deadline(self) -> float | None:
        """When the batch is complete if nothing more arrives, or None without a batch."""
        if not self._finished:
            return None
        quiet = self.policy.quiet_for(len(self._finished), all(self._finished.values()))
        return min(self._last + quiet, self._first + self.policy.ceiling)

    def is_at_ceiling(self, now: float) -> bool:
        """Return True if the batch has lasted as long as it may."""
        return bool(self._finished) and now >= self._first + self.policy.ceiling

    def clear(self) -> None:
        self._finished.clear()
