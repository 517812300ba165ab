"""Every root and file that counts."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.filters import PathFilter


@dataclass(frozen=True, slots=True)
class WatchSet:
    """``roots`` with the filter on what lies below them, and ``files``, which count whatever the filter says."""

    roots: tuple[str, ...]
    files: frozenset[str]
    filter: PathFilter

    def counts(self, path: str) -> bool:
        return path in self.files or self.filter.counts(path)

    def enters(self, directory: str) -> bool:
        """Whether ``directory`` is part of a root's tree and not ignored."""
        return self.filter.enters(directory)
