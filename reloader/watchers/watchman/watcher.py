"""The Watchman backend: a client of the user's own service, which is left as it was found.

Watchman follows no symlinks and watches no single files: what a link leads to is handed over to be polled, and of files
outside of the trees it says that it does not cover them.
"""

from __future__ import annotations

from reloader.core.paths.walk import ListedDirectory
from reloader.core.paths.watch_set import WatchSet
from reloader.interfaces import Disk, Post
from reloader.watchers.base import SessionWatcher
from reloader.watchers.watchman.connection import BACKEND, PATIENCE, USE_ANOTHER, find_address, refuse_too_old
from reloader.watchers.watchman.roots import WatchedRoots
from reloader.watchers.watchman.subscription import WatchmanSession


class WatchmanWatcher(SessionWatcher):
    """Once Watchman is lost, everything is polled, and stays so."""

    name = BACKEND
    covers_files = False

    def __init__(
        self, post: Post, disk: Disk, *, follow_symlinks: bool, by_content: bool = True, timeout: float = PATIENCE
    ) -> None:
        """``by_content`` makes no difference here: Watchman reports a touch like any other change."""
        super().__init__(post)
        self._disk = disk
        self._follow_symlinks = follow_symlinks
        self._timeout = timeout
        self._trees: WatchedRoots | None = None
        self._newest: WatchmanSession | None = None
        self._version = ""

    @property
    def mechanism(self) -> str:
        return f"Watchman {self._version}".rstrip()

    def open_session(self, watch_set: WatchSet, visited: list[ListedDirectory] | None = None) -> WatchmanSession:
        """Walks nothing, so nothing was ``visited``. Raises ConnectionLost, which is an OSError, and BackendUnavailable."""
        trees = self._trees = self._trees or self._meet()
        try:
            self._newest = WatchmanSession(
                self._post, self._disk, watch_set, trees, follow_symlinks=self._follow_symlinks
            )
        except OSError:
            trees.release()
            raise
        return self._newest

    def explain(self, error: OSError) -> tuple[str, str]:
        return str(error), f"See what watchman watch-list says, or {USE_ANOTHER}"

    def watch(self, watch_set: WatchSet) -> None:
        if self._newest is not None and not self._newest.is_over:
            super().watch(watch_set)

    def catch_up(self) -> None:
        if self._newest is not None:
            self._newest.catch_up()

    def stop(self) -> None:
        super().stop()
        if self._trees is not None:
            self._trees.release()

    def _meet(self) -> WatchedRoots:
        """Find the service, once: what a later session does must not start another."""
        trees = WatchedRoots(find_address(), self._timeout)
        line = trees.line()
        line.close()
        refuse_too_old(line.version)
        self._version = line.version
        return trees
