"""The stat backend: looks at everything again and again. Needs nothing from the system, works on every file system."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from reloader.core.events import PathsChanged, PollIntervalRaised, WatcherFailed
from reloader.core.paths.walk import ListedDirectory, Walk
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.disk import HAS_CTIME

#: Times younger than this may hide a second write: FAT counts in steps of two seconds.
YOUNG_NS = 2_000_000_000

#: What is kept of a look at a path: a digest of its times, its size and its inode. The four would take five times the memory.
Look = int


class Scanner:
    """Remembers a look at each file and directory. Not shared between threads: its watcher sees to that."""

    def __init__(
        self, disk: Disk, watch_set: WatchSet, *, follow_symlinks: bool, visited: list[ListedDirectory] | None = None
    ) -> None:
        self._disk = disk
        self._watch_set = watch_set
        self._walk = Walk(watch_set, self._list, disk.real_path, os.sep, follow_symlinks)
        self._files: dict[str, Look | None] = dict.fromkeys(watch_set.explicit_paths())
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
        names = self._watch_set.is_explicit
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

    def _adopt(self, folder: ListedDirectory) -> None:
        self._directories.setdefault(folder.path, None)
        for path in folder.files:
            self._files.setdefault(path, None)
        if folder.gitignore is not None:
            self._files.setdefault(folder.gitignore, None)


def _look(found: os.stat_result) -> Look:
    return hash((found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino))


def _changed_at(found: os.stat_result) -> int:
    return max(found.st_mtime_ns, found.st_ctime_ns) if HAS_CTIME else found.st_mtime_ns


#: The share of one core that scanning may take. What it measures is a little less than what it takes: 2 % are not to be passed.
AFFORDABLE = 0.018


class StatWatcher:
    """Scans every ``interval`` seconds, or less often where a scan would take more than 2 % of a core."""

    name = "stat"
    covers_files = True

    def __init__(self, post: Post, disk: Disk, *, interval: float, follow_symlinks: bool) -> None:
        self._post = post
        self._disk = disk
        self._interval = interval
        self._follow_symlinks = follow_symlinks
        self._scanner: Scanner | None = None
        self._scanning = threading.Lock()  # one thread at a time: ours, or the engine's that catches up
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._scan_forever, name="reloader-stat", daemon=True)
        self._slowed = False

    @property
    def mechanism(self) -> str:
        return f"a scan every {self._interval:g} s"

    def start(self, watch_set: WatchSet) -> Sequence[ListedDirectory]:
        visited: list[ListedDirectory] = []
        self._scan_from_now_on(Scanner(self._disk, watch_set, follow_symlinks=self._follow_symlinks, visited=visited))
        self._thread.start()
        return visited

    def watch(self, watch_set: WatchSet) -> None:
        self._scan_from_now_on(Scanner(self._disk, watch_set, follow_symlinks=self._follow_symlinks))

    def _scan_from_now_on(self, scanner: Scanner) -> None:
        with self._scanning:
            self._scanner = scanner

    def add_files(self, paths: Sequence[str]) -> None:
        with self._scanning:
            if self._scanner is not None:
                self._scanner.add_files(paths)

    def catch_up(self) -> None:
        self._scan_once()

    def check(self) -> None:
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopped.is_set():
            self._post(WatcherFailed(self.name, "its thread has died", "Please report what it wrote"))

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _scan_forever(self) -> None:
        pause = self._interval
        while not self._stopped.wait(pause):
            before = time.thread_time()
            self._scan_once()
            pause = self._pause_after(time.thread_time() - before)

    def _scan_once(self) -> None:
        with self._scanning:
            hints = self._scanner.scan() if self._scanner is not None else []
        if hints:
            self._post(PathsChanged(tuple(hints)))

    def _pause_after(self, cost: float) -> float:
        """Seconds until the next scan, when the last one took ``cost`` seconds of a core."""
        affordable = cost / AFFORDABLE
        if affordable > self._interval and not self._slowed:
            self._slowed = True
            self._post(PollIntervalRaised(affordable, cost, len(self._scanner or ())))
        return max(self._interval, affordable)
