"""What changed files held when the present run was started: a file that holds the same again is as if nothing had been."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reloader.core.changes import MISSING, FileRecord, PathKind


class ContentSeen(NamedTuple):
    """What a file held. A digest of None: nobody had read it."""

    kind: PathKind
    digest: int | None


class LaunchSnapshot:
    """Owned by the engine's thread. ``entries`` is what is known of each file now."""

    def __init__(self, entries: Mapping[str, FileRecord]) -> None:
        self._entries = entries
        self._before: dict[str, ContentSeen | None] = {}

    def begin(self) -> None:
        """A run is about to start, and reads what there is."""
        self._before.clear()

    def changes(self, path: str) -> None:
        """``path`` is about to be known by another content. What it held first is what counts."""
        if path not in self._before:
            self._before[path] = self._now(path)

    def reads(self, path: str) -> None:
        """The run reads ``path`` only now: what that held before is of no interest any more."""
        if path in self._before:
            self._before[path] = None

    def holds_same_content(self, path: str) -> bool:
        """Whether ``path``, which has changed since the launch, holds again what it held then. In doubt it does not."""
        before = self._before.get(path)
        if before is None or (before.kind is PathKind.FILE and before.digest is None):
            return False
        return before == self._now(path)

    def _now(self, path: str) -> ContentSeen:
        entry = self._entries.get(path, FileRecord(MISSING))
        return ContentSeen(entry.stat.kind, entry.digest)
