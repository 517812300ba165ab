"""The subscriptions to the roots of one watch set, and the hints that follow from their messages."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence
from itertools import count

from reloader.core.events import PathsChanged, WatcherFailed, WatcherOverflowed
from reloader.core.paths.containment import minimal_roots
from reloader.core.paths.walk import Walk
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.watchman.connection import BACKEND, CommandRefused, ConnectionLost, WatchmanResponse
from reloader.watchers.watchman.roots import SUBSCRIPTION_PREFIX, SYNC, WatchedRoot, WatchedRoots

#: Seconds between two checks of what no event reports: that Watchman lives, and that the roots are in place.
HEARTBEAT_INTERVAL = 5.0

REMEDY = "When Watchman works again, restart reloader"

_numbers = count(1)


class WatchmanSession:
    """Subscriptions to one watch set. The engine's thread queries on one connection, another thread receives on a second."""

    def __init__(
        self, post: Post, disk: Disk, watch_set: WatchSet, roots: WatchedRoots, *, follow_symlinks: bool
    ) -> None:
        self._post = post
        self._disk = disk
        self._watch_set = watch_set
        self._roots = roots
        self._walk = Walk(watch_set, disk.list, disk.real_path, os.sep, follow_symlinks)
        self._subscribed: dict[str, WatchedRoot] = {}
        self._polled: set[str] = set()
        self._lock = threading.Lock()  # held by either thread while it uses the three above
        self._is_over = False
        self._queries = roots.connect()
        try:
            self._messages = roots.connect()
        except ConnectionLost:
            self._queries.close()
            raise
        self._thread = threading.Thread(target=self._receive_messages, name="reloader-watchman", daemon=True)
        try:
            self._subscribe_to_all()
        except ConnectionLost:
            self._close_connections()
            raise
        self._thread.start()

    # On the engine's thread

    @property
    def is_over(self) -> bool:
        """True if it is closed, or Watchman is lost."""
        return self._is_over

    def is_alive(self) -> bool:
        """Return True if its thread runs, or has ended with a report."""
        return self._is_over or self._thread.is_alive()

    def add_files(self, paths: Sequence[str]) -> None:
        """Do nothing: Watchman reports watched files of its roots, and others are not covered."""

    def catch_up(self) -> None:
        """Query all changes up to now. What Watchman cannot answer in time is reported later."""
        for name, root in list(self._subscribed.items()):
            if self._is_over:
                return
            try:
                response = self._queries.request("query", root.watch, {**root.query, **SYNC})
            except CommandRefused:  # Watchman cannot write its cookie file there, or the disk is too busy
                response = WatchmanResponse()
            except ConnectionLost as error:
                self.fail(str(error))
                return
            root.clock = response.get("clock", root.clock)
            with self._lock:
                self._handle(name, response)

    def close(self) -> None:
        with self._lock:
            self._is_over = True
        self._messages.interrupt()
        self._thread.join()
        self._close_connections()

    def _close_connections(self) -> None:
        self._queries.close()
        self._messages.close()

    # Before its own thread is started

    def _subscribe_to_all(self) -> None:
        for root in self._watch_set.roots:
            try:
                self._subscribe(root)
            except CommandRefused as error:
                self._post(WatcherFailed(BACKEND, str(error), "", (root,)))

    def _subscribe(self, path: str) -> None:
        root = self._roots.watch(self._queries, path, self._disk.real_path(path))
        name = f"{SUBSCRIPTION_PREFIX}{os.getpid()}-{next(_numbers)}"
        # Without defer_vcs, a lock file that git has left behind would silence Watchman for ever.
        response = self._messages.request("subscribe", root.watch, name, {**root.query, "defer_vcs": False})
        self._roots.is_new_warning(response)
        self._subscribed[name] = root
        self._poll_behind(root.paths(self._queries.request("query", root.watch, root.query_for_links)))

    # On its own thread

    def _receive_messages(self) -> None:
        heartbeat_at, is_awaited = time.monotonic() + HEARTBEAT_INTERVAL, False
        try:
            while not self._is_over:
                message = self._messages.receive(max(0.0, heartbeat_at - time.monotonic()))
                if message is not None:
                    is_awaited = False
                    with self._lock:
                        self._handle(message.get("subscription", ""), message)
                if time.monotonic() >= heartbeat_at:
                    if is_awaited:
                        self.fail(f"Watchman gave no answer for {HEARTBEAT_INTERVAL:g} s")
                        return
                    self._messages.ping()
                    self._check_roots()
                    heartbeat_at, is_awaited = time.monotonic() + HEARTBEAT_INTERVAL, True
        except ConnectionLost as error:
            self.fail(str(error))

    def _check_roots(self) -> None:
        with self._lock:
            for name in list(self._subscribed):
                self._handle(name, WatchmanResponse())

    # On either thread

    def fail(self, cause: str) -> None:
        """Report once that Watchman is lost."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._post(WatcherFailed(BACKEND, cause, REMEDY))
        self._messages.interrupt()

    # On either thread, with the lock

    def _handle(self, name: str, message: WatchmanResponse) -> None:
        root = self._subscribed.get(name)
        if root is None or self._is_over:  # the response to a ping, or a late message of a root that is polled by now
            return
        if not root.is_in_place:
            self._give_up(name, "the directory was moved, which Watchman may not notice")
        elif message.get("canceled"):
            self._on_canceled(name, root)
        elif message.get("is_fresh_instance") or self._roots.is_new_warning(message):
            self._post(WatcherOverflowed(BACKEND))
        self._post_hints(root.paths(message))

    def _on_canceled(self, name: str, root: WatchedRoot) -> None:
        """Handle that the watch was removed: by another client, for example a reloader, or by Watchman itself."""
        if self._roots.may_watch_again(root):
            del self._subscribed[name]
            self._post(WatcherOverflowed(BACKEND))  # the engine then sets the watch set again, which subscribes anew
        else:
            self._give_up(name, "Watchman ends the watch again and again")

    def _give_up(self, name: str, cause: str) -> None:
        root = self._subscribed.pop(name)
        self._post(WatcherFailed(BACKEND, cause, "", (root.path,)))

    def _post_hints(self, paths: Sequence[str]) -> None:
        links = [path for path in paths if os.path.islink(path)]
        linked = {path for path in links if self._watch_set.descends_into(path)}
        self._poll_behind(links)
        hints = tuple(path for path in paths if path in linked or self._is_relevant(path))
        if hints:
            self._post(PathsChanged(hints))

    def _is_relevant(self, path: str) -> bool:
        """Return True for a watched file. A directory needs no hint: Watchman names everything in it."""
        return self._watch_set.is_watched(path) or path.endswith(os.sep + ".gitignore")

    def _poll_behind(self, links: Iterable[str]) -> None:
        """Have the targets of ``links`` polled: Watchman sees a link, but not the changes of its target."""
        paths = minimal_roots([path for link in links for path in self._paths_behind(link)], os.sep)
        new = tuple(path for path in paths if path not in self._polled)
        if new:
            self._polled.update(new)
            self._post(WatcherFailed(BACKEND, "it does not follow links", "", new))

    def _paths_behind(self, link: str) -> list[str]:
        if self._watch_set.descends_into(link) and os.path.isdir(link):
            return [directory.path for directory in self._walk.below(link) if directory.is_linked]
        return [link] if self._watch_set.is_watched(link) and not os.path.isdir(link) else []
