"""Walks the watched directories, over any function that lists a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from reloader.core.paths.containment import is_within
from reloader.core.paths.watch_set import WatchSet

ListDirectory = Callable[[str], Sequence[tuple[str, bool, bool]]]
RealPath = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ListedDirectory:
    """One watched directory, with the watched ``files`` in it and those of them that are ``links``.

    ``is_linked`` is True if the directory itself was reached through a link. ``gitignore`` is the path of a .gitignore in it.
    """

    path: str
    files: tuple[str, ...]
    links: tuple[str, ...]
    is_linked: bool = False
    gitignore: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """Visits the watched directories below a start. One that is reached in two ways, or contains itself, is visited once."""

    watch_set: WatchSet
    list_directory: ListDirectory
    real_path: RealPath
    separator: str = "/"
    follow_symlinks: bool = True

    def from_roots(self) -> Iterator[ListedDirectory]:
        return self._walk(self.watch_set.roots)

    def below(self, directory: str) -> Iterator[ListedDirectory]:
        """Visit ``directory`` and what lies below it, if it is watched; a link only if a walk from the roots would do so."""
        parent, _, name = directory.rpartition(self.separator)
        real_parent = self.real_path(parent + self.separator)
        if directory in self.watch_set.roots or self.real_path(directory) == self._join(real_parent, name):
            return self._walk((directory,))
        linked: list[tuple[str, str]] = []
        self._follow(directory, real_parent, linked)
        return self._visit([], linked, {self.real_path(root) for root in self.watch_set.roots})

    def _walk(self, starts: Iterable[str]) -> Iterator[ListedDirectory]:
        waiting = [(start, self.real_path(start)) for start in starts if self.watch_set.descends_into(start)]
        return self._visit(waiting, [], {real for _, real in waiting})

    def _visit(
        self, waiting: list[tuple[str, str]], linked: list[tuple[str, str]], reached: set[str]
    ) -> Iterator[ListedDirectory]:
        """Visit real directories first. Visit the target of a link only if no real path has led there."""
        while waiting or linked:
            is_linked = not waiting
            path, real = linked.pop() if is_linked else waiting.pop()
            if is_linked:
                if self._is_reached(real, reached) or not self.watch_set.descends_into(path):
                    continue
                reached.add(real)
            folder, directories = self._open(path, is_linked)
            yield folder
            for name, is_link in directories:
                child = self._join(path, name)
                if is_link:
                    self._follow(child, real, linked)
                elif self.watch_set.descends_into(child):
                    waiting.append((child, self._join(real, name)))

    def _open(self, path: str, is_linked: bool) -> tuple[ListedDirectory, list[tuple[str, bool]]]:
        files: list[str] = []
        links: list[str] = []
        directories: list[tuple[str, bool]] = []
        is_watched = self.watch_set.matcher_for(path)
        gitignore: str | None = None
        prefix = path if path.endswith(self.separator) else path + self.separator
        for name, is_directory, is_link in self.list_directory(path):
            entry = prefix + name
            if name == ".gitignore":
                gitignore = entry
            if is_directory:
                directories.append((name, is_link))
            elif is_watched(name, entry):
                files.append(entry)
                if is_link:
                    links.append(entry)
        return ListedDirectory(path, tuple(files), tuple(links), is_linked, gitignore), directories

    def _follow(self, link: str, real_parent: str, linked: list[tuple[str, str]]) -> None:
        if not self.follow_symlinks:
            return
        target = self.real_path(link)
        if not is_within(real_parent, target, self.separator):  # a link to a directory above it would never end
            linked.append((link, target))

    def _is_reached(self, real: str, reached: set[str]) -> bool:
        """Return True if a visited start or link contains ``real``, and edits there are seen under the real path."""
        if real in reached:
            return True
        return any(is_within(real, root, self.separator) for root in reached) and self.watch_set.descends_into(real)

    def _join(self, directory: str, name: str) -> str:
        return directory + name if directory.endswith(self.separator) else directory + self.separator + name
