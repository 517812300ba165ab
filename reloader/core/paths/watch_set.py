"""The watch set: every root and file that is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain

from reloader.core.paths.filters import PathFilter
from reloader.core.python_names import SOURCE_SUFFIXES


@dataclass(slots=True)
class Imports:
    """The files that the program imported, or looked for without finding them.

    With ``imports_only`` no other file of the trees is watched; with ``python_sources_only`` only Python sources are.
    Only the engine's thread changes it; a backend's thread may read it at any time.
    """

    files: set[str] = field(default_factory=set)
    imports_only: bool = False
    python_sources_only: bool = False

    def allows(self, path: str) -> bool:
        """Return True if a path of the trees may be watched although it was not imported."""
        return not self.imports_only and (not self.python_sources_only or path.endswith(SOURCE_SUFFIXES))


@dataclass(frozen=True, slots=True)
class WatchSet:
    """``roots`` with the filter on what lies below them. ``files`` and ``imports`` are watched whatever the filter says."""

    roots: tuple[str, ...]
    files: AbstractSet[str]
    filter: PathFilter
    imports: Imports = field(default_factory=Imports)

    def is_watched(self, path: str) -> bool:
        return self.is_explicit(path) or (self.imports.allows(path) and self.filter.is_watched(path))

    def matcher_for(self, directory: str) -> Callable[[str, str], bool]:
        """Return ``is_watched`` for the entries of ``directory``, given by name and path. Faster for a whole directory."""
        is_explicit, allows, is_watched = self.is_explicit, self.imports.allows, self.filter.matcher_for(directory)
        return lambda name, path: is_explicit(path) or (allows(path) and is_watched(name))

    def is_explicit(self, path: str) -> bool:
        """Return True if ``path`` is watched by its name: then it is also watched while it is missing."""
        return path in self.files or path in self.imports.files

    def descends_into(self, directory: str) -> bool:
        """Return True if ``directory`` is part of a root's tree and not ignored."""
        return self.filter.descends_into(directory)

    def explicit_paths(self) -> Iterator[str]:
        """Return all paths that are watched by their names."""
        return chain(self.files, tuple(self.imports.files))
