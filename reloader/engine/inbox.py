"""The inbox: all events arrive here, from threads and from signal handlers."""

from __future__ import annotations

from collections import deque
from queue import Empty, SimpleQueue

from reloader.core.events import Posted
from reloader.interfaces import Clock


class Inbox:
    """Events in the order in which they were posted. ``longest_wait`` is in seconds.

    ``post`` may be called from any thread and any signal handler; all else is owned by the engine's thread.
    """

    def __init__(self, clock: Clock, *, longest_wait: float = 3600.0) -> None:
        self._clock = clock
        self._longest_wait = longest_wait
        self._queue: SimpleQueue[Posted] = SimpleQueue()  # its put is reentrant; that of queue.Queue is not
        self._returned: deque[Posted] = deque()

    def post(self, event: Posted) -> None:
        self._queue.put(event)

    def put_back(self, event: Posted) -> None:
        """Put back an event that was taken too early, in front of all events that are still to come."""
        self._returned.append(event)

    def take(self, until: float | None) -> list[Posted]:
        """Return all events that have arrived. If there are none, wait for one up to the moment ``until`` (None: no limit)."""
        events = self.drain()
        if events:
            return events
        wait = self._longest_wait if until is None else min(until - self._clock(), self._longest_wait)
        if wait <= 0:
            return []
        try:
            return [self._queue.get(timeout=wait), *self.drain()]
        except Empty:
            return []

    def drain(self) -> list[Posted]:
        """Return all events that have arrived, without waiting."""
        events = list(self._returned)
        self._returned.clear()
        try:
            while True:
                events.append(self._queue.get_nowait())
        except Empty:
            return events
