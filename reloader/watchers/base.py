"""What the event backends have in common: a session watches one watch set, and another watch set gets a new session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from reloader.core.events import WatcherFailed
from reloader.core.paths.walk import ListedDirectory
from reloader.core.paths.watch_set import WatchSet
from reloader.errors import BackendUnavailable
from reloader.interfaces import Post


class WatchSession(Protocol):
    """The threads and watches on one watch set. It posts by itself from its creation on."""

    def add_files(self, paths: Sequence[str]) -> None: ...

    def is_alive(self) -> bool:
        """Whether all its threads still run."""

    def close(self) -> None: ...


class SessionWatcher(ABC):
    """A watcher that is a series of sessions."""

    name = "watchdog"
    covers_files = True

    def __init__(self, post: Post) -> None:
        self._post = post
        self._session: WatchSession | None = None

    @property
    @abstractmethod
    def mechanism(self) -> str: ...

    @abstractmethod
    def open_session(self, watch_set: WatchSet, visited: list[ListedDirectory] | None = None) -> WatchSession:
        """A session that may note in ``visited`` which directories it has listed. Raises OSError if the system refuses."""

    def explain(self, error: OSError) -> tuple[str, str]:
        """The cause behind ``error``, and the remedy."""
        return str(error), 'Use backend = "stat"'

    def start(self, watch_set: WatchSet) -> Sequence[ListedDirectory] | None:
        visited: list[ListedDirectory] = []
        self._session = self._opened(watch_set, visited)
        return visited or None

    def _opened(self, watch_set: WatchSet, visited: list[ListedDirectory] | None = None) -> WatchSession:
        try:
            return self.open_session(watch_set, visited)
        except OSError as error:
            raise BackendUnavailable(self.name, *self.explain(error)) from error

    def watch(self, watch_set: WatchSet) -> None:
        """A new session takes over before the old one ends, so that nothing falls between them."""
        before, self._session = self._session, None
        try:
            self._session = self._opened(watch_set)
        except BackendUnavailable as error:  # what the system lends may have been used up meanwhile
            self._post(WatcherFailed(self.name, error.cause, error.remedy))
        if before is not None:
            before.close()

    def add_files(self, paths: Sequence[str]) -> None:
        if self._session is not None:
            self._session.add_files(paths)

    def catch_up(self) -> None:  # noqa: B027 there is nothing to do: events are delivered as they come
        pass

    def check(self) -> None:
        if self._session is not None and not self._session.is_alive():
            self._session.close()
            self._session = None
            self._post(WatcherFailed(self.name, "a thread of it has died", "Please report what it wrote"))

    def stop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
