"""Which backend watches which root, and why not a better one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reloader.core.filesystems import Mount, event_support
from reloader.core.paths.walk import Folder
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import BackendName, WatchSettings
from reloader.errors import BackendUnavailable
from reloader.interfaces import Disk, Mounts, Post, Watcher
from reloader.watchers.polling import StatWatcher

#: The first Python for which there is the watchdog that we need.
WATCHDOG_NEEDS = (3, 11)


@dataclass(frozen=True, slots=True)
class UnreliableMount:
    """A directory in the watch set on a file system that does not tell of every change."""

    directory: str
    mount: Mount


@dataclass(frozen=True, slots=True)
class Choice:
    """A started backend, and the reason for it. ``folders`` are all directories that count, if it had to list them.

    ``silent`` names the directories that it does not watch because they are to be polled, ``refused`` is the better backend
    that could not be had.
    """

    watcher: Watcher
    why: str
    refused: BackendUnavailable | None = None
    silent: tuple[UnreliableMount, ...] = ()
    folders: Sequence[Folder] | None = None


def choose(settings: WatchSettings, watch_set: WatchSet, post: Post, disk: Disk, mounts: Mounts) -> Choice:
    """Start the backend that the plan asks for. Raises BackendUnavailable where that was named and cannot be had."""
    match settings.backend:
        case BackendName.STAT:
            return _started(stat_watcher(settings, post, disk), watch_set, "as configured")
        case BackendName.WATCHDOG:
            return _started(_watchdog(settings, post, disk), watch_set, "as configured")
        case BackendName.WATCHMAN:
            return _started(_watchman(settings, post, disk), watch_set, "as configured")
        case BackendName.AUTO:
            return _best(settings, watch_set, post, disk, silent_directories(watch_set, mounts))


def stat_watcher(settings: WatchSettings, post: Post, disk: Disk) -> StatWatcher:
    return StatWatcher(post, disk, interval=settings.interval, follow_symlinks=settings.follow_symlinks)


def silent_directories(watch_set: WatchSet, mounts: Mounts) -> tuple[UnreliableMount, ...]:
    """The roots, and the mounts that count below the others, on file systems that do not tell of every change."""
    found: list[UnreliableMount] = []
    for root in watch_set.roots:
        mount = mounts.of(root)
        if mount is not None and not event_support(mount.type).has_events:
            found.append(UnreliableMount(root, mount))
        else:
            inner = [inner for inner in mounts.below(root) if not event_support(inner.type).has_events]
            found += [UnreliableMount(mount.point, mount) for mount in inner if watch_set.descends_into(mount.point)]
    return tuple(found)


def must_be_polled(path: str, mounts: Mounts) -> bool:
    """Whether ``path`` lies on a file system that does not tell of every change."""
    mount = mounts.of(path)
    return mount is not None and not event_support(mount.type).has_events


def _best(
    settings: WatchSettings, watch_set: WatchSet, post: Post, disk: Disk, silent: Sequence[UnreliableMount]
) -> Choice:
    polled = {place.directory for place in silent}
    roots = tuple(root for root in watch_set.roots if root not in polled)
    if not roots and polled:
        types = ", ".join(sorted({place.mount.type for place in silent}))
        return _started(stat_watcher(settings, post, disk), watch_set, f"{types} does not tell of every change")
    try:
        choice = _started(
            _watchdog(settings, post, disk), replace(watch_set, roots=roots), "the system reports changes here"
        )
    except BackendUnavailable as refused:
        choice = _started(stat_watcher(settings, post, disk), watch_set, "it works everywhere")
        return replace(choice, refused=refused)
    return replace(choice, silent=tuple(silent), folders=None) if silent else choice


def _started(watcher: Watcher, watch_set: WatchSet, why: str) -> Choice:
    folders = watcher.start(watch_set)
    return Choice(watcher, why, folders=folders)


def _watchdog(settings: WatchSettings, post: Post, disk: Disk) -> Watcher:
    try:
        if sys.platform == "linux":
            from reloader.watchers.inotify import InotifyWatcher as PlatformWatcher
        else:
            from reloader.watchers.observer import ObserverWatcher as PlatformWatcher
    except (ImportError, OSError) as error:  # a system without inotify, or a libc that lacks it
        raise BackendUnavailable("watchdog", str(error), remedy_for(error)) from error
    return PlatformWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)


def _watchman(settings: WatchSettings, post: Post, disk: Disk) -> Watcher:
    try:
        from reloader.watchers.watchman.watcher import WatchmanWatcher
    except ImportError as error:
        cause, remedy = "pywatchman is not installed", "Run pip install 'reloader[watchman]', or use backend = \"auto\""
        raise BackendUnavailable("watchman", cause, remedy) from error
    return WatchmanWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)


def remedy_for(error: Exception, version: tuple[int, ...] = sys.version_info[:2]) -> str:
    """What helps where watchdog cannot be imported: for an old Python there is none that could be installed."""
    if isinstance(error, ImportError) and version < WATCHDOG_NEEDS:
        return "Run reloader with Python {}.{} or later, which watchdog needs.".format(*WATCHDOG_NEEDS)
    return 'Use backend = "stat".'
