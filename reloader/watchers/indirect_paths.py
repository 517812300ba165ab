"""Paths that are not in a watched tree: single files, links and their targets. They are watched through their directories."""

from __future__ import annotations

import os
from collections.abc import Iterator

from reloader.interfaces import Disk


class IndirectPaths:
    """Single paths, each of which is watched through its directory, or through the nearest one above that exists."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._added: set[str] = set()
        self._paths: set[str] = set()  # also every link that leads to an added path, and its target
        self._above: set[str] = set()  # the links and directories through which these are reached

    def add(self, path: str) -> set[str]:
        """Add ``path``, every link that is followed to reach it, and its real path. Return the directories to watch for it."""
        self._added.add(path)
        links = self._disk.links_along(path)
        self._above.update(links)
        new = {path, *links, self._disk.real_path(path)} - self._paths
        self._paths |= new
        for indirect in new:
            self._above.update(_directories_above(indirect))
        return {self._nearest_existing(os.path.dirname(indirect)) for indirect in new}

    def refresh(self) -> None:
        """Follow all links again. The targets of before are kept: their events are cheap, and dropped later."""
        for path in list(self._added):
            self.add(path)

    def are_affected_by(self, path: str) -> bool:
        """Return True if an event at ``path`` may concern one of the paths."""
        return path in self._paths or path in self._above

    def are_reached_through(self, path: str) -> bool:
        """Return True if ``path`` is a link or directory above one of the paths: an event there may move them."""
        return path in self._above

    def directories(self) -> set[str]:
        return {self._nearest_existing(os.path.dirname(path)) for path in self._paths}

    def _nearest_existing(self, directory: str) -> str:
        while not os.path.isdir(directory):
            above = os.path.dirname(directory)
            if above == directory:
                break
            directory = above
        return directory


def _directories_above(path: str) -> Iterator[str]:
    above = os.path.dirname(path)
    while above != path:
        yield above
        path, above = above, os.path.dirname(above)
