"""The roots that the user's Watchman watches for this program, and which of these watches this program has to remove."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from reloader.core.paths.containment import is_within
from reloader.watchers.watchman.connection import (
    CommandRefused,
    ConnectionLost,
    Parameters,
    WatchmanConnection,
    WatchmanResponse,
)

#: Let Watchman first process all events up to now. Its milliseconds end before RESPONSE_TIMEOUT, so that it can still refuse.
SYNC: Parameters = {"sync_timeout": 2000}
#: So many times a root whose watch was removed is watched again.
MAX_REWATCHES = 3
#: The prefix of our subscriptions, by which one reloader recognizes those of another.
SUBSCRIPTION_PREFIX = "reloader-"
#: Seconds for the first crawl of a root: Watchman 4.9 needs one for every 100,000 files, and does not answer before.
CRAWL_TIMEOUT = 30.0
#: Seconds to wait for a response at the end, so that a Watchman that hangs does not delay it for long.
RELEASE_TIMEOUT = 2.0


@dataclass(slots=True)
class WatchedRoot:
    """A root by its own path, and by Watchman's: the directory that it watches, and the path from there.

    Both are bytes: pywatchman would leave out what is not UTF-8. ``anchor`` is the path by which that directory is known,
    and ``identity`` what was found there.
    """

    path: str
    watch: bytes
    relative: bytes
    anchor: str
    identity: tuple[int, int] | None
    clock: str = ""

    @property
    def query(self) -> Parameters:
        return {**self._scope, "since": self.clock, "empty_on_fresh_instance": True}

    @property
    def query_for_links(self) -> Parameters:
        return {**self._scope, "expression": ["type", "l"]}

    @property
    def is_in_place(self) -> bool:
        """True if the anchor leads to the same directory, whatever links or renames there are above it."""
        return self.identity is not None and self.identity == _identity_of(self.anchor)

    def paths(self, message: WatchmanResponse) -> list[str]:
        return [os.path.join(self.path, *name.split("/")) for name in message.get("files", ())]

    @property
    def _scope(self) -> Parameters:
        return {"fields": ["name"], "relative_root": self.relative} if self.relative else {"fields": ["name"]}


class WatchedRoots:
    """Lives as long as the watcher, through all its sessions.

    The engine's thread calls it, but for the last two methods, which both threads call.
    """

    def __init__(self, address: str, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._added: set[str] = set()
        self._warnings: set[str] = set()
        self._removals: Counter[str] = Counter()

    def connect(self) -> WatchmanConnection:
        return WatchmanConnection(self._address, self._timeout)

    def watch(self, connection: WatchmanConnection, path: str, real: str) -> WatchedRoot:
        """Let Watchman watch ``path``. What changes from now on is newer than the clock of the root."""
        before = connection.request("watch-list").get("roots", [])
        try:
            response = connection.request("watch-project", os.fsencode(real), timeout=CRAWL_TIMEOUT)
        except ConnectionLost:
            self._added.update(self._watched_since(before, real))
            raise
        watch = response.get("watch", "")
        if watch not in before:
            self._added.add(watch)
        anchor = watch if path == real else path  # where a link leads here, it may lead elsewhere later
        relative = os.fsencode(response.get("relative_path", ""))
        root = WatchedRoot(path, os.fsencode(watch), relative, anchor, _identity_of(anchor))
        root.clock = _clock_of(connection, root.watch)
        return root

    def release(self) -> None:
        """Remove the watches that this program has added, unless another client has started to use them.

        Another reloader does not count: it adds the watch again, and then it is its own to remove.
        """
        added, self._added = self._added, set()
        if not added:
            return
        with (
            suppress(ConnectionLost),
            closing(WatchmanConnection(self._address, min(self._timeout, RELEASE_TIMEOUT))) as connection,
        ):
            for watch in map(os.fsencode, sorted(added)):
                if not _is_used_by_others(connection, watch):
                    with suppress(CommandRefused):  # it is gone already
                        connection.request("watch-del", watch)

    def _watched_since(self, before: Sequence[str], real: str) -> list[str]:
        """Return the watches for ``real`` that were added by a request whose response did not arrive."""
        with suppress(ConnectionLost), closing(self.connect()) as connection:
            roots = connection.request("watch-list").get("roots", [])
            return [root for root in roots if root not in before and is_within(real, root, os.sep)]
        return []

    def is_new_warning(self, message: WatchmanResponse) -> bool:
        """Return True if Watchman warns of something for the first time: a recrawl, after events were lost."""
        warning = message.get("warning", "")
        is_new = bool(warning) and warning not in self._warnings
        self._warnings.add(warning)
        return is_new

    def may_watch_again(self, root: WatchedRoot) -> bool:
        self._removals[root.path] += 1
        return self._removals[root.path] <= MAX_REWATCHES


def _identity_of(directory: str) -> tuple[int, int] | None:
    try:
        found = os.stat(directory)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _clock_of(connection: WatchmanConnection, watch: bytes) -> str:
    """Return the clock after the first crawl. If that takes too long, all it finds later counts as changed."""
    try:
        response = connection.request("clock", watch, SYNC)
    except CommandRefused:
        response = connection.request("clock", watch)
    return response.get("clock", "")


def _is_used_by_others(connection: WatchmanConnection, watch: bytes) -> bool:
    """Return True if Watchman knows of another client. One that only queries now and then leaves no trace."""
    try:
        if connection.request("trigger-list", watch).get("triggers"):  # Watchman 4.9 would crash at the next request
            return True
        subscribers = connection.request("debug-get-subscriptions", watch).get("subscribers", [])
    except CommandRefused:
        return False
    return any(SUBSCRIPTION_PREFIX not in str(subscriber.get("info")) for subscriber in subscribers)
