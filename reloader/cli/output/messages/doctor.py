"""Messages of ``reloader doctor``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reloader.cli.output.formatting import count, seconds_of, short
from reloader.core.notices import DoctorLimit, DoctorRoot, DoctorScan, Level


def doctor_root(notice: DoctorRoot) -> str:
    mount = f", mounted at {notice.mount_point}" if notice.mount_point else ""
    finding = notice.trouble or f"a change was noticed after {seconds_of(notice.round_trip or 0.0)}"
    return (
        f"{short(notice.root)} is on {notice.file_system}{mount}. "
        f"{notice.backend} ({notice.mechanism}) watches it: {notice.why}; {finding}"
    )


def doctor_scan(notice: DoctorScan) -> str:
    files = count(notice.files, "file", "files")
    directories = count(notice.directories, "directory", "directories")
    return f"watching and scanning {files} in {directories} took {seconds_of(notice.seconds)}"


def doctor_limit(notice: DoctorLimit) -> str:
    if notice.used is None:
        return f"{notice.setting} is {notice.limit:,}"
    remedy = f". Raise it: sysctl {notice.setting}={notice.limit * 4}" if notice.level > Level.INFO else ""
    return f"{notice.setting}: {notice.used:,} of {notice.limit:,} are in use{remedy}"


MESSAGES: Mapping[type, Callable[..., str]] = {
    DoctorRoot: doctor_root,
    DoctorScan: doctor_scan,
    DoctorLimit: doctor_limit,
}
