"""The stat backend: examines every path again and again. It needs nothing from the system and works on every file system."""

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

#: Nanoseconds in which a second write may leave the times of the first: FAT counts in steps of two seconds.
RECENT_NS = 2_000_000_000

#: A hash of the times, the size and the inode of a path. To keep the four would take five times the memory.
StatHash = int


class Scanner:
    """Compares each file and directory with its last stat. Not shared between threads, for which its watcher takes care."""

    def __init__(
        self, disk: Disk, watch_set: WatchSet, *, follow_symlinks: bool, listed: list[ListedDirectory] | None = None
    ) -> None:
        self._disk = disk
        self._watch_set = watch_set
        self._walk = Walk(watch_set, self._list, disk.real_path, os.sep, follow_symlinks)
        self._files: dict[str, StatHash | None] = dict.fromkeys(watch_set.explicit_paths())
        self._directories: dict[str, StatHash | None] = {}
        self._recent: set[str] = set()
        self._stale: set[str] = set()
        for directory in self._walk.from_roots():
            self._add(directory)
            if listed is not None:
                listed.append(directory)
        for root in watch_set.roots:
            self._directories.setdefault(root, None)
        self._changed(self._files)

    def __len__(self) -> int:
        return len(self._files) + len(self._directories)

    def add_files(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._files.setdefault(path, None)

    def scan(self) -> list[str]:
        """Return the paths that have changed since the last call, and those that may have, because they are recent."""
        recent, self._recent = self._recent, set()
        changed = self._changed(self._directories)
        self._list_again([path for path in (*recent, *changed) if path in self._directories])
        # A recent directory is listed again, but only changes in it are reported.
        return [*changed, *(path for path in recent if path not in self._directories), *self._changed(self._files)]

    def _changed(self, known: dict[str, StatHash | None]) -> list[str]:
        """Return the paths whose stat differs. This is the hot loop: a call, four attributes and a comparison for each."""
        stat = os.stat
        changed: list[tuple[str, StatHash | None]] = []
        horizon = time.time_ns() - RECENT_NS
        for path, before in known.items():
            try:
                found = stat(path)
            except (OSError, ValueError):
                if before is not None:
                    changed.append((path, None))
                continue
            now = hash((found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino))
            if now != before:
                changed.append((path, now))
                if _changed_at(found) > horizon:
                    self._recent.add(path)
        known.update(changed)
        return [path for path, _ in changed]

    def _list_again(self, directories: Sequence[str]) -> None:
        """List directories whose entries may differ: add new entries, and forget those whose directory is gone."""
        gone = {directory for directory in directories if self._directories[directory] is None}
        gone.difference_update(self._watch_set.roots)
        if gone:
            self._forget(gone)
        self._stale = set(directories) - gone
        for directory in directories:
            if directory in self._stale:  # and was not listed on the way down from another
                for found in self._walk.below(directory):
                    self._add(found)

    def _forget(self, gone: set[str]) -> None:
        for directory in gone:
            del self._directories[directory]
        is_explicit = self._watch_set.is_explicit
        for path in [path for path in self._files if os.path.dirname(path) in gone and not is_explicit(path)]:
            del self._files[path]

    def _list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        """Return the entries of a directory, or none if they are known.

        Its stat comes first: the next scan finds what appears after that.
        """
        try:
            found = os.stat(directory)
        except (OSError, ValueError):
            self._directories[directory] = None
            return ()
        if directory in self._stale:
            self._stale.remove(directory)
        elif _stat_hash(found) == self._directories.get(directory):
            return ()
        self._directories[directory] = _stat_hash(found)
        if _changed_at(found) > time.time_ns() - RECENT_NS:
            self._recent.add(directory)
        return self._disk.list(directory)

    def _add(self, directory: ListedDirectory) -> None:
        self._directories.setdefault(directory.path, None)
        for path in directory.files:
            self._files.setdefault(path, None)
        if directory.gitignore is not None:
            self._files.setdefault(directory.gitignore, None)


def _stat_hash(found: os.stat_result) -> StatHash:
    return hash((found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino))


def _changed_at(found: os.stat_result) -> int:
    return max(found.st_mtime_ns, found.st_ctime_ns) if HAS_CTIME else found.st_mtime_ns


#: The share of one core that scanning may take. It measures a little less than it takes, and the promise is 2 %.
MAX_CPU_SHARE = 0.018


class StatWatcher:
    """Scans every ``interval`` seconds, or less often if scans would take more than 2 % of a core."""

    name = "stat"
    covers_files = True

    def __init__(self, post: Post, disk: Disk, *, interval: float, follow_symlinks: bool) -> None:
        self._post = post
        self._disk = disk
        self._interval = interval
        self._follow_symlinks = follow_symlinks
        self._scanner: Scanner | None = None
        self._scanning = (
            threading.Lock()
        )  # held by the thread that scans: the backend's, or the engine's when it catches up
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._scan_forever, name="reloader-stat", daemon=True)
        self._is_slowed = False

    @property
    def mechanism(self) -> str:
        return f"a scan every {self._interval:g} s"

    def start(self, watch_set: WatchSet) -> Sequence[ListedDirectory]:
        listed: list[ListedDirectory] = []
        self._set_scanner(Scanner(self._disk, watch_set, follow_symlinks=self._follow_symlinks, listed=listed))
        self._thread.start()
        return listed

    def watch(self, watch_set: WatchSet) -> None:
        self._set_scanner(Scanner(self._disk, watch_set, follow_symlinks=self._follow_symlinks))

    def _set_scanner(self, scanner: Scanner) -> None:
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
            self._post(WatcherFailed(self.name, "its thread ended", "Please report the error above"))

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _scan_forever(self) -> None:
        delay = self._interval
        while not self._stopped.wait(delay):
            before = time.thread_time()
            self._scan_once()
            delay = self._delay_after(time.thread_time() - before)

    def _scan_once(self) -> None:
        with self._scanning:
            hints = self._scanner.scan() if self._scanner is not None else []
        if hints:
            self._post(PathsChanged(tuple(hints)))

    def _delay_after(self, cost: float) -> float:
        """Return the seconds until the next scan, if the last one took ``cost`` seconds of a core."""
        interval = cost / MAX_CPU_SHARE
        if interval > self._interval and not self._is_slowed:
            self._is_slowed = True
            self._post(PollIntervalRaised(interval, cost, len(self._scanner or ())))
        return max(self._interval, interval)
