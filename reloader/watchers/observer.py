"""The watchdog backend where the system watches whole trees by itself: FSEvents on macOS, ReadDirectoryChangesW on Windows."""

from __future__ import annotations

import os
from collections.abc import Iterator

from watchdog.events import (
    DirModifiedEvent,
    FileClosedNoWriteEvent,
    FileOpenedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from reloader.core.events import PathsChanged, WatcherFailed
from reloader.core.tree import Walk
from reloader.core.watchset import WatchSet
from reloader.errors import BackendUnavailable
from reloader.ports import Disk, Post
from reloader.watchers.places import Places

#: Seconds of quiet that watchdog waits for on Windows before it delivers. Its default of 1 would starve a busy tree.
PROMPT = 0.05
#: A directory is modified whenever an entry of it is, and the entry has an event of its own.
_NO_NEWS = (DirModifiedEvent, FileOpenedEvent, FileClosedNoWriteEvent)


class Translator(FileSystemEventHandler):
    """Hands events on under the path by which we know a tree: the system reports real paths."""

    def __init__(self, post: Post, real: str, known_as: str) -> None:
        self._post = post
        self._real = real
        self._known_as = known_as

    def on_any_event(self, event: FileSystemEvent) -> None:
        if not isinstance(event, _NO_NEWS):
            paths = tuple(self._translated(os.fsdecode(path)) for path in (event.src_path, event.dest_path) if path)
            self._post(PathsChanged(paths))

    def _translated(self, path: str) -> str:
        if path.startswith(self._real):
            return self._known_as + path[len(self._real) :]
        return path


class ObserverWatcher:
    """One recursive watch for each root and each linked directory, a flat one for each directory of a single file."""

    name = "watchdog"

    def __init__(self, post: Post, disk: Disk, *, follow_symlinks: bool) -> None:
        self._post = post
        self._disk = disk
        self._follow_symlinks = follow_symlinks
        self._observer: BaseObserver | None = None

    @property
    def mechanism(self) -> str:
        name = str(getattr(Observer, "__name__", Observer))
        return {"FSEventsObserver": "FSEvents", "WindowsApiObserver": "ReadDirectoryChangesW"}.get(name, name)

    def start(self, watch_set: WatchSet) -> None:
        observer = Observer(timeout=PROMPT)
        try:
            for path, recursive in self._wanted(watch_set):
                self._schedule(observer, path, recursive=recursive)
            observer.start()
        except OSError as error:
            raise BackendUnavailable(self.name, str(error), 'Use backend = "stat"') from error
        self._observer = observer

    def watch(self, watch_set: WatchSet) -> None:
        """A new observer takes over before the old one ends, so that nothing falls between them."""
        before = self._observer
        try:
            self.start(watch_set)
        except BackendUnavailable as error:
            self._post(WatcherFailed(self.name, error.cause, error.remedy))
        if before is not None:
            _end(before)

    def catch_up(self) -> None:
        """Nothing to do: events are delivered as they come."""

    def stop(self) -> None:
        if self._observer is not None:
            _end(self._observer)
            self._observer = None

    def _wanted(self, watch_set: WatchSet) -> Iterator[tuple[str, bool]]:
        places = Places(self._disk)
        for path in (*watch_set.files, *watch_set.roots):
            places.add(path)
        for root in watch_set.roots:
            if os.path.isdir(root):
                yield root, True
        for folder in Walk(watch_set, self._disk.list, self._disk.real, os.sep, self._follow_symlinks).from_roots():
            if folder.is_linked:
                yield folder.path, True
            for link in (*folder.links, folder.path) if folder.is_linked else folder.links:
                places.add(link)
        for directory in places.directories():
            if not watch_set.enters(directory):
                yield directory, False

    def _schedule(self, observer: BaseObserver, path: str, *, recursive: bool) -> None:
        real = self._disk.real(path)
        observer.schedule(Translator(self._post, real, path), real, recursive=recursive)


def _end(observer: BaseObserver) -> None:
    observer.stop()
    observer.join()
