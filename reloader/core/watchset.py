"""Every root and file that counts."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from itertools import chain

from reloader.core.filters import PathFilter


@dataclass(slots=True)
class Imports:
    """The files that the program imported, or looked for in vain. ``alone`` says that of the trees nothing else counts.

    Changed by the engine's thread only; a backend's thread may look in at any time.
    """

    files: set[str] = field(default_factory=set)
    alone: bool = False


@dataclass(frozen=True, slots=True)
class WatchSet:
    """``roots`` with the filter on what lies below them; ``files`` and ``imports`` count whatever the filter says."""

    roots: tuple[str, ...]
    files: Set[str]
    filter: PathFilter
    imports: Imports = field(default_factory=Imports)

    def counts(self, path: str) -> bool:
        return self.names(path) or (not self.imports.alone and self.filter.counts(path))

    def names(self, path: str) -> bool:
        """Whether ``path`` is named one by one: then its absence counts too."""
        return path in self.files or path in self.imports.files

    def enters(self, directory: str) -> bool:
        """Whether ``directory`` is part of a root's tree and not ignored."""
        return self.filter.enters(directory)

    def named(self) -> Iterator[str]:
        """All paths that are named one by one."""
        return chain(self.files, tuple(self.imports.files))
