"""Which backend watches, and why not a better one."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from reloader.core.plan import BackendName, WatchPlan
from reloader.core.watchset import WatchSet
from reloader.errors import BackendUnavailable
from reloader.ports import Disk, Post, Watcher
from reloader.watchers.stat import StatWatcher


@dataclass(frozen=True, slots=True)
class Choice:
    """A started backend, and the reason for it; ``refused`` is the better one that could not be had."""

    watcher: Watcher
    why: str
    refused: BackendUnavailable | None = None


def choose(plan: WatchPlan, watch_set: WatchSet, post: Post, disk: Disk) -> Choice:
    """Start the backend that the plan asks for. Raises BackendUnavailable where that was named and cannot be had."""
    match plan.backend:
        case BackendName.STAT:
            return Choice(_started(stat_watcher(plan, post, disk), watch_set), "as configured")
        case BackendName.WATCHDOG:
            return Choice(_started(_watchdog(plan, post, disk), watch_set), "as configured")
        case BackendName.WATCHMAN:
            raise BackendUnavailable("watchman", "this version cannot talk to Watchman", 'Use backend = "auto".')
        case BackendName.AUTO:
            return _best(plan, watch_set, post, disk)


def stat_watcher(plan: WatchPlan, post: Post, disk: Disk) -> StatWatcher:
    return StatWatcher(post, disk, interval=plan.interval, follow_symlinks=plan.follow_symlinks)


def _best(plan: WatchPlan, watch_set: WatchSet, post: Post, disk: Disk) -> Choice:
    try:
        return Choice(_started(_watchdog(plan, post, disk), watch_set), "the system reports changes here")
    except BackendUnavailable as refused:
        return Choice(_started(stat_watcher(plan, post, disk), watch_set), "it works everywhere", refused)


def _started(watcher: Watcher, watch_set: WatchSet) -> Watcher:
    watcher.start(watch_set)
    return watcher


def _watchdog(plan: WatchPlan, post: Post, disk: Disk) -> Watcher:
    try:
        if sys.platform == "linux":
            from reloader.watchers.inotify import InotifyWatcher as PlatformWatcher
        else:
            from reloader.watchers.observer import ObserverWatcher as PlatformWatcher
    except (ImportError, OSError) as error:  # a system without inotify, or a libc that lacks it
        raise BackendUnavailable("watchdog", str(error), 'Use backend = "stat".') from error
    return PlatformWatcher(post, disk, follow_symlinks=plan.follow_symlinks, by_content=plan.compare_content)
