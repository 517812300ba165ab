"""Files that the program opens: what it reads counts, and what it writes itself is no news to it.

That it writes is reported before it does so, but the report may still be under way when the change is seen. So whatever seems to
happen to such a file waits until all reports that were written before are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reloader.core.changes import PathChange
from reloader.core.events import PathsChanged, Synced


class OpenedFiles:
    """Owned by the engine's thread. ``ask`` has a Synced event posted behind all reports so far, and returns its token."""

    def __init__(self, ask: Callable[[], int]) -> None:
        self._ask = ask
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._changes: dict[int, Sequence[PathChange]] = {}
        self._hints: dict[int, PathsChanged] = {}

    def is_written(self, path: str) -> bool:
        """Whether the program has ever written it, in this run or an earlier one."""
        return path in self._written

    def read(self, path: str) -> None:
        """It counts only because it is read."""
        self._read.add(path)

    def imported(self, path: str) -> None:
        """It counts as a module, whoever writes it."""
        self._read.discard(path)

    def wrote(self, path: str) -> bool:
        """Whether the file, which has counted so far, counts no more."""
        self._written.add(path)
        was_read = path in self._read
        self._read.discard(path)
        return was_read

    def doubt(self, changes: Sequence[PathChange]) -> None:
        """Keep changes until it is known who made them."""
        if changes:
            self._changes[self._ask()] = changes

    def certain(self, hints: PathsChanged) -> PathsChanged:
        """``hints`` without those that are kept until it is known whose doing they are about."""
        doubtful = tuple(path for path in hints.paths if path in self._read)
        if not doubtful:
            return hints
        self._hints[self._ask()] = replace(hints, paths=doubtful)
        return replace(hints, paths=tuple(path for path in hints.paths if path not in self._read))

    def settled(self, answer: Synced) -> tuple[list[PathChange], PathsChanged]:
        """What was kept and is certain now: changes by somebody else, and hints to look after."""
        changes = [change for change in self._changes.pop(answer.token, ()) if change.path not in self._written]
        return changes, self._hints.pop(answer.token, PathsChanged(()))
