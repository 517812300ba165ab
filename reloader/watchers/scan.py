"""One pass of ``stat`` over everything that counts, as cheap as Python can make it, and what differs from the last pass."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from reloader.core.paths.walk import Folder, Walk
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk
from reloader.watchers.disk import HAS_CTIME

#: Times younger than this may hide a second write: FAT counts in steps of two seconds.
YOUNG_NS = 2_000_000_000

#: What is kept of a look at a path: a digest of its times, its size and its inode. The four would take five times the memory.
Look = int


class Scanner:
    """Remembers a look at each file and directory. Not shared between threads: its watcher sees to that."""

    def __init__(
        self, disk: Disk, watch_set: WatchSet, *, follow_symlinks: bool, visited: list[Folder] | None = None
    ) -> None:
        self._disk = disk
        self._watch_set = watch_set
        self._walk = Walk(watch_set, self._list, disk.real, os.sep, follow_symlinks)
        self._files: dict[str, Look | None] = dict.fromkeys(watch_set.named())
        self._directories: dict[str, Look | None] = {}
        self._young: set[str] = set()
        self._stale: set[str] = set()
        for folder in self._walk.from_roots():
            self._adopt(folder)
            if visited is not None:
                visited.append(folder)
        for root in watch_set.roots:
            self._directories.setdefault(root, None)
        self._differing(self._files)

    def __len__(self) -> int:
        return len(self._files) + len(self._directories)

    def add_files(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._files.setdefault(path, None)

    def scan(self) -> list[str]:
        """The paths that may differ since the last call, most of them surely."""
        young, self._young = self._young, set()
        changed = self._differing(self._directories)
        self._reopen([path for path in (*young, *changed) if path in self._directories])
        # A young directory is listed again, but only what is found in it is news.
        return [*changed, *(path for path in young if path not in self._directories), *self._differing(self._files)]

    def _differing(self, known: dict[str, Look | None]) -> list[str]:
        """The hot loop: a call, four attributes and a comparison for each path."""
        stat = os.stat
        differing: list[tuple[str, Look | None]] = []
        horizon = time.time_ns() - YOUNG_NS
        for path, before in known.items():
            try:
                found = stat(path)
            except (OSError, ValueError):
                if before is not None:
                    differing.append((path, None))
                continue
            look = hash((found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino))
            if look != before:
                differing.append((path, look))
                if _changed_at(found) > horizon:
                    self._young.add(path)
        known.update(differing)
        return [path for path, _ in differing]

    def _reopen(self, directories: Sequence[str]) -> None:
        """These have other entries than before, or may have: adopt the new, forget what is gone with its directory."""
        gone = {directory for directory in directories if self._directories[directory] is None}
        gone.difference_update(self._watch_set.roots)
        if gone:
            self._forget(gone)
        self._stale = set(directories) - gone
        for directory in directories:
            if directory in self._stale:  # and was not listed on the way down from another
                for folder in self._walk.below(directory):
                    self._adopt(folder)

    def _forget(self, gone: set[str]) -> None:
        for directory in gone:
            del self._directories[directory]
        names = self._watch_set.names
        for path in [path for path in self._files if os.path.dirname(path) in gone and not names(path)]:
            del self._files[path]

    def _list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        """The entries of a directory, or none if they are known. The look comes first: what appears later is seen later."""
        try:
            found = os.stat(directory)
        except (OSError, ValueError):
            self._directories[directory] = None
            return ()
        if directory in self._stale:
            self._stale.remove(directory)
        elif _look(found) == self._directories.get(directory):
            return ()
        self._directories[directory] = _look(found)
        if _changed_at(found) > time.time_ns() - YOUNG_NS:
            self._young.add(directory)
        return self._disk.list(directory)

    def _adopt(self, folder: Folder) -> None:
        self._directories.setdefault(folder.path, None)
        for path in folder.files:
            self._files.setdefault(path, None)
        if folder.gitignore is not None:
            self._files.setdefault(folder.gitignore, None)


def _look(found: os.stat_result) -> Look:
    return hash((found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino))


def _changed_at(found: os.stat_result) -> int:
    return max(found.st_mtime_ns, found.st_ctime_ns) if HAS_CTIME else found.st_mtime_ns
