"""The watchdog backend where the system watches whole trees by itself: FSEvents on macOS, ReadDirectoryChangesW on Windows."""

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
from reloader.core.paths.walk import ListedDirectory, Walk, is_within
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.base import SessionWatcher
from reloader.watchers.indirect_paths import IndirectPaths

#: Seconds of quiet that watchdog waits for on Windows before it delivers. Its default of 1 would starve a busy tree.
PROMPT = 0.05
#: A directory is modified whenever an entry of it is, and the entry has an event of its own.
_NO_NEWS = (DirModifiedEvent, FileOpenedEvent, FileClosedNoWriteEvent)


class Translator(FileSystemEventHandler):
    """Hands events on under the path by which we know a tree: the system reports real paths."""

    def __init__(self, session: ObserverSession, real: str, known_as: str) -> None:
        self._session = session
        self._real = real
        self._known_as = known_as

    def on_any_event(self, event: FileSystemEvent) -> None:
        if not isinstance(event, _NO_NEWS):
            for path in (event.src_path, event.dest_path):
                if path:
                    self._session.heard(self._translated(os.fsdecode(path)))

    def _translated(self, path: str) -> str:
        return self._known_as + path[len(self._real) :] if is_within(path, self._real, os.sep) else path


class ObserverSession:
    """The watches on one watch set. The lock keeps the observer's thread and the engine, which adds files, apart.

    The observer holds a lock of its own while it calls us, and takes it when it is called: who is not its thread must not
    call it while holding ours.
    """

    def __init__(self, post: Post, disk: Disk, watch_set: WatchSet, *, follow_symlinks: bool) -> None:
        self._post = post
        self._disk = disk
        self._watch_set = watch_set
        self._walk = Walk(watch_set, disk.list, disk.real_path, os.sep, follow_symlinks)
        self._places = IndirectPaths(disk)
        self._scheduled: set[str] = set()
        self._lock = threading.Lock()
        self._observer = Observer(timeout=PROMPT)
        for path in (*watch_set.explicit_paths(), *watch_set.roots):
            self._places.add(path)
        self._schedule_all()
        try:
            self._observer.start()
        except OSError:
            self._observer.stop()  # what could be started of it
            raise

    def add_files(self, paths: Sequence[str]) -> None:
        """On the engine's thread."""
        with self._lock:
            directories = [directory for path in paths for directory in self._places.add(path)]
        self._schedule_flat(directories)

    def is_alive(self) -> bool:
        """An emitter ends with its directory, which an event tells of; only the observer itself has to live."""
        return self._observer.is_alive()

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def heard(self, path: str) -> None:
        """On the observer's thread: something happened at ``path``."""
        with self._lock:
            if os.path.islink(path):
                self._places.add(path)
                self._schedule_all()
            elif self._places.lie_behind(path):
                self._places.refresh()
                self._schedule_all()
        self._post(PathsChanged((path,)))

    def _schedule_all(self) -> None:
        """One recursive watch for each root and each linked directory, a flat one for each directory of a single file."""
        self._forget_dead_watches()
        for root in self._watch_set.roots:
            self._schedule(root, recursive=True)
        for folder in self._walk.from_roots():
            if folder.is_linked:
                self._schedule(folder.path, recursive=True)
            for link in (*folder.links, folder.path) if folder.is_linked else folder.links:
                self._places.add(link)
        self._schedule_flat(self._places.directories())

    def _schedule_flat(self, directories: Iterable[str]) -> None:
        for directory in directories:
            if not self._watch_set.descends_into(directory):
                self._schedule(directory, recursive=False)

    def _schedule(self, path: str, *, recursive: bool) -> None:
        real = self._disk.real_path(path)
        if real in self._scheduled or not os.path.isdir(real):
            return
        try:
            self._observer.schedule(Translator(self, real, path), real, recursive=recursive)
        except OSError as error:
            if os.path.isdir(real):  # else it is gone since, and comes back with an event
                self._post(WatcherFailed(ObserverWatcher.name, str(error), "", (path,)))
        else:
            self._scheduled.add(real)

    def _forget_dead_watches(self) -> None:
        """A watch ends with its directory; the directory may have come back."""
        for emitter in list(self._observer.emitters):
            if emitter.ident is not None and not emitter.is_alive():
                self._observer.unschedule(emitter.watch)
                self._scheduled.discard(str(emitter.watch.path))


class ObserverWatcher(SessionWatcher):
    """``by_content`` makes no difference here: these systems report a touch like any other change."""

    def __init__(self, post: Post, disk: Disk, *, follow_symlinks: bool, by_content: bool = True) -> None:
        super().__init__(post)
        self._disk = disk
        self._follow_symlinks = follow_symlinks

    @property
    def mechanism(self) -> str:
        name = str(getattr(Observer, "__name__", Observer))
        return {"FSEventsObserver": "FSEvents", "WindowsApiObserver": "ReadDirectoryChangesW"}.get(name, name)

    def open_session(self, watch_set: WatchSet, visited: list[ListedDirectory] | None = None) -> ObserverSession:
        """Nothing is noted: the observer starts only when all is scheduled, so what was listed before may be old."""
        return ObserverSession(self._post, self._disk, watch_set, follow_symlinks=self._follow_symlinks)
