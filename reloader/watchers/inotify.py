"""The watchdog backend on Linux: one kernel watch for each watched directory, and one thread for all of them.

watchdog's own recursive watch cannot leave directories out, and asks for events that are not needed. So this uses its
InotifyFD, which delivers the events of single watches. See docs/internals/decisions.md for the reasons.
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
from reloader.core.paths.containment import is_within, minimal_roots
from reloader.core.paths.walk import ListedDirectory, Walk
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.indirect_paths import IndirectPaths
from reloader.watchers.session_watcher import SessionWatcher

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
    errno.ENOSPC: (
        "the kernel's limit of inotify watches is reached",
        "Raise it: sysctl fs.inotify.max_user_watches=524288",
    ),
    errno.EMFILE: (
        "the kernel's limit of inotify instances is reached",
        "Raise it: sysctl fs.inotify.max_user_instances=1024",
    ),
}


class DirectoryWatch:
    """The kernel watch on one directory. It passes events on with the path by which the directory was reached."""

    __slots__ = ("_session", "path", "wd")

    def __init__(self, session: InotifySession, path: str) -> None:
        self._session = session
        self.path = path
        self.wd = WatchDescriptor(-1)

    @property
    def id(self) -> CallbackId:
        return CallbackId(id(self))

    # watchdog calls these three on its reader thread

    def on_event(self, event: InotifyEvent) -> None:
        self._session.on_event(self.path, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        self._session.on_watch_deleted(self.path)

    def on_queue_overflow(self) -> None:
        self._session.on_queue_overflow()


class InotifySession:
    """The kernel watches on one watch set.

    The lock separates watchdog's reader thread from the engine's thread, which adds files.
    """

    def __init__(
        self,
        post: Post,
        disk: Disk,
        watch_set: WatchSet,
        mask: Mask,
        *,
        follow_symlinks: bool,
        listed: list[ListedDirectory] | None = None,
    ) -> None:
        self._post = post
        self._watch_set = watch_set
        self._mask = mask
        self._disk = disk
        self._walk = Walk(watch_set, self._list, disk.real_path, os.sep, follow_symlinks)
        self._listed = listed
        self._indirect = IndirectPaths(disk)
        self._watches: dict[str, DirectoryWatch] = {}
        self._failures: dict[str, int] = {}
        self._is_overflow_reported = False
        self._is_closed = False
        self._lock = threading.RLock()
        self._queue = InotifyFD()
        try:
            self._start()
        except BaseException:  # Ctrl-C during a long walk
            self.close()
            raise
        self._listed = None

    def _start(self) -> None:
        try:
            for path in self._watch_set.explicit_paths():
                self._indirect.add(path)
            for root in self._watch_set.roots:
                if not os.path.isdir(root) or self._disk.links_along(root):
                    self._indirect.add(root)  # a plain directory reports its own end
            self._watch_roots_and_indirect_paths()
        finally:
            self._queue.start()  # only now: until then events wait in the kernel, and no second thread is in this object

    # On the engine's thread

    def add_files(self, paths: Sequence[str]) -> None:
        with self._lock:
            for path in paths:
                self._watch_indirect_path(path)
            self._report_failures()

    def is_alive(self) -> bool:
        return self._queue.is_alive()

    def close(self) -> None:
        self._is_closed = True
        self._queue.stop()
        self._queue.join()

    # On the reader thread

    def on_event(self, directory: str, event: InotifyEvent) -> None:
        self._is_overflow_reported = False
        with self._lock:
            if event.is_delete_self or event.is_move_self:
                self._directory_gone(directory)
            elif event.name:
                self._entry_changed(os.path.join(directory, os.fsdecode(event.name)), event)

    def on_watch_deleted(self, directory: str) -> None:
        """Handle that the kernel has removed a watch by itself."""
        with self._lock:
            self._directory_gone(directory)

    def on_queue_overflow(self) -> None:
        """Report an overflow once, although every watch is told of it."""
        if not self._is_overflow_reported:
            self._is_overflow_reported = True
            self._post(WatcherOverflowed(InotifyWatcher.name))

    def _directory_gone(self, directory: str) -> None:
        """Handle that a directory was deleted, renamed or unmounted."""
        if self._is_closed or directory not in self._watches:
            return
        self._unwatch_tree(directory)
        if directory in self._watch_set.roots:
            self._indirect.add(directory)
        self._watch_roots_and_indirect_paths()
        self._post(PathsChanged((directory,)))

    def _entry_changed(self, path: str, event: InotifyEvent) -> None:
        was_directory = False
        if not (event.is_modify or event.is_close_write or event.is_attrib):
            was_directory = path in self._watches
            self._entry_added_or_removed(path)
        if was_directory or self._is_relevant(path, event.is_directory):
            finished = event.is_close_write or event.is_moved_to
            self._post(PathsChanged((path,), finished=finished and not event.is_directory))

    def _entry_added_or_removed(self, path: str) -> None:
        self._unwatch_tree(path)
        if os.path.isdir(path) and self._watch_set.descends_into(path):
            self._watch_tree(path)
        if os.path.islink(path) and self._watch_set.is_watched(path):
            self._watch_indirect_path(path)
        if self._indirect.are_reached_through(path):
            self._indirect.refresh()
            self._watch_roots_and_indirect_paths()
        self._report_failures()

    def _is_relevant(self, path: str, is_directory: bool) -> bool:
        if self._indirect.are_affected_by(path):
            return True
        if is_directory:
            return self._watch_set.descends_into(path)
        return self._watch_set.is_watched(path) or path.endswith(os.sep + ".gitignore")

    # Kernel watches

    def _watch_roots_and_indirect_paths(self) -> None:
        for root in self._watch_set.roots:
            if root not in self._watches and os.path.isdir(root):
                self._watch_tree(root)
        for directory in self._indirect.directories():
            self._watch_directory(directory)
        self._report_failures()

    def _watch_indirect_path(self, path: str) -> None:
        for directory in self._indirect.add(path):
            self._watch_directory(directory)

    def _watch_tree(self, start: str) -> None:
        for directory in self._walk.below(start):
            if self._listed is not None:
                self._listed.append(directory)
            for link in (*directory.links, directory.path) if directory.is_linked else directory.links:
                self._indirect.add(link)

    def _list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        """Watch a directory, then list it: what appears after the listing has an event.

        Plain files are left out, unless the caller of ``open_session`` wants the listings.
        """
        self._watch_directory(directory)
        if self._listed is not None:
            return self._disk.list(directory)
        return [entry for entry in self._disk.list(directory) if entry[1] or entry[2]]

    def _watch_directory(self, path: str) -> None:
        if path in self._watches:
            return
        watch = DirectoryWatch(self, path)
        try:
            watch.wd = self._queue.add_callback(os.fsencode(path), self._mask, watch, watch.id)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):  # these mean: gone since it was listed
                self._failures[path] = error.errno or 0
            return
        if watch.wd == WatchDescriptor(-1):  # watchdog ignores EACCES; the directory cannot be listed either
            self._queue.remove_callbacks([(watch.wd, watch.id)])
        else:
            self._watches[path] = watch

    def _unwatch_tree(self, directory: str) -> None:
        if directory not in self._watches:
            return
        below = [path for path in self._watches if is_within(path, directory, os.sep)]
        self._queue.remove_callbacks([(watch.wd, watch.id) for watch in map(self._watches.pop, below)])

    def _report_failures(self) -> None:
        """Post the directories that are not watched.

        If a tree is among them, only trees are named: single files are then polled anyway.
        """
        if not self._failures:
            return
        number = next(iter(self._failures.values()))
        cause, remedy = _LIMITS.get(number, (os.strerror(number), ""))
        trees = [path for path in self._failures if self._watch_set.descends_into(path)] or list(self._failures)
        self._post(WatcherFailed(InotifyWatcher.name, cause, remedy, minimal_roots(trees, os.sep)))
        self._failures.clear()


class InotifyWatcher(SessionWatcher):
    mechanism = "inotify"

    def open_session(self, watch_set: WatchSet, listed: list[ListedDirectory] | None = None) -> InotifySession:
        mask = _MASK if self._by_content else Mask(_MASK | InotifyConstants.IN_ATTRIB)
        return InotifySession(
            self._post, self._disk, watch_set, mask, follow_symlinks=self._follow_symlinks, listed=listed
        )

    def cause_and_remedy(self, error: OSError) -> tuple[str, str]:
        return _LIMITS.get(error.errno or 0) or super().cause_and_remedy(error)
