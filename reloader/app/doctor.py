"""``reloader doctor``: starts what a session would start, short of the command, and reports what came of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from reloader.app.file_tracking import track_files
from reloader.core.choices import BackendName
from reloader.core.events import PathsChanged, WatcherFailed
from reloader.core.filesystems import Mount, event_support
from reloader.core.notices import BackendFellBack, ConfigUsed, DoctorRoot, DoctorScan
from reloader.core.settings import Settings, WatchSettings
from reloader.engine.inbox import Inbox
from reloader.errors import BackendUnavailable
from reloader.interfaces import Mounts, Reporter
from reloader.system import Mounts as SystemMounts
from reloader.system.inotify_limits import watch_limits
from reloader.watchers.choose import Choice, choose
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set

#: Seconds that an event may take, beyond the interval of a scan.
PATIENCE = 3.0
UNKNOWN_MOUNT = Mount("", "unknown")

#: Round trip in seconds, or None, and what is wrong.
Measured = tuple[float | None, str]


def examine(settings: Settings, reporter: Reporter) -> None:
    """Report each root, the watched files and the system's limits. Raises BackendUnavailable as a session would."""
    reporter.report(ConfigUsed(settings.source))
    mounts, inbox = SystemMounts(), Inbox(time.monotonic)
    began = time.monotonic()
    with ExitStack() as resources:
        files = track_files(settings, reporter, inbox, resources, mounts=mounts)
        seconds = time.monotonic() - began
        for failed in (news for news in inbox.drain() if isinstance(news, WatcherFailed)):
            reporter.report(BackendFellBack(failed.backend, failed.directories, failed.cause, failed.remedy))
        files.report_choice(reporter)
        reporter.report(DoctorScan(files.baseline.files, files.baseline.directories, seconds))
        for limit in watch_limits():  # while ours are among what is in use
            reporter.report(limit)
    _Roots(settings.watch, files.choice, mounts).report(reporter)


class _Roots:
    """Measures once for each file system and backend."""

    def __init__(self, settings: WatchSettings, choice: Choice, mounts: Mounts) -> None:
        self._settings = settings
        self._choice = choice
        self._mounts = mounts
        self._unreliable = {unreliable.directory for unreliable in choice.unreliable}
        self._measured: dict[tuple[str, BackendName], Measured] = {}

    def report(self, reporter: Reporter) -> None:
        inner = sorted(self._unreliable.difference(self._settings.roots))
        for root in (*self._settings.roots, *inner):
            reporter.report(self._examined(root))

    def _examined(self, root: str) -> DoctorRoot:
        mount = self._mounts.of(root) or UNKNOWN_MOUNT
        is_silent = root in self._unreliable
        backend = BackendName.STAT if is_silent else BackendName(self._choice.watcher.name)
        mechanism = f"a scan every {self._settings.interval:g} s" if is_silent else self._choice.watcher.mechanism
        why = event_support(mount.type).why if is_silent else self._choice.reason
        round_trip, trouble = self._round_trip(root, mount, backend)
        return DoctorRoot(root, mount.type, mount.point, backend.value, mechanism, why, round_trip, trouble)

    def _round_trip(self, root: str, mount: Mount, backend: BackendName) -> Measured:
        key = (mount.point, backend)
        if key not in self._measured:
            temporary = tempfile.gettempdir()
            place = temporary if self._mounts.of(temporary) == mount else root
            self._measured[key] = round_trip(replace(self._settings, backend=backend), place, self._mounts)
        return self._measured[key]


def round_trip(
    settings: WatchSettings, place: str, mounts: Mounts, clock: Callable[[], float] = time.monotonic
) -> Measured:
    """Seconds from a change in a new directory of ``place`` to the news of it, or why there is no such figure."""
    try:
        with tempfile.TemporaryDirectory(prefix=".reloader-doctor-", dir=place) as directory:
            return _heard_in(os.path.realpath(directory), settings, mounts, clock)
    except OSError as error:
        return None, f"no change can be made there: {error.strerror or error}"


def _heard_in(directory: str, settings: WatchSettings, mounts: Mounts, clock: Callable[[], float]) -> Measured:
    everything = WatchSettings(
        directory,
        (directory,),
        gitignore=False,
        default_ignores=False,
        backend=settings.backend,
        interval=settings.interval,
    )
    disk, inbox, canary = RealDisk(gitignore=False), Inbox(clock), os.path.join(directory, "canary")
    try:
        watcher = choose(everything, configured_watch_set(everything, disk), inbox.post, disk, mounts).watcher
    except BackendUnavailable as error:
        return None, f"{error.cause}. {error.remedy}"
    try:
        began = clock()
        with open(canary, "w", encoding="utf-8") as file:
            file.write("a change")
        limit = clock() + settings.interval + PATIENCE
        while clock() < limit:
            for news in inbox.take(limit):
                if isinstance(news, PathsChanged) and canary in news.paths:
                    return clock() - began, ""
                if isinstance(news, WatcherFailed):
                    return None, f"{news.cause}. {news.remedy}"
    finally:
        watcher.stop()
    return None, f'nothing was heard of a change within {limit - began:.0f} s. Set backend = "stat"'
