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
ROUND_TRIP_TIMEOUT = 3.0
UNKNOWN_MOUNT = Mount("", "unknown")

#: Seconds from a change to its event, or None, and the cause.
Measured = tuple[float | None, str]


def examine(settings: Settings, reporter: Reporter) -> None:
    """Report each root, the watched files and the system's limits. Raises BackendUnavailable as a session would."""
    reporter.report(ConfigUsed(settings.source))
    mounts, inbox = SystemMounts(), Inbox(time.monotonic)
    began = time.monotonic()
    with ExitStack() as resources:
        files = track_files(settings, reporter, inbox, resources, mounts=mounts)
        seconds = time.monotonic() - began
        for failed in (posted for posted in inbox.drain() if isinstance(posted, WatcherFailed)):
            reporter.report(BackendFellBack(failed.backend, failed.directories, failed.cause, failed.remedy))
        files.report_choice(reporter)
        reporter.report(DoctorScan(files.baseline.files, files.baseline.directories, seconds))
        for limit in watch_limits():  # while our own watches are in use
            reporter.report(limit)
    _Roots(settings.watch, files.choice, mounts).report(reporter)


class _Roots:
    """The roots, each with its backend and a round trip. That is measured once for each file system and backend."""

    def __init__(self, settings: WatchSettings, choice: Choice, mounts: Mounts) -> None:
        self._settings = settings
        self._choice = choice
        self._mounts = mounts
        self._unreliable = {unreliable.directory for unreliable in choice.unreliable}
        self._measured: dict[tuple[str, BackendName], Measured] = {}

    def report(self, reporter: Reporter) -> None:
        inner = sorted(self._unreliable.difference(self._settings.roots))
        for root in (*self._settings.roots, *inner):
            reporter.report(self._examine(root))

    def _examine(self, root: str) -> DoctorRoot:
        mount = self._mounts.of(root) or UNKNOWN_MOUNT
        is_unreliable = root in self._unreliable
        backend = BackendName.STAT if is_unreliable else BackendName(self._choice.watcher.name)
        mechanism = f"a scan every {self._settings.interval:g} s" if is_unreliable else self._choice.watcher.mechanism
        why = event_support(mount.type).why if is_unreliable else self._choice.reason
        round_trip, problem = self._round_trip(root, mount, backend)
        return DoctorRoot(root, mount.type, mount.point, backend.value, mechanism, why, round_trip, problem)

    def _round_trip(self, root: str, mount: Mount, backend: BackendName) -> Measured:
        key = (mount.point, backend)
        if key not in self._measured:
            temporary = tempfile.gettempdir()
            parent = temporary if self._mounts.of(temporary) == mount else root
            self._measured[key] = measure_round_trip(replace(self._settings, backend=backend), parent, self._mounts)
        return self._measured[key]


def measure_round_trip(
    settings: WatchSettings, parent: str, mounts: Mounts, clock: Callable[[], float] = time.monotonic
) -> Measured:
    """Measure the seconds from a change in a new directory in ``parent`` to its event, or return the cause why not."""
    try:
        with tempfile.TemporaryDirectory(prefix=".reloader-doctor-", dir=parent) as directory:
            return _measure_in(os.path.realpath(directory), settings, mounts, clock)
    except OSError as error:
        return None, f"no change can be made there: {error.strerror or error}"


def _measure_in(directory: str, settings: WatchSettings, mounts: Mounts, clock: Callable[[], float]) -> Measured:
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
        limit = clock() + settings.interval + ROUND_TRIP_TIMEOUT
        while clock() < limit:
            for posted in inbox.take(limit):
                if isinstance(posted, PathsChanged) and canary in posted.paths:
                    return clock() - began, ""
                if isinstance(posted, WatcherFailed):
                    return None, f"{posted.cause}. {posted.remedy}"
    finally:
        watcher.stop()
    return None, f'nothing was heard of a change within {limit - began:.0f} s. Set backend = "stat"'
