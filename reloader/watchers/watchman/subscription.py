"""Subscriptions to the trees of one watch set, and what is made of the news."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence
from itertools import count

from reloader.core.events import PathsChanged, WatcherFailed, WatcherOverflowed
from reloader.core.paths.walk import Walk, minimal_roots
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.watchman.connection import BACKEND, Answer, CommandRefused, ConnectionLost
from reloader.watchers.watchman.roots import OURS, SYNC, WatchedRoot, WatchedRoots

#: Seconds between two looks at what no event tells: whether Watchman lives, and whether the trees are where they were.
HEARTBEAT = 5.0

REMEDY = "When Watchman works again, start this program again"

_numbers = count(1)


class WatchmanSession:
    """Subscriptions to one watch set. The engine's thread asks on one line, ours listens on another."""

    def __init__(
        self, post: Post, disk: Disk, watch_set: WatchSet, trees: WatchedRoots, *, follow_symlinks: bool
    ) -> None:
        self._post = post
        self._disk = disk
        self._watch_set = watch_set
        self._trees = trees
        self._walk = Walk(watch_set, disk.list, disk.real_path, os.sep, follow_symlinks)
        self._subscribed: dict[str, WatchedRoot] = {}
        self._polled: set[str] = set()
        self._lock = threading.Lock()  # on the three above, which both threads come by
        self._is_over = False
        self._line = trees.line()
        try:
            self._ear = trees.line()
        except ConnectionLost:
            self._line.close()
            raise
        self._thread = threading.Thread(target=self._listen, name="reloader-watchman", daemon=True)
        try:
            self._subscribe_to_all()
        except ConnectionLost:
            self._close_lines()
            raise
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether it is closed, or Watchman is lost."""
        return self._is_over

    def is_alive(self) -> bool:
        """Whether its thread runs, unless it is over, which was told."""
        return self._is_over or self._thread.is_alive()

    def add_files(self, paths: Sequence[str]) -> None:
        """Nothing to do: in a tree they are reported if they count, elsewhere they are not covered."""

    def catch_up(self) -> None:
        """On the engine's thread: ask for all that happened up to now. What cannot be said in time is said later."""
        for name, tree in list(self._subscribed.items()):
            if self._is_over:
                return
            try:
                answer = self._line.ask("query", tree.watch, {**tree.query, **SYNC})
            except CommandRefused:  # no cookie can be made there, or the disk is too busy
                answer = Answer()
            except ConnectionLost as error:
                self.fail(str(error))
                return
            tree.clock = answer.get("clock", tree.clock)
            with self._lock:
                self._take(name, answer)

    def fail(self, cause: str) -> None:
        """Watchman is lost: tell it, but only once."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._post(WatcherFailed(BACKEND, cause, REMEDY))
        self._ear.end()

    def close(self) -> None:
        with self._lock:
            self._is_over = True
        self._ear.end()
        self._thread.join()
        self._close_lines()

    def _close_lines(self) -> None:
        self._line.close()
        self._ear.close()

    # Before our thread is started

    def _subscribe_to_all(self) -> None:
        for root in self._watch_set.roots:
            try:
                self._subscribe(root)
            except CommandRefused as error:
                self._post(WatcherFailed(BACKEND, str(error), "", (root,)))

    def _subscribe(self, root: str) -> None:
        tree = self._trees.entrust(self._line, root, self._disk.real_path(root))
        name = f"{OURS}{os.getpid()}-{next(_numbers)}"
        # Without the last, a lock file that git has left behind would silence Watchman for ever.
        answer = self._ear.ask("subscribe", tree.watch, name, {**tree.query, "defer_vcs": False})
        self._trees.is_news(answer)
        self._subscribed[name] = tree
        self._poll_behind(tree.paths(self._line.ask("query", tree.watch, tree.query_for_links)))

    # On our own thread

    def _listen(self) -> None:
        beat, is_awaited = time.monotonic() + HEARTBEAT, False
        try:
            while not self._is_over:
                said = self._ear.next(max(0.0, beat - time.monotonic()))
                if said is not None:
                    is_awaited = False
                    self._hear(said)
                if time.monotonic() >= beat:
                    if is_awaited:
                        self.fail(f"Watchman gave no answer for {HEARTBEAT:g} s")
                        return
                    self._ear.knock()
                    self._look_at_trees()
                    beat, is_awaited = time.monotonic() + HEARTBEAT, True
        except ConnectionLost as error:
            self.fail(str(error))

    def _hear(self, said: Answer) -> None:
        with self._lock:
            self._take(said.get("subscription", ""), said)

    def _look_at_trees(self) -> None:
        with self._lock:
            for name in list(self._subscribed):
                self._take(name, Answer())

    # On either, with the lock

    def _take(self, name: str, said: Answer) -> None:
        tree = self._subscribed.get(name)
        if tree is None or self._is_over:  # a sign of life, or late news of a tree that is polled by now
            return
        if not tree.is_there:
            self._give_up(name, "it is not where it was, which Watchman may not notice")
        elif said.get("canceled"):
            self._canceled(name, tree)
        elif said.get("is_fresh_instance") or self._trees.is_news(said):
            self._post(WatcherOverflowed(BACKEND))
        self._hint(tree.paths(said))

    def _canceled(self, name: str, tree: WatchedRoot) -> None:
        """Somebody has removed the watch, another reloader for one, or Watchman gave up on the tree."""
        if self._trees.may_try_again(tree):
            del self._subscribed[name]
            self._post(WatcherOverflowed(BACKEND))  # whereupon everything is subscribed to anew
        else:
            self._give_up(name, "Watchman ends the watch again and again")

    def _give_up(self, name: str, cause: str) -> None:
        tree = self._subscribed.pop(name)
        self._post(WatcherFailed(BACKEND, cause, "", (tree.path,)))

    def _hint(self, paths: Sequence[str]) -> None:
        links = [path for path in paths if os.path.islink(path)]
        linked = {path for path in links if self._watch_set.descends_into(path)}
        self._poll_behind(links)
        hints = tuple(path for path in paths if path in linked or self._matters(path))
        if hints:
            self._post(PathsChanged(hints))

    def _matters(self, path: str) -> bool:
        """Directories need no hint of their own: Watchman names whatever comes or goes with them."""
        return self._watch_set.is_watched(path) or path.endswith(os.sep + ".gitignore")

    def _poll_behind(self, links: Iterable[str]) -> None:
        """Watchman sees a link, but not what becomes of its target."""
        places = minimal_roots([place for link in links for place in self._places_behind(link)], os.sep)
        new = tuple(place for place in places if place not in self._polled)
        if new:
            self._polled.update(new)
            self._post(WatcherFailed(BACKEND, "it does not follow links", "", new))

    def _places_behind(self, link: str) -> list[str]:
        if self._watch_set.descends_into(link) and os.path.isdir(link):
            return [folder.path for folder in self._walk.below(link) if folder.is_linked]
        return [link] if self._watch_set.is_watched(link) and not os.path.isdir(link) else []
