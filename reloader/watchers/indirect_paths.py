"""Which directories an event backend must watch beyond the trees: those of single files, of links and of their targets."""

from __future__ import annotations

import os
from collections.abc import Iterator

from reloader.interfaces import Disk


class IndirectPaths:
    """Single paths whose events matter. Each is watched through its directory, or the nearest one above that exists."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._origins: set[str] = set()
        self._paths: set[str] = set()
        self._passages: set[str] = set()

    def add(self, path: str) -> set[str]:
        """``path``, every link that is followed to reach it, and what is really there. Returns what to watch for the new."""
        self._origins.add(path)
        links = self._disk.links_along(path)
        self._passages.update(links)
        new = {path, *links, self._disk.real_path(path)} - self._paths
        self._paths |= new
        for place in new:
            self._passages.update(_directories_above(place))
        return {self._nearest_existing(os.path.dirname(place)) for place in new}

    def refresh(self) -> None:
        """A link may lead elsewhere now. Where one led before stays a place: news of it are cheap to hear and to drop."""
        for path in list(self._origins):
            self.add(path)

    def matter(self, path: str) -> bool:
        """Whether news of ``path`` are news of a place: it is one, or the way to one."""
        return path in self._paths or path in self._passages

    def lie_behind(self, path: str) -> bool:
        """Whether ``path`` is a link or a directory on the way to a place, so that its end or its beginning moves places."""
        return path in self._passages

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
