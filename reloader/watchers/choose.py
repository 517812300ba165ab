"""Starts the backend for a watch set: the one that is configured, or the best one that works there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reloader.core.choices import BackendName
from reloader.core.filesystems import Mount, event_support
from reloader.core.paths.walk import ListedDirectory
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import WatchSettings
from reloader.errors import BackendUnavailable
from reloader.interfaces import Disk, Mounts, Post, Watcher
from reloader.watchers.polling import StatWatcher

AS_CONFIGURED = "as configured"
HAS_EVENTS = "the system reports changes here"
WORKS_EVERYWHERE = "it works everywhere"

#: The first Python that watchdog 7 supports.
PYTHON_FOR_WATCHDOG = (3, 11)


@dataclass(frozen=True, slots=True)
class UnreliableMount:
    """A directory of the watch set on a file system whose events leave out some changes."""

    directory: str
    mount: Mount


@dataclass(frozen=True, slots=True)
class Choice:
    """A started backend, and the reason for it.

    ``unavailable`` is the better backend that could not be started, with its cause. ``unreliable`` are directories that
    this backend does not watch, because they must be polled. ``listed`` are all watched directories, if the backend had to
    list them.
    """

    watcher: Watcher
    reason: str
    unavailable: BackendUnavailable | None = None
    unreliable: tuple[UnreliableMount, ...] = ()
    listed: Sequence[ListedDirectory] | None = None

    @property
    def is_fallback(self) -> bool:
        """True if auto would have started another backend on another disk or with another library."""
        return self.reason not in (AS_CONFIGURED, HAS_EVENTS)


# What is started, and why:
#
# backend    where                                          started                   reason
# ---------  ---------------------------------------------  ------------------------  ----------------------------------
# a name     everywhere                                     that one, or an error     AS_CONFIGURED
# auto       every root is on an unreliable mount           stat                      its types do not report every change
# auto       watchdog is not installed, or cannot start     stat                      WORKS_EVERYWHERE, and ``unavailable``
# auto       a root, or a mount below, is unreliable        watchdog for the others   HAS_EVENTS, and ``unreliable``
# auto       everywhere else                                watchdog                  HAS_EVENTS


def choose(settings: WatchSettings, watch_set: WatchSet, post: Post, disk: Disk, mounts: Mounts) -> Choice:
    """Start the configured backend. Raises BackendUnavailable if that was named and cannot be started."""
    if settings.backend is not BackendName.AUTO:
        return _start(MAKE_WATCHER[settings.backend](settings, post, disk), watch_set, AS_CONFIGURED)
    unreliable = unreliable_mounts(watch_set, mounts)
    polled = {found.directory for found in unreliable}
    roots = tuple(root for root in watch_set.roots if root not in polled)
    if unreliable and not roots:
        types = ", ".join(sorted({found.mount.type for found in unreliable}))
        return _start(make_polling_watcher(settings, post, disk), watch_set, f"{types} does not report every change")
    try:
        choice = _start(_make_watchdog_watcher(settings, post, disk), replace(watch_set, roots=roots), HAS_EVENTS)
    except BackendUnavailable as unavailable:
        choice = _start(make_polling_watcher(settings, post, disk), watch_set, WORKS_EVERYWHERE)
        return replace(choice, unavailable=unavailable)
    return replace(choice, unreliable=unreliable, listed=None) if unreliable else choice


def _start(watcher: Watcher, watch_set: WatchSet, reason: str) -> Choice:
    listed = watcher.start(watch_set)
    return Choice(watcher, reason, listed=listed)


# Mounts


def unreliable_mounts(watch_set: WatchSet, mounts: Mounts) -> tuple[UnreliableMount, ...]:
    """Return the roots on unreliable file systems, and the watched mounts below the other roots that are unreliable."""
    found: list[UnreliableMount] = []
    for root in watch_set.roots:
        mount = mounts.of(root)
        if mount is not None and _is_unreliable(mount):
            found.append(UnreliableMount(root, mount))
        else:
            inner = [inner for inner in mounts.below(root) if _is_unreliable(inner)]
            found += [UnreliableMount(mount.point, mount) for mount in inner if watch_set.descends_into(mount.point)]
    return tuple(found)


def must_be_polled(path: str, mounts: Mounts) -> bool:
    """Return True if ``path`` lies on a file system whose events leave out some changes."""
    mount = mounts.of(path)
    return mount is not None and _is_unreliable(mount)


def _is_unreliable(mount: Mount) -> bool:
    return not event_support(mount.type).has_events


# Watchers


def make_polling_watcher(settings: WatchSettings, post: Post, disk: Disk) -> StatWatcher:
    return StatWatcher(post, disk, interval=settings.interval, follow_symlinks=settings.follow_symlinks)


def _make_watchdog_watcher(settings: WatchSettings, post: Post, disk: Disk) -> Watcher:
    try:
        if sys.platform == "linux":
            from reloader.watchers.inotify import InotifyWatcher as PlatformWatcher
        else:
            from reloader.watchers.observer import ObserverWatcher as PlatformWatcher
    except (ImportError, OSError) as error:  # OSError: a kernel without inotify, or a libc that lacks it
        raise BackendUnavailable("watchdog", str(error), remedy_without_watchdog(error)) from error
    return PlatformWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)


def _make_watchman_watcher(settings: WatchSettings, post: Post, disk: Disk) -> Watcher:
    try:
        from reloader.watchers.watchman.watcher import WatchmanWatcher
    except ImportError as error:
        cause, remedy = "pywatchman is not installed", "Run pip install 'reloader[watchman]', or use backend = \"auto\""
        raise BackendUnavailable("watchman", cause, remedy) from error
    return WatchmanWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)


def remedy_without_watchdog(error: Exception, version: tuple[int, ...] = sys.version_info[:2]) -> str:
    """Return the remedy for ``error``, with which watchdog failed to import.

    On a Python that watchdog does not support, another Python is the only remedy.
    """
    if isinstance(error, ImportError) and version < PYTHON_FOR_WATCHDOG:
        return "Run reloader with Python {}.{} or later, which watchdog needs.".format(*PYTHON_FOR_WATCHDOG)
    return 'Use backend = "stat".'


#: How to make the watcher of each backend that can be named. Raises BackendUnavailable if its library is not installed.
MAKE_WATCHER: Mapping[BackendName, Callable[[WatchSettings, Post, Disk], Watcher]] = {
    BackendName.STAT: make_polling_watcher,
    BackendName.WATCHDOG: _make_watchdog_watcher,
    BackendName.WATCHMAN: _make_watchman_watcher,
}
