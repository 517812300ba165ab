"""The Watchman backend: a client of the user's own service, which it leaves as it was found.

Watchman follows no symlinks and watches no single files. So the targets of links are handed over to be polled, and files
outside of the roots are not covered.
"""

from __future__ import annotations

from reloader.core.paths.walk import ListedDirectory
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.session_watcher import SessionWatcher
from reloader.watchers.watchman.connection import BACKEND, RESPONSE_TIMEOUT, USE_ANOTHER, check_version, find_address
from reloader.watchers.watchman.roots import WatchedRoots
from reloader.watchers.watchman.subscription import WatchmanSession


class WatchmanWatcher(SessionWatcher):
    """Once Watchman is lost, everything is polled until the end.

    ``by_content`` makes no difference here: Watchman reports a touch like any other change.
    """

    name = BACKEND
    covers_files = False

    def __init__(
        self,
        post: Post,
        disk: Disk,
        *,
        follow_symlinks: bool,
        by_content: bool = True,
        timeout: float = RESPONSE_TIMEOUT,
    ) -> None:
        super().__init__(post, disk, follow_symlinks=follow_symlinks, by_content=by_content)
        self._timeout = timeout
        self._roots: WatchedRoots | None = None
        self._latest: WatchmanSession | None = None
        self._version = ""

    @property
    def mechanism(self) -> str:
        return f"Watchman {self._version}".rstrip()

    def open_session(self, watch_set: WatchSet, listed: list[ListedDirectory] | None = None) -> WatchmanSession:
        """Return a session. Nothing is ``listed``.

        Raises ConnectionLost, which is an OSError, and BackendUnavailable.
        """
        roots = self._roots = self._roots or self._find_service()
        try:
            self._latest = WatchmanSession(
                self._post, self._disk, watch_set, roots, follow_symlinks=self._follow_symlinks
            )
        except OSError:
            roots.release()
            raise
        return self._latest

    def cause_and_remedy(self, error: OSError) -> tuple[str, str]:
        return str(error), f"Run watchman watch-list to see why, or {USE_ANOTHER}"

    def watch(self, watch_set: WatchSet) -> None:
        if self._latest is not None and not self._latest.is_over:
            super().watch(watch_set)

    def catch_up(self) -> None:
        if self._latest is not None:
            self._latest.catch_up()

    def stop(self) -> None:
        super().stop()
        if self._roots is not None:
            self._roots.release()

    def _find_service(self) -> WatchedRoots:
        """Find the service, for all sessions: a later one must not start another service."""
        roots = WatchedRoots(find_address(), self._timeout)
        connection = roots.connect()
        connection.close()
        check_version(connection.version)
        self._version = connection.version
        return roots
