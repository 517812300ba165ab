"""The common part of the event backends: one session watches one watch set, and another watch set gets a new session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from reloader.core.events import WatcherFailed
from reloader.core.paths.walk import ListedDirectory
from reloader.core.paths.watch_set import WatchSet
from reloader.errors import BackendUnavailable
from reloader.interfaces import Disk, Post


class WatchSession(Protocol):
    """The threads and watches on one watch set. It posts hints from its creation on."""

    def add_files(self, paths: Sequence[str]) -> None: ...

    def is_alive(self) -> bool:
        """Return True if all its threads still run."""

    def close(self) -> None: ...


class SessionWatcher(ABC):
    """A watcher that hands its work to sessions. A backend adds ``open_session``.

    ``by_content`` means that a touch changes nothing, so a backend may leave it out.
    """

    name = "watchdog"
    covers_files = True

    def __init__(self, post: Post, disk: Disk, *, follow_symlinks: bool, by_content: bool = True) -> None:
        self._post = post
        self._disk = disk
        self._follow_symlinks = follow_symlinks
        self._by_content = by_content
        self._session: WatchSession | None = None

    @property
    @abstractmethod
    def mechanism(self) -> str: ...

    @abstractmethod
    def open_session(self, watch_set: WatchSet, listed: list[ListedDirectory] | None = None) -> WatchSession:
        """Return a session on ``watch_set``. Raises OSError if the system refuses.

        A backend that lists directories appends them to ``listed``.
        """

    def cause_and_remedy(self, error: OSError) -> tuple[str, str]:
        """Return the cause behind ``error``, and what the user can do."""
        return str(error), 'Use backend = "stat"'

    def start(self, watch_set: WatchSet) -> Sequence[ListedDirectory] | None:
        listed: list[ListedDirectory] = []
        self._session = self._open(watch_set, listed)
        return listed or None

    def watch(self, watch_set: WatchSet) -> None:
        """Open a new session before the old one is closed, so that no change falls between them."""
        before, self._session = self._session, None
        try:
            self._session = self._open(watch_set)
        except BackendUnavailable as error:  # the limits of the system may have been reached meanwhile
            self._post(WatcherFailed(self.name, error.cause, error.remedy))
        if before is not None:
            before.close()

    def add_files(self, paths: Sequence[str]) -> None:
        if self._session is not None:
            self._session.add_files(paths)

    def catch_up(self) -> None:  # noqa: B027 nothing to do: events are delivered as they come
        pass

    def check(self) -> None:
        if self._session is not None and not self._session.is_alive():
            self._session.close()
            self._session = None
            self._post(WatcherFailed(self.name, "one of its threads ended", "Please report the error above"))

    def stop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self, watch_set: WatchSet, listed: list[ListedDirectory] | None = None) -> WatchSession:
        try:
            return self.open_session(watch_set, listed)
        except OSError as error:
            raise BackendUnavailable(self.name, *self.cause_and_remedy(error)) from error
