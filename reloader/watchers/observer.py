"""The watchdog backend where the system watches whole trees: FSEvents on macOS, ReadDirectoryChangesW on Windows."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence

from watchdog.events import (
    DirModifiedEvent,
    FileClosedNoWriteEvent,
    FileOpenedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from reloader.core.events import PathsChanged, WatcherFailed
from reloader.core.paths.containment import is_within
from reloader.core.paths.walk import ListedDirectory, Walk
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.indirect_paths import IndirectPaths
from reloader.watchers.session_watcher import SessionWatcher

#: Seconds without an event after which watchdog delivers on Windows. With its default of 1 a busy tree would never be quiet.
DELIVERY_TIMEOUT = 0.05
#: A directory is modified whenever an entry of it is, and the entry has an event of its own.
_REDUNDANT = (DirModifiedEvent, FileOpenedEvent, FileClosedNoWriteEvent)


class RootEventHandler(FileSystemEventHandler):
    """Passes events on with the path by which the user knows a tree: the system reports real paths."""

    def __init__(self, session: ObserverSession, real: str, known_as: str) -> None:
        self._session = session
        self._real = real
        self._known_as = known_as

    def on_any_event(self, event: FileSystemEvent) -> None:
        if not isinstance(event, _REDUNDANT):
            for path in (event.src_path, event.dest_path):
                if path:
                    self._session.on_change(self._known_path(os.fsdecode(path)))

    def _known_path(self, path: str) -> str:
        return self._known_as + path[len(self._real) :] if is_within(path, self._real, os.sep) else path


class ObserverSession:
    """The watches on one watch set.

    The lock separates the observer's thread from the engine's thread, which adds files. The observer holds a lock of its own
    while it calls this object, and takes it when it is called. So no other thread may call the observer while it holds the
    lock of this object.
    """

    def __init__(self, post: Post, disk: Disk, watch_set: WatchSet, *, follow_symlinks: bool) -> None:
        self._post = post
        self._disk = disk
        self._watch_set = watch_set
        self._walk = Walk(watch_set, disk.list, disk.real_path, os.sep, follow_symlinks)
        self._indirect = IndirectPaths(disk)
        self._scheduled: set[str] = set()
        self._lock = threading.Lock()
        self._observer = Observer(timeout=DELIVERY_TIMEOUT)
        for path in (*watch_set.explicit_paths(), *watch_set.roots):
            self._indirect.add(path)
        self._schedule_all()
        try:
            self._observer.start()
        except OSError:
            self._observer.stop()  # the part of it that did start
            raise

    # On the engine's thread

    def add_files(self, paths: Sequence[str]) -> None:
        with self._lock:
            directories = [directory for path in paths for directory in self._indirect.add(path)]
        self._schedule_flat(directories)

    def is_alive(self) -> bool:
        """Return True if the observer lives. An emitter ends with its directory, which an event reports."""
        return self._observer.is_alive()

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    # On the observer's thread

    def on_change(self, path: str) -> None:
        with self._lock:
            if os.path.islink(path):
                self._indirect.add(path)
                self._schedule_all()
            elif self._indirect.are_reached_through(path):
                self._indirect.refresh()
                self._schedule_all()
        self._post(PathsChanged((path,)))

    # Watches

    def _schedule_all(self) -> None:
        """Schedule a recursive watch for each root and linked directory, and a flat one for each directory of a single file."""
        self._forget_ended_watches()
        for root in self._watch_set.roots:
            self._schedule(root, recursive=True)
        for directory in self._walk.from_roots():
            if directory.is_linked:
                self._schedule(directory.path, recursive=True)
            for link in (*directory.links, directory.path) if directory.is_linked else directory.links:
                self._indirect.add(link)
        self._schedule_flat(self._indirect.directories())

    def _schedule_flat(self, directories: Iterable[str]) -> None:
        for directory in directories:
            if not self._watch_set.descends_into(directory):
                self._schedule(directory, recursive=False)

    def _schedule(self, path: str, *, recursive: bool) -> None:
        real = self._disk.real_path(path)
        if real in self._scheduled or not os.path.isdir(real):
            return
        try:
            self._observer.schedule(RootEventHandler(self, real, path), real, recursive=recursive)
        except OSError as error:
            if os.path.isdir(real):  # else it has gone meanwhile, and has an event when it comes back
                self._post(WatcherFailed(ObserverWatcher.name, str(error), "", (path,)))
        else:
            self._scheduled.add(real)

    def _forget_ended_watches(self) -> None:
        """Forget watches that ended with their directory, so that a directory that came back is watched again."""
        for emitter in list(self._observer.emitters):
            if emitter.ident is not None and not emitter.is_alive():
                self._observer.unschedule(emitter.watch)
                self._scheduled.discard(str(emitter.watch.path))


class ObserverWatcher(SessionWatcher):
    """``by_content`` makes no difference here: these systems report a touch like any other change."""

    @property
    def mechanism(self) -> str:
        name = str(getattr(Observer, "__name__", Observer))
        return {"FSEventsObserver": "FSEvents", "WindowsApiObserver": "ReadDirectoryChangesW"}.get(name, name)

    def open_session(self, watch_set: WatchSet, listed: list[ListedDirectory] | None = None) -> ObserverSession:
        """Return a session. Nothing is ``listed``: the observer starts after all is scheduled, so a listing may be old."""
        return ObserverSession(self._post, self._disk, watch_set, follow_symlinks=self._follow_symlinks)
