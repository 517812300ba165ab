"""The watchdog backend on Linux: one kernel watch for each directory that counts, one thread for all of them.

watchdog's own recursive watch cannot leave directories out and asks for events that we do not want; its InotifyFD, which
delivers the events of single watches, is what is used here. See docs/internals/decisions.md for the reasons.
"""

from __future__ import annotations

import sys

assert sys.platform == "linux"

import errno
import os
import threading
from collections.abc import Sequence

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from reloader.core.events import PathsChanged, WatcherFailed, WatcherOverflowed
from reloader.core.paths.walk import ListedDirectory, Walk, is_within, minimal_roots
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.base import SessionWatcher
from reloader.watchers.indirect_paths import IndirectPaths

_MASK = Mask(
    InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_EXCL_UNLINK
)
_LIMITS = {
    errno.ENOSPC: ("the kernel's limit of watches is reached", "Raise it: sysctl fs.inotify.max_user_watches=524288"),
    errno.EMFILE: (
        "the kernel's limit of inotify instances is reached",
        "Raise it: sysctl fs.inotify.max_user_instances=1024",
    ),
}


class DirectoryWatches:
    """Hears the events of one directory and hands them on with the path by which the directory was reached."""

    __slots__ = ("_session", "path", "wd")

    def __init__(self, session: InotifySession, path: str) -> None:
        self._session = session
        self.path = path
        self.wd = WatchDescriptor(-1)

    @property
    def id(self) -> CallbackId:
        return CallbackId(id(self))

    def on_event(self, event: InotifyEvent) -> None:
        self._session.heard(self.path, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        self._session.gone(self.path)

    def on_queue_overflow(self) -> None:
        self._session.overflowed()


class InotifySession:
    """The ears on one watch set. The lock keeps watchdog's reader thread and the engine, which adds files, apart."""

    def __init__(
        self,
        post: Post,
        disk: Disk,
        watch_set: WatchSet,
        mask: Mask,
        *,
        follow_symlinks: bool,
        visited: list[ListedDirectory] | None = None,
    ) -> None:
        self._post = post
        self._watch_set = watch_set
        self._mask = mask
        self._disk = disk
        self._walk = Walk(watch_set, self._list, disk.real_path, os.sep, follow_symlinks)
        self._visited = visited
        self._places = IndirectPaths(disk)
        self._ears: dict[str, DirectoryWatches] = {}
        self._failures: dict[str, int] = {}
        self._overflow_is_told = False
        self._closed = False
        self._lock = threading.RLock()
        self._queue = InotifyFD()
        try:
            self._begin()
        except BaseException:  # a user who has lost patience with a long walk
            self.close()
            raise
        self._visited = None

    def _begin(self) -> None:
        try:
            for path in self._watch_set.explicit_paths():
                self._places.add(path)
            for root in self._watch_set.roots:
                if not os.path.isdir(root) or self._disk.links_along(root):
                    self._places.add(root)  # a plain directory tells of its own end
            self._listen_to_roots_and_places()
        finally:
            self._queue.start()  # only now: what happens meanwhile waits in the kernel, and no two threads are in here

    def add_files(self, paths: Sequence[str]) -> None:
        """On the engine's thread."""
        with self._lock:
            for path in paths:
                self._listen_to_place(path)
            self._tell_of_failures()

    def is_alive(self) -> bool:
        return self._queue.is_alive()

    def close(self) -> None:
        self._closed = True
        self._queue.stop()
        self._queue.join()

    # On the reader's thread

    def heard(self, directory: str, event: InotifyEvent) -> None:
        self._overflow_is_told = False
        with self._lock:
            if event.is_delete_self or event.is_move_self:
                self._gone(directory)
            elif event.name:
                self._entry_stirred(os.path.join(directory, os.fsdecode(event.name)), event)

    def gone(self, directory: str) -> None:
        """The kernel has given the watch up."""
        with self._lock:
            self._gone(directory)

    def _gone(self, directory: str) -> None:
        """The directory is not where it was: deleted, renamed, unmounted."""
        if self._closed or directory not in self._ears:
            return
        self._drop(directory)
        if directory in self._watch_set.roots:
            self._places.add(directory)
        self._listen_to_roots_and_places()
        self._post(PathsChanged((directory,)))

    def overflowed(self) -> None:
        """Every ear is told of an overflow; the engine is told once."""
        if not self._overflow_is_told:
            self._overflow_is_told = True
            self._post(WatcherOverflowed(InotifyWatcher.name))

    def _entry_stirred(self, path: str, event: InotifyEvent) -> None:
        was_directory = False
        if not (event.is_modify or event.is_close_write or event.is_attrib):
            was_directory = path in self._ears
            self._entry_came_or_went(path)
        if was_directory or self._matters(path, event.is_directory):
            finished = event.is_close_write or event.is_moved_to
            self._post(PathsChanged((path,), finished=finished and not event.is_directory))

    def _entry_came_or_went(self, path: str) -> None:
        self._drop(path)
        if os.path.isdir(path) and self._watch_set.descends_into(path):
            self._listen_below(path)
        if os.path.islink(path) and self._watch_set.is_watched(path):
            self._listen_to_place(path)
        if self._places.lie_behind(path):
            self._places.refresh()
            self._listen_to_roots_and_places()
        self._tell_of_failures()

    def _matters(self, path: str, is_directory: bool) -> bool:
        if self._places.matter(path):
            return True
        if is_directory:
            return self._watch_set.descends_into(path)
        return self._watch_set.is_watched(path) or path.endswith(os.sep + ".gitignore")

    # Ears

    def _listen_to_roots_and_places(self) -> None:
        for root in self._watch_set.roots:
            if root not in self._ears and os.path.isdir(root):
                self._listen_below(root)
        for directory in self._places.directories():
            self._listen(directory)
        self._tell_of_failures()

    def _listen_to_place(self, path: str) -> None:
        for directory in self._places.add(path):
            self._listen(directory)

    def _listen_below(self, directory: str) -> None:
        for folder in self._walk.below(directory):
            if self._visited is not None:
                self._visited.append(folder)
            for link in (*folder.links, folder.path) if folder.is_linked else folder.links:
                self._places.add(link)

    def _list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        """Without files, unless somebody asks for them. The ear comes first: what appears after the listing is heard of."""
        self._listen(directory)
        if self._visited is not None:
            return self._disk.list(directory)
        return [entry for entry in self._disk.list(directory) if entry[1] or entry[2]]

    def _listen(self, path: str) -> None:
        if path in self._ears:
            return
        ear = DirectoryWatches(self, path)
        try:
            ear.wd = self._queue.add_callback(os.fsencode(path), self._mask, ear, ear.id)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):  # these mean: gone since it was listed
                self._failures[path] = error.errno or 0
            return
        if ear.wd == WatchDescriptor(-1):  # watchdog passes over EACCES; nothing can be listed there either
            self._queue.remove_callbacks([(ear.wd, ear.id)])
        else:
            self._ears[path] = ear

    def _drop(self, directory: str) -> None:
        if directory not in self._ears:
            return
        below = [path for path in self._ears if is_within(path, directory, os.sep)]
        self._queue.remove_callbacks([(ear.wd, ear.id) for ear in map(self._ears.pop, below)])

    def _tell_of_failures(self) -> None:
        if not self._failures:
            return
        number = next(iter(self._failures.values()))
        cause, remedy = _LIMITS.get(number, (os.strerror(number), ""))
        # Named are the trees; a failed directory of a single file only where there is no tree: with all else, files are polled.
        trees = [path for path in self._failures if self._watch_set.descends_into(path)] or list(self._failures)
        self._post(WatcherFailed(InotifyWatcher.name, cause, remedy, minimal_roots(trees, os.sep)))
        self._failures.clear()


class InotifyWatcher(SessionWatcher):
    """``by_content`` says that a touch changes nothing, so that nobody has to hear of it."""

    mechanism = "inotify"

    def __init__(self, post: Post, disk: Disk, *, follow_symlinks: bool, by_content: bool = True) -> None:
        super().__init__(post)
        self._disk = disk
        self._follow_symlinks = follow_symlinks
        self._mask = _MASK if by_content else Mask(_MASK | InotifyConstants.IN_ATTRIB)

    def open_session(self, watch_set: WatchSet, visited: list[ListedDirectory] | None = None) -> InotifySession:
        return InotifySession(
            self._post, self._disk, watch_set, self._mask, follow_symlinks=self._follow_symlinks, visited=visited
        )

    def explain(self, error: OSError) -> tuple[str, str]:
        return _LIMITS.get(error.errno or 0) or super().explain(error)
