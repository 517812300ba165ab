"""The watchers as tests make them: each from what it posts to, the disk, and the settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from reloader.core.choices import BackendName
from reloader.core.settings import WatchSettings
from reloader.interfaces import Post, Watcher
from reloader.watchers.choose import MAKE_WATCHER
from reloader.watchers.disk import RealDisk
from tests.support.watching.backends import HAS_WATCHDOG, IS_AVAILABLE, NAMED_BACKENDS

MakeWatcher = Callable[[Post, RealDisk, WatchSettings], Watcher]


def _maker(backend: BackendName) -> MakeWatcher:
    """Return a function that makes a watcher as the program does, with scans that come quickly."""

    def make(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
        return MAKE_WATCHER[backend](replace(settings, interval=0.03), post, disk)

    return make


make_stat = _maker(BackendName.STAT)
make_watchdog = _maker(BackendName.WATCHDOG)


def make_observer(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
    from reloader.watchers.observer import ObserverWatcher

    return ObserverWatcher(post, disk, follow_symlinks=settings.follow_symlinks)


#: Every backend that can run here, so that none is left out of the behaviour suite.
BACKENDS: dict[str, MakeWatcher] = {
    backend.value: _maker(backend) for backend in NAMED_BACKENDS if IS_AVAILABLE.get(backend, True)
}
if HAS_WATCHDOG and sys.platform == "linux":
    BACKENDS["observer"] = make_observer  # the twin for macOS and Windows, on watchdog's Linux observer
