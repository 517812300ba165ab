"""Remembers the contents that changed files had at the last launch, so that a reverted change is recognized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reloader.core.changes import MISSING, FileRecord, PathKind


class ContentSeen(NamedTuple):
    """The content of a file. The digest is None if the content was not read."""

    kind: PathKind
    digest: int | None


class LaunchSnapshot:
    """Owned by the engine's thread. ``records`` is the baseline's record of each file now."""

    def __init__(self, records: Mapping[str, FileRecord]) -> None:
        self._records = records
        self._before: dict[str, ContentSeen | None] = {}

    def reset(self) -> None:
        """Begin anew: a run is about to start and reads the present contents."""
        self._before.clear()

    def note_change(self, path: str) -> None:
        """Remember the content of ``path``, whose record is about to change. Only the first call since the launch matters."""
        if path not in self._before:
            self._before[path] = self._now(path)

    def note_read(self, path: str) -> None:
        """Forget the content that ``path`` had at the launch: the run reads the file only now."""
        if path in self._before:
            self._before[path] = None

    def is_reverted(self, path: str) -> bool:
        """Return True if ``path`` has changed since the launch and has its old content again. In doubt, return False."""
        before = self._before.get(path)
        if before is None or (before.kind is PathKind.FILE and before.digest is None):
            return False
        return before == self._now(path)

    def _now(self, path: str) -> ContentSeen:
        record = self._records.get(path, FileRecord(MISSING))
        return ContentSeen(record.stat.kind, record.digest)
