"""The stat backend: looks at everything again and again. Needs nothing from the system, works on every file system."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from reloader.core.events import IntervalRaised, PathsChanged, WatcherFailed
from reloader.core.paths.walk import Folder
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.scan import Scanner

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

    def start(self, watch_set: WatchSet) -> Sequence[Folder]:
        visited: list[Folder] = []
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
            self._post(IntervalRaised(affordable, cost, len(self._scanner or ())))
        return max(self._interval, affordable)
