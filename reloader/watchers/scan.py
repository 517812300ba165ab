"""One pass of ``stat`` over everything that counts, as cheap as Python can make it, and what differs from the last pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from reloader.core.tree import Folder, Walk, is_within
from reloader.core.watchset import WatchSet
from reloader.ports import Disk
from reloader.watchers.disk import HAS_CTIME

#: Times younger than this may hide a second write: FAT counts in steps of two seconds.
YOUNG_NS = 2_000_000_000

Look = tuple[int, int, int, int]


class Scanner:
    """Remembers a look at each file and directory. Not shared between threads: its watcher sees to that."""

    def __init__(self, disk: Disk, watch_set: WatchSet, *, follow_symlinks: bool) -> None:
        self._watch_set = watch_set
        self._walk = Walk(watch_set, disk.list, disk.real, os.sep, follow_symlinks)
        self._files: dict[str, Look | None] = dict.fromkeys(watch_set.files)
        self._directories: dict[str, Look | None] = {}
        self._young: set[str] = set()
        for folder in self._walk.from_roots():
            self._adopt(folder)
        for root in watch_set.roots:
            self._directories.setdefault(root, None)
        self.scan()

    def __len__(self) -> int:
        return len(self._files) + len(self._directories)

    def scan(self) -> list[str]:
        """The paths that may differ since the last call, most of them surely."""
        hints = list(self._young)
        self._young.clear()
        hints += self._differing(self._directories)
        for directory in hints.copy():
            if directory in self._directories:
                self._reopen(directory)
        hints += self._differing(self._files)
        return hints

    def _differing(self, known: dict[str, Look | None]) -> list[str]:
        """The hot loop: a call, four attributes and a comparison for each path."""
        stat = os.stat
        differing: list[tuple[str, Look | None]] = []
        for path, before in known.items():
            try:
                found = stat(path)
            except (OSError, ValueError):
                if before is not None:
                    differing.append((path, None))
                continue
            look = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
            if look != before:
                differing.append((path, look))
        known.update(differing)
        self._remember_young(differing)
        return [path for path, _ in differing]

    def _remember_young(self, differing: list[tuple[str, Look | None]]) -> None:
        if differing:
            horizon = time.time_ns() - YOUNG_NS
            self._young.update(path for path, look in differing if look is not None and _changed_at(look) > horizon)

    def _reopen(self, directory: str) -> None:
        """A directory has other entries than before: adopt the new, forget what is below it and gone."""
        if self._directories[directory] is None and directory not in self._watch_set.roots:
            del self._directories[directory]
            for known in (self._files, self._directories):
                for path in [path for path in known if is_within(path, directory, os.sep)]:
                    if path not in self._watch_set.files and path not in self._watch_set.roots:
                        del known[path]
            return
        for folder in self._walk.below(directory):
            self._adopt(folder)

    def _adopt(self, folder: Folder) -> None:
        self._directories.setdefault(folder.path, None)
        for path in folder.files:
            self._files.setdefault(path, None)
        if folder.gitignore is not None:
            self._files.setdefault(folder.gitignore, None)


def _changed_at(look: Look) -> int:
    return max(look[0], look[1]) if HAS_CTIME else look[0]


