"""When a batch of changes is complete: a quiet time with a ceiling, shorter for a single finished save."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DebouncePolicy:
    """``quiet`` seconds without news end a batch, ``ceiling`` seconds after its first news end it in any case.

    One file that its writer has closed is a save, not the start of a checkout: a fifth of the quiet time is enough to see
    that nothing follows. A batch of many files was made by a program, which may pause: it is given up to four times as long.
    """

    quiet: float = 0.05
    ceiling: float = 2.0

    SINGLE = 0.2
    MANY = 4.0
    FILES_FOR_ONE_MORE = 25

    def quiet_for(self, paths: int, finished: bool) -> float:
        """Seconds of silence that end a batch of ``paths`` paths."""
        if finished and paths <= 1:
            return self.quiet * self.SINGLE
        return self.quiet * min(max(1.0, paths / self.FILES_FOR_ONE_MORE), self.MANY)


class Debouncer:
    """Collects hints until they are quiet. Owned by the engine's thread; time comes in as an argument."""

    def __init__(self, policy: DebouncePolicy) -> None:
        self.policy = policy
        self._hints: dict[str, bool] = {}
        self._first = 0.0
        self._last = 0.0

    def add(self, paths: Iterable[str], *, finished: bool, now: float) -> None:
        """Note hints. A path that is written to again is no longer finished."""
        if not self._hints:
            self._first = now
        self._last = now
        for path in paths:
            self._hints[path] = finished

    @property
    def pending(self) -> tuple[str, ...]:
        """The paths of the open batch that may still be written to."""
        return tuple(path for path, finished in self._hints.items() if not finished)

    @property
    def deadline(self) -> float | None:
        """When the batch is complete if nothing more arrives, or None if there is none."""
        if not self._hints:
            return None
        quiet = self.policy.quiet_for(len(self._hints), all(self._hints.values()))
        return min(self._last + quiet, self._first + self.policy.ceiling)

    def is_at_ceiling(self, now: float) -> bool:
        return bool(self._hints) and now >= self._first + self.policy.ceiling

    def clear(self) -> None:
        self._hints.clear()
