"""Read the system's limits on file watches, and how much of them is used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from reloader.core.notices import DoctorLimit

if sys.platform == "linux":
    _SETTINGS = "/proc/sys/fs/inotify"

    def watch_limits() -> list[DoctorLimit]:
        """Return the limits of inotify(7). They apply per user, except that of the queue, which applies per instance."""
        instances = watches = 0
        for count in _inotify_instances():
            instances, watches = instances + 1, watches + count
        found = (
            _limit("max_user_watches", watches),
            _limit("max_user_instances", instances),
            _limit("max_queued_events", None),
        )
        return [limit for limit in found if limit is not None]

    def _limit(name: str, used: int | None) -> DoctorLimit | None:
        try:
            with open(f"{_SETTINGS}/{name}", "rb") as file:
                return DoctorLimit(f"fs.inotify.{name}", int(file.read()), used)
        except (OSError, ValueError):
            return None  # a kernel without inotify, or a sandbox that hides it

    def _inotify_instances() -> Iterator[int]:
        """Yield the number of watches of each instance of this user. Processes that hide their descriptors are left out."""
        for process in (entry for entry in os.listdir("/proc") if entry.isdecimal()):
            try:
                if os.stat(f"/proc/{process}").st_uid == os.getuid():
                    yield from _instances_of(process)
            except OSError:
                continue  # the process ended, or hides its descriptors

    def _instances_of(process: str) -> Iterator[int]:
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            try:
                if os.readlink(f"/proc/{process}/fd/{descriptor}") != "anon_inode:inotify":
                    continue
                with open(f"/proc/{process}/fdinfo/{descriptor}", "rb") as file:
                    yield sum(line.startswith(b"inotify ") for line in file)
            except OSError:
                continue  # it was closed meanwhile

else:

    def watch_limits() -> list[DoctorLimit]:
        """Return no limits: FSEvents and ReadDirectoryChangesW watch whole trees, and count nothing."""
        return []
