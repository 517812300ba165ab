"""The backends as tests make them: each from what it posts to, the disk, and a plan."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec

from reloader.core.settings import WatchSettings
from reloader.interfaces import Post, Watcher
from reloader.watchers.disk import RealDisk
from reloader.watchers.polling import StatWatcher
from tests.support.watching.watchman import HAS_WATCHMAN

MakeWatcher = Callable[[Post, RealDisk, WatchSettings], Watcher]


def make_stat(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
    return StatWatcher(post, disk, interval=0.03, follow_symlinks=settings.follow_symlinks)


def make_watchdog(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
    if sys.platform == "linux":
        from reloader.watchers.inotify import InotifyWatcher

        return InotifyWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)
    return make_observer(post, disk, settings)


def make_observer(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
    from reloader.watchers.observer import ObserverWatcher

    return ObserverWatcher(post, disk, follow_symlinks=settings.follow_symlinks)


def make_watchman(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
    from reloader.watchers.watchman.watcher import WatchmanWatcher

    return WatchmanWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)


BACKENDS = {"stat": make_stat}
HAS_WATCHDOG = find_spec("watchdog") is not None  # there is no watchdog 7 for Python 3.10
if HAS_WATCHDOG:
    BACKENDS["watchdog"] = make_watchdog
if HAS_WATCHDOG and sys.platform == "linux":
    BACKENDS["observer"] = make_observer  # the twin for macOS and Windows, on watchdog's Linux observer
if HAS_WATCHMAN:
    BACKENDS["watchman"] = make_watchman  # for who runs a Watchman
