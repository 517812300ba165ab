"""What we have in the user's Watchman: the trees that it watches for us, and which of these watches are ours to remove."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from reloader.core.paths.walk import is_within
from reloader.watchers.watchman.connection import Answer, CommandRefused, ConnectionLost, Request, WatchmanConnection

#: Milliseconds that Watchman may take to hear of all that has happened. Less than our patience, so that it can still say no.
SYNC: Request = {"sync_timeout": 2000}
#: How often a tree whose watch was ended is entrusted to Watchman again.
CHANCES = 3
#: What the names of our subscriptions begin with. By it one reloader knows those of another.
OURS = "reloader-"
#: Seconds for the first look at a tree: Watchman 4.9 needs one for every 100,000 files, and does not answer before.
PATIENCE_FOR_CRAWL = 30.0
#: Seconds that we wait for an answer when we leave. A Watchman that hangs must not hold us back for long.
LAST_PATIENCE = 2.0


@dataclass(slots=True)
class WatchedRoot:
    """A root by its own name, and by Watchman's: the directory that it watches, and the way from there.

    Names are sent as bytes: pywatchman would leave out what is not UTF-8. ``anchor`` is the path by which that directory is
    known, and ``identity`` what was found there.
    """

    path: str
    watch: bytes
    relative: bytes
    anchor: str
    identity: tuple[int, int] | None
    clock: str = ""

    @property
    def query(self) -> Request:
        return {**self._scope, "since": self.clock, "empty_on_fresh_instance": True}

    @property
    def query_for_links(self) -> Request:
        return {**self._scope, "expression": ["type", "l"]}

    @property
    def is_there(self) -> bool:
        """Whether the anchor leads where it led, through whatever links, and whatever was renamed above it."""
        return self.identity is not None and self.identity == _identity_of(self.anchor)

    def paths(self, said: Answer) -> list[str]:
        return [os.path.join(self.path, *name.split("/")) for name in said.get("files", ())]

    @property
    def _scope(self) -> Request:
        return {"fields": ["name"], "relative_root": self.relative} if self.relative else {"fields": ["name"]}


class WatchedRoots:
    """Lives as long as the watcher, through all its sessions. Used by the engine's thread, but for the last two methods."""

    def __init__(self, address: str, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._added: set[str] = set()
        self._warnings: set[str] = set()
        self._ends: Counter[str] = Counter()

    def line(self) -> WatchmanConnection:
        return WatchmanConnection(self._address, self._timeout)

    def entrust(self, line: WatchmanConnection, path: str, real: str) -> WatchedRoot:
        """Let Watchman watch ``path``. What changes there from now on is news since the tree's clock."""
        before = line.ask("watch-list").get("roots", [])
        try:
            answer = line.ask("watch-project", os.fsencode(real), timeout=PATIENCE_FOR_CRAWL)
        except ConnectionLost:
            self._added.update(self._watched_since(before, real))
            raise
        watch = answer.get("watch", "")
        if watch not in before:
            self._added.add(watch)
        anchor = watch if path == real else path  # where a link leads here, it may lead elsewhere some day
        relative = os.fsencode(answer.get("relative_path", ""))
        tree = WatchedRoot(path, os.fsencode(watch), relative, anchor, _identity_of(anchor))
        tree.clock = _clock_of(line, tree.watch)
        return tree

    def release(self) -> None:
        """Remove the watches that were not there before us, but for those that somebody else has come to use since.

        Another reloader is no reason to stay: it makes the watch anew, and then it is its own to remove.
        """
        added, self._added = self._added, set()
        if not added:
            return
        with (
            suppress(ConnectionLost),
            closing(WatchmanConnection(self._address, min(self._timeout, LAST_PATIENCE))) as line,
        ):
            for watch in map(os.fsencode, sorted(added)):
                if not _is_used_by_others(line, watch):
                    with suppress(CommandRefused):  # it is gone already
                        line.ask("watch-del", watch)

    def _watched_since(self, before: Sequence[str], real: str) -> list[str]:
        """What came to be watched although nobody told us so."""
        with suppress(ConnectionLost), closing(self.line()) as line:
            roots = line.ask("watch-list").get("roots", [])
            return [root for root in roots if root not in before and is_within(real, root, os.sep)]
        return []

    def is_news(self, said: Answer) -> bool:
        """Whether Watchman warns of what it has not warned of before: a recrawl, after events were lost."""
        warning = said.get("warning", "")
        is_news = bool(warning) and warning not in self._warnings
        self._warnings.add(warning)
        return is_news

    def may_try_again(self, tree: WatchedRoot) -> bool:
        self._ends[tree.path] += 1
        return self._ends[tree.path] <= CHANCES


def _identity_of(directory: str) -> tuple[int, int] | None:
    try:
        found = os.stat(directory)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _clock_of(line: WatchmanConnection, watch: bytes) -> str:
    """The clock when all that there is has been seen once; in a tree that takes long, all of it will be news instead."""
    try:
        answer = line.ask("clock", watch, SYNC)
    except CommandRefused:
        answer = line.ask("clock", watch)
    return answer.get("clock", "")


def _is_used_by_others(line: WatchmanConnection, watch: bytes) -> bool:
    """As far as Watchman can tell: who only asks now and then leaves no trace."""
    try:
        if line.ask("trigger-list", watch).get("triggers"):  # and Watchman 4.9 would crash at the next question
            return True
        subscribers = line.ask("debug-get-subscriptions", watch).get("subscribers", [])
    except CommandRefused:
        return False
    return any(OURS not in str(subscriber.get("info")) for subscriber in subscribers)
