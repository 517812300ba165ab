"""Files that the program opened itself. A change of one that it also writes is its own and restarts nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reloader.core.changes import PathChange
from reloader.core.events import PathsChanged, ReportsSynced


class OpenedFiles:
    """Owned by the engine's thread.

    ``sync`` has ReportsSynced posted behind all reports written so far, and returns its token. Until that event comes,
    changes and hints that may be the program's own are deferred.
    """

    def __init__(self, sync: Callable[[], int]) -> None:
        self._sync = sync
        self._read: set[str] = set()
        self._writers: dict[str, int] = {}
        self._changes: dict[int, Sequence[PathChange]] = {}
        self._hints: dict[int, PathsChanged] = {}

    def last_writer(self, path: str) -> int | None:
        """Return the last run that wrote ``path``, or None if no run did."""
        return self._writers.get(path)

    def add_read(self, path: str) -> None:
        """Note a file that is watched only because the program reads it."""
        self._read.add(path)

    def add_import(self, path: str) -> None:
        """Note a file that is watched as a module, even if the program writes it."""
        self._read.discard(path)

    def add_written(self, path: str, run: int) -> bool:
        """Note that ``run`` writes ``path``. Return True if the file was watched and no longer is."""
        self._writers[path] = run
        was_read = path in self._read
        self._read.discard(path)
        return was_read

    def defer_changes(self, changes: Sequence[PathChange]) -> None:
        """Defer ``changes`` until all reports about their files have arrived."""
        if changes:
            self._changes[self._sync()] = changes

    def defer_hints(self, hints: PathsChanged) -> PathsChanged:
        """Defer hints at files that the program may write, and return the other hints."""
        deferred = tuple(path for path in hints.paths if path in self._read)
        if not deferred:
            return hints
        self._hints[self._sync()] = replace(hints, paths=deferred)
        return replace(hints, paths=tuple(path for path in hints.paths if path not in self._read))

    def release(self, synced: ReportsSynced) -> tuple[list[PathChange], PathsChanged]:
        """Return what was deferred up to ``synced``: the changes that are not the program's own, and all hints."""
        changes = [change for change in self._changes.pop(synced.token, ()) if change.path not in self._writers]
        return changes, self._hints.pop(synced.token, PathsChanged(()))
